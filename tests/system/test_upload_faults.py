#!/usr/bin/env python3
"""A package over a bad line, device and platform in network namespaces of their own: it must arrive, the same bytes, with its
receipt; the table tells what it cost. At --long with 40 MB and the goals of docs/design/uploading.md as limits."""

# alone: it measures how long uploads take.

import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from checks import Skip, long_run  # noqa: E402
from demo_client import wait_until  # noqa: E402
from network_lab import PLATFORM, Lab, ideal_seconds  # noqa: E402
from upload_fixture import School, finish, prove_delivered, wait_for_bytes  # noqa: E402

MBIT = 1_000_000
RATE = 16 * MBIT
LONG = long_run()
SIZE = 40_000_000 if LONG else 5_000_000
EVERY = 6_000_000 if LONG else 2_000_000  # bytes of a connection's life
OUTAGE_S = 30 if LONG else 4
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
        before = self.lab.sent()
        self.sender = self.start_sender(command)
        if not self.waits_s:  # from the offer's first byte on the line; what the process does before is not the line's
            wait_until("the first byte", 60, lambda: self.lab.sent() > before, 0.002)
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


def swallow(sink):
    """One connection's bytes to their end, and a word that they came."""
    peer, _ = sink.accept()
    with peer:
        while peer.recv(1 << 20):
            pass
        peer.sendall(b".")


class Clean(Case):
    """a clean line"""

    plain = None
    most_time_of_plain = 1.05

    def prepare(self):
        if LONG:
            self.plain = self.plain_connection(self.package.stat().st_size)

    def plain_connection(self, size):
        """Seconds that one TCP connection with nothing but those bytes takes on this line, on this machine, just now."""
        with self.lab.at_platform():
            sink = socket.create_server((PLATFORM, 0))
        with self.lab.at_device():
            out = socket.socket()
        thread = threading.Thread(target=swallow, args=(sink,), daemon=True)
        thread.start()
        began = time.monotonic()
        with sink, out:
            out.connect(sink.getsockname())
            out.sendall(os.urandom(size))
            out.shutdown(socket.SHUT_WR)
            assert out.recv(1) == b"."
            return time.monotonic() - began

    def judge(self, took, sent, size):
        row = super().judge(took, sent, size)
        if self.plain:
            row += f"; one plain TCP connection took {self.plain:.1f} s, x {took / self.plain:.3f}"
            assert took <= self.most_time_of_plain * max(self.plain, ideal_seconds(size, RATE)), row
        return row


class Reset(Case):
    """a box in the middle resets every connection after some megabytes"""

    most_time, most_bytes = 1.1, 1.02

    def prepare(self):
        self.lab.count_connection_bytes()
        self.lab.rule(f"tcp dport {self.platform.port} ct original bytes > {EVERY} reject with tcp reset")


class Silence(Case):
    """every connection is silently dead after some megabytes"""

    most_time, most_bytes = 2.0, 1.05

    def prepare(self):
        self.lab.count_connection_bytes()
        self.lab.rule(f"tcp dport {self.platform.port} ct original bytes > {EVERY} drop")
        self.lab.rule(f"tcp sport {self.platform.port} ct original bytes > {EVERY} drop", "output")


class Outage(Case):
    """the line is gone for a while"""

    most_over_s = 5
    waits_s = OUTAGE_S

    def spoil(self):
        self.bytes_come(SIZE // 3)
        self.lab.go_out()
        self.away(OUTAGE_S)
        self.lab.come_back()


class FarAndLossy(Case):
    """150 ms each way, and one packet in a hundred is lost"""

    line = {"rate_bps": RATE, "delay_ms": 150, "loss": 0.01, "queue_bytes": 1 << 20}


class Jitter(Case):
    """60 ms of jitter around 80 ms"""

    line = {"rate_bps": RATE, "delay_ms": 80, "jitter_ms": 60, "queue_bytes": 512 << 10}


class Slow(Case):
    """1 Mbit/s and one packet in a hundred lost"""

    line = {"rate_bps": 1 * MBIT, "delay_ms": 30, "loss": 0.01, "queue_bytes": 64 << 10}


class Stopped(Case):
    """the platform's process stands still for a while"""

    waits_s = 20 if LONG else 6

    def spoil(self):
        self.bytes_come(SIZE // 3)
        self.platform.process.send_signal(signal.SIGSTOP)
        self.away(self.waits_s)
        self.platform.process.send_signal(signal.SIGCONT)


class LostAnswers(Case):
    """no connection that carried a megabyte ever hears an answer"""

    def prepare(self):
        self.lab.count_connection_bytes()
        self.lab.rule(f"tcp sport {self.platform.port} ct original bytes > 1000000 meta length > 100 drop", "output")


class SmallPackets(Case):
    """large packets vanish without a word"""

    def prepare(self):
        self.lab.rule(f"tcp dport {self.platform.port} meta length > 1400 drop")


class Flap(Case):
    """the network device goes down and up again, three times"""

    waits_s = 9

    def spoil(self):
        for part in (4, 3, 2):
            self.bytes_come(SIZE // part)
            self.lab.link("down")
            self.away(3)
            self.lab.link("up")


class Refused(Case):
    """the platform is gone, its port refuses, and it comes back"""

    waits_s = 5

    def spoil(self):
        self.bytes_come(SIZE // 3)
        self.platform.kill()
        self.away(self.waits_s)
        port_option = self.platform.command.index("--port") + 1
        self.platform.command[port_option] = str(self.platform.port)  # comes back at the same address
        with self.lab.at_platform():
            self.platform.start()


class NameServer:
    """Answers every question for an IPv4 address with the platform's, for a second (RFC 1035), until it is closed."""

    def __init__(self):
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
                address = b"\xc0\x0c\x00\x01\x00\x01" + (1).to_bytes(4, "big") + b"\x00\x04" + socket.inet_aton(PLATFORM)
                known = asked[-4:-2] == b"\x00\x01"  # A; of any other type there is none
                head = question[:2] + b"\x81\x80\x00\x01" + (b"\x00\x01" if known else b"\x00\x00") + bytes(4)
                self.socket.sendto(head + asked + (address if known else b""), peer)

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


class NoNames(Case):
    """no name server answers at first, nor when the connection breaks later"""

    url_host = "platform.test"
    waits_s = 4
    names = None

    def prepare(self):
        self.resolver = pathlib.Path("/etc/netns") / self.lab.device
        self.resolver.mkdir(parents=True)
        (self.resolver / "resolv.conf").write_text(f"nameserver {PLATFORM}\noptions timeout:1 attempts:1\n")

    def start_names(self):
        with self.lab.at_platform():
            self.names = NameServer()

    def start_sender(self, command):  # `ip netns exec` puts that resolv.conf in its place
        return subprocess.Popen(["ip", "netns", "exec", self.lab.device, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def spoil(self):
        self.away(self.waits_s)
        self.start_names()
        self.bytes_come(SIZE // 3)
        self.names.close()
        self.lab.rule(f"tcp dport {self.platform.port} reject with tcp reset")
        self.away(1)
        self.lab.clear_rules()
        self.away(3)  # it remembers the address, or waits for the name
        self.start_names()

    def cleanup(self):
        if self.names:
            self.names.close()
        shutil.rmtree(self.resolver, ignore_errors=True)


CASES = [Clean, Reset, Silence, Outage, FarAndLossy, Jitter, Stopped, LostAnswers, SmallPackets, Flap, Refused, NoNames] + ([Slow] if LONG else [])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--only", action="append", help="the name of a case; may be repeated")
    options = parser.parse_args()
    cases = [case for case in CASES if options.only is None or case.__name__ in options.only]
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


if __name__ == "__main__":
    sys.exit(main())
