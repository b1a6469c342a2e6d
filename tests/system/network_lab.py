"""Two network namespaces, the device's and the platform's, with a line of our own between them (tests/net). What spoils it:
the emulator (rate, delay, jitter, loss, outages) and the platform side's kernel (nftables, the device taken down)."""

import contextlib
import ctypes
import itertools
import json
import os
import pathlib
import select
import subprocess
import threading

from checks import Skip

DEVICE, PLATFORM = "10.77.0.1", "10.77.0.2"
CLONE_NEWNET = 0x40000000
MTU = 1500
# What a full packet carries: 20 bytes of IPv4, 20 of TCP, 12 of its time stamps (RFC 7323).
PAYLOAD_PER_PACKET = MTU - 20 - 20 - 12


def call(*command):
    """Runs a command of the kernel's tools; what it says when it fails is why the test cannot be made."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Skip(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


class Lab:
    """Ends with its block, whatever happened in it. Options as the emulator's: rate_bps, delay_ms, jitter_ms, loss, queue_bytes."""

    counter = itertools.count(1)

    def __init__(self, bin_directory, **line):
        self.bin = pathlib.Path(bin_directory)
        self.line = line
        number = next(Lab.counter)
        self.names = [f"shilu-{os.getpid()}-{number}-{side}" for side in ("device", "platform")]
        self.device, self.platform = self.names
        self.emulator = None
        self.lock = threading.Lock()  # one command to the emulator at a time

    def __enter__(self):
        try:
            for name in self.names:
                call("ip", "netns", "add", name)
                call("ip", "-n", name, "link", "set", "lo", "up")
            self.start_emulator()
            for name, address in zip(self.names, (DEVICE, PLATFORM)):
                call("ip", "-n", name, "address", "add", f"{address}/30", "dev", "line0")
                call("ip", "-n", name, "link", "set", "line0", "up")
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.emulator:
            self.emulator.stdin.close()
            self.emulator.wait(timeout=20)
            self.emulator.stdout.close()
            self.emulator.stderr.close()
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, timeout=60)

    def start_emulator(self):
        options = [word for name, value in self.line.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        self.emulator = subprocess.Popen([self.bin / "shilu-link-emulator", "--near", f"/run/netns/{self.device}",
                                          "--far", f"/run/netns/{self.platform}", *options],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if not self.emulator.stdout.readline():
            raise Skip(self.emulator.stderr.read().strip()[-300:])

    def command(self, word):
        with self.lock:
            self.emulator.stdin.write(word + "\n")
            self.emulator.stdin.flush()
            ready, _, _ = select.select([self.emulator.stdout], [], [], 60)
            assert ready, "the line emulator does not answer"
            return json.loads(self.emulator.stdout.readline())

    def sent(self):
        """Bytes of TCP payload that the device's kernel has put on the line, repeats included."""
        return self.command("counters")["up"]["tcp_payload"]

    def go_out(self):
        self.command("out")

    def come_back(self):
        self.command("back")

    @contextlib.contextmanager
    def inside(self, name):
        """This thread, and the processes and sockets that it makes, live in that namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{name}") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise Skip(f"enter {name}: {os.strerror(ctypes.get_errno())}")
            try:
                yield
            finally:
                assert libc.setns(home.fileno(), CLONE_NEWNET) == 0

    def at_device(self):
        return self.inside(self.device)

    def at_platform(self):
        return self.inside(self.platform)

    # --- The platform side's kernel as the box in the middle that spoils it.

    def rule(self, text, chain="input"):
        """One nftables rule for what comes in at the platform (or goes out: chain "output")."""
        call("ip", "netns", "exec", self.platform, "nft", "add", "table", "inet", "spoil")
        call("ip", "netns", "exec", self.platform, "nft", "add", "chain", "inet", "spoil", chain,
             f"{{ type filter hook {chain} priority 0; }}")
        call("ip", "netns", "exec", self.platform, "nft", "add", "rule", "inet", "spoil", chain, text)

    def count_connection_bytes(self):
        call("ip", "netns", "exec", self.platform, "sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1")

    def clear_rules(self):
        call("ip", "netns", "exec", self.platform, "nft", "delete", "table", "inet", "spoil")

    def link(self, state):
        """Takes the platform's network device down or up."""
        call("ip", "-n", self.platform, "link", "set", "line0", state)


def ideal_seconds(size, rate_bps):
    """What `size` bytes take when full packets follow each other without a gap."""
    return size * MTU / PAYLOAD_PER_PACKET * 8 / rate_bps
