"""The same bytes by one client after the other, on loopback and in memory: time and processor of the client and of the server."""

import contextlib
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import statistics
import subprocess
import tempfile
import threading
import time

from demo_client import wait_until
from processes import cpu_seconds
from swift_store import ACCESS_KEY, SECRET_KEY, Swift, answers, free_port
from upload_fixture import School, digest, prove_delivered

TUS_JS = pathlib.Path(__file__).resolve().parents[1] / "platform" / "tus_js"
MB = 1_000_000
BUCKET = "lessons"
BLOCK_SIZE = 8 << 20


class Measured:
    def __init__(self, wall_s, client_cpu_s, server_cpu_s):
        self.wall_s, self.client_cpu_s, self.server_cpu_s = wall_s, client_cpu_s, server_cpu_s

    @staticmethod
    def median(several):
        return Measured(*(statistics.median(getattr(one, name) for one in several) for name in ("wall_s", "client_cpu_s", "server_cpu_s")))


def measure(command, servers, **options):
    """One client to its end: what it and the servers used, and what it said."""
    before, children = cpu_seconds(servers), resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=1200, **options)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} gave {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
    client = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    return Measured(wall, client, cpu_seconds(servers) - before), done.stdout


class Rates:
    """Medians of some runs of each client, taken in turns, so that a busy moment of the machine hits all of them. Every run ends
    with the digest of what the server stores."""

    def __init__(self, bin_directory, work, size, rounds):
        self.bin, self.work, self.rounds = bin_directory, work, rounds
        self.school = School(bin_directory, work)
        self.package = self.school.package("large", size)
        self.size, self.sha256 = self.package.stat().st_size, digest(self.package)
        self.rows, self.skipped = {}, {}

    def run(self):
        for _ in range(self.rounds):
            for peer in (self.curl_to_nginx, self.tus_js, self.curl_to_us, self.curl_after_an_offer, self.us, self.us_to_swift, self.rclone, self.aws):
                try:
                    peer()
                except FileNotFoundError as error:
                    self.skipped[peer.__name__] = f"{error.filename} is not installed"
        self.tell()

    def tell(self):
        print(f"{self.size / MB:.0f} MB on loopback, in memory; medians of {self.rounds}; load average {os.getloadavg()[0]:.1f}\n\n"
              "| client and server | time | rate | CPU of the client | of the server |\n|---|---|---|---|---|")
        for name, several in self.rows.items():
            m = Measured.median(several)
            print(f"| {name} | {m.wall_s:.2f} s ({min(s.wall_s for s in several):.2f} to {max(s.wall_s for s in several):.2f}) | "
                  f"{self.size / m.wall_s / MB:.0f} MB/s | {m.client_cpu_s:.2f} s | {m.server_cpu_s:.2f} s |")
        for name, why in self.skipped.items():
            print(f"skipped: {name}: {why}")

    def add(self, name, measured):
        self.rows.setdefault(name, []).append(measured)

    @contextlib.contextmanager
    def folder(self):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.work))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def nginx(self):
        with self.folder() as folder:
            port = free_port()
            (folder / "nginx.conf").write_text(
                f"daemon off; user root; worker_processes 1; pid {folder}/pid; error_log {folder}/log;\n"
                f"events {{ }}\nhttp {{ access_log off; client_body_temp_path {folder}/body; server {{ listen 127.0.0.1:{port}; client_max_body_size 0;\n"
                f"location / {{ root {folder}/files; dav_methods PUT; create_full_put_path on; }} }} }}\n")
            process = subprocess.Popen(["nginx", "-c", folder / "nginx.conf", "-e", folder / "log"], stderr=subprocess.DEVNULL)
            try:
                wait_until("nginx", 30, lambda: answers(port))
                workers = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
                yield port, [process.pid, *map(int, workers)], folder / "files"
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=30)

    def curl_to_nginx(self):
        with self.nginx() as (port, pids, files):
            measured, _ = measure(["curl", "-sS", "-f", "-H", "Expect:", "-T", self.package, f"http://127.0.0.1:{port}/file"], pids)
            assert digest(files / "file") == self.sha256
        self.add("`curl -T` to nginx (PUT), no hash anywhere", measured)

    def tus_js(self):
        if not (TUS_JS / "node_modules").exists():
            raise FileNotFoundError(2, "", "tus-js-client (npm ci in tests/platform/tus_js)")
        with self.folder() as folder:
            server = subprocess.Popen(["node", TUS_JS / "server.mjs", folder], stdout=subprocess.PIPE, text=True)
            try:
                port = json.loads(server.stdout.readline())["port"]
                measured, told = measure(["node", TUS_JS / "client.mjs", f"http://127.0.0.1:{port}/files", self.package, "none"], [server.pid])
                assert json.loads(told)["done"], told
                assert self.sha256 in [digest(file) for file in folder.iterdir() if file.stat().st_size == self.size]
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait(timeout=30)
        self.add("tus-js-client to `@tus/server`, no hash anywhere", measured)

    def curl_to_us(self):
        self.curl_patch("`curl -T` to our receiver (PATCH), the whole hashed there", announce=False)

    def curl_after_an_offer(self):
        self.curl_patch("`curl -T` to our receiver after an offer, the whole and every block hashed there", announce=True)

    def curl_patch(self, name, announce):
        with self.folder() as folder, self.school.platform(folder) as platform:
            shutil.copy(self.school.keys / "device.key", folder / "bench.key")
            device = platform.enrol("bench")
            if announce:
                self.offer(platform, device)
            path = device.create(self.size, self.sha256 if announce else None)
            headers = [word for header, value in device.patch_headers(0, self.size).items() if header != "Content-Length"
                       for word in ("-H", f"{header}: {value}")]
            measured, _ = measure(["curl", "-sS", "-f", "-X", "PATCH", "-H", "Expect:", *headers, "-T", self.package, platform.url + path],
                                  [platform.process.pid])
            state = device.final_state(self.sha256)
            assert state["state"] == "acknowledged", state
            assert digest(folder / "platform" / "packages" / f"{self.sha256}.zip") == self.sha256
        self.add(name, measured)

    def offer(self, platform, device):
        with open(self.package, "rb") as package:
            blocks = [hashlib.sha256(block).hexdigest() for block in iter(lambda: package.read(BLOCK_SIZE), b"")]
        body = {"package_sha256": self.sha256, "size_bytes": self.size, "block_size": BLOCK_SIZE, "blocks": blocks, "programme": "ability-points-2.0",
                "point": "A6"}
        status, _, answer = platform.request("POST", "/api/v1/submissions", json.dumps(body).encode(), device.headers())
        assert status == 200 and json.loads(answer)["answer"] == "send", (status, answer)

    def us(self):
        """Two rows: the transfer, which is what the other clients do; and the whole, with hashing before and verification after."""
        with self.folder() as folder, self.school.platform(folder) as platform:
            watch = Watch(platform.directory, self.size)
            mine, command = self.school.submission(self.package, folder / "sender", platform.url)
            with watch:
                measured, _ = measure(command, [platform.process.pid])
            prove_delivered(self.school, platform.directory, mine)
        self.add("our sender to our receiver, hashes on both sides: the transfer (CPU of the whole)",
                 Measured(watch.seconds, measured.client_cpu_s, measured.server_cpu_s))
        self.add("the same as a whole: hashing, transfer, verification, receipt", measured)

    @contextlib.contextmanager
    def swift(self):
        """A fresh Swift with a bucket, and the environment with its keys; at the end the object must be our package."""
        with self.folder() as folder, Swift(folder) as store:
            store.make_bucket(BUCKET)
            kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
            yield store, {**kept, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
            keys = store.objects(BUCKET)
            assert len(keys) == 1, keys
            assert store.sha256_of(BUCKET, keys[0]) == self.sha256

    def us_to_swift(self):
        with self.swift() as (store, environment), self.folder() as folder:
            mine = folder / "package.zip"
            os.link(self.package, mine)
            command = [self.bin / "shilu", "submit", mine, "--to", f"s3://{BUCKET}", "--s3-endpoint", store.endpoint, "--json"]
            measured, _ = measure(command, store.pids, env=environment)
        self.add("`shilu submit --to s3://` to Swift, parts of 8 MiB, up to four at a time", measured)

    def rclone(self):
        program = installed("rclone")
        with self.swift() as (store, environment):
            command = [program, "copyto", self.package, f":s3:{BUCKET}/lesson.zip", "--config", "", "--s3-provider", "Other", "--s3-env-auth",
                       "--s3-endpoint", store.endpoint, "--s3-region", "us-east-1", "--s3-chunk-size", "8M", "--s3-upload-concurrency", "4"]
            measured, _ = measure(command, store.pids, env=environment)
        self.add(f"{version(program, 'version')} to Swift, parts of 8 MiB, four at a time", measured)

    def aws(self):
        program = installed("aws")
        with self.swift() as (store, environment):
            command = [program, "s3", "cp", self.package, f"s3://{BUCKET}/lesson.zip", "--endpoint-url", store.endpoint, "--region", "us-east-1",
                       "--no-progress"]
            measured, _ = measure(command, store.pids, env=environment)
        self.add(f"{version(program, '--version')} `s3 cp` to Swift, parts of 8 MiB, ten at a time", measured)


def installed(program):
    """Debian's, where there are several."""
    found = shutil.which(program, path="/usr/bin") or shutil.which(program)
    if found is None:
        raise FileNotFoundError(2, "", program)
    return found


def version(program, option):
    return subprocess.run([program, option], capture_output=True, text=True).stdout.splitlines()[0].split(" Python")[0]


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
