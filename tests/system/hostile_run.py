"""Runs a program that must stand a hostile input: bounded memory and time, an exit code of its own, nothing written."""

import os
import pathlib
import signal
import subprocess
import tempfile
import threading

PEAK_BYTES = 200 * 1000 * 1000
SECONDS = 120  # generous: a loaded machine, a build without optimisation


class Ran:
    def __init__(self, code, text, peak_bytes):
        self.code, self.text, self.peak_bytes = code, text, peak_bytes

    def expect(self, code, *words):
        """The exit code, and one of the alternatives ("a|b") of each word in what was said."""
        assert self.code == code, f"exit {self.code}, not {code}: {self.text[-400:]}"
        assert self.peak_bytes < PEAK_BYTES, f"{self.peak_bytes / 1e6:.0f} MB of memory"
        for word in words:
            assert any(w in self.text for w in word.split("|")), f"\"{word}\" is not said in: {self.text[-600:]}"
        assert all(c >= " " or c == "\n" for c in self.text), "control characters went to the terminal"
        return self


def run_hostile(command, seconds=SECONDS):
    """In an empty folder of its own, which must be empty afterwards."""
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryFile() as out:
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=work)
        watchdog = threading.Timer(seconds, process.kill)
        watchdog.start()
        _, status, usage = os.wait4(process.pid, 0)
        watchdog.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read(1 << 20).decode(errors="replace")
        left = list(pathlib.Path(work).iterdir())
        assert not left, f"it wrote {left}"
        assert process.returncode != -signal.SIGKILL, f"gave no end within {seconds} s"
        assert process.returncode >= 0, f"ended by signal {-process.returncode}: {text[-400:]}"
        return Ran(process.returncode, text, usage.ru_maxrss * 1024)
