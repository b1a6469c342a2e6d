#!/usr/bin/env python3
"""Lessons begun and ended again and again, and a long one: memory, descriptors and threads of recorder, captures and shilud do not grow.

SHILU_ROUNDS=N makes another number of lessons.
"""

import os
import pathlib
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from checks import long_run, run_checks  # noqa: E402
from classroom_process import Classroom  # noqa: E402
from demo_client import wait_until  # noqa: E402
from growth import Watch  # noqa: E402
from losses import read_clean  # noqa: E402

# What may be grown for certain (three standard errors below the slope) over a run; allocators keep what threads once used.
ALLOWED_KB = 1500
# shilud keeps the folders of the lessons that were asked for last, and its database's pages: 6 MB over the first hundred lessons.
WARMING_UP = 150
ALLOWED_KB_WARMING_UP = {"shilud": 9000}
ALLOWED_HANDLES = 1.5


def watch_of(classroom):
    captures = classroom.recorder.capture_pids()
    return Watch({"recorder": classroom.recorder.process.pid, "shilud": classroom.shilud.pid,
                  **{f"capture {name}": pid for name, pid in sorted(captures.items())}})


def check_growth(watch, skip, rounds):
    for name in watch.pids:
        slopes = watch.slopes(name, skip)
        allowed_kb = ALLOWED_KB_WARMING_UP.get(name, ALLOWED_KB) if rounds < WARMING_UP else ALLOWED_KB
        assert slopes["kilobytes"].certain() * rounds < allowed_kb, f"{name} grows: {watch.table(skip)}"
        assert slopes["descriptors"].certain() * rounds < ALLOWED_HANDLES, f"{name} keeps descriptors: {watch.table(skip)}"
        assert slopes["threads"].certain() * rounds < ALLOWED_HANDLES, f"{name} keeps threads: {watch.table(skip)}"


def one_lesson(classroom, teacher):
    lesson = teacher.post("/api/recording", {})["lesson_id"]
    teacher.post("/api/recording/marks", {"id": str(uuid.uuid4()), "point": None, "tapped_ago_ms": 0, "look_back_ms": 0, "look_ahead_ms": 0})
    teacher.call("DELETE", "/api/recording")
    return classroom.work / "data" / "lessons" / lesson


def check_start_stop(bin_folder):
    """lessons begun and ended over and over: nothing grows, and each folder is whole"""
    rounds = int(os.environ.get("SHILU_ROUNDS", 1000 if long_run() else 70))
    with tempfile.TemporaryDirectory(prefix="shilu-soak-") as folder, Classroom(bin_folder, pathlib.Path(folder)) as classroom:
        classroom.begin()
        classroom.await_progress(1000)
        teacher = classroom.teacher()
        teacher.call("DELETE", "/api/recording")
        watch = watch_of(classroom)
        lessons = []
        for _ in range(rounds):
            lessons.append(one_lesson(classroom, teacher))
            watch.look()
        skip = rounds // 4
        print(watch.table(skip), flush=True)
        check_growth(watch, skip, rounds)
        for lesson in lessons[::max(rounds // 20, 1)]:
            assert read_clean(bin_folder, lesson)["finished"]


def check_long_lesson(bin_folder):
    """one long lesson: nothing grows with its length"""
    minutes = float(os.environ.get("SHILU_MINUTES", 30 if long_run() else 0.4))
    with tempfile.TemporaryDirectory(prefix="shilu-soak-") as folder, Classroom(bin_folder, pathlib.Path(folder)) as classroom:
        lesson = classroom.begin()
        classroom.await_progress(5000)  # the captures' memory of what is not durable is as full as it gets
        watch = watch_of(classroom)
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            wanted = classroom.durable_ms() + 1000
            wait_until("the next second on disk", 120, lambda: classroom.durable_ms() >= wanted)
            watch.look()
        looks = len(watch.looks["recorder"])
        print(watch.table(looks // 4, per=3600 * looks / (60 * minutes), unit="an hour of lesson"), flush=True)
        check_growth(watch, looks // 4, looks)
        classroom.end()
        summary = read_clean(bin_folder, lesson)
        assert summary["finished"] and not summary["gaps"], summary["gaps"]


if __name__ == "__main__":
    run_checks([check_start_stop, check_long_lesson], __doc__)
