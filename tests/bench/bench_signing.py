#!/usr/bin/env python3
"""What signing costs: CPU and bytes of checkpoints, beside `openssl` signing the same bytes in the same run.

    bench_signing.py --bin DIR

The recorder signs once in 10 s, and at each mark and gap. The goal: at most 1 % of a core and 10 kbit/s. Signs through the programs' own library
(DIR/shilu-sign-bench), with a key in a file and with one in a software TPM, and compares with `openssl speed`.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

PERIOD_S = 10.0  # of checkpoints


def openssl_speed(algorithm):
    """What one signature costs openssl, in microseconds: it counts CPU time itself."""
    text = subprocess.run(["openssl", "speed", "-seconds", "1", "-mr", algorithm], capture_output=True, text=True, check=True).stdout
    rows = [line for line in text.splitlines() if re.match(r"\+F[46]:", line)]
    return 1e6 / float(rows[-1].split(":")[-2])  # ...:signatures a second:verifications a second


def sign(program, count, tpm=None):
    command = [program, "--count", str(count)] + (["--tpm", tpm] if tpm else [])
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


class SoftwareTpm:
    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="shilu-bench-tpm-")
        self.socket = os.path.join(self.directory, "s")
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + self.directory, "--server", "type=unixio,path=" + self.socket,
             "--ctrl", f"type=unixio,path={self.socket}.ctrl", "--flags", "not-need-init,startup-clear"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not os.path.exists(self.socket + ".ctrl") and time.monotonic() < deadline:
            time.sleep(0.02)

    def end(self):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.directory, ignore_errors=True)


def row(name, told, peer):
    cpu_us = told["cpu_s"] / told["count"] * 1e6
    share = told["cpu_s"] / told["count"] / PERIOD_S * 100
    rate = told["line_bytes"] * 8 / PERIOD_S / 1000
    beside = f"{cpu_us / peer:.2f} x openssl's {peer:.0f} us" if peer else "-"
    print(f"{name:<28} {cpu_us:>9.0f} us CPU  {told['wall_s'] / told['count'] * 1e3:>8.2f} ms  {share:.5f} % of a core  {rate:.3f} kbit/s  {beside}")
    return share <= 1.0 and rate <= 10.0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    options = parser.parse_args()
    program = os.path.join(options.bin, "shilu-sign-bench")
    good = row("Ed25519 key in a file", sign(program, 2000), openssl_speed("ed25519"))
    if shutil.which("swtpm"):
        tpm = SoftwareTpm()
        try:
            good &= row("P-256 key in a software TPM", sign(program, 50, f"swtpm:path={tpm.socket}"), openssl_speed("ecdsap256"))
        finally:
            tpm.end()
    else:
        print("P-256 key in a software TPM: skipped, swtpm is not installed")
    print("goal: at most 1 % of a core and 10 kbit/s:", "met" if good else "NOT MET")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
