"""For the tests of packages: lessons to pack, packages taken apart and put together, and telling what came out."""

import base64
import hashlib
import json
import pathlib
import subprocess
import zipfile

from openssl_dsse import signed

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = ROOT / "tests/data/documents"


class Teller:
    """Prints `ok NAME` or `not ok NAME: why` for each check; `failed` counts."""

    def __init__(self):
        self.failed = 0

    def check(self, name, condition, why=""):
        if condition:
            print(f"ok {name}", flush=True)
        else:
            self.failed += 1
            print(f"not ok {name}: {' '.join(str(why).split())[:600]}", flush=True)


def call(*command, **options):
    """A finished process with its output as text, whatever its exit code."""
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace",
                          timeout=300, **options)


def must(*command, **options):
    done = call(*command, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} gave {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


def public_key(keys, out):
    """The device's public key as openssl writes it."""
    must("openssl", "pkey", "-in", keys / "device.key", "-pubout", "-out", out)
    return out


def pack(shilu, lesson, keys, out, *more, clip="1.0-6.5"):
    """`shilu package` of one clip with lesson plan and reflection; the finished process."""
    return call(shilu, "package", "--lesson", lesson, "--clip", clip, "--point", "A6", "--teacher", "T001",
                "--document", f"教学设计={DOCUMENTS / 'lesson-plan.pdf'}", "--document", f"教学反思={DOCUMENTS / 'reflection.pdf'}",
                "--field", "学科=数学", "--keys", keys, "--out", out, *more)


class Package:
    """A package in pieces, by names inside the bag; the order of the zip is kept."""

    def __init__(self, file):
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            self.bag = names[0].split("/")[0]
            self.files = {name.split("/", 1)[1]: archive.read(name) for name in names}

    def write(self, out):
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            for name, data in self.files.items():
                archive.writestr(zipfile.ZipInfo(f"{self.bag}/{name}"), data)
        return out

    def json(self, name):
        return json.loads(self.files[name])

    def put_json(self, name, value):
        self.files[name] = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def fit_evidence(self):
        """Makes evidence.json and bag-info.txt speak of the files as they are now."""
        evidence = self.json("data/evidence.json")
        parts = [part for clip in evidence["clips"] for source in clip["sources"] for part in source["parts"]]
        for claim in evidence["documents"] + evidence["derived"] + parts:
            claim["sha256"] = hashlib.sha256(self.files[claim["file"]]).hexdigest()
            claim["size_bytes"] = len(self.files[claim["file"]])
        digests = {part["file"]: part["sha256"] for part in parts}
        for derivative in evidence["derived"]:
            origin = derivative["derived_from"]
            origin["sha256"] = digests.get(origin["file"], origin["sha256"])
        self.put_json("data/evidence.json", evidence)
        payload = [data for name, data in self.files.items() if name.startswith("data/")]
        before = self.files["bag-info.txt"].split(b"Payload-Oxum:")[0]
        self.files["bag-info.txt"] = before + b"Payload-Oxum: %d.%d\n" % (sum(map(len, payload)), len(payload))

    def fit_manifests(self):
        unlisted = {"manifest-sha256.txt", "tagmanifest-sha256.txt", "seal.json", "identity.box"}

        def manifest(names):
            lines = [f"{hashlib.sha256(self.files[name]).hexdigest()}  {name}\n" for name in sorted(names, key=str.encode)]
            return "".join(lines).encode()

        self.files["manifest-sha256.txt"] = manifest(name for name in self.files if name.startswith("data/"))
        self.bag = "evidence-" + hashlib.sha256(self.files["manifest-sha256.txt"]).hexdigest()[:16]
        tags = {name for name in self.files if not name.startswith("data/")} - unlisted | {"manifest-sha256.txt"}
        self.files["tagmanifest-sha256.txt"] = manifest(tags)

    def seal_again(self, seal_key):
        """As somebody who has the device's seal key: openssl signs."""
        self.fit_evidence()
        self.fit_manifests()
        envelope = self.json("seal.json")
        said = json.loads(base64.b64decode(envelope["payload"]))
        said["name"] = self.bag
        said["tagmanifest_sha256"] = hashlib.sha256(self.files["tagmanifest-sha256.txt"]).hexdigest()
        self.files["seal.json"] = signed(envelope["payloadType"], said, seal_key).encode()
