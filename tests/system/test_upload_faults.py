#!/usr/bin/env python3
"""A package over a bad line, device and platform in network namespaces of their own: it must arrive, the same bytes, with its
receipt; the table tells what it cost. At --long with 40 MB and the goals of docs/design/uploading.md as limits."""

# alone: it measures how long uploads take.

import os
import pathlib
import signal
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from fault_case import LONG, MBIT, RATE, SIZE, Case, NamedCase, run_cases  # noqa: E402
from network_lab import PLATFORM, ideal_seconds  # noqa: E402

EVERY = 6_000_000 if LONG else 2_000_000  # bytes of a connection's life
OUTAGE_S = 30 if LONG else 4


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


class NoNames(NamedCase):
    """no name server answers at first, nor when the connection breaks later"""

    waits_s = 4
    resolver_options = "timeout:1 attempts:1"

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


CASES = [Clean, Reset, Silence, Outage, FarAndLossy, Jitter, Stopped, LostAnswers, SmallPackets, Flap, Refused, NoNames] + ([Slow] if LONG else [])


if __name__ == "__main__":
    sys.exit(run_cases(CASES, __doc__))
