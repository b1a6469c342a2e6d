"""Test programs: what each kind of them says, counted, and many of them side by side. Standard library only."""

import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable

ROOT = pathlib.Path(__file__).resolve().parent.parent
LONG = "SHILU_LONG"


class Tally:
    """Thread-safe."""

    def __init__(self):
        self.passed = self.failed = self.skipped = self.second_tries = 0
        self.lock = threading.Lock()

    def add(self, passed=0, failed=0, skipped=0):
        with self.lock:
            self.passed += passed
            self.failed += failed
            self.skipped += skipped

    def line(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run(command, cwd=ROOT, env=None, timeout=1800):
    """Exit code and output; a test that hangs is a failed one."""
    try:
        done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
        text = output.decode(errors="replace") if isinstance(output, bytes) else output
        return 124, text + f"\ngave no end within {timeout} s\n"


def show_failure(name, output):
    print(f"--- {name} ---\n{output[-6000:]}", flush=True)


def long_run():
    return os.environ.get(LONG) == "1"


@dataclasses.dataclass
class Outcome:
    passed: int = 0
    failed: int = 0
    skips: list[str] = dataclasses.field(default_factory=list)  # what was skipped and why
    skipped: int = 0
    output: str = ""


@dataclasses.dataclass
class Job:
    name: str
    act: Callable[[], Outcome]
    waits: bool = False  # for cameras, lessons and clocks most of the time, and may be late where others take the processors


# What no load explains.
BROKEN = re.compile(r"SIG[A-Z]+ - |(?:Thread|Address|Leak)Sanitizer|runtime error:|^exit -\d+|^gave no end within", re.M)


def catch2(program, *selection, polite=False, expected=None):
    """`polite`: gives way to those that measure time. `expected`: so many cases were chosen."""
    code, output = run([*(["nice", "-n", "10"] if polite else []), program, "--order", "rand", "-r", "compact", *selection], timeout=600)
    total = re.search(r"(?:Passed (?:all |both )?|Failed (?:all |both )?)(\d+)(?: of (\d+))? test case", output)
    if code == 0 and total and expected in (None, int(total.group(1))):
        return Outcome(passed=int(total.group(1)))
    if total and output.rstrip().splitlines()[-1].startswith("Failed"):
        return Outcome(failed=max(int(total.group(1)), 1), output=output)
    return Outcome(failed=1, output=f"{output}\nexit {code}, of {expected or 'all'} cases")


def lines_test(file, *arguments):
    """A program that prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` per check."""
    code, output = run([sys.executable, file, *arguments], timeout=10_800 if long_run() else 900)
    passed = len(re.findall(r"^ok ", output, re.M))
    failed = len(re.findall(r"^not ok ", output, re.M))
    skips = re.findall(r"^skip .*$", output, re.M)
    if code == 77 and not skips:
        skips = [f"skip {file.name}: {output.strip().splitlines()[-1] if output.strip() else 'no reason given'}"]
    if code not in (0, 77) and failed == 0:
        failed = 1
    if passed + failed + len(skips) == 0:
        failed = 1
    return Outcome(passed, failed, skips, len(skips), output)


def python_unittest(file):
    code, output = run([sys.executable, file])
    ran = re.search(r"Ran (\d+) tests?", output)
    bad = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", output))
    skipped = sum(int(n) for n in re.findall(r"skipped=(\d+)", output))
    if code == 0 and ran:
        return Outcome(passed=int(ran.group(1)) - skipped, skipped=skipped)
    passed = max(int(ran.group(1)) - bad - skipped, 0) if ran else 0
    return Outcome(passed, max(bad, 1), [], skipped, output)


def timed(job):
    began = time.monotonic()
    return job.act(), time.monotonic() - began


def settle(tally, job, outcome, seconds, remark=""):
    tally.add(outcome.passed, outcome.failed, outcome.skipped)
    if outcome.failed:
        show_failure(job.name, outcome.output)
    told = [f"        {skip}" for skip in outcome.skips]
    told.append(f"{'ok' if not outcome.failed else 'FAILED':7} {job.name} ({seconds:.1f} s{remark})")
    print("\n".join(told), flush=True)


def one_by_one(tally, jobs):
    for job in jobs:
        settle(tally, job, *timed(job))


def side_by_side(tally, jobs):
    """Those that wait have most of the time to themselves: the busy ones beside them are polite. One that waits and fails
    in the crowd is tried again when it is alone, and both are told."""
    processors = os.cpu_count() or 1
    again = []

    def in_the_crowd(job):
        outcome, seconds = timed(job)
        if not (outcome.failed and job.waits) or BROKEN.search(outcome.output):
            return settle(tally, job, outcome, seconds)
        show_failure(f"{job.name}, beside others", outcome.output)
        again.append(job)

    with concurrent.futures.ThreadPoolExecutor(processors) as busy, concurrent.futures.ThreadPoolExecutor(2 * processors) as waiting:
        for future in [(waiting if job.waits else busy).submit(in_the_crowd, job) for job in jobs]:
            future.result()
    tally.second_tries += len(again)
    for job in again:
        settle(tally, job, *timed(job), remark=", at the second try")
