#!/usr/bin/env python3
"""Whom a device believes, and who believes it: the school's own certification authority, two pinned keys, mutual TLS. The real
shilud and shilu-platform behind nginx, with certificates by openssl; what is wrong is told in words."""

import base64
import contextlib
import hashlib
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from appliance import Appliance  # noqa: E402
from checks import Skip, run_checks  # noqa: E402
from demo_client import wait_until  # noqa: E402
from upload_fixture import School, prove_delivered  # noqa: E402

CA_SETTINGS = """
[ca]
default_ca = own
[own]
new_certs_dir = {folder}
database = {folder}/index
serial = {folder}/serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""

NGINX = """
daemon off; user root; worker_processes 1; pid {work}/nginx.pid; error_log {work}/nginx.log;
events {{ }}
http {{
  access_log off; client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/f; uwsgi_temp_path {work}/u; scgi_temp_path {work}/s;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3; client_max_body_size 0;
    {clients}
    location / {{ proxy_pass http://127.0.0.1:{to}; proxy_http_version 1.1; proxy_request_buffering off; proxy_set_header Host $http_host; }}
  }}
}}
"""


def openssl(*words):
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, f"openssl {' '.join(map(str, words))}: {done.stderr}"
    return done.stdout


class Authority:
    """A certification authority in a folder."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.certificate, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-subj", f"/CN={name}",
                "-keyout", self.key, "-out", self.certificate)
        (self.folder / "index").write_text("")
        (self.folder / "serial").write_text("01\n")
        self.settings = self.folder / "ca.cnf"
        self.settings.write_text(CA_SETTINGS.format(folder=self.folder))

    def issue(self, name, alternative="IP:127.0.0.1", begin="20200101000000Z", end="20400101000000Z"):
        """-> certificate, key"""
        key, request, certificate = (self.folder / f"{name}.{ending}" for ending in ("key", "csr", "pem"))
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-addext", f"subjectAltName={alternative}", "-keyout", key, "-out", request)
        openssl("ca", "-batch", "-config", self.settings, "-notext", "-cert", self.certificate, "-keyfile", self.key,
                "-startdate", begin, "-enddate", end, "-in", request, "-out", certificate)
        return certificate, key


def pin(certificate):
    """As `curl --pinnedpubkey` wants it."""
    public = openssl("x509", "-in", certificate, "-noout", "-pubkey")
    der = base64.b64decode("".join(public.split("-----")[2].split()))
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()


class Bench:
    def __init__(self, bin_directory, work):
        if not shutil.which("nginx"):
            raise Skip("nginx is not installed")
        self.bin, self.work = bin_directory, pathlib.Path(work)
        self.school = School(bin_directory, self.work)
        self.authority, self.stranger = Authority(self.work / "ca", "School"), Authority(self.work / "stranger", "Stranger")
        self.platform = self.school.platform(self.work / "platform").start()
        self.appliance = Appliance(bin_directory, self.work / "appliance", "", "--seconds", "8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.appliance.platform_url = f"https://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.appliance.end()
        self.platform.kill()

    @contextlib.contextmanager
    def server(self, certificate, key, clients=None):
        """nginx with that certificate; `clients`: the authority whose certificates it wants of them."""
        wanted = f"ssl_verify_client on; ssl_client_certificate {clients.certificate};" if clients else ""
        configuration = self.work / "nginx.conf"
        configuration.write_text(NGINX.format(work=self.work, port=self.port, to=self.platform.port, certificate=certificate, key=key, clients=wanted))
        nginx = subprocess.Popen(["nginx", "-c", configuration, "-e", self.work / "nginx.log"], stderr=subprocess.DEVNULL)
        try:
            wait_until("nginx", 30, self.answers)
            yield
        finally:
            nginx.send_signal(signal.SIGTERM)
            nginx.wait(timeout=30)

    def answers(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        return False

    def start(self, pins=(), client=None, authority=None):
        self.appliance.end()
        lines = ["[upload]", f'ca_file = "{(authority or self.authority).certificate}"']
        if pins:
            lines.append(f"pinned_keys = [{', '.join(map(repr, pins))}]".replace("'", '"'))
        if client:
            lines += [f'client_certificate = "{client[0]}"', f'client_key = "{client[1]}"']
        self.appliance.more_settings = "\n".join(lines) + "\n"
        self.appliance.start()

    def deliver(self, name):
        """A new package, all the way to its receipt."""
        submission = self.appliance.submit(self.appliance.cut(*name))
        wait_until("the receipt", 60, lambda: self.appliance.acknowledged(submission))
        prove_delivered(self.school, self.platform.directory, self.appliance.package(submission),
                        self.appliance.receipt(submission, self.work / "receipt.json"))

    def trouble(self, code, *words):
        """The line's error has that code, and the sentence those words."""
        line = wait_until(f"the error {code}", 60, lambda: self.line_with(code))
        for word in words:
            assert word in line["error"], line
        assert not (self.appliance.data / "enrolment.json").exists(), "it enrolled with whom it should not believe"

    def line_with(self, code):
        line = self.appliance.teacher.get("/api/upload")
        return line if line["code"] == code else None


def bench(bin_directory):
    stack = contextlib.ExitStack()
    work = stack.enter_context(tempfile.TemporaryDirectory(prefix="shilu-tls-"))
    try:
        one = stack.enter_context(Bench(bin_directory, work))
    except BaseException:
        stack.close()
        raise
    return stack, one


def check_all_of_it(bin_directory):
    """the school's CA, mutual TLS and two pins: delivered, also after the platform's key was changed for the spare one"""
    stack, one = bench(bin_directory)
    with stack:
        first, spare = one.authority.issue("first"), one.authority.issue("spare")
        client = one.authority.issue("device")
        with one.server(*first, clients=one.authority):
            one.start([pin(first[0]), pin(spare[0])], client)
            one.appliance.enrolled().add_papers()
            one.deliver((1000, 3000))
        with one.server(*spare, clients=one.authority):
            one.deliver((3000, 5000))


def check_wrong_pins(bin_directory):
    """a certificate that is trusted, but with a key that nobody pinned"""
    stack, one = bench(bin_directory)
    with stack:
        other = one.authority.issue("other")
        with one.server(*one.authority.issue("first")):
            one.start([pin(other[0]), pin(one.authority.certificate)])
            one.trouble("wrong-pin", "pinned")


def check_unknown_authority(bin_directory):
    """a certificate of somebody else's authority, and one for another name"""
    stack, one = bench(bin_directory)
    with stack:
        with one.server(*one.stranger.issue("server")):
            one.start()
            one.trouble("untrusted", "127.0.0.1")
        with one.server(*one.authority.issue("elsewhere", alternative="DNS:elsewhere.example")):
            one.start()
            one.trouble("untrusted", "127.0.0.1")


def check_out_of_time(bin_directory):
    """a certificate that has expired, and one that is not valid yet: perhaps our clock is wrong"""
    stack, one = bench(bin_directory)
    with stack:
        with one.server(*one.authority.issue("old", end="20210101000000Z")):
            one.start()
            one.trouble("clock", "clock")
        with one.server(*one.authority.issue("early", begin="20390101000000Z")):
            one.start()
            one.trouble("clock", "clock")


def check_our_certificate(bin_directory):
    """the platform wants a certificate of ours: none, one of another authority, one that has expired; then the right one"""
    stack, one = bench(bin_directory)
    with stack, one.server(*one.authority.issue("server"), clients=one.authority):
        one.start()
        one.trouble("our-certificate", "certificate")
        one.start(client=one.stranger.issue("device"))
        one.trouble("our-certificate", "certificate")
        one.start(client=one.authority.issue("old-device", end="20210101000000Z"))
        one.trouble("our-certificate", "certificate")
        one.start(client=one.authority.issue("device"))
        one.appliance.enrolled().add_papers()
        one.deliver((1000, 3000))


if __name__ == "__main__":
    run_checks([check_all_of_it, check_wrong_pins, check_unknown_authority, check_out_of_time, check_our_certificate], __doc__)
