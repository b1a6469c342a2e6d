#!/usr/bin/env python3
"""The demonstration classroom when somebody pulls its parts out: it puts them back, as systemd does on an appliance."""

import os
import pathlib
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from checks import run_checks  # noqa: E402
from demo_client import CallFailed, Peer, wait_until  # noqa: E402
from demo_run import both_live, classroom, teacher  # noqa: E402


def check_kills(bin_folder):
    """recorder, shilud, platform and cameras are killed in a lesson: each comes back, and the lesson is one lesson"""
    with classroom(bin_folder, kills=True) as told:
        me = teacher(told)
        both_live(me)
        lesson = me.post("/api/recording", {"subject": "数学", "class_name": "八(2)班", "topic": "拔插头"})["lesson_id"]

        def proven():
            try:
                running = me.get("/api/state")["lesson"]
            except (OSError, CallFailed):  # shilud is away
                return False
            return running and running["id"] == lesson and running["recording_proven"]

        def platform_answers():
            try:
                return Peer(told["platform_url"]).get("/", raw=True)
            except OSError:
                return False

        for name in ("recorder", "shilud", "platform", "cameras"):
            wait_until(f"a proven recording before {name} is killed", 40, proven)
            os.kill(told["pids"][name], signal.SIGKILL)
            wait_until(f"{name} to be gone", 10, lambda gone=name: name_of(told["pids"][gone]) is None)
        # Declared by what the cameras send when they are back.
        wait_until("the gap of the cameras that were killed", 40, lambda: proven() and me.get("/api/state")["lesson"]["gaps"] >= 2)
        wait_until("the platform", 20, platform_answers)
        me.call("DELETE", "/api/recording")
        wait_until("the lesson in the list", 20, lambda: lesson in [one["id"] for one in me.get("/api/lessons")["lessons"]])


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return None


if __name__ == "__main__":
    run_checks([check_kills], __doc__)
