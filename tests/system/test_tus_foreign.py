#!/usr/bin/env python3
"""Our receiver with a tus client that we did not write, and our sender with a tus server that we did not write."""

import argparse
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from platform_process import ROOT, Platform, random_file, run_checks

FOLDER = ROOT / "tests/platform/tus_js"
SIZE = 24_000_001  # three slices of 8 MiB, the last one odd
RATE = 8_000_000  # where something is killed in the middle: the middle lasts seconds, however late this machine looks


class Foreign:
    def __init__(self, bin_directory, work):
        self.bin = pathlib.Path(bin_directory)
        self.work = pathlib.Path(work)
        self.file = self.work / "file"
        self.sha256 = random_file(self.file, SIZE)

    def client(self, platform, token, *options):
        run = subprocess.run(["node", FOLDER / "client.mjs", platform.url + "/files", self.file, token, *options],
                             capture_output=True, text=True, timeout=120)
        if run.returncode != 0 or not run.stdout:
            raise AssertionError(run.stdout + run.stderr)
        return json.loads(run.stdout.splitlines()[-1])

    def came_whole(self, device):
        # The digest was announced, so the platform knows it from the first byte on. Random bytes are no package: that they were refused under this very digest shows that all came.
        state = device.final_state(self.sha256)
        if isinstance(state, int) or state["reasons"][0]["code"] != "package-altered":
            raise AssertionError(f"the platform says {state}")

    def upload_in_one(self):
        """tus-js-client uploads in one request to our receiver"""
        with Platform(self.bin, self.work / "one") as platform:
            device = platform.enrol()
            told = self.client(platform, device.token, "--metadata", f"package_sha256={self.sha256}", "--metadata", "filename=课.zip")
            assert told["done"], told
            self.came_whole(device)

    def upload_in_slices(self):
        """tus-js-client uploads in slices of 1 MiB, with a stop and a resume in between"""
        with Platform(self.bin, self.work / "slices") as platform:
            device = platform.enrol()
            stopped = self.client(platform, device.token, "--chunk", str(1 << 20), "--stop-at", "9000000",
                                  "--metadata", f"package_sha256={self.sha256}")
            assert not stopped["done"], stopped
            path = stopped["url"][len(platform.url):] if stopped["url"].startswith("http") else stopped["url"]
            offset = device.offset(path)
            assert 9_000_000 <= offset < SIZE, offset
            resumed = self.client(platform, device.token, "--chunk", str(1 << 20), "--resume", platform.url + path)
            assert resumed["done"], resumed
            self.came_whole(device)
            return f"resumed at {offset}"

    def upload_over_a_kill(self):
        """tus-js-client goes on when the platform is killed and started again in the middle"""
        with Platform(self.bin, self.work / "kill") as platform:
            device = platform.enrol()
            port_option = platform.command.index("--port") + 1
            platform.command[port_option] = str(platform.port)  # comes back at the same address
            told = {}  # what the client said, also when it ended before its time

            def upload():
                try:
                    told.update(self.client(platform, device.token, "--chunk", str(1 << 18), "--rate", str(RATE), "--metadata", f"package_sha256={self.sha256}"))
                except Exception as error:  # noqa: BLE001 - told to the checking thread
                    told["error"] = str(error)

            thread = threading.Thread(target=upload)
            thread.start()
            uploads = platform.directory / "uploads"
            deadline = time.monotonic() + 60
            while not any(f.stat().st_size > 2_000_000 for f in uploads.iterdir()):
                assert time.monotonic() < deadline and thread.is_alive(), told or "nothing came"
                time.sleep(0.005)
            platform.kill()
            (kept,) = [f.stat().st_size for f in uploads.iterdir()]
            assert kept < SIZE, "the kill came too late to mean anything"
            platform.start()
            thread.join()
            assert told.get("done"), told
            self.came_whole(device)

    def sender_to_foreign_server(self):
        """our sender uploads, stops and resumes with @tus/server"""
        test = self.bin / "shilu_test_sender"
        if not test.exists():
            raise AssertionError("shilu_test_sender is not built")
        files = self.work / "server"
        files.mkdir()
        server = subprocess.Popen(["node", FOLDER / "server.mjs", files], stdout=subprocess.PIPE, text=True)
        try:
            port = json.loads(server.stdout.readline())["port"]
            environment = {**os.environ, "SHILU_TUS_ENDPOINT": f"http://127.0.0.1:{port}/files", "SHILU_TUS_FILE": str(self.file)}
            run = subprocess.run([test, "[foreign]"], env=environment, capture_output=True, text=True, timeout=120)
            assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-500:]
            stored = [f for f in files.iterdir() if f.suffix != ".json"]
            whole = [f for f in stored if hashlib.sha256(f.read_bytes()).hexdigest() == self.sha256]
            assert len(whole) == 2, f"{len(whole)} of the uploads came whole, of {[(f.name, f.stat().st_size) for f in stored]}"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)


    def submit_over_a_kill(self):
        """`shilu submit --tus` goes on when @tus/server is killed and started again in the middle"""
        files = self.work / "killed"
        files.mkdir()

        def start(*port):
            process = subprocess.Popen(["node", FOLDER / "server.mjs", files, *port], stdout=subprocess.PIPE, text=True)
            return process, json.loads(process.stdout.readline())["port"]

        server, port = start()
        sender = subprocess.Popen([self.bin / "shilu", "submit", self.file, "--tus", f"http://127.0.0.1:{port}/files", "--tries", "1000",
                                   "--limit", f"{RATE}B", "--json"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            deadline = time.monotonic() + 60
            while not any(f.stat().st_size > SIZE // 10 for f in files.iterdir() if f.suffix != ".json"):
                assert time.monotonic() < deadline and sender.poll() is None, "nothing came, or all of it"
                time.sleep(0.001)
            server.kill()
            server.wait()
            (kept,) = [f.stat().st_size for f in files.iterdir() if f.suffix != ".json"]
            assert kept < SIZE, "the kill came too late to mean anything"
            server, _ = start(str(port))
            output, _ = sender.communicate(timeout=120)
            assert sender.returncode == 0, output
            (stored,) = [f for f in files.iterdir() if f.suffix != ".json"]
            assert hashlib.sha256(stored.read_bytes()).hexdigest() == self.sha256
            return f"killed at {kept} of {SIZE} bytes"
        finally:
            sender.kill()
            server.kill()
            server.wait()


def install():
    """The two packages, as the lock file says; a reason if that is not possible."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return "node and npm are not installed"
    if (FOLDER / "node_modules/tus-js-client").exists():
        return ""
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=FOLDER, capture_output=True, text=True, timeout=600)
    return "" if done.returncode == 0 else f"npm ci: {done.stderr.strip()[-300:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    options = parser.parse_args()
    reason = install()
    if reason:
        print(f"skip tus with foreign programs: {reason}")
        return 77
    with tempfile.TemporaryDirectory(prefix="shilu-tus-") as work:
        foreign = Foreign(options.bin, work)
        return run_checks([foreign.upload_in_one, foreign.upload_in_slices, foreign.upload_over_a_kill, foreign.sender_to_foreign_server,
                           foreign.submit_over_a_kill])


if __name__ == "__main__":
    sys.exit(main())
