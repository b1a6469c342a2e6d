#!/usr/bin/env python3
"""The real platform under what happens to uploads: power cuts, two writers, lines that break, hostile lengths."""

import argparse
import hashlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from platform_process import Platform, random_file, run_checks

MIB = 1 << 20


class RawPatch:
    """A PATCH whose body is sent piece by piece."""

    def __init__(self, device, path, offset, length):
        self.socket = socket.create_connection(("127.0.0.1", device.platform.port), timeout=60)
        head = [f"PATCH {path} HTTP/1.1", f"Host: 127.0.0.1:{device.platform.port}"]
        head += [f"{name}: {value}" for name, value in device.patch_headers(offset, length).items()]
        self.socket.sendall(("\r\n".join(head) + "\r\n\r\n").encode())

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        """The status, or None if the connection closes without one."""
        try:
            head = self.socket.recv(65536)
        except ConnectionError:
            return None
        return int(head.split()[1]) if head else None

    def break_off(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.socket.close()  # RST


class Receiver:
    def __init__(self, bin_directory, work):
        self.bin = pathlib.Path(bin_directory)
        self.work = pathlib.Path(work)
        self.data = os.urandom(40 * MIB)
        self.sha256 = hashlib.sha256(self.data).hexdigest()

    def platform(self, name, *options):
        return Platform(self.bin, self.work / name, *options)

    def wait_for_bytes(self, platform, path, least):
        """Looks at the file: asking for the offset would end the writer."""
        stored = platform.directory / "uploads" / path.rsplit("/", 1)[1]
        deadline = time.monotonic() + 60
        while not stored.exists() or stored.stat().st_size < least:
            assert time.monotonic() < deadline, f"less than {least} bytes came"
            time.sleep(0.01)
        return stored

    def finish(self, device, path, offset):
        status, headers, body = device.patch(path, offset, self.data[offset:])
        assert status == 204, (status, body)
        assert int(headers["upload-offset"]) == len(self.data)
        state = device.final_state(self.sha256)
        # Random bytes are no package; under their own digest only what came whole is refused.
        assert state["reasons"][0]["code"] == "package-altered", state

    def kill_while_receiving(self):
        """kill -9 of the platform loses nothing that an offset had promised"""
        with self.platform("kill") as platform:
            device = platform.enrol()
            path = device.create(len(self.data), self.sha256)
            patch = RawPatch(device, path, 0, len(self.data))
            patch.send(self.data[: 17 * MIB])
            stored = self.wait_for_bytes(platform, path, 16 * MIB)
            platform.kill()
            patch.break_off()
            platform.start()
            offset = device.offset(path)
            assert 8 * MIB <= offset <= 17 * MIB, f"of 17 MiB, synced every 8 MiB, {offset} bytes were kept"
            assert stored.read_bytes()[:offset] == self.data[:offset], "what was promised is not what was sent"
            self.finish(device, path, offset)
            return f"{offset} of {17 * MIB} bytes sent were promised and kept"

    def broken_line(self):
        """a PATCH whose line breaks keeps what came"""
        with self.platform("line") as platform:
            device = platform.enrol()
            path = device.create(len(self.data), self.sha256)
            patch = RawPatch(device, path, 0, len(self.data))
            patch.send(self.data[: 3 * MIB + 7])
            self.wait_for_bytes(platform, path, 3 * MIB + 7)
            patch.socket.close()
            offset = device.offset(path)
            assert offset == 3 * MIB + 7, offset
            self.finish(device, path, offset)

    def two_writers(self):
        """a second writer takes over at once, and the first one's bytes do not mix in"""
        with self.platform("two") as platform:
            device = platform.enrol()
            path = device.create(len(self.data), self.sha256)
            first = RawPatch(device, path, 0, len(self.data))
            first.send(self.data[: 2 * MIB])
            self.wait_for_bytes(platform, path, MIB)
            began = time.monotonic()
            offset = device.offset(path)
            asked = time.monotonic() - began
            assert MIB <= offset <= 2 * MIB, offset
            second = RawPatch(device, path, offset, len(self.data) - offset)
            second.send(self.data[offset : offset + MIB])
            self.wait_for_bytes(platform, path, offset + MIB)
            try:
                first.send(b"\0" * 4 * MIB)
                first_says = first.answer()
            except ConnectionError:
                first_says = None
            assert first_says in (409, None), first_says
            second.send(self.data[offset + MIB :])
            assert second.answer() == 204
            state = device.final_state(self.sha256)
            assert state["reasons"][0]["code"] == "package-altered", state  # its own digest: nothing mixed in
            return f"offset known after {asked * 1000:.0f} ms, the first writer was told {first_says}"

    def dead_first_writer(self):
        """a HEAD does not wait for a writer whose line is silent"""
        with self.platform("silent") as platform:
            device = platform.enrol()
            path = device.create(len(self.data), self.sha256)
            silent = RawPatch(device, path, 0, len(self.data))
            silent.send(self.data[:MIB])
            self.wait_for_bytes(platform, path, MIB)
            began = time.monotonic()
            offset = device.offset(path)
            took = time.monotonic() - began
            assert offset == MIB and took < 2, (offset, took)  # @tus/server: 3 s, by its lock
            self.finish(device, path, offset)
            silent.break_off()
            return f"{took * 1000:.0f} ms"

    def many_at_once(self):
        """twelve uploads at once all come whole"""
        with self.platform("many") as platform:
            devices = [platform.enrol(f"room{i}") for i in range(12)]
            parts = [os.urandom(2 * MIB + i) for i in range(12)]
            digests = [hashlib.sha256(part).hexdigest() for part in parts]
            patches = []
            for device, part, digest in zip(devices, parts, digests):
                patch = RawPatch(device, device.create(len(part), digest), 0, len(part))
                patch.send(part[:MIB])
                patches.append(patch)
            for patch, part in zip(patches, parts):
                patch.send(part[MIB:])
            assert [patch.answer() for patch in patches] == [204] * 12
            for device, digest in zip(devices, digests):
                assert device.final_state(digest)["reasons"][0]["code"] == "package-altered"

    def kill_in_verification(self):
        """kill -9 right after the last byte: the next start answers for the package"""
        with self.platform("verify") as platform:
            device = platform.enrol()
            path = device.create(len(self.data), self.sha256)
            status, _, _ = device.patch(path, 0, self.data)
            assert status == 204
            platform.kill()
            platform.start()
            state = device.final_state(self.sha256)
            assert state["reasons"][0]["code"] == "package-altered", state
            assert device.offset(path) in (len(self.data),), device.offset(path)

    def full_disk(self):
        """a disk that is full refuses creation with 507 and a sentence"""
        free = shutil.disk_usage(self.work).free
        with self.platform("full", "--reserve", str(free + 10**12)) as platform:
            device = platform.enrol()
            status, _, body = platform.request("POST", "/files", headers=device.headers(Upload_Length="1000"))
            assert status == 507 and b"no-space" in body, (status, body)

    def port_in_use(self):
        """a port that is in use: a sentence and exit code 1"""
        with self.platform("port") as platform:
            second = self.platform("port2")
            second.command[second.command.index("--port") + 1] = str(platform.port)
            run = subprocess.run(second.command, capture_output=True, text=True, timeout=60)
            assert run.returncode == 1, run
            assert str(platform.port) in run.stderr, run.stderr
            return run.stderr.strip()

    def bad_options(self):
        """wrong options and unreadable files: a sentence and no start"""
        good = self.platform("options").command
        for option, value, code in [("--claim", "", 2), ("--catalogue", "/nowhere.json", 1), ("--accounts", "/nowhere.json", 1)]:
            command = list(good)
            command[command.index(option) + 1] = value
            run = subprocess.run(command, capture_output=True, text=True, timeout=60)
            assert run.returncode == code and len(run.stderr) > 20, (option, run)

    def good_end(self):
        """SIGTERM in the middle of an upload ends in good order and keeps what came"""
        with self.platform("end") as platform:
            device = platform.enrol()
            path = device.create(len(self.data), self.sha256)
            patch = RawPatch(device, path, 0, len(self.data))
            patch.send(self.data[: 5 * MIB])
            self.wait_for_bytes(platform, path, 5 * MIB)
            assert platform.end() == 0
            platform.start()
            offset = device.offset(path)
            assert offset == 5 * MIB, offset
            self.finish(device, path, offset)

    def curl_speaks(self):
        """curl alone uploads a file"""
        with self.platform("curl") as platform:
            device = platform.enrol()
            file = self.work / "curl.bin"
            digest = random_file(file, 3 * MIB)
            path = device.create(3 * MIB, digest)
            run = subprocess.run(["curl", "-sS", "-X", "PATCH", "-H", f"Authorization: Bearer {device.token}", "-H", "Tus-Resumable: 1.0.0",
                                  "-H", "Upload-Offset: 0", "-H", "Content-Type: application/offset+octet-stream", "-H", "Expect: 100-continue",
                                  "-T", str(file), "-w", "%{http_code}", platform.url + path], capture_output=True, text=True, timeout=60)
            assert run.stdout.endswith("204"), run
            assert device.final_state(digest)["reasons"][0]["code"] == "package-altered"

    CHECKS = [kill_while_receiving, broken_line, two_writers, dead_first_writer, many_at_once, kill_in_verification, full_disk,
              port_in_use, bad_options, good_end, curl_speaks]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shilu-receiver-") as work:
        receiver = Receiver(options.bin, work)
        return run_checks([getattr(receiver, check.__name__) for check in Receiver.CHECKS])


if __name__ == "__main__":
    sys.exit(main())
