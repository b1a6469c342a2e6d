#!/usr/bin/env python3
"""Cameras that misbehave, up to the disk: the folder is clean, losses are declared, and people are told."""

import pathlib
import subprocess
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "reader"))
sys.dont_write_bytecode = True

from checks import run_checks  # noqa: E402
from demo_client import wait_until  # noqa: E402
from lesson_reader import Reader  # noqa: E402
from recorder_process import Recorder, now_ns  # noqa: E402

SYNC_FLAG = 1  # docs/ref/journal.md: the fragment begins with a picture that needs no other


class OddCamera:
    """tests/live/camera.py with a pipeline of the test's own."""

    def __init__(self, *arguments):
        self.port = 0
        self.start(*arguments)

    def start(self, *arguments):
        self.process = subprocess.Popen([sys.executable, HERE.parent / "live" / "camera.py", *arguments, "--port", str(self.port)],
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def pattern(width=320, height=240, encoder="key-int-max=25", behind=""):
    return (f"( videotestsrc is-live=true pattern=ball ! video/x-raw,width={width},height={height},framerate=25/1 ! x264enc tune=zerolatency {encoder} ! "
            f"{behind} rtph264pay name=pay0 config-interval=-1 )")


def lesson_on(bin_folder, camera, during):
    """Records a lesson, calls `during` with the recorder; the second reader of what is on disk, clean."""
    with tempfile.TemporaryDirectory(prefix="shilu-bad-") as folder:
        source = ("--source", f"room=rtsp://127.0.0.1:{camera.port}/stream")
        with Recorder(bin_folder, pathlib.Path(folder), source) as recorder:
            lesson = recorder.begin()
            recorder.await_durable(2000)
            during(recorder)
            recorder.ask("stop")
        reader = Reader(lesson["directory"])
        summary = reader.read()
        assert not summary["violations"], summary["violations"][:5]
        return reader, summary


def check_rare_keys(bin_folder):
    """a camera with a key picture every 4 s: fragments close at 2 s all the same, those between are flagged"""
    with OddCamera(pattern(encoder="key-int-max=100")) as camera:
        reader, _ = lesson_on(bin_folder, camera, lambda recorder: recorder.await_durable(12_000))
    records = [record for _, record in reader.tracks["room.video"].placed_records()]
    assert max(record.duration for record in records) <= 2.1 * 90_000, [record.duration for record in records]
    assert not all(record.flags & SYNC_FLAG for record in records), [record.flags for record in records]


def check_reboot(bin_folder):
    """a camera that reboots with another picture: red within 3 s, a mark lands meanwhile, its gap is one, then another epoch"""
    with OddCamera(pattern()) as camera:
        def reboot(recorder):
            camera.kill()
            began = time.monotonic()
            wait_until("red", 10, lambda: recorder.source("room")["state"] != "live")
            assert time.monotonic() - began < 3.5, time.monotonic() - began
            mark = recorder.ask("mark", id=str(uuid.uuid4()), point=None, pressed_monotonic_ns=now_ns(), look_back_ms=1000, look_ahead_ms=1000)
            assert mark["new"], mark
            camera.start(pattern(640, 360))
            wait_until("its return", 30, lambda: recorder.source("room")["state"] == "live")
            recorder.await_durable(recorder.status()["lesson"]["elapsed_ms"] + 1500)

        reader, summary = lesson_on(bin_folder, camera, reboot)
    epochs = [epoch.event for epoch in reader.tracks["room.video"].epochs.values()]
    assert [(epoch["width"], epoch["height"]) for epoch in epochs] == [(320, 240), (640, 360)], epochs
    mark, = summary["marks"]
    around = [gap["reason"] for gap in summary["gaps"] if gap["from_ns"] <= mark["at_ns"] < gap["to_ns"]]
    assert around == ["source-lost"], summary["gaps"]


def check_damaged(bin_folder):
    """a camera that sends damaged pictures is recorded on"""
    with OddCamera(pattern(encoder="key-int-max=25 bitrate=2000", behind="breakmydata probability=0.0008 skip=400 ! ")) as camera:
        _, summary = lesson_on(bin_folder, camera, lambda recorder: recorder.await_durable(8000))
    assert summary["tracks"]["room.video"]["samples"] > 100, summary


if __name__ == "__main__":
    run_checks([check_rare_keys, check_reboot, check_damaged], __doc__)
