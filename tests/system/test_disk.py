#!/usr/bin/env python3
"""Disks that freeze, fill up and go read-only under a running lesson: what was durable stays, what is lost is told, in words."""

import contextlib
import pathlib
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from checks import run_checks  # noqa: E402
from demo_client import wait_until  # noqa: E402
from loop_disk import LoopDisk  # noqa: E402
from losses import Sent, holes_in, read_clean, recorded_pictures  # noqa: E402
from recorder_process import Camera, Recorder, now_ns  # noqa: E402

SOURCES = ("card", "desk")
FROZEN_S = 8


@contextlib.contextmanager
def recorder_on(bin_folder, megabytes):
    """Disk, recorder (its lessons are on the disk) and the camera's log."""
    with tempfile.TemporaryDirectory(prefix="shilu-disk-") as folder:
        work = pathlib.Path(folder)
        with LoopDisk(work, "disk", megabytes) as disk, Camera(bin_folder, work, "--log", work / "sent", "--only", *SOURCES) as camera:
            with Recorder(bin_folder, work, camera.sources(*SOURCES), disk.path / "lessons") as recorder:
                yield disk, recorder, work / "sent"


def lesson_of(recorder):
    return recorder.status()["lesson"]


def check_no_holes(bin_folder, lesson, log, summary):
    sent = Sent(log)
    for source in SOURCES:
        holes = holes_in(source, recorded_pictures(bin_folder, lesson, source, summary), sent)
        assert not holes, holes


def check_frozen(bin_folder):
    """a file system that is frozen for 8 s loses no picture, and shows its lag meanwhile"""
    with recorder_on(bin_folder, 256) as (disk, recorder, log):
        lesson = pathlib.Path(recorder.begin()["directory"])
        recorder.await_durable(2500)
        with disk.frozen():
            frozen_at = time.monotonic()
            wait_until("a lag that shows the frozen disk", 30, lambda: lesson_of(recorder)["durable_lag_ms"] > 4500)
            wait_until("no more claim to record", 30, lambda: not lesson_of(recorder)["recording_proven"])
            wait_until("the end of the freeze", FROZEN_S + 5, lambda: time.monotonic() - frozen_at >= FROZEN_S)
        recorder.await_durable(lesson_of(recorder)["elapsed_ms"] + 1000)
        assert lesson_of(recorder)["durable_lag_ms"] < 5000
        recorder.ask("stop")
        summary = read_clean(bin_folder, lesson)
        assert not summary["gaps"], summary["gaps"]
        check_no_holes(bin_folder, lesson, log, summary)


def check_full(bin_folder):
    """a file system of 64 MB that fills up in mid-lesson: what was durable stays, the end is told in words, and there can be a next lesson"""
    with recorder_on(bin_folder, 64) as (disk, recorder, _):
        lesson = pathlib.Path(recorder.begin()["directory"])
        recorder.await_durable(2500)
        mark = str(uuid.uuid4())
        recorder.ask("mark", id=mark, point="A6", pressed_monotonic_ns=now_ns(), look_back_ms=1000, look_ahead_ms=1000)
        durable_ms = lesson_of(recorder)["durable_ms"]

        def words():
            disk.fill(leave=300_000)  # each time: the recorder gives back what it had reserved
            status = recorder.status()
            return status if status["fault"] or not status["lesson"] else None

        status = wait_until("words for the full disk", 60, words)
        assert "full" in status["fault"], status["fault"]
        wait_until("the lesson's end", 90, lambda: not lesson_of(recorder))
        disk.clear()
        summary = read_clean(bin_folder, lesson)
        assert summary["finished"] and summary["duration_ms"] >= durable_ms, summary
        assert all(gap["reason"] == "disk-full" for gap in summary["gaps"]), summary["gaps"]
        assert [one["id"] for one in summary["marks"]] == [mark], summary["marks"]
        for source in SOURCES:
            assert recorded_pictures(bin_folder, lesson, source, summary)[-1][0] * 1000 > durable_ms - 1000
        again = pathlib.Path(recorder.begin()["directory"])
        recorder.await_durable(2000)
        recorder.ask("stop")
        gaps = [gap for gap in read_clean(bin_folder, again)["gaps"] if gap["reason"] != "late-start"]
        assert not gaps, gaps


def check_read_only(bin_folder):
    """a file system that goes read-only: told in words, and after it is mounted again the same lesson goes on without a hole"""
    with recorder_on(bin_folder, 256) as (disk, recorder, log):
        begun = recorder.begin()
        lesson = pathlib.Path(begun["directory"])
        recorder.await_durable(2500)
        disk.find_error()
        status = wait_until("words for the disk", 30, lambda: (lambda s: s if s["fault"] else None)(recorder.status()))
        assert status["state"] == "fault" and status["lesson"]["id"] == begun["lesson_id"], status
        wait_until("no more claim to record", 30, lambda: not lesson_of(recorder)["recording_proven"])
        recorder.kill()
        disk.unmount()
        disk.repair()
        disk.mount()
        read_clean(bin_folder, lesson)
        recorder.start()
        assert lesson_of(recorder)["id"] == begun["lesson_id"]
        recorder.await_durable(lesson_of(recorder)["elapsed_ms"] + 1000)
        recorder.ask("stop")
        summary = read_clean(bin_folder, lesson)
        assert not summary["gaps"], summary["gaps"]
        check_no_holes(bin_folder, lesson, log, summary)


if __name__ == "__main__":
    run_checks([check_frozen, check_full, check_read_only], __doc__)
