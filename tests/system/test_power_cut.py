#!/usr/bin/env python3
"""The power is cut under running lessons (ext4 shut down in flight, every process killed): what is on the disk afterwards is whole,
ends at most 2.5 s before the cut, and has every mark that was answered. Then the device is switched on again.

SHILU_SEED=N repeats a run's choices (the seed is printed), SHILU_ROUNDS=N makes another number of cuts, SHILU_TABLE=FILE keeps
the table.
"""

import concurrent.futures
import contextlib
import os
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from checks import long_run, run_checks  # noqa: E402
from classroom_process import hold  # noqa: E402
from demo_client import wait_until  # noqa: E402
from loop_disk import LoopDisk  # noqa: E402
from losses import SECOND, Sent, read_clean, recorded_pictures  # noqa: E402
from recorder_process import Camera, Recorder, Refused, now_ns  # noqa: E402

LANES = 4  # disks and recorders side by side: most of a round is waiting for a lesson to go by
PROMISED_S = 2.5
BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Marks:
    """Taps on and on, from a thread of its own; `answered` holds those that the recorder confirmed. Each tap also wakes the tick
    that makes pictures durable, so the loss is measured with many and with few."""

    def __init__(self, recorder, interval_s):
        self.recorder, self.interval_s, self.answered, self.slowest_s = recorder, interval_s, [], 0.0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.tap)
        self.thread.start()

    def tap(self):
        while not self.ending.wait(self.interval_s):
            mark, begun = str(uuid.uuid4()), time.monotonic()
            try:
                self.recorder.ask("mark", id=mark, point="A6", pressed_monotonic_ns=now_ns(), look_back_ms=1000, look_ahead_ms=1000)
            except (OSError, Refused):
                return  # the power is gone
            self.answered.append(mark)
            self.slowest_s = max(self.slowest_s, time.monotonic() - begun)

    def end(self):
        self.ending.set()
        self.thread.join()


class BootingRecorder(Recorder):
    """A recorder whose machine may be started anew: it and its captures then see another boot id."""

    boot = None

    def command(self):
        if self.boot is None:
            return super().command()
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'mount --bind "$0" {BOOT_ID} && exec "$@"', self.boot,
                *super().command()]

    def reboot(self):
        self.boot = self.work / "boot_id"
        self.boot.write_text(f"{uuid.uuid4()}\n")


class Lane:
    """One disk with one recorder, cut again and again."""

    def __init__(self, bin_folder, work, camera, log, seed):
        self.bin_folder, self.work, self.log, self.chance = bin_folder, work, log, random.Random(seed)
        work.mkdir()
        self.camera = camera
        self.rows = []

    def run(self, rounds):
        with LoopDisk(self.work, "disk", 160) as disk:
            with BootingRecorder(self.bin_folder, self.work, self.camera.sources("card"), disk.path / "lessons") as recorder:
                for number in range(rounds):
                    self.cut(disk, recorder, reboot=number % 2 == 1)
        return self.rows

    def cut(self, disk, recorder, reboot):
        lesson = pathlib.Path(recorder.begin()["directory"])
        recorder.await_durable(self.chance.uniform(500, 3000))
        marks = Marks(recorder, self.chance.choice([0.15, 0.4, 1.5]))
        hold(self.chance.uniform(0.5, 2))
        shown_lag_s = recorder.status()["lesson"]["durable_lag_ms"] / 1000
        answered, cut_at = list(marks.answered), now_ns()
        disk.cut_power()
        self.kill_all(recorder)
        marks.end()
        disk.power_on()
        last_s = self.look_at(lesson, answered, cut_at, shown_lag_s, marks.slowest_s)
        if reboot:
            recorder.reboot()
        self.switch_on(recorder, lesson, answered, last_s)

    @staticmethod
    def kill_all(recorder):
        recorder.kill()
        for pid in recorder.capture_pids().values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until("the captures' end", 20, lambda: not recorder.capture_pids())

    def look_at(self, lesson, answered, cut_at, shown_lag_s, slowest_s):
        """The disk as the cut left it; the lesson time of the last picture on it."""
        summary = read_clean(self.bin_folder, lesson)
        lost_marks = set(answered) - {mark["id"] for mark in summary["marks"]}
        assert not lost_marks, f"{len(lost_marks)} of {len(answered)} answered marks are lost"
        last_s, counter = recorded_pictures(self.bin_folder, lesson, "card", summary)[-1]
        lost_s = (cut_at - Sent(self.log).at("card", counter)) / SECOND
        self.rows.append((lost_s, shown_lag_s, len(answered), slowest_s))
        # A machine with too much to do is late; then the lag that it showed must have been the truth.
        assert lost_s <= max(PROMISED_S, shown_lag_s + 0.6), f"{lost_s:.2f} s are lost, a lag of {shown_lag_s:.2f} s was shown"
        return last_s

    def switch_on(self, recorder, lesson, answered, last_s):
        """The device starts again: whether the lesson goes on or is closed, it loses nothing more."""
        recorder.start()
        with contextlib.suppress(Refused):
            recorder.ask("stop")
        summary = read_clean(self.bin_folder, lesson)
        assert summary["finished"], "the lesson has no end"
        assert set(answered) <= {mark["id"] for mark in summary["marks"]}, "a mark was lost at the start"
        shown = [at for at, _ in recorded_pictures(self.bin_folder, lesson, "card", summary)]
        assert any(abs(at - last_s) < 0.02 for at in shown), "the start took pictures away"


def tell(line):
    print(line, flush=True)
    if os.environ.get("SHILU_TABLE"):
        with open(os.environ["SHILU_TABLE"], "a") as table:
            print(line, file=table)


def summarise(rows):
    lost = sorted(row[0] for row in rows)
    marks = sum(row[2] for row in rows)
    for lost_s, shown_s, answered, slowest_s in rows:
        tell(f"  lost {lost_s:.2f} s, lag shown {shown_s:.2f} s, {answered} marks answered (slowest {1000 * slowest_s:.0f} ms), none lost")
    tell(f"  {len(lost)} cuts: lost {lost[len(lost) // 2]:.2f} s (median), {lost[-1]:.2f} s (worst); {marks} marks answered, 0 lost")


def check_cuts(bin_folder):
    """the power is cut: at most 2.5 s are lost, every fragment in the journal is whole, no answered mark is lost"""
    rounds = int(os.environ.get("SHILU_ROUNDS", 200 if long_run() else 20))
    seed = int(os.environ.get("SHILU_SEED", random.SystemRandom().randrange(1 << 32)))
    tell(f"  SHILU_SEED={seed}: {rounds} cuts")
    with tempfile.TemporaryDirectory(prefix="shilu-cut-") as folder:
        work = pathlib.Path(folder)
        with Camera(bin_folder, work, "--log", work / "sent", "--only", "card") as camera:
            lanes = [Lane(bin_folder, work / str(number), camera, work / "sent", seed + number) for number in range(LANES)]
            with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
                shares = [rounds // LANES + (number < rounds % LANES) for number in range(LANES)]
                done = [pool.submit(lane.run, share) for lane, share in zip(lanes, shares) if share]
                concurrent.futures.wait(done)
            summarise([row for lane in lanes for row in lane.rows])
            for one in done:
                one.result()


if __name__ == "__main__":
    run_checks([check_cuts], __doc__)
