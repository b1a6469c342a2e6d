#!/usr/bin/env python3
"""What servers, proxies and disks say to an upload: refusals, pages, expired tokens and uploads, a full disk, nginx. Each ends
with the same bytes at the platform, and its receipt."""

import argparse
import concurrent.futures
import contextlib
import json
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from checks import Skip  # noqa: E402
from demo_client import wait_until  # noqa: E402
from scripted_proxy import Alter, Answer, ScriptedProxy  # noqa: E402
from upload_fixture import School, arrived_bytes, finish, prove_delivered, wait_for_bytes  # noqa: E402

SIZE = 12_000_000
BLOCK = 8 << 20
WITHIN_S = 180
PAGE = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
HTML = {"Content-Type": "text/html"}


def patches(before):
    return sum(asked.method == "PATCH" for asked in before)


def once(method, answer):
    """The first request of that method is answered so."""
    def script(asked, before):
        first = asked.method == method and not any(other.method == method for other in before)
        return answer if first else None

    return script


class Delivery:
    """One platform, one proxy before it, one `shilu submit`."""

    def __init__(self, school, package, work):
        self.school, self.package, self.work = school, package, pathlib.Path(work)
        self.work.mkdir()

    def submit(self, url):
        self.mine, command = self.school.submission(self.package, self.work, url)
        self.sender = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        return self.sender

    def prove(self, within=WITHIN_S, others=False):
        told, self.errors = finish(self.sender, within)
        prove_delivered(self.school, self.platform.directory, self.mine, others=others)
        return told

    @contextlib.contextmanager
    def behind(self, script=lambda asked, before: None, directory=None):
        """The platform behind a proxy with that script; the submission has begun."""
        self.platform = self.school.platform(directory or self.work / "platform")
        with self.platform, ScriptedProxy(self.platform.port, script) as self.proxy:
            self.submit(self.proxy.url)
            try:
                yield
            finally:
                if self.sender.poll() is None:
                    self.sender.kill()
                    self.sender.communicate()

    def bytes_come(self, least):
        wait_for_bytes(self.platform.directory, least, self.sender)

    def database(self, statement, *values):
        with sqlite3.connect(self.platform.directory / "platform.sqlite", timeout=30) as database:
            return database.execute(statement, values).fetchall()

    def sent_body_bytes(self):
        """As announced; a request that was refused for its token sent none."""
        return sum(asked.length for asked in self.proxy.requests("PATCH") if asked.status != 401)

    # --- The cases. Their first lines are their names.

    def error(self, status, method="PATCH", **more):
        with self.behind(once(method, Answer(status, **more))):
            self.prove()
        answered = [asked.status for asked in self.proxy.requests(method)]
        assert answered[0] == status and len(answered) >= 2, answered
        return f"{method} answered {answered}"

    def too_many(self):
        """429 to the first word of all is obeyed and tried again"""
        return self.error(429, "GET", headers={"Retry-After": "1"})

    def broken(self):
        """500 in the middle of the body"""
        told = self.error(500, after=4_000_000)
        assert self.proxy.requests("HEAD"), "it did not ask for the offset"
        return told

    def bad_gateway(self):
        """502 with a page of HTML in the middle of the body"""
        return self.error(502, headers=HTML, body=PAGE, after=3_000_000)

    def busy(self):
        """503 with Retry-After is not asked again before its time"""
        with self.behind(once("PATCH", Answer(503, {"Retry-After": "3"}, after=2_000_000))):
            self.prove()
        asked = self.proxy.asked
        first = next(i for i, a in enumerate(asked) if a.method == "PATCH")
        pause = asked[first + 1].at - asked[first].at
        assert pause >= 3, f"asked again after {pause:.2f} s"
        return f"asked again after {pause:.1f} s"

    def portal(self):
        """a captive portal answers everything with its page, then lets through"""
        end = time.monotonic() + 4

        def script(asked, before):
            return Answer(200, HTML, b"<html>Please log in</html>") if time.monotonic() < end else None

        with self.behind(script):
            self.prove()
        return f"{sum(a.status == 200 and a.at < end for a in self.proxy.asked)} pages before"

    def redirect(self):
        """a portal that redirects in the middle of an upload"""
        return self.error(302, headers={"Location": "http://portal.example/login", **HTML}, after=1_000_000)

    def other_offset(self):
        """409: somebody else has moved the offset"""
        with self.behind(once("PATCH", Answer(409, {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}, b"", after=5_000_000))):
            self.prove()
        assert self.proxy.requests("HEAD"), "it did not ask for the offset"
        return f"{len(self.proxy.requests('PATCH'))} PATCHes"

    def expired(self):
        """410: the upload's time is over in mid-upload; it begins a new one"""
        state = {}

        def script(asked, before):
            if asked.method == "PATCH" and not patches(before):
                state["path"] = asked.path
                return Answer(500, after=4_000_000)
            if asked.method in ("HEAD", "PATCH") and patches(before) and "expired" not in state:
                self.database("update uploads set expires_utc_ms = 1")
                state["expired"] = True
            return None

        with self.behind(script):
            self.prove(others=True)  # the file of the expired one stays until the sweep
        assert 410 in [asked.status for asked in self.proxy.asked], [a.status for a in self.proxy.asked]
        paths = {asked.path for asked in self.proxy.requests("PATCH")}
        assert len(paths) == 2, paths
        return "a second upload was made"

    def forgotten(self):
        """404: the server has forgotten the upload in the middle of it"""
        def script(asked, before):
            gone = asked.method == "PATCH" and not patches(before)
            if gone:
                return Answer(404, {"Tus-Resumable": "1.0.0"}, after=2_000_000)
            first = next((a.path for a in before if a.method == "PATCH"), None)
            return Answer(404, {"Tus-Resumable": "1.0.0"}) if first and asked.path == first else None

        # The upload is really gone: the offer must not find it again.
        with self.behind(script):
            self.bytes_come(1_000_000)
            self.database("delete from uploads")
            self.prove(others=True)  # the file of the forgotten one stays until the sweep
        return f"{len({a.path for a in self.proxy.requests('PATCH')})} uploads"

    def too_large(self):
        """413: a proxy takes no body above 4 MB"""
        def script(asked, before):
            return Answer(413, HTML, PAGE) if asked.length > 4_000_000 else None

        with self.behind(script):
            self.prove()
        lengths = [asked.length for asked in self.proxy.requests("PATCH")]
        return f"slices of {', '.join(f'{n / 1e6:.1f}' for n in lengths[:6])} MB ..."

    def checksum(self):
        """460: a checksum did not match; the slice is sent again"""
        return self.error(460, headers={"Tus-Resumable": "1.0.0"}, after=1_000_000)

    def altered(self):
        """460: a box in the middle has turned a bit; that block alone is sent again"""
        with self.behind(lambda asked, before: Alter(BLOCK + 1000) if asked.method == "PATCH" and not patches(before) else None):
            self.prove()
        statuses = [asked.status for asked in self.proxy.requests("PATCH")]
        assert statuses[0] == 460, statuses
        again = self.proxy.requests("PATCH")[1]
        assert again.headers["Upload-Offset"] == str(BLOCK), again.headers
        return f"sent {self.sent_body_bytes() / self.mine.stat().st_size:.2f} x at most"

    def token(self):
        """401: the token ends in mid-upload; it enrols again and goes on"""
        ended = []

        def script(asked, before):
            if asked.method == "PATCH" and not patches(before):
                return Answer(500, after=5_000_000)
            if patches(before) and not ended:  # whatever it asks next
                ended.append(self.database("update devices set token_hash = randomblob(32)"))
            return None

        with self.behind(script):
            self.prove()
        statuses = [asked.status for asked in self.proxy.asked]
        assert 401 in statuses, statuses
        offsets = [int(asked.headers["Upload-Offset"]) for asked in self.proxy.requests("PATCH")]
        assert len(offsets) == 2 and offsets[1] >= 4_000_000, f"it went on at {offsets}"
        return f"{statuses.count(401)} refusals, went on at {offsets[1] / 1e6:.1f} MB"

    def forgetful(self):
        """a server that acknowledges everything and keeps nothing of it"""
        def script(asked, before):
            if asked.method != "PATCH" or patches(before) >= 2:
                return None
            offset = int(asked.headers["Upload-Offset"]) + asked.length
            return Answer(204, {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset)}, after=asked.length, forward=False)

        with self.behind(script):
            self.prove()
        return f"{len(self.proxy.requests('PATCH'))} PATCHes"

    def half_forgetful(self):
        """a server whose offset goes back by what it had not synced"""
        def script(asked, before):
            if asked.method != "PATCH" or patches(before):
                return None
            offset = int(asked.headers["Upload-Offset"]) + asked.length
            return Answer(204, {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset)}, after=asked.length // 2)

        with self.behind(script):
            self.prove()
        return f"sent {self.sent_body_bytes() / self.mine.stat().st_size:.2f} x"

    def nginx(self, buffering):
        """Behind nginx: delivered; -> bytes at the platform of an upload that was killed in its middle."""
        if not shutil.which("nginx"):
            raise Skip("nginx is not installed")
        self.platform = self.school.platform(self.work / "platform")
        with self.platform:
            port = free_port()
            (self.work / "nginx.conf").write_text(NGINX.format(work=self.work, port=port, to=self.platform.port, buffering=buffering))
            nginx = subprocess.Popen(["nginx", "-c", self.work / "nginx.conf", "-e", self.work / "nginx.log"], stderr=subprocess.DEVNULL)
            try:
                wait_until("nginx", 30, lambda: answers(port))
                self.submit(f"http://127.0.0.1:{port}")
                self.prove()
                return self.cut_through(port)
            finally:
                nginx.send_signal(signal.SIGQUIT)
                nginx.wait(timeout=30)

    def cut_through(self, port):
        """A PATCH of 8 MB of which 5 MB are sent: how much is kept."""
        device = Stranger(port, json.loads((self.work / "keys/enrolment.json").read_text())["token"])
        location = device.create(8_000_000)
        device.send_part(location, 8_000_000, bytes(5_000_000))
        with contextlib.suppress(TimeoutError):  # the file tells; asking for the offset would end the writer
            wait_until("the bytes", 5, lambda: arrived_bytes(self.platform.directory) >= 5_000_000)
        return device.offset(location)

    def nginx_streaming(self):
        """nginx in front that passes bodies on as they come"""
        kept = self.nginx("off")
        assert kept >= 4_000_000, f"of 5 MB of a broken request only {kept} bytes were kept"
        return f"of 5 MB of a broken request {kept / 1e6:.1f} MB were kept"

    def nginx_buffering(self):
        """nginx in front that keeps bodies until they are whole"""
        kept = self.nginx("on")
        return f"of 5 MB of a broken request {kept / 1e6:.1f} MB were kept"

    @contextlib.contextmanager
    def small_disk(self, megabytes):
        disk = self.work / "disk"
        disk.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", disk], capture_output=True, text=True)
        if made.returncode != 0:
            raise Skip(made.stderr.strip())
        try:
            yield disk
        finally:
            subprocess.run(["umount", "-l", disk], check=True)

    def full_at_first(self):
        """507: the platform's disk is full; the sender says so, and goes on when there is room"""
        with self.small_disk(40) as disk:
            (disk / "ballast").write_bytes(bytes(34_000_000))
            with self.behind(directory=disk):
                wait_until("the refusal", 60, lambda: 507 in [asked.status for asked in self.proxy.asked], 0.02)
                (disk / "ballast").unlink()
                self.prove()
                assert "disk is full" in self.errors, self.errors
        return "said it in words"

    def full_in_between(self):
        """507: the disk fills up in the middle of a body; what had come is kept"""
        with self.small_disk(40) as disk:
            def script(asked, before):
                if asked.method == "PATCH" and not patches(before):
                    room = shutil.disk_usage(disk).free
                    (disk / "ballast").write_bytes(bytes(room - 6_000_000))
                return None

            with self.behind(script, directory=disk):
                wait_until("the refusal", 60, lambda: 507 in [asked.status for asked in self.proxy.asked], 0.02)
                kept = arrived_bytes(self.platform.directory)
                (disk / "ballast").unlink()
                self.prove()
        assert kept > 2_000_000, kept
        return f"{kept / 1e6:.1f} MB kept"


NGINX = """
daemon off; user root; worker_processes 1; pid {work}/nginx.pid; error_log {work}/nginx.log;
events {{ }}
http {{
  access_log off; client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/f; uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
  server {{
    listen 127.0.0.1:{port}; client_max_body_size 0;
    location / {{ proxy_pass http://127.0.0.1:{to}; proxy_http_version 1.1; proxy_request_buffering {buffering}; proxy_set_header Host $http_host; }}
  }}
}}
"""


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    import socket
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Stranger:
    """The device by hand, through whatever stands at that port."""

    def __init__(self, port, token):
        self.port = port
        self.headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}

    def call(self, method, path, **headers):
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, headers={**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def create(self, size):
        return "/files/" + self.call("POST", "/files", Upload_Length=str(size)).getheader("Location").rsplit("/", 1)[1]

    def offset(self, path):
        return int(self.call("HEAD", path).getheader("Upload-Offset"))

    def send_part(self, path, length, data):
        """The head of a PATCH, a part of its body, and the end of the connection."""
        import socket
        head = [f"PATCH {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Content-Length: {length}", "Upload-Offset: 0",
                "Content-Type: application/offset+octet-stream", *(f"{k}: {v}" for k, v in self.headers.items())]
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as out:
            out.sendall(("\r\n".join(head) + "\r\n\r\n").encode() + data)


CASES = ["too_many", "broken", "bad_gateway", "busy", "portal", "redirect", "other_offset", "expired", "forgotten", "too_large", "checksum", "altered",
         "token", "forgetful", "half_forgetful", "nginx_streaming", "nginx_buffering", "full_at_first", "full_in_between"]

def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--only", help="the name of one case")
    options = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="shilu-answers-") as work:
        school = School(options.bin.resolve(), work)
        package = school.package("lesson", SIZE)

        def run(name):
            return getattr(Delivery(school, package, pathlib.Path(work) / name), name)()

        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            names = [name for name in CASES if options.only in (None, name)]
            for name, told in [(name, pool.submit(run, name)) for name in names]:
                title = getattr(Delivery, name).__doc__
                try:
                    print(f"ok {title}: {told.result()}", flush=True)
                except Skip as why:
                    print(f"skip {title}: {why}", flush=True)
                except Exception as error:  # noqa: BLE001 - whatever went wrong is the result
                    failed += 1
                    print(f"not ok {title} (--only {name}): {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
