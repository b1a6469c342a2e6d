"""The real shilu-platform as a child of a test, and devices that talk to it. Standard library only."""

import base64
import hashlib
import http.client
import json
import os
import pathlib
import select
import signal
import subprocess
import time

from openssl_dsse import key_id, openssl, signed

ROOT = pathlib.Path(__file__).resolve().parents[2]
PINS = {"E01": "314159", "E02": "271828", "E03": "161803"}


class Platform:
    def __init__(self, bin_directory, work, *options):
        self.work = pathlib.Path(work)
        self.directory = self.work / "platform"
        (self.work / "www").mkdir(parents=True, exist_ok=True)
        (self.work / "www" / "index.html").write_text("<!doctype html>")
        accounts = {"assessors": [{"id": i, "name": i, "pin": pin} for i, pin in PINS.items()]}
        (self.work / "accounts.json").write_text(json.dumps(accounts))
        self.command = [str(pathlib.Path(bin_directory) / "shilu-platform"), "--directory", str(self.directory), "--port", "0",
                        "--accounts", str(self.work / "accounts.json"),
                        "--catalogue", str(ROOT / "config/catalogues/ability-points-2.0.json"),
                        "--www", str(self.work / "www"), "--claim", "CLAIM", *options]
        self.process = None

    def start(self):
        self.log = open(self.work / "platform.log", "a")
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            raise RuntimeError("the platform did not say its port: " + (self.work / "platform.log").read_text()[-500:])
        self.port = json.loads(line)["port"]
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        """In good order -> the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.kill()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def request(self, method, path, body=b"", headers=None):
        """-> status, headers with lower-case names, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def enrol(self, name="room"):
        key = self.work / f"{name}.key"
        if not key.exists():
            openssl("genpkey", "-algorithm", "ed25519", "-out", key)
        nonce = json.loads(self.request("GET", "/api/v1/platform/nonce")[2])
        proof = signed("application/vnd.shilu.enrolment+json", {"format": "shilu-enrolment/1", "device_id": "d-" + key_id(key)[len("sha256:"):][:16],
                                                                "name": name, "claim": "CLAIM", "nonce": nonce}, key)
        body = json.dumps({"device_key_pem": openssl("pkey", "-in", key, "-pubout").decode(), "name": name, "claim": "CLAIM",
                           "proof": json.loads(proof)}).encode()
        status, _, answer = self.request("POST", "/api/v1/devices", body)
        if status != 201:
            raise RuntimeError(f"enrolment: {status} {answer}")
        return Device(self, json.loads(answer)["token"])


class Device:
    def __init__(self, platform, token):
        self.platform = platform
        self.token = token

    def headers(self, **more):
        return {"Authorization": f"Bearer {self.token}", "Tus-Resumable": "1.0.0",
                **{k.replace("_", "-"): v for k, v in more.items()}}

    def create(self, size, sha256=None):
        more = {"Upload_Length": str(size)}
        if sha256:
            more["Upload_Metadata"] = "package_sha256 " + base64.b64encode(sha256.encode()).decode()
        status, headers, body = self.platform.request("POST", "/files", headers=self.headers(**more))
        if status != 201:
            raise RuntimeError(f"creation: {status} {body}")
        return headers["location"]

    def offset(self, path):
        status, headers, _ = self.platform.request("HEAD", path, headers=self.headers())
        return int(headers["upload-offset"]) if status == 200 else status

    def patch_headers(self, offset, length):
        return self.headers(Upload_Offset=str(offset), Content_Length=str(length), Content_Type="application/offset+octet-stream")

    def patch(self, path, offset, body):
        return self.platform.request("PATCH", path, body, self.patch_headers(offset, len(body)))

    def state(self, sha256):
        status, _, body = self.platform.request("GET", f"/api/v1/submissions/{sha256}", headers=self.headers())
        return json.loads(body) if status == 200 else status

    def final_state(self, sha256, within=60):
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            state = self.state(sha256)
            if isinstance(state, int) or state["state"] in ("acknowledged", "rejected"):
                return state
            time.sleep(0.02)
        raise RuntimeError(f"no final state within {within} s: {state}")


def random_file(path, size):
    path.write_bytes(os.urandom(size))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run_checks(checks, describe=str):
    """Prints `ok NAME` or `not ok NAME: why` for each -> exit code. A check's name is its docstring's first line."""
    failed = 0
    for check in checks:
        name = check.__doc__.splitlines()[0]
        try:
            told = check()
        except Exception as error:  # noqa: BLE001 - whatever went wrong is what people read
            failed += 1
            print(f"not ok {name}: {type(error).__name__}: {describe(error)}", flush=True)
        else:
            print(f"ok {name}" + (f" ({told})" if told else ""), flush=True)
    return 1 if failed else 0
