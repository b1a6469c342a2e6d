#!/usr/bin/env python3
"""A platform whose name has an IPv6 address that does not work, as in many schools: the package must arrive by IPv4, the same bytes,
with hardly a delay."""

# alone: it measures how long uploads take.

import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from fault_case import NameServer, NamedCase, run_cases  # noqa: E402
from network_lab import call  # noqa: E402

DEVICE6, PLATFORM6 = "fd77::1", "fd77::2"


class Ipv6(NamedCase):
    """One whose name has addresses of both kinds."""

    most_first_byte_s = 2.5  # 0.2 s for IPv4's turn, and what the process does before on a busy machine
    dual = {"ipv6": PLATFORM6}

    def prepare(self):
        super().prepare()
        for name, address in ((self.lab.device, DEVICE6), (self.lab.platform, PLATFORM6)):
            call("ip", "-n", name, "-6", "address", "add", f"{address}/64", "dev", "line0", "nodad")
        self.break_ipv6()
        self.start_names(**self.dual)

    def break_ipv6(self):
        """What is wrong with it."""

    def judge(self, took, sent, size):
        assert NameServer.AAAA in self.names.asked, "nobody asked for an IPv6 address"
        return super().judge(took, sent, size)

    def tried(self):
        """Connections that were tried by IPv6, as the rule counted them."""
        rules = call("ip", "netns", "exec", self.lab.platform, "nft", "list", "table", "inet", "spoil")
        return int(rules.split("counter packets ")[1].split()[0])


class Dropped(Ipv6):
    """IPv6 packets vanish without a word"""

    verdict = "drop"

    def break_ipv6(self):
        self.lab.rule(f"ip6 daddr {PLATFORM6} meta l4proto tcp counter {self.verdict}")

    def judge(self, took, sent, size):
        assert self.tried() > 0, "nobody tried IPv6"
        return super().judge(took, sent, size)


class Unreachable(Dropped):
    """IPv6 packets are answered with an ICMPv6 "no route" message"""

    verdict = "reject with icmpv6 type no-route"


class NoRoute(Ipv6):
    """the name has an IPv6 address, and this network none at all"""

    def break_ipv6(self):
        call("ip", "-n", self.lab.device, "-6", "address", "flush", "dev", "line0")


class DeafNames(Ipv6):
    """the name server never answers a question for an IPv6 address"""

    dual = {"deaf_to_ipv6": True}


CASES = [Dropped, Unreachable, NoRoute, DeafNames]

if __name__ == "__main__":
    sys.exit(run_cases(CASES, __doc__))
