#!/usr/bin/env python3
"""Deleting, private moments and stops that are taken back, with the real programs on a disk whose raw device is read."""

import contextlib
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "reader"))
sys.dont_write_bytecode = True

import os  # noqa: E402

import fragments  # noqa: E402
from checks import run_checks  # noqa: E402
from demo_client import wait_until  # noqa: E402
from loop_disk import LoopDisk  # noqa: E402
from losses import read_clean  # noqa: E402
from recorder_process import Camera, Recorder, Refused  # noqa: E402

PIECE = 64  # bytes


@contextlib.contextmanager
def recorder_on(bin_folder, megabytes=128):
    with tempfile.TemporaryDirectory(prefix="shilu-moments-") as folder:
        work = pathlib.Path(folder)
        with LoopDisk(work, "disk", megabytes) as disk, Camera(bin_folder, work, "--only", "room") as camera:
            with Recorder(bin_folder, work, camera.sources("room"), disk.path / "lessons") as recorder:
                yield disk, recorder


def lesson_of(recorder):
    return recorder.status()["lesson"]


def payloads(data):
    """What is in the mdats of a track file: (from, to). The heads of deleted fragments stay, and are no media."""
    at = 0
    while at + 8 <= len(data):
        size, name = fragments.unpack(">I4s", data, at)
        if size < 8:
            return
        if name == b"mdat":
            yield at + 8, min(at + size, len(data))
        at += size


def pieces_of(lesson):
    """Pieces of the media in the last quarter of the track files: what must be on the device, and later not."""
    pieces = []
    for file in sorted(lesson.glob("room.*/e*.mp4")):
        data = file.read_bytes()
        inside = list(payloads(data))
        for begin in range(len(data) * 3 // 4, len(data) - PIECE, max(PIECE, len(data) // 256)):
            piece = data[begin:begin + PIECE]
            zeros = len(set(piece)) <= PIECE // 3
            media = any(start <= begin and begin + PIECE <= end for start, end in inside)
            if media and not zeros and data.count(piece) == 1:
                pieces.append(piece)
    return pieces


def on_device(disk, pieces):
    """How many of the pieces stand in the image: read past the mounted file system, which has been synced."""
    os.sync()
    image = disk.image.read_bytes()
    return sum(piece in image for piece in pieces)


def check_deleted(bin_folder):
    """what is deleted while the lesson runs is not on the raw device any more; the rest is, and the lesson is proven whole"""
    with recorder_on(bin_folder) as (disk, recorder):
        lesson = pathlib.Path(recorder.begin()["directory"])
        recorder.await_durable(8000)
        before = pieces_of(lesson)
        assert len(before) > 10, len(before)
        found = on_device(disk, before)
        assert found == len(before), f"{found} of {len(before)} pieces found: the test looks in the wrong place"
        elapsed = lesson_of(recorder)["elapsed_ms"]
        recorder.ask("redact", last_ms=elapsed - 4000)
        left = on_device(disk, before)
        assert left == 0, f"{left} of {len(before)} pieces that were deleted are still on the device"
        recorder.await_durable(elapsed + 1500)
        recorder.ask("stop")
        summary = read_clean(bin_folder, lesson)
        assert summary["redacted"] > 0
        assert summary["redacted"] < sum(t["fragments"] for t in summary["tracks"].values()), "all of the lesson was deleted"

        kept = pieces_of(lesson)  # behind the deletion
        assert on_device(disk, kept) == len(kept)
        recorder.ask("redact", lesson_id=summary["lesson_id"], from_ms=0, to_ms=summary["duration_ms"])
        left = on_device(disk, kept)
        assert left == 0, f"{left} of {len(kept)} pieces of the finished lesson are still on the device"
        summary = read_clean(bin_folder, lesson)
        assert summary["finished"] and summary["redacted"] == sum(t["fragments"] for t in summary["tracks"].values())
        try:
            recorder.ask("redact", lesson_id=summary["lesson_id"], from_ms=0, to_ms=1000)
            raise AssertionError("what is deleted was deleted again")
        except Refused as refused:
            assert refused.args[0] == "nothing-there", refused


def check_private(bin_folder):
    """in a private moment the files do not grow, also not after a kill -9; it is one event and one gap a track"""
    with recorder_on(bin_folder) as (_, recorder):
        lesson = pathlib.Path(recorder.begin()["directory"])
        recorder.await_durable(3000)
        recorder.ask("pause")
        assert recorder.status()["state"] == "private"

        def sizes():
            return {file: file.stat().st_size for file in lesson.glob("*/e*.mp4")}

        def settled():
            first = sizes()
            wait_until("two seconds", 30, lambda now=lesson_of(recorder)["elapsed_ms"]: lesson_of(recorder)["elapsed_ms"] > now + 2000)
            return first if sizes() == first else None

        quiet = wait_until("the end of what was before", 60, settled)
        recorder.kill()
        recorder.start()
        assert recorder.status()["state"] == "private", recorder.status()["state"]
        wait_until("the camera", 60, lambda: recorder.source("room")["state"] == "live")
        now = lesson_of(recorder)["elapsed_ms"]
        wait_until("three seconds", 60, lambda: lesson_of(recorder)["elapsed_ms"] > now + 3000)
        assert {file: size for file, size in sizes().items() if size > quiet.get(file, 0)} == {}
        recorder.ask("resume")
        recorder.await_durable(lesson_of(recorder)["elapsed_ms"] + 1500)
        stopped = recorder.ask("stop", for_now=True)
        assert recorder.status()["state"] == "stopping"
        recorder.ask("continue")
        recorder.await_durable(stopped["duration_ms"] + 2500)
        recorder.ask("stop")
        summary = read_clean(bin_folder, lesson)
        reasons = sorted((gap["track"], gap["reason"]) for gap in summary["gaps"])
        assert reasons == [(f"room.{kind}", why) for kind in ("audio", "video") for why in ("private", "stopped")], reasons


if __name__ == "__main__":
    run_checks([check_deleted, check_private], __doc__)
