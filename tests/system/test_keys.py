#!/usr/bin/env python3
"""Keys, device log and trusted time on the device's side: real recorder, shilud, platform, and a time stamp authority."""

import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from appliance import TEACHER, Appliance  # noqa: E402
from checks import Skip, run_checks  # noqa: E402
from demo_client import CallFailed, Peer, wait_until  # noqa: E402
from evidence_tools import call, must, public_key  # noqa: E402
from platform_process import ROOT, Platform  # noqa: E402
from recorder_process import Camera  # noqa: E402
from time_stamp_authority import TimeStampAuthority  # noqa: E402

KEYS_OF_FILES = ["device.key", "recording.key", "seal.key"]


class School(Appliance):
    """A device from its first boot on: recorder and shilud on one configuration, and its platform."""

    def __init__(self, programs, work, platform, camera, authority, tpm=""):
        self.bin, self.work, self.platform, self.camera, self.authority, self.tpm = programs, work, platform, camera, authority, tpm
        self.data, self.keys = work / "device", work / "device" / "keys"
        self.data.mkdir()
        self.process = self.recorder = None
        self.port, self.platform_url = 0, platform.url
        (work / "teachers.json").write_text(json.dumps({"teachers": [TEACHER]}))
        (work / "www").mkdir(exist_ok=True)

    def write_settings(self):
        (self.work / "appliance.toml").write_text(
            f'device_name = "room"\ndata_directory = "{self.data}"\nruntime_directory = "{self.work}/run"\nreserve_mb = 1\n'
            f'[[source]]\nname = "room"\nurl = "rtsp://127.0.0.1:{self.camera.port}/desk"\n'
            f'[web]\naddress = "127.0.0.1"\nport = {self.port}\n'
            f'[programme]\nid = "cn-moe-2.0"\ncatalogue = "{ROOT}/config/catalogues/ability-points-2.0.json"\n'
            + (f'[keys]\ntpm = "{self.tpm}"\n' if self.tpm else "") + f'[time]\nserver = "{self.authority.url}"\n'
            f'[platform]\nurl = "{self.platform_url}"\nclaim = "CLAIM"\n')

    def start(self):
        """Both programs at once, as at a boot."""
        self.write_settings()
        with open(self.work / "recorder.log", "a") as log:
            self.recorder = subprocess.Popen([self.bin / "shilu-recorder", "--config", self.work / "appliance.toml"], stdout=log, stderr=log)
        self.log = open(self.work / "shilud.log", "a")
        self.process = subprocess.Popen([self.bin / "shilud", "--config", self.work / "appliance.toml", "--accounts", self.work / "teachers.json"],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("shilud did not say its port: " + (self.work / "shilud.log").read_text()[-500:])
        self.port = json.loads(line)["port"]
        self.teacher = Peer(f"http://127.0.0.1:{self.port}")
        self.enrolled()
        return self

    def sign_in(self):
        self.teacher.sign_in("/api/session", teacher=TEACHER["id"], pin=TEACHER["pin"])

    def end(self):
        for process in (self.process, self.recorder):
            if process and process.poll() is None:
                process.terminate()
                process.wait(timeout=30)
        if self.process:
            self.process.stdout.close()
            self.log.close()
        self.process = self.recorder = None

    @contextlib.contextmanager
    def switched_off(self):
        self.end()
        yield
        self.start()
        self.sign_in()

    def record(self, seconds=5):
        wait_until("the camera", 60, lambda: [(s["state"], bool(s["tracks"])) for s in self.teacher.get("/api/state")["sources"]] == [("live", True)])
        self.lesson = self.teacher.post("/api/recording", {"subject": "数学", "class_name": "八(2)班", "topic": "勾股定理"})["lesson_id"]
        wait_until("bytes on disk", 60, lambda: self.durable_ms() >= seconds * 1000)
        self.teacher.call("DELETE", "/api/recording")
        self.folder = self.data / "lessons" / self.lesson
        return self.lesson

    def durable_ms(self):
        return (self.teacher.get("/api/state")["lesson"] or {}).get("durable_ms", 0)

    def deliver(self, from_ms, to_ms):
        """A clip of the lesson, packed and sent -> the submission's last state."""
        self.submitted = self.submit(self.cut(from_ms, to_ms))
        return wait_until("an answer", 60, lambda: self.answered())

    def answered(self):
        now = self.submission(self.submitted)
        return now if now["state"] in ("acknowledged", "rejected", "failed") else None

    def file(self):
        return self.package(self.submitted)

    def events(self):
        return json.loads(must(self.bin / "shilu", "log", self.data / "device-log", "--json"))

    def operator(self):
        return Peer(self.platform.url, (self.platform.directory / "keys/operator.token").read_text().strip())

    def fleet(self):
        (device,) = self.operator().get("/api/v1/fleet/devices")["devices"]
        return device

    def shown_keys(self):
        return {key["key_id"]: key for key in self.fleet()["keys"]}

    def key_ids(self):
        return {key["role"]: key for key in json.loads(must(self.bin / "shilu", "keys", self.keys, "--json"))["keys"]}

    def verify(self, *options):
        """Facts of the last package by their names, as the command line tells them."""
        platform_key = self.work / "platform.pem"
        platform_key.write_text(json.loads((self.data / "enrolment.json").read_text())["receipt_key_pem"])
        told = json.loads(call(self.bin / "shilu", "verify", self.file(), "--json", "--platform-key", platform_key, "--trust", self.trusted,
                               "--time-stamp-roots", self.authority.root, *options).stdout)
        return {fact["fact"]: fact for fact in told["facts"]}

    def revocations(self):
        out = self.work / "revoked.json"
        out.write_bytes(Peer(self.platform.url).get("/api/v1/platform/revocations", raw=True))
        return out


@contextlib.contextmanager
def school(programs, tpm=""):
    with tempfile.TemporaryDirectory(prefix="shilu-keys-") as folder:
        work = pathlib.Path(folder)
        with TimeStampAuthority(work) as authority, Camera(programs, work, "--only", "desk") as camera:
            with Platform(programs, work, "--time-stamp-roots", str(authority.root)) as platform:
                device = School(programs, work, platform, camera, authority, tpm)
                try:
                    device.start()
                    yield device
                finally:
                    device.end()


def utc_now():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())


def modes(folder):
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


def levels(device):
    return {key["role"]: key["key_level"] for key in device.fleet()["keys"]}


def check_first_boot(programs):
    """the first boot makes the keys in files that only the service reads, and the platform knows all three"""
    with school(programs) as device:
        assert device.keys.stat().st_mode & 0o777 == 0o700, oct(device.keys.stat().st_mode)
        assert {name: modes(device.keys)[name] for name in KEYS_OF_FILES} == dict.fromkeys(KEYS_OF_FILES, 0o600), modes(device.keys)
        wait_until("the certificates at the platform", 60, lambda: len(device.fleet()["keys"]) == 3)
        assert levels(device) == {"device": "software", "recording": "software", "seal": "software"}, levels(device)
        made = {name: (device.keys / name).read_bytes() for name in KEYS_OF_FILES}
        with device.switched_off():
            pass
        assert {name: (device.keys / name).read_bytes() for name in KEYS_OF_FILES} == made, "another boot made other keys"
        events = [entry["event"] for entry in device.events()["entries"]]
        assert events.count("boot") == 1 and events.count("restart") == 1, events


def check_between(programs):
    """a package says between when and when it was made, openssl says the same, and the log says what happened"""
    with school(programs) as device:
        before = utc_now()
        try:
            device.teacher.post("/api/session", {"teacher": TEACHER["id"], "pin": "000000"})
            raise AssertionError("a wrong PIN signs in")
        except CallFailed as failed:
            assert "403" in str(failed), failed
        device.sign_in()
        wait_until("the platform to know the keys, and so a nonce to be here", 60, lambda: len(device.fleet()["keys"]) == 3)
        device.record()
        device.trusted = public_key(device.keys, device.work / "trusted.pem")
        device.add_papers()
        told = device.deliver(500, 4000)
        assert told["state"] == "acknowledged", told
        stamp = wait_until("a time stamp beside the package", 60, lambda: next(device.file().parent.glob("*.tsr"), None))
        wait_until("the time stamp at the platform", 60, lambda: any(device.platform.directory.rglob("*.tsr")))
        facts = device.verify()
        assert facts["time"]["value"] == "bounded", facts["time"]
        lower, upper = facts["time"]["detail"].removeprefix("between ").split(" and ")
        assert "nonce of Shilu" in lower and "time stamp of CN=School TSA" in upper, facts["time"]
        assert before <= lower < upper and upper[:19] <= utc_now(), (before, lower, upper)
        assert all(not fact["bad"] for fact in facts.values()), facts
        assert openssl_accepts(device, stamp), "openssl ts refuses the time stamp"
        check_log_of_a_day(device)


def openssl_accepts(device, stamp):
    seal = device.work / "seal.json"
    names = must("unzip", "-Z1", device.file()).split()
    seal.write_bytes(subprocess.run(["unzip", "-p", device.file(), next(n for n in names if n.endswith("/seal.json"))],
                                    check=True, capture_output=True).stdout)
    return call("openssl", "ts", "-verify", "-in", stamp, "-data", seal, "-CAfile", device.authority.root).returncode == 0


def check_log_of_a_day(device):
    wait_until("the receipt in the log", 30, lambda: any(e["event"] == "receipt" for e in device.events()["entries"]))
    report = device.events()
    events = [entry["event"] for entry in report["entries"]]
    steps = ["boot", "sign-in-failed", "sign-in", "start", "stop", "clip", "package", "upload", "receipt"]
    assert [events.index(step) for step in steps] == sorted(events.index(step) for step in steps), events
    assert events.count("edit") == 2, events  # two documents
    text = (device.data / "device-log" / "journal").read_bytes()
    assert TEACHER["id"].encode() not in text and TEACHER["name"].encode() not in text, "the log names the teacher"
    wait_until("the platform to have seen it", 30, lambda: device.fleet()["log"]["tree_size"] == device.events()["leaves"])
    assert device.fleet()["log"]["state"] == "consistent", device.fleet()["log"]


def rotate(device, role):
    with device.switched_off():
        must(device.bin / "shilu", "keys", device.keys, "--rotate", role)


def check_rotation(programs):
    """keys are changed: the platform learns the new ones, and takes what old and new keys sign; the device stays known by its first key"""
    with school(programs) as device:
        device.trusted = public_key(device.keys, device.work / "trusted.pem")
        device.sign_in()
        device.record(8)
        device.add_papers()
        old = device.key_ids()
        for role in ("seal", "recording", "device"):
            rotate(device, role)
            new = device.key_ids()
            ids = {key["key_id"] for key in new.values()}
            wait_until(f"the platform to know the keys after {role} changed", 60, lambda ids=ids: ids <= set(device.shown_keys()))
            told = device.deliver(500, 4000 + 500 * len(ids))
            assert told["state"] == "acknowledged", (role, told)
            facts = device.verify()
            assert facts["device"]["value"] == "known" and facts["seal"]["value"] == "valid", (role, facts["device"], facts["seal"])
        assert old["seal"]["key_id"] != new["seal"]["key_id"] and old["recording"]["key_id"] != new["recording"]["key_id"], (old, new)
        device.record(4)  # by the new keys
        device.add_papers()
        told = device.deliver(500, 3000)
        assert told["state"] == "acknowledged", told
        assert device.verify()["device"]["value"] == "known", device.verify()["device"]
        assert device.fleet()["log"]["state"] == "consistent", device.fleet()["log"]
        assert device.events()["findings"] == [] and [e["event"] for e in device.events()["entries"]].count("key") >= 2, device.events()


def check_revocation(programs):
    """a revoked seal key: what it sealed before stays good by its time stamp, what it seals afterwards is refused, and a new key is taken"""
    with school(programs) as device:
        device.trusted = public_key(device.keys, device.work / "trusted.pem")
        device.sign_in()
        device.record(8)
        device.add_papers()
        assert device.deliver(500, 4000)["state"] == "acknowledged"
        wait_until("a time stamp", 60, lambda: next(device.file().parent.glob("*.tsr"), None))
        wait_until("a moment after the stamp", 10, lambda began=time.monotonic(): time.monotonic() > began + 2)  # it tells whole seconds
        seal_key = device.key_ids()["seal"]["key_id"]
        device.operator().post("/api/v1/fleet/revocations", {"key_id": seal_key, "reason": "stolen"})
        revoked = device.revocations()
        assert device.verify("--revoked", revoked)["revocation"]["value"] == "before-revocation", device.verify("--revoked", revoked)["revocation"]
        alone = json.loads(call(device.bin / "shilu", "verify", shutil.copy(device.file(), device.work / "alone.zip"), "--json", "--platform-key",
                                device.work / "platform.pem", "--revoked", revoked).stdout)
        values = {fact["fact"]: fact["value"] for fact in alone["facts"]}
        assert values["revocation"] == "before-revocation-asserted", values
        told = device.deliver(500, 5000)
        assert told["state"] == "rejected" and told["reasons"][0]["code"] == "key-revoked", told
        assert device.verify("--revoked", revoked)["revocation"]["value"] == "revoked"
        rotate(device, "seal")
        assert device.shown_keys()[seal_key]["revoked_utc"], device.fleet()
        wait_until("the new key at the platform", 60, lambda: device.key_ids()["seal"]["key_id"] in device.shown_keys())
        told = device.deliver(500, 6000)
        assert told["state"] == "acknowledged", told


def check_rolled_back(programs):
    """a device that is set back to an old image is an alarm at the platform, and refused until somebody has looked"""
    with school(programs) as device:
        device.sign_in()
        device.record(4)
        device.add_papers()
        with device.switched_off():
            shutil.copytree(device.data, device.work / "image")
        assert device.deliver(500, 3000)["state"] == "acknowledged"
        leaves = device.events()["leaves"]
        wait_until("the platform to have seen the log", 60, lambda: device.fleet()["log"]["tree_size"] >= leaves)
        with device.switched_off():
            shutil.rmtree(device.data)
            shutil.copytree(device.work / "image", device.data)
        alarm = wait_until("the alarm", 60, lambda: device.fleet()["log"] if device.fleet()["log"]["state"] != "consistent" else None)
        assert alarm["state"] in ("rolled-back", "forked") and alarm["detail"].startswith("the device's log"), alarm
        wait_until("shilud to tell it", 30, lambda: f"log {alarm['state']}" in (device.work / "shilud.log").read_text())
        told = device.deliver(500, 3500)
        assert told["state"] == "rejected" and told["reasons"][0]["code"] == "device-log", told
        device.operator().post(f"/api/v1/fleet/devices/{device.fleet()['device_id']}/accept-log")
        assert device.fleet()["log"]["state"] == "consistent", device.fleet()["log"]
        assert device.deliver(500, 3800)["state"] == "acknowledged"


@contextlib.contextmanager
def software_tpm():
    """-> its TCTI."""
    modules = pathlib.Path(must("openssl", "version", "-m").split('"')[1])
    if not (modules / "tpm2.so").exists():
        raise Skip("OpenSSL's provider tpm2 is not installed (tpm2-openssl)")
    if shutil.which("swtpm") is None:
        raise Skip("swtpm is not installed")
    with tempfile.TemporaryDirectory(prefix="shilu-tpm-") as folder:
        path = pathlib.Path(folder) / "s"
        process = subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--server", f"type=unixio,path={path}", "--ctrl",
                                    f"type=unixio,path={path}.ctrl", "--flags", "not-need-init,startup-clear"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until("the TPM", 20, lambda: answers(path) and answers(f"{path}.ctrl"))
            yield f"swtpm:path={path}"
        finally:
            process.terminate()
            process.wait()


def answers(path):
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.connect(str(path))
        return True
    return False


def check_hardware(programs):
    """with a TPM the keys are made in it, no file holds one, and platform and verification say hardware"""
    with software_tpm() as tcti, school(programs, tcti) as device:
        for name in KEYS_OF_FILES:
            text = (device.keys / name).read_text()
            assert "TSS2 PRIVATE KEY" in text and modes(device.keys)[name] == 0o600, text
            assert call("openssl", "pkey", "-in", device.keys / name, "-noout").returncode != 0, f"{name} is a key without the TPM"
        wait_until("the certificates at the platform", 60, lambda: len(device.fleet()["keys"]) == 3)
        assert set(levels(device).values()) == {"hardware"}, levels(device)
        told = json.loads(must(device.bin / "shilu", "keys", device.keys, "--tpm", tcti, "--json"))
        device.trusted = device.work / "trusted.pem"
        device.trusted.write_text(told["device_key_pem"])
        device.sign_in()
        device.record(12)  # and so over a checkpoint
        device.add_papers()
        assert device.deliver(500, 9000)["state"] == "acknowledged"
        facts = device.verify()
        assert facts["key-level"]["value"] == "hardware" and facts["device"]["value"] == "known", facts
        assert all(not fact["bad"] for fact in facts.values()), facts
        assert facts["recording"]["value"] == "signed" and facts["seal"]["value"] == "valid", facts


if __name__ == "__main__":
    run_checks([check_first_boot, check_between, check_rotation, check_revocation, check_rolled_back, check_hardware], __doc__)
