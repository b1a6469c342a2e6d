"""OpenStack Swift of one node with its S3 API, on loopback, its objects in a folder: a store that we did not write. Needs Debian's
swift-proxy, swift-account, swift-container, swift-object and memcached; the file system must know extended attributes."""

import contextlib
import hashlib
import http.client
import pathlib
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from demo_client import run, wait_until  # noqa: E402

PROGRAMS = ("swift-ring-builder", "swift-account-server", "swift-container-server", "swift-object-server", "swift-proxy-server", "memcached")
KINDS = ("account", "container", "object")
ACCESS_KEY, SECRET_KEY = "lab:lab", "test"

SWIFT = "[swift-hash]\nswift_hash_path_suffix = lab\nswift_hash_path_prefix = lab\n[storage-policy:0]\nname = gold\ndefault = yes\n"

COMMON = "[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = {port}\nworkers = 0\nuser = root\nswift_dir = {folder}\n"

STORAGE = COMMON + ("devices = {folder}/node\nmount_check = false\nrecon_cache_path = {folder}\n[pipeline:main]\npipeline = {kind}-server\n"
                    "[app:{kind}-server]\nuse = egg:swift#{kind}\n")

FILTERS = ("catch_errors", "gatekeeper", "cache", "listing_formats", "bulk", "s3api", "tempauth", "slo", "dlo")

OPTIONS = {"cache": "memcache_servers = 127.0.0.1:{memory}\n", "tempauth": "user_lab_lab = test .admin\n",
           "s3api": "s3_acl = false\nlocation = us-east-1\nmin_segment_size = 5242880\n"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    return False


class Swift:
    """`with Swift(folder) as store`: endpoint, pids, and what it holds."""

    def __init__(self, folder):
        for program in PROGRAMS:
            if shutil.which(program) is None:
                raise FileNotFoundError(2, "", program)
        self.folder = pathlib.Path(folder)
        self.ports = {name: free_port() for name in (*KINDS, "proxy", "memory")}
        self.processes = []

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.ports['proxy']}"

    @property
    def pids(self):
        return [process.pid for process in self.processes]

    def __enter__(self):
        (self.folder / "node" / "d1").mkdir(parents=True)
        self.configure()
        for kind in KINDS:
            self.make_ring(kind)
        try:
            self.start("memcached", "-u", "root", "-l", "127.0.0.1", "-p", self.ports["memory"])
            for kind in (*KINDS, "proxy"):
                self.start(f"swift-{kind}-server", self.folder / f"{kind}.conf")
            for name, port in self.ports.items():
                wait_until(f"Swift's {name}", 60, lambda port=port: answers(port))
            self.sign_in()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        for process in self.processes:
            process.kill()
            process.wait()

    def start(self, *command):
        with open(self.folder / "log", "a") as log:
            self.processes.append(subprocess.Popen([str(word) for word in command], stdout=log, stderr=log))

    def configure(self):
        (self.folder / "swift.conf").write_text(SWIFT)
        for kind in KINDS:
            (self.folder / f"{kind}.conf").write_text(STORAGE.format(kind=kind, folder=self.folder, port=self.ports[kind]))
        proxy = COMMON.format(folder=self.folder, port=self.ports["proxy"])
        proxy += f"[pipeline:main]\npipeline = {' '.join(FILTERS)} proxy-server\n[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n"
        for name in FILTERS:
            plugin = "memcache" if name == "cache" else name
            proxy += f"[filter:{name}]\nuse = egg:swift#{plugin}\n" + OPTIONS.get(name, "").format(memory=self.ports["memory"])
        (self.folder / "proxy.conf").write_text(proxy)

    def make_ring(self, kind):
        """One part of one copy on one device."""
        builder = self.folder / f"{kind}.builder"
        run("swift-ring-builder", builder, "create", "4", "1", "1")
        run("swift-ring-builder", builder, "add", f"r1z1-127.0.0.1:{self.ports[kind]}/d1", "1")
        run("swift-ring-builder", builder, "rebalance")

    def sign_in(self):
        answer, _ = self.ask("GET", "/auth/v1.0", {"X-Auth-User": ACCESS_KEY, "X-Auth-Key": SECRET_KEY})
        self.account = "/v1/" + answer.getheader("X-Storage-Url").rsplit("/", 1)[1]
        self.token = {"X-Auth-Token": answer.getheader("X-Auth-Token")}

    def make_bucket(self, name):
        self.ask("PUT", f"{self.account}/{name}", self.token)

    def objects(self, bucket):
        return self.ask("GET", f"{self.account}/{bucket}", self.token)[1].decode().split()

    def sha256_of(self, bucket, key):
        """Of what Swift's own API gives back, not S3's."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.ports["proxy"], timeout=300)) as connection:
            connection.request("GET", f"{self.account}/{bucket}/{key}", headers=self.token)
            answer, sum_ = connection.getresponse(), hashlib.sha256()
            if answer.status != 200:
                raise RuntimeError(f"Swift gives no {key}: {answer.status}")
            while part := answer.read(1 << 20):
                sum_.update(part)
            return sum_.hexdigest()

    def ask(self, method, path, headers):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.ports["proxy"], timeout=60)) as connection:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"Swift: {method} {path} gave {answer.status}: {body[:300]}")
            return answer, body
