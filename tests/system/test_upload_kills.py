#!/usr/bin/env python3
"""kill -9 of the device's side and of the platform at random moments of an upload: it arrives, the same bytes, with its
receipt, and little is sent twice. 10 rounds; 100 at --long."""

# alone: it kills and starts programs all the time, and counts bytes of uploads at full speed.

import argparse
import concurrent.futures
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from appliance import Appliance  # noqa: E402
from checks import Skip, long_run  # noqa: E402
from demo_client import wait_until  # noqa: E402
from network_lab import PLATFORM, Lab  # noqa: E402
from upload_fixture import School, arrived_bytes, filler_document, finish, prove_delivered  # noqa: E402

ROUNDS = 100 if long_run() else 10
SIZE = 16_000_000
RATE = 100_000_000
BLOCK = 8 << 20
# Heads, control calls and the packets that were on the way at a kill, beside the block that may be sent twice.
CONVERSATION = 200_000


class Round:
    def __init__(self, school, package, work, number):
        self.school, self.package, self.work = school, package, pathlib.Path(work)
        self.random = random.Random(number)
        self.number = number
        self.work.mkdir()

    def run(self):
        with Lab(self.school.bin, rate_bps=RATE, delay_ms=2) as self.lab:
            with self.lab.at_platform():
                self.platform = self.school.platform(self.work / "platform").start()
            try:
                return self.submit() if self.number % 2 else self.appliance()
            finally:
                self.platform.kill()

    def url(self):
        return f"http://{PLATFORM}:{self.platform.port}"

    def moment(self):
        """Some byte of the upload, or a little before the first or behind the last. -> in words"""
        part = self.random.uniform(-0.15, 1.15)
        if part > 0:
            wanted = min(part, 1) * SIZE
            wait_until("the moment of the kill", 120, lambda: self.arrived() >= wanted, 0.005)
        end = time.monotonic() + (0 if 0 < part < 1 else self.random.uniform(0, 0.4))
        wait_until("the moment of the kill", 60, lambda: time.monotonic() >= end, 0.005)
        return f"at {self.arrived() / 1e6:.1f} MB"

    def arrived(self):
        taken = any((self.platform.directory / "packages").glob("*"))
        return SIZE if taken else arrived_bytes(self.platform.directory)

    def kill_platform(self):
        self.platform.kill()
        port_option = self.platform.command.index("--port") + 1
        self.platform.command[port_option] = str(self.platform.port)  # comes back at the same address
        with self.lab.at_platform():
            self.platform.start()

    def judge(self, whom, at, size):
        sent = self.lab.sent()
        assert size <= sent <= size + BLOCK + CONVERSATION, f"{sent} bytes sent for {size}, {whom} killed {at}"
        return f"{whom} killed {at}, sent x {sent / size:.3f}"

    def submit(self):
        """`shilu submit`, killed and called again, or the platform killed under it."""
        mine, command = self.school.submission(self.package, self.work, self.url())

        def start():
            with self.lab.at_device():
                return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        whom = self.random.choice(["shilu submit", "the platform"])
        sender = start()
        at = self.moment()
        if whom == "the platform":
            self.kill_platform()
        else:
            sender.kill()
            sender.communicate()
            sender = start()
        finish(sender, 120)
        prove_delivered(self.school, self.platform.directory, mine)
        return self.judge(whom, at, mine.stat().st_size)

    def appliance(self):
        """The outbox of shilud, killed and started again, or the platform killed under it."""
        appliance = Appliance(self.school.bin, self.work / "appliance", self.url(), "--seconds", "8")
        filler = filler_document(self.work / "plan.pdf", SIZE)
        whom = self.random.choice(["shilud", "the platform"])
        with self.lab.at_device():
            appliance.start()
            try:
                appliance.enrolled().add_papers()
                appliance.add_document("资料", filler)
                submission = appliance.submit(appliance.cut(1000, 3000))
                at = self.moment()
                if whom == "shilud":
                    appliance.kill()
                    appliance.start()
                else:
                    self.kill_platform()
                wait_until("the receipt", 120, lambda: appliance.acknowledged(submission))
                package = appliance.package(submission)
                prove_delivered(self.school, self.platform.directory, package, appliance.receipt(submission, self.work / "receipt.json"))
                return self.judge(whom, at, package.stat().st_size)
            finally:
                appliance.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, help="of the first round; else by chance")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    first = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 30)
    failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="shilu-kills-") as work:
        school = School(options.bin.resolve(), work)
        package = school.package("lesson", SIZE)

        def run(number):
            folder = pathlib.Path(work) / f"round-{number}"
            try:
                return Round(school, package, folder, number).run()
            finally:
                shutil.rmtree(folder, ignore_errors=True)

        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for number, told in [(n, pool.submit(run, n)) for n in range(first, first + options.rounds)]:
                try:
                    print(f"ok round {number}: {told.result()}", flush=True)
                except Skip as why:
                    skipped += 1
                    print(f"skip round {number}: {why}", flush=True)
                except Exception as error:  # noqa: BLE001 - whatever went wrong is the result
                    failed += 1
                    print(f"not ok round {number} (--seed {number} --rounds 1): {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 77 if skipped == options.rounds else 0


if __name__ == "__main__":
    sys.exit(main())
