#!/usr/bin/env python3
"""How fast uploads are, on loopback and in memory, beside the tools that people know; how much memory they take; what they cost a
recording. Prints a table; every row was measured in this run. Options choose the parts."""

import argparse
import contextlib
import json
import os
import pathlib
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "system"))

from appliance import Appliance  # noqa: E402
from demo_client import wait_until  # noqa: E402
from demo_run import both_live, classroom, teacher  # noqa: E402
from upload_fixture import School, digest, prove_delivered  # noqa: E402

TUS_JS = TESTS / "platform" / "tus_js"
TICKS = os.sysconf("SC_CLK_TCK")
MB = 1_000_000


def cpu_of(pid):
    """Seconds of processor that a running process has used, its finished children included (proc(5), stat fields 14 to 17)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(fields[i]) for i in (11, 12, 13, 14)) / TICKS


def peak_of(pid):
    """Largest resident size so far, bytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


class Measured:
    def __init__(self, wall_s, client_cpu_s, server_cpu_s):
        self.wall_s, self.client_cpu_s, self.server_cpu_s = wall_s, client_cpu_s, server_cpu_s


def measure(command, servers, **options):
    """One client to its end, and what it and the servers used."""
    before, children = sum(map(cpu_of, servers)), resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=1200, **options)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} gave {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
    client = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    return Measured(wall, client, sum(map(cpu_of, servers)) - before), done.stdout


class Rates:
    """512 MB in memory, one client after the other; the best of some runs of each, taken in turns, so that a busy moment of the
    machine hits all of them."""

    def __init__(self, bin_directory, work, size, rounds):
        self.bin, self.work, self.size, self.rounds = bin_directory, work, size, rounds
        self.school = School(bin_directory, work)
        self.package = self.school.package("large", size)
        self.size = self.package.stat().st_size

    def run(self):
        peers = [self.curl_to_nginx, self.curl_to_us, self.us, self.tus_js]
        best, reasons = {}, {}
        for _ in range(self.rounds):
            for peer in peers:
                try:
                    measured = peer()
                except FileNotFoundError as error:
                    reasons[peer] = f"{error.filename} is not installed"
                    continue
                if peer not in best or measured.wall_s < best[peer].wall_s:
                    best[peer] = measured
        self.tell(peers, best, reasons)

    def tell(self, peers, best, reasons):
        print(f"{self.size / MB:.0f} MB on loopback, in memory; best of {self.rounds}; rates of the transfer")
        ours = best.get(self.us)
        for peer in peers:
            if peer in reasons:
                print(f"  {peer.__doc__:58} skipped: {reasons[peer]}")
                continue
            m = best[peer]
            print(f"  {peer.__doc__:58} {m.wall_s:6.2f} s {self.size / m.wall_s / MB:6.0f} MB/s  CPU {m.client_cpu_s:5.2f} + {m.server_cpu_s:5.2f} s"
                  f"  ours is x {m.wall_s / ours.wall_s:4.2f}")

    @contextlib.contextmanager
    def nginx(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.work))
        port_file = free_port()
        (folder / "nginx.conf").write_text(
            f"daemon off; user root; worker_processes 1; pid {folder}/pid; error_log {folder}/log;\n"
            f"events {{ }}\nhttp {{ access_log off; client_body_temp_path {folder}/body; server {{ listen 127.0.0.1:{port_file}; client_max_body_size 0;\n"
            f"location / {{ root {folder}/files; dav_methods PUT; create_full_put_path on; }} }} }}\n")
        process = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-e", folder / "log"], stderr=subprocess.DEVNULL)
        try:
            wait_until("nginx", 30, lambda: answers(port_file))
            workers = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
            yield port_file, [process.pid, *map(int, workers)], folder / "files"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
            shutil.rmtree(folder)

    def curl_to_nginx(self):
        """curl -T to nginx (PUT), no hash anywhere"""
        with self.nginx() as (port, pids, files):
            measured, _ = measure(["curl", "-sS", "-f", "-H", "Expect:", "-T", self.package, f"http://127.0.0.1:{port}/file"], pids)
            assert (files / "file").stat().st_size == self.size
            return measured

    def curl_to_us(self):
        """curl -T to our receiver (PATCH), hashes there"""
        with self.fresh_platform() as platform:
            device = platform.enrol("bench")
            path = device.create(self.size)
            headers = [word for name, value in device.patch_headers(0, self.size).items() if name != "Content-Length"
                       for word in ("-H", f"{name}: {value}")]
            measured, _ = measure(["curl", "-sS", "-f", "-X", "PATCH", "-H", "Expect:", *headers, "-T", self.package, platform.url + path],
                                  [platform.process.pid])
            return measured

    def us(self):
        """our sender to our receiver, hashes on both sides"""
        with self.fresh_platform() as platform:
            watch = Watch(platform.directory, self.size)
            folder = pathlib.Path(tempfile.mkdtemp(dir=self.work))
            mine, command = self.school.submission(self.package, folder, platform.url)
            with watch:
                measured, _ = measure(command, [platform.process.pid])
            prove_delivered(self.school, platform.directory, mine)
            shutil.rmtree(folder)
            print(f"  (shilu submit as a whole, with hashing before and verification, until the receipt: {measured.wall_s:.2f} s)")
            measured.wall_s = watch.seconds
            return measured

    def tus_js(self):
        """tus-js-client to @tus/server (npm), no hash anywhere"""
        if not (TUS_JS / "node_modules").exists():
            raise FileNotFoundError(2, "", "tus-js-client (npm ci in tests/platform/tus_js)")
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.work))
        server = subprocess.Popen(["node", TUS_JS / "server.mjs", folder], stdout=subprocess.PIPE, text=True)
        try:
            port = json.loads(server.stdout.readline())["port"]
            measured, told = measure(["node", TUS_JS / "client.mjs", f"http://127.0.0.1:{port}/files", self.package, "none"], [server.pid])
            assert json.loads(told)["done"], told
            return measured
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)
            shutil.rmtree(folder)

    @contextlib.contextmanager
    def fresh_platform(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.work))
        try:
            with self.school.platform(folder) as platform:
                yield platform
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class Watch:
    """How long the bytes take: from the first of them in the receiver's file to the last, or to the package that it became
    before anybody looked."""

    def __init__(self, directory, size):
        self.uploads, self.packages, self.size, self.seconds = directory / "uploads", directory / "packages", size, None
        self.ended = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def look(self):
        began = None
        while not self.ended.is_set():
            sizes = self.sizes(self.uploads)
            began = began or (time.monotonic() if sizes else None)
            if began and max(sizes + self.sizes(self.packages), default=0) >= self.size:
                self.seconds = time.monotonic() - began
                return
            time.sleep(0.002)

    def sizes(self, folder):
        with contextlib.suppress(FileNotFoundError):
            return [entry.stat().st_size for entry in os.scandir(folder)]
        return []


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    import socket
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    return False


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
            sender = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            _, status, usage = os.wait4(sender.pid, 0)
            took = time.monotonic() - began
            assert status == 0, f"shilu submit gave {status}"
            peak = peak_of(platform.process.pid)
            prove_delivered(school, platform.directory, mine)
        print(f"  package of {mine.stat().st_size / MB:6.0f} MB: shilu submit {usage.ru_maxrss / 1024:6.1f} MiB, shilu-platform {peak / 2**20:6.1f} MiB; "
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


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def recording(bin_directory, work, seconds, size):
    """The durable lag of a real recording, without and with uploads at full speed beside it."""
    school = School(bin_directory, work)
    package = school.package("beside", size)
    with classroom(bin_directory) as told, school.platform(pathlib.Path(work) / "beside") as platform:
        peer = teacher(told)
        both_live(peer)
        rows = {}
        for name, busy in (("alone", False), ("with uploads", True), ("alone again", False)):
            peer.post("/api/recording", {"subject": "数学", "class_name": "八(2)班", "topic": "test"})
            wait_until("bytes on disk", 30, lambda: (peer.get("/api/state")["lesson"] or {}).get("recording_proven"))
            rows[name] = sample(peer, seconds, school, package, platform, work if busy else None)
            peer.call("DELETE", "/api/recording")
    print(f"durable lag of a recording of two cameras, {seconds} s each (ms)")
    for name, (lags, sent) in rows.items():
        print(f"  {name:14} median {percentile(lags, 0.5):5} p99 {percentile(lags, 0.99):5} worst {max(lags):5}  of {len(lags)} samples, {sent / MB:.0f} MB uploaded beside it")


def sample(peer, seconds, school, package, platform, work):
    lags, sent, sender = [], 0, None
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if work and (sender is None or sender.poll() is not None):
            shutil.rmtree(platform.directory / "packages", ignore_errors=True)
            sender = upload_again(school, package, platform, work)
            sent += package.stat().st_size
        lags.append(peer.get("/api/state")["lesson"]["durable_lag_ms"])
        time.sleep(0.05)
    if sender:
        sender.kill()
        sender.wait()
    return lags, sent


def upload_again(school, package, platform, work):
    """curl at full speed into the receiver: a new upload each time."""
    device = getattr(platform, "bench_device", None) or platform.enrol("bench")
    platform.bench_device = device
    size = package.stat().st_size
    path = device.create(size)
    headers = [word for name, value in device.patch_headers(0, size).items() if name != "Content-Length" for word in ("-H", f"{name}: {value}")]
    return subprocess.Popen(["curl", "-sS", "-X", "PATCH", "-H", "Expect:", *headers, "-T", str(package), platform.url + path],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--part", choices=["rates", "memory", "queue", "recording"], action="append")
    parser.add_argument("--size-mb", type=int, default=512, help="of the rates")
    parser.add_argument("--large-mb", type=int, default=5000, help="of the memory")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    parts = options.part or ["rates", "memory", "queue", "recording"]
    programs = options.bin.resolve()
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    if "rates" in parts:
        with tempfile.TemporaryDirectory(prefix="shilu-bench-", dir=shared) as work:
            Rates(programs, pathlib.Path(work), options.size_mb * MB, options.rounds).run()
    for name, run in (("memory", lambda work: memory(programs, work, options.large_mb * MB)), ("queue", lambda work: queue(programs, work, 100)),
                      ("recording", lambda work: recording(programs, work, 40, 300 * MB))):
        if name in parts:
            with tempfile.TemporaryDirectory(prefix="shilu-bench-") as work:
                run(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
