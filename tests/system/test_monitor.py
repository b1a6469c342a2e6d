#!/usr/bin/env python3
"""The monitor on a lesson that is being recorded: what goes wrong in the classroom is told within ten seconds, whoever dies."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "demo"))
sys.path.insert(0, str(HERE.parent / "reader"))
sys.dont_write_bytecode = True

from checks import run_checks  # noqa: E402
from demo_client import wait_until  # noqa: E402
from demo_run import both_live, classroom, teacher  # noqa: E402
from lesson_reader import read_lesson  # noqa: E402
from recorder_process import Camera, Recorder, receive  # noqa: E402

PROMISED_S = 10


class Monitor:
    """shilu-monitor, and a listener to what it tells."""

    def __init__(self, bin_folder, runtime):
        self.process = subprocess.Popen([bin_folder / "shilu-monitor", "--runtime", runtime])
        self.path = runtime / "monitor.sock"
        self.alarms, self.levels = set(), []
        self.thread = threading.Thread(target=self.hear, daemon=True)
        wait_until("the monitor", 20, self.path.exists)
        self.thread.start()

    def hear(self):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(self.path))
            with contextlib.suppress(OSError, ConnectionError):
                while True:
                    event = json.loads(receive(peer))
                    if event["event"] == "alarms":
                        self.alarms = {(alarm["track"], alarm["kind"]) for alarm in event["alarms"]}
                    else:
                        self.levels.append({level["track"]: level for level in event["levels"]})

    def cpu_seconds(self):
        ticks = (pathlib.Path("/proc") / str(self.process.pid) / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def check_faults(bin_folder):
    """black, frozen, silent, humming and clipping are told within ten seconds of happening, and taken back"""
    with tempfile.TemporaryDirectory(prefix="shilu-mon-") as folder:
        work = pathlib.Path(folder)
        faults = work / "faults"
        with Camera(bin_folder, work, "--only", "room", "--faults", faults) as camera, \
                Recorder(bin_folder, work, camera.sources("room")) as recorder, Monitor(bin_folder, work / "run") as monitor:
            lesson = recorder.begin()
            recorder.await_durable(3000)
            assert not monitor.alarms, monitor.alarms
            wait_until("a level", 10, lambda: monitor.levels)
            for words, expected in (("frozen silent", {("room.video", "frozen"), ("room.audio", "no-sound")}),
                                    ("black hum", {("room.video", "black"), ("room.audio", "hum-only")}),
                                    ("clipping", {("room.audio", "clipping")})):
                faults.write_text(words)
                begun = time.monotonic()
                wait_until(f"{words}: told", 25, lambda: monitor.alarms == expected)
                took = time.monotonic() - begun
                print(f"     {words}: told after {took:.1f} s", file=sys.stderr)
                assert took <= PROMISED_S, f"{words}: told after {took:.1f} s"
            assert monitor.levels[-1]["room.audio"]["peak_dbfs"] > -3, monitor.levels[-1]
            faults.write_text("")
            wait_until("all is well again", 20, lambda: not monitor.alarms)
            assert 2 < len(monitor.levels)
            used = monitor.cpu_seconds()
            told = recorder.ask("stop")
            print(f"     {used:.2f} s of processor in {told['duration_ms'] / 1000:.0f} s of lesson", file=sys.stderr)
        summary = read_lesson(str(lesson["directory"]))
        assert not summary["violations"] and not summary["gaps"], summary


def check_killed(bin_folder):
    """kill -9 of the monitor touches nothing, and shilud starts another one"""
    with classroom(bin_folder) as told:
        me = teacher(told)
        both_live(me)
        me.post("/api/recording", {"topic": "monitor"})
        try:
            runtime = wait_until("the monitor", 30, lambda: monitor_pid(told))
            before = me.get("/api/state")["lesson"]["durable_ms"]
            os.kill(runtime, signal.SIGKILL)
            again = wait_until("another monitor", 20, lambda: (monitor_pid(told) or runtime) != runtime and monitor_pid(told))
            assert again != runtime
            wait_until("the lesson goes on", 20, lambda: me.get("/api/state")["lesson"]["durable_ms"] > before + 2000)
            state = me.get("/api/state")
            assert state["lesson"]["gaps"] == 0 and "alarms" in state, state
        finally:
            me.call("DELETE", "/api/recording")


def monitor_pid(told):
    """Of the monitor that this demonstration's shilud started."""
    folder = str(pathlib.Path(told["camera_log"]).parent)
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            arguments = (entry / "cmdline").read_bytes().decode().split("\0")
            if arguments[0].endswith("shilu-monitor") and any(folder in argument for argument in arguments):
                return int(entry.name)
    return None


if __name__ == "__main__":
    run_checks([check_faults, check_killed], __doc__)
