#!/usr/bin/env python3
"""Packages through an S3-compatible store (tests/s3/strict_s3.py, which checks signatures and digests): the platform hands out
URLs, the device puts the blocks there; or a school's own store, with its own keys. Killed in mid-upload, each goes on with the
parts that are missing."""

import contextlib
import json
import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from appliance import Appliance  # noqa: E402
from checks import long_run, run_checks  # noqa: E402
from demo_client import wait_until  # noqa: E402
from network_lab import PLATFORM, Lab  # noqa: E402
from platform_process import ROOT  # noqa: E402
from upload_fixture import School, digest, filler_document, finish, prove_delivered  # noqa: E402

SIZE = 30_000_000
PART = 8 << 20
MOST_AT_ONCE = 4  # upload/s3/lanes.cpp
RATE = 20_000_000  # bytes per second that the store reads: time to kill somebody in the middle of a part
KEYS = {"AWS_ACCESS_KEY_ID": "test-access", "AWS_SECRET_ACCESS_KEY": "test-secret/with+signs"}


class Store:
    """The strict store as a child; what it has done stands in its log."""

    def __init__(self, work, *options):
        self.log = pathlib.Path(work) / "store.log"
        self.directory = pathlib.Path(work) / "objects"
        self.command = [sys.executable, ROOT / "tests/s3/strict_s3.py", "--log", self.log, "--directory", self.directory, *map(str, options)]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        assert ready, "the store does not start"
        self.endpoint = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def done(self, what):
        """But for what the platform did to see how the store's URLs are."""
        return [one for one in self.told(what) if not one["key"].startswith("incoming/probe-")]

    def probes(self, what):
        return [one for one in self.told(what) if one["key"].startswith("incoming/probe-")]

    def told(self, what):
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [one for one in map(json.loads, lines) if one["done"] == what]

    def parts(self):
        return [one["number"] for one in self.done("part")]

    def wait_for_parts(self, count, process):
        def look():
            assert process.poll() is None, f"the sender ended with {process.returncode} before {count} parts came"
            return len(self.parts()) >= count

        wait_until(f"{count} parts in the store", 120, look, 0.005)

    def prove_parts(self, package, kills=0, at_once=1):
        """Every part was taken, and none twice but for those that were under way when the sender was killed: its kernel may still
        bring the rest of one to the store after it was asked what it has."""
        count = -(-package.stat().st_size // PART)
        assert sorted(set(self.parts())) == list(range(1, count + 1)), self.parts()
        assert len(self.parts()) - count <= kills * at_once, self.parts()
        assert len(self.done("complete")) == 1, self.done("complete")

    def most_at_once(self):
        return max(one["at_once"] for one in self.done("part"))


@contextlib.contextmanager
def stored(bin_directory, *store_options, options=()):
    """-> school, store, a platform that has it, and a folder."""
    with tempfile.TemporaryDirectory(prefix="shilu-s3-") as work, pathed_environment(KEYS):
        work = pathlib.Path(work)
        school = School(bin_directory, work)
        with Store(work, *store_options) as store:
            with school.platform(work / "platform", "--s3-endpoint", store.endpoint, "--s3-bucket", "lessons", *options) as platform:
                yield school, store, platform, work


@contextlib.contextmanager
def pathed_environment(values):
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def start(command):
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kill(process):
    process.kill()
    process.communicate()


def check_outbox(bin_directory):
    """shilud delivers through the platform's store; killed in the middle of a part, it goes on with the missing ones"""
    with stored(bin_directory, "--rate", RATE) as (school, store, platform, work):
        appliance = Appliance(bin_directory, work / "appliance", platform.url, "--seconds", "8").start()
        try:
            appliance.enrolled().add_papers()
            appliance.add_document("资料", filler_document(work / "plan.pdf", SIZE))
            submission = appliance.submit(appliance.cut(1000, 3000))
            store.wait_for_parts(2, appliance.process)
            appliance.kill()
            before = len(store.parts())
            appliance.start()
            done = wait_until("the receipt", 120, lambda: appliance.acknowledged(submission))
            assert done["acked_bytes"] == done["size_bytes"], done
            package = appliance.package(submission)
            prove_delivered(school, platform.directory, package, appliance.receipt(submission, work / "receipt.json"))
            store.prove_parts(package, kills=1)
            assert before < len(store.parts()), "it was killed after the end"
            wait_until("the store to be emptied", 60, lambda: store.done("remove"))
        finally:
            appliance.end()


def check_submit(bin_directory):
    """`shilu submit` through the platform's store, killed and called again"""
    with stored(bin_directory, "--rate", RATE) as (school, store, platform, work):
        mine, command = school.submission(school.package("lesson", SIZE), work / "sender", platform.url)
        sender = start(command)
        store.wait_for_parts(1, sender)
        kill(sender)
        finish(start(command), 120)
        prove_delivered(school, platform.directory, mine)
        store.prove_parts(mine, kills=1)


def check_platform_killed(bin_directory):
    """the platform is killed while the parts come, and comes back: nothing is sent twice"""
    with stored(bin_directory, "--rate", RATE) as (school, store, platform, work):
        mine, command = school.submission(school.package("lesson", SIZE), work / "sender", platform.url)
        sender = start(command)
        store.wait_for_parts(2, sender)
        platform.kill()
        platform.command[platform.command.index("--port") + 1] = str(platform.port)
        platform.start()
        finish(sender, 120)
        prove_delivered(school, platform.directory, mine)
        store.prove_parts(mine)


def check_damaged_and_busy(bin_directory):
    """a part that arrives damaged, and a store that is busy: both are sent again, and the lost answer of the end is found out"""
    with stored(bin_directory, "--damage", 2, "--busy", 1, "--lose-answer", "--page", 2) as (school, store, platform, work):
        mine, command = school.submission(school.package("lesson", SIZE), work / "sender", platform.url)
        finish(start(command), 120)
        prove_delivered(school, platform.directory, mine)
        store.prove_parts(mine)


def check_plain_urls(bin_directory):
    """a store whose URLs name no digest, as Swift's: the platform finds it out, and what arrives damaged is found by Content-MD5 and sent again"""
    with stored(bin_directory, "--plain-urls", "--damage", 3) as (school, store, platform, work):
        mine, command = school.submission(school.package("lesson", SIZE), work / "sender", platform.url)
        finish(start(command), 120)
        prove_delivered(school, platform.directory, mine)
        store.prove_parts(mine)
        assert len(store.probes("part")) == 1, "it was not asked, or more than once"
        assert len(store.probes("abort")) == 1, "the question stays in the store"


def check_slow_join(bin_directory):
    """a store that takes 35 seconds to join the parts: nobody waits for an answer that long, and nothing is sent twice"""
    with stored(bin_directory, "--join-takes", 35) as (school, store, platform, work):
        mine, command = school.submission(school.package("lesson", SIZE), work / "sender", platform.url)
        finish(start(command), 120)
        prove_delivered(school, platform.directory, mine)
        store.prove_parts(mine)


def check_withdrawn(bin_directory):
    """a submission that is withdrawn in mid-upload leaves nothing in the store"""
    with stored(bin_directory, "--rate", RATE // 4) as (_, store, platform, work):
        appliance = Appliance(bin_directory, work / "appliance", platform.url, "--seconds", "8").start()
        try:
            appliance.enrolled().add_papers()
            appliance.add_document("资料", filler_document(work / "plan.pdf", SIZE))
            submission = appliance.submit(appliance.cut(1000, 3000))
            store.wait_for_parts(1, appliance.process)
            appliance.teacher.post(f"/api/submissions/{submission}/withdraw", {})
            wait_until("the store to be emptied", 60, lambda: store.done("abort"))
            assert appliance.submission(submission)["state"] == "withdrawn"
            assert not store.done("complete")
        finally:
            appliance.end()


def check_unreachable(bin_directory):
    """a store that only the platform reaches: after three failures the package goes to the platform itself"""
    with tempfile.TemporaryDirectory(prefix="shilu-s3-") as work, pathed_environment(KEYS):
        work = pathlib.Path(work)
        school = School(bin_directory, work)
        mine, command = school.submission(school.package("lesson", 3_000_000), work / "sender", "")
        with Lab(bin_directory, rate_bps=100_000_000, delay_ms=2) as lab:
            with lab.at_platform(), Store(work) as store, school.platform(
                    work / "platform", "--s3-endpoint", store.endpoint, "--s3-bucket", "lessons") as platform:
                command[command.index("--to") + 1] = f"http://{PLATFORM}:{platform.port}"
                with contextlib.ExitStack() as stack:
                    sender = stack.enter_context(in_namespace(lab, command))
                    finish(sender, 120)
                prove_delivered(school, platform.directory, mine)
                assert not store.parts()


@contextlib.contextmanager
def in_namespace(lab, command):
    process = start(["ip", "netns", "exec", lab.device, *command])
    try:
        yield process
    finally:
        if process.poll() is None:
            kill(process)


def check_own_store(bin_directory):
    """`shilu submit --to s3://` into a school's own store, killed and called again: the same bytes, every part once"""
    with tempfile.TemporaryDirectory(prefix="shilu-s3-") as work, pathed_environment(KEYS):
        work = pathlib.Path(work)
        package = school_package(bin_directory, work)
        with Store(work, "--rate", RATE) as store:
            command = [bin_directory / "shilu", "submit", package, "--to", "s3://lessons/2026", "--s3-endpoint", store.endpoint, "--json"]
            sender = start(command)
            store.wait_for_parts(2, sender)
            kill(sender)
            told, _ = finish(start(command), 120)
            assert told["receipt"] is None and told["was_there"] is False, told
            store.prove_parts(package, kills=1, at_once=MOST_AT_ONCE)
            object_ = store.directory / "2026" / f"{digest(package)}.zip"
            assert digest(object_) == digest(package)
            assert told["object"] == f"s3://lessons/2026/{digest(package)}.zip"
            again, _ = finish(start(command), 120)
            assert again["was_there"] is True, again
            store.prove_parts(package, kills=1, at_once=MOST_AT_ONCE)
            refused = subprocess.run(command, env={**os.environ, "AWS_SECRET_ACCESS_KEY": "wrong"}, capture_output=True, text=True)
            assert refused.returncode == 1, refused
            assert json.loads(refused.stdout)["error"]["kind"] == "permission-denied", refused.stdout


def check_several_at_once(bin_directory):
    """a store that takes its time gets several parts at once, a slow line one after the other; a limit holds for all of them together"""
    slow = [(1_500_000, 17_000_000, lambda most: most == 1)] if long_run() else []
    with tempfile.TemporaryDirectory(prefix="shilu-s3-") as work, pathed_environment(KEYS):
        school = School(bin_directory, work)
        for number, (rate, size, good) in enumerate([(RATE, 80_000_000, lambda most: 2 <= most <= MOST_AT_ONCE), *slow]):
            package = school.package(f"lesson-{number}", size)
            folder = pathlib.Path(work) / str(number)
            folder.mkdir()
            with Store(folder, "--rate", rate) as store:
                command = [bin_directory / "shilu", "submit", package, "--to", "s3://lessons", "--s3-endpoint", store.endpoint, "--json"]
                finish(start(command), 120)
                store.prove_parts(package)
                assert good(store.most_at_once()), store.most_at_once()
        limited = school.package("limited", 40_000_000)
        with Store(work) as store:
            began = time.monotonic()
            finish(start([bin_directory / "shilu", "submit", limited, "--to", "s3://lessons", "--s3-endpoint", store.endpoint, "--json", "--limit", "8M"]), 120)
            assert time.monotonic() - began >= limited.stat().st_size / (8 << 20), "faster than its limit"
            store.prove_parts(limited)


def school_package(bin_directory, work):
    return School(bin_directory, work).package("lesson", SIZE)


if __name__ == "__main__":
    run_checks([check_outbox, check_submit, check_platform_killed, check_damaged_and_busy, check_plain_urls, check_slow_join, check_withdrawn, check_unreachable, check_own_store, check_several_at_once], __doc__)
