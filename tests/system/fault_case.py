"""One delivery over a line that something is wrong with: device and platform in network namespaces of their own."""

import argparse
import concurrent.futures
import contextlib
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from checks import Skip, long_run
from demo_client import wait_until
from network_lab import PLATFORM, Lab, ideal_seconds
from upload_fixture import School, finish, prove_delivered, wait_for_bytes

MBIT = 1_000_000
RATE = 16 * MBIT
LONG = long_run()
SIZE = 40_000_000 if LONG else 5_000_000
# How many uploads go on at once. They wait for their lines, but the goals are measured on a quiet machine.
AT_ONCE = 1 if LONG else 4


class Case:
    """One delivery: what happens is in `spoil`, called while the upload runs."""

    line = {"rate_bps": RATE, "delay_ms": 5}
    within_s = 900 if LONG else 150
    # Goals on the long run: time / ideal time, bytes sent / size, and seconds over the ideal time.
    most_time = most_bytes = most_over_s = None
    url_host = PLATFORM
    waits_s = 0  # what the line was away and nobody could have used
    most_first_byte_s = None  # from the start of the process to the offer's first byte

    def __init__(self, school, package, work, enrolling):
        self.school, self.package, self.work, self.enrolling = school, package, pathlib.Path(work), enrolling
        self.work.mkdir()

    def prepare(self):
        """Before the upload begins."""

    def spoil(self):
        """While it runs."""

    def run(self):
        with Lab(self.school.bin, **self.line) as self.lab:
            with self.lab.at_platform():
                self.platform = self.school.platform(self.work / "platform").start()
            try:
                self.enrol()
                self.prepare()
                return self.deliver()
            finally:
                self.cleanup()
                if self.platform.process.poll() is None:
                    self.platform.process.send_signal(signal.SIGCONT)
                    self.platform.kill()

    def cleanup(self):
        """Ends what prepare() began."""

    def enrol(self):
        """By another, small package, so that what is measured is the delivery alone."""
        mine, command = self.school.submission(self.enrolling, self.work / "enrolling", f"http://{PLATFORM}:{self.platform.port}")
        with self.lab.at_device():
            finish(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True), self.within_s)
        shutil.copytree(mine.parent / "keys", self.work / "keys")

    def start_sender(self, command):
        with self.lab.at_device():
            return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def deliver(self):
        mine, command = self.school.submission(self.package, self.work, f"http://{self.url_host}:{self.platform.port}")
        before, started = self.lab.sent(), time.monotonic()
        self.sender = self.start_sender(command)
        if not self.waits_s:  # from the offer's first byte on the line; what the process does before is not the line's
            wait_until("the first byte", 60, lambda: self.lab.sent() > before, 0.002)
        self.first_byte_s = time.monotonic() - started
        began = time.monotonic()
        spoiler = threading.Thread(target=self.spoil_it)
        self.trouble = None
        spoiler.start()
        try:
            finish(self.sender, self.within_s)
        finally:
            spoiler.join()
        took, sent = time.monotonic() - began, self.lab.sent() - before
        if self.trouble:
            raise self.trouble
        prove_delivered(self.school, self.platform.directory, mine)
        return self.judge(took, sent, mine.stat().st_size)

    def spoil_it(self):
        try:
            self.spoil()
        except BaseException as error:  # noqa: BLE001 - told to the checking thread
            self.trouble = error

    def judge(self, took, sent, size):
        ideal = ideal_seconds(size, self.line["rate_bps"])
        times, bytes_ = took / ideal, sent / size
        row = f"{took:6.1f} s, ideal {ideal:5.1f} s, x {times:5.2f}; sent x {bytes_:5.3f}"
        assert bytes_ >= 1, row  # else the count is of something else
        if self.waits_s:
            row += f"; {took - ideal - self.waits_s:+.1f} s beside the {self.waits_s:.0f} s without a line"
        if self.most_first_byte_s:
            row += f"; the first byte after {self.first_byte_s:.2f} s"
            assert self.first_byte_s <= self.most_first_byte_s, row
        if LONG:
            assert self.most_time is None or times <= self.most_time, row
            assert self.most_bytes is None or bytes_ <= self.most_bytes, row
            assert self.most_over_s is None or took - ideal - self.waits_s <= self.most_over_s, row
        return row

    def bytes_come(self, least):
        wait_for_bytes(self.platform.directory, least, self.sender, self.within_s)

    def away(self, seconds):
        """Lets the time go by in which something is away."""
        end = time.monotonic() + seconds
        wait_until("the end of the outage", seconds + 60, lambda: time.monotonic() >= end or self.sender.poll() is not None, 0.05)


class NameServer:
    """Knows one host (RFC 1035), for a second; until it is closed. Its IPv6 address may be none, or a question that is never answered."""

    A, AAAA = b"\x00\x01", b"\x00\x1c"

    def __init__(self, ipv6=None, deaf_to_ipv6=False):
        self.records = {self.A: socket.inet_aton(PLATFORM)}
        if ipv6:
            self.records[self.AAAA] = socket.inet_pton(socket.AF_INET6, ipv6)
        self.deaf_to = self.AAAA if deaf_to_ipv6 else None
        self.asked = set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((PLATFORM, 53))
        self.thread = threading.Thread(target=self.answer, daemon=True)
        self.thread.start()

    def answer(self):
        with contextlib.suppress(OSError):
            while True:
                question, peer = self.socket.recvfrom(512)
                if not question:
                    return
                name_end = question.index(0, 12) + 1
                asked = question[12:name_end + 4]
                kind = asked[-4:-2]
                self.asked.add(kind)
                if kind == self.deaf_to:
                    continue
                record = self.records.get(kind)
                known = b"" if record is None else b"\xc0\x0c" + kind + b"\x00\x01" + (1).to_bytes(4, "big") + len(record).to_bytes(2, "big") + record
                head = question[:2] + b"\x81\x80\x00\x01" + (b"\x00\x01" if known else b"\x00\x00") + bytes(4)
                self.socket.sendto(head + asked + known, peer)

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


class NamedCase(Case):
    """One whose device knows the platform by a name, and the platform as its name server."""

    url_host = "platform.test"
    resolver_options = ""  # what resolv.conf(5) knows; none: as schools have it
    names = None

    def prepare(self):
        self.resolver = pathlib.Path("/etc/netns") / self.lab.device
        self.resolver.mkdir(parents=True)
        (self.resolver / "resolv.conf").write_text(f"nameserver {PLATFORM}\noptions {self.resolver_options}\n")

    def start_names(self, **answers):
        with self.lab.at_platform():
            self.names = NameServer(**answers)

    def start_sender(self, command):  # `ip netns exec` puts that resolv.conf in its place
        return subprocess.Popen(["ip", "netns", "exec", self.lab.device, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def cleanup(self):
        if self.names:
            self.names.close()
        shutil.rmtree(self.resolver, ignore_errors=True)


def run_cases(all_cases, doc):
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--only", action="append", help="the name of a case; may be repeated")
    options = parser.parse_args()
    cases = [case for case in all_cases if options.only is None or case.__name__ in options.only]
    failed = skipped = 0
    with tempfile.TemporaryDirectory(prefix="shilu-faults-") as work:
        school = School(options.bin.resolve(), work)
        package = school.package("lesson", SIZE)
        enrolling = school.package("enrolling", 0)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            runs = [(case, pool.submit(case(school, package, pathlib.Path(work) / case.__name__, enrolling).run)) for case in cases]
            for case, told in runs:
                try:
                    print(f"ok {case.__doc__}: {told.result()}", flush=True)
                except Skip as why:
                    skipped += 1
                    print(f"skip {case.__doc__}: {why}", flush=True)
                except Exception as error:  # noqa: BLE001 - whatever went wrong is the result
                    failed += 1
                    print(f"not ok {case.__doc__}: {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 77 if skipped == len(cases) else 0
