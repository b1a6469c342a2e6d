#!/usr/bin/env python3
"""How fast uploads are, on loopback and in memory, beside the tools that people know; how much memory they take; what they cost a
recording. Prints tables; every row was measured in this run. Options choose the parts."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "system"))

from appliance import Appliance  # noqa: E402
from demo_client import wait_until  # noqa: E402
from demo_run import both_live, classroom, teacher  # noqa: E402
from processes import quantile  # noqa: E402
from recorder_process import receive  # noqa: E402
from upload_fixture import School, prove_delivered  # noqa: E402
from upload_rates import MB, Rates  # noqa: E402

IN_MEMORY = "/dev/shm"


def peak_of(pid):
    """Largest resident size so far, bytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def peak_until_end(process):
    """By looking again and again: getrusage(2) would count what this program had when it forked."""
    peak = 0
    while process.poll() is None:
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            peak = max(peak, peak_of(process.pid))
        time.sleep(0.01)
    return peak


def memory(bin_directory, work, size):
    """Peak resident sizes of both sides at a small and at a large package: it must not grow with it."""
    school = School(bin_directory, work)
    print("memory, peak resident")
    for bytes_ in (50 * MB, size):
        package = school.package(f"of-{bytes_}", bytes_)
        folder = pathlib.Path(tempfile.mkdtemp(dir=work))
        with school.platform(folder / "platform") as platform:
            mine, command = school.submission(package, folder, platform.url)
            began = time.monotonic()
            sender = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            senders_peak = peak_until_end(sender)
            took = time.monotonic() - began
            assert sender.returncode == 0, f"shilu submit gave {sender.returncode}"
            peak = peak_of(platform.process.pid)
            prove_delivered(school, platform.directory, mine)
        print(f"  package of {mine.stat().st_size / MB:6.0f} MB: shilu submit {senders_peak / 2**20:6.1f} MiB, shilu-platform {peak / 2**20:6.1f} MiB; "
              f"{took:.1f} s to the receipt, on the disk", flush=True)
        shutil.rmtree(folder)
        package.unlink()


def queue(bin_directory, work, count):
    """Many submissions of one teacher, delivered one after the other by the real outbox."""
    school = School(bin_directory, work)
    folder = pathlib.Path(tempfile.mkdtemp(dir=work))
    with school.platform(folder / "platform") as platform:
        appliance = Appliance(bin_directory, folder / "appliance", platform.url, "--seconds", "120", "--no-sound")
        try:
            appliance.start().enrolled().add_papers()
            began = time.monotonic()
            submissions = [appliance.submit(appliance.cut(i * 50, i * 50 + 2000)) for i in range(count)]
            asked = time.monotonic() - began
            waiting = set(submissions)

            def all_done():
                waiting.difference_update([s["id"] for s in appliance.teacher.get("/api/submissions")["submissions"] if s["state"] == "acknowledged"])
                return not waiting

            wait_until("all receipts", 1200, all_done, 0.2)
            took = time.monotonic() - began
            print(f"queue: {count} submissions, all acknowledged after {took:.1f} s ({took / count * 1000:.0f} ms each, packing and verification "
                  f"included; {asked:.1f} s to hand them in); shilud's peak {peak_of(appliance.process.pid) / 2**20:.1f} MiB")
        finally:
            appliance.end()


class Uploads:
    """`shilu submit` over and over while the block lasts, each package to a platform that knows nothing of it yet."""

    def __init__(self, school, package, folder):
        self.school, self.package, self.folder, self.delivered, self.sender = school, package, pathlib.Path(folder), 0, None
        self.ended = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.go_on)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        if self.sender:
            self.sender.terminate()
        self.thread.join()

    def go_on(self):
        while not self.ended.is_set():
            work = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
            with self.school.platform(work / "platform") as platform:
                _, command = self.school.submission(self.package, work / "sender", platform.url)
                self.sender = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.delivered += self.sender.wait() == 0
            shutil.rmtree(work)


def recording(bin_directory, disk, seconds, size):
    """The durable lag of a real recording, without and with uploads at full speed beside it: to a platform in memory, which costs no
    disk, as one elsewhere; and to one whose files lie on the recording's own disk."""
    with classroom(bin_directory) as told, tempfile.TemporaryDirectory(prefix="shilu-bench-", dir=IN_MEMORY) as memory_folder:
        peer = teacher(told)
        both_live(peer)
        recorder = next(pathlib.Path(told["logs_directory"]).parent.rglob("recorder.sock"))
        print(f"durable lag of a recording of two cameras, {seconds} s each, a look each 50 ms; load average {os.getloadavg()[0]:.1f}\n\n"
              "| beside it | median | 95 % | 99 % | worst | looks | uploaded |\n|---|---|---|---|---|---|---|")
        on_disk, in_memory = ((School(bin_directory, folder), folder) for folder in (disk, memory_folder))
        packages = {folder: school.package("beside", size) for school, folder in (on_disk, in_memory)}
        for name, place in (("nothing", None), ("uploads to a platform in memory", in_memory), ("nothing, again", None),
                            ("uploads to a platform on the same disk", on_disk), ("nothing, at last", None)):
            uploads = Uploads(place[0], packages[place[1]], place[1]) if place else None
            lags = lags_of_a_lesson(peer, recorder, seconds, uploads or contextlib.nullcontext())
            sent = f"{uploads.delivered} packages, {uploads.delivered * size / MB / seconds:.0f} MB/s" if uploads else ""
            tips = " | ".join(f"{quantile(lags, share)} ms" for share in (0.5, 0.95, 0.99, 1))
            print(f"| {name} | {tips} | {len(lags)} | {sent} |", flush=True)


def recorder_status(path):
    """From the recorder itself: the portal's copy is up to a second old."""
    with socket.socket(socket.AF_UNIX) as recorder:
        recorder.connect(str(path))
        message = json.dumps({"op": "status"}).encode()
        recorder.sendall(struct.pack(">I", len(message)) + message)
        return json.loads(receive(recorder))["status"]


def lags_of_a_lesson(peer, recorder, seconds, beside):
    peer.post("/api/recording", {"subject": "数学", "class_name": "八(2)班", "topic": "test"})
    wait_until("bytes on disk", 30, lambda: (peer.get("/api/state")["lesson"] or {}).get("recording_proven"))
    lags = []
    with beside:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            lags.append(recorder_status(recorder)["lesson"]["durable_lag_ms"])
            time.sleep(0.05)
    peer.call("DELETE", "/api/recording")
    return lags


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--part", choices=["rates", "memory", "queue", "recording"], action="append")
    parser.add_argument("--size-mb", type=int, default=512, help="of the rates")
    parser.add_argument("--large-mb", type=int, default=5000, help="of the memory")
    parser.add_argument("--seconds", type=int, default=40, help="of each part of the recording")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if not os.access(IN_MEMORY, os.W_OK):
        print(f"skip: {IN_MEMORY} cannot be written to")
        return 77
    programs = options.bin.resolve()
    parts = {"rates": (IN_MEMORY, lambda work: Rates(programs, work, options.size_mb * MB, options.rounds).run()),
             "memory": (None, lambda work: memory(programs, work, options.large_mb * MB)),
             "queue": (None, lambda work: queue(programs, work, 100)),
             "recording": (None, lambda work: recording(programs, work, options.seconds, 300 * MB))}
    for name in options.part or parts:
        place, run = parts[name]
        with tempfile.TemporaryDirectory(prefix="shilu-bench-", dir=place) as work:
            run(pathlib.Path(work))
    return 0


if __name__ == "__main__":
    sys.exit(main())
