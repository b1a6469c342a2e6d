"""Valid packages of any size, the device that packed them, and the proof that one has arrived. Standard library only."""

import json
import os
import pathlib
import shutil
import subprocess

import outside_proofs
from demo_client import run, wait_until
from evidence_tools import DOCUMENTS, call, must
from platform_process import Platform

LARGEST_DOCUMENT = 50_000_000
CLAIM = "CLAIM"


def filler_document(path, size):
    """A PDF by its first and last words; what is between compresses and repeats as little as a film."""
    head, tail = b"%PDF-1.4\n", b"\n%%EOF\n"
    with open(path, "wb") as out:
        out.write(head)
        left = size - len(head) - len(tail)
        while left > 0:
            left -= out.write(os.urandom(min(left, 1 << 20)))
        out.write(tail)
    return path


class School:
    """One device with a lesson, and the keys of one platform. Every platform() is a new one that has those keys, so that the
    same package can be delivered to each."""

    def __init__(self, bin_directory, work):
        self.bin = pathlib.Path(bin_directory)
        self.work = pathlib.Path(work)
        self.lesson, self.keys = self.work / "lesson", self.work / "keys"
        must(self.bin / "shilu-fixture-lesson", self.lesson, "--seconds", "8")
        with Platform(self.bin, self.work / "first") as first:
            self.identity_key = json.loads(first.request("GET", "/api/v1/platform")[2])["identity_key"]
            self.platform_keys = self.work / "platform-keys"
            shutil.copytree(first.directory / "keys", self.platform_keys)
        self.receipt_key = run("openssl", "pkey", "-in", str(self.platform_keys / "receipt.key"), "-pubout")

    def package(self, name, size):
        """A package of at least that many bytes, and hardly more."""
        documents = []
        while size > 0:
            part = min(size, LARGEST_DOCUMENT)
            document = filler_document(self.work / f"{name}-{len(documents)}.pdf", part)
            documents += ["--document", f"资料{len(documents)}={document}"]
            size -= part
        package = self.work / f"{name}.zip"
        made = call(self.bin / "shilu", "package", "--lesson", self.lesson, "--clip", "1.0-3.0", "--point", "A6",
                    "--teacher", "T001", "--document", f"教学设计={DOCUMENTS / 'lesson-plan.pdf'}",
                    "--document", f"教学反思={DOCUMENTS / 'reflection.pdf'}", *documents[:], "--platform-key", self.identity_key,
                    "--keys", self.keys, "--out", package)
        for document in documents[1::2]:
            pathlib.Path(document.split("=", 1)[1]).unlink()
        if made.returncode != 0:
            raise RuntimeError(f"no package: {made.stderr}")
        return package

    def platform(self, work, *options):
        platform = Platform(self.bin, work, "--address", "0.0.0.0", "--reserve", "0", *options)
        platform.directory.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.platform_keys, platform.directory / "keys")
        return platform

    def submission(self, package, work, url, *options):
        """A `shilu submit` of a device of its own state: its command, and the package it is about."""
        work = pathlib.Path(work)
        shutil.copytree(self.keys, work / "keys", dirs_exist_ok=True)
        mine = work / "package.zip"
        if not mine.exists():
            os.link(package, mine)
        return mine, [self.bin / "shilu", "submit", mine, "--to", url, "--claim", CLAIM, "--keys", work / "keys",
                      "--point", "A6", "--tries", "1000", "--json", *options]


def digest(file):
    return run("sha256sum", str(file)).split()[0]


def prove_delivered(school, platform_directory, package, receipt_file=None, others=False):
    """By sha256sum and openssl: the platform stores the very same bytes, and its receipt says so. Unless there are `others` under way, nothing is left of an upload."""
    sha256 = digest(package)
    stored = pathlib.Path(platform_directory) / "packages" / f"{sha256}.zip"
    assert stored.exists(), "the platform has no such package"
    assert digest(stored) == sha256, "the platform stores other bytes"
    envelope = json.loads(pathlib.Path(receipt_file or f"{package}.receipt.json").read_text())
    assert outside_proofs.openssl_verifies(envelope, school.receipt_key), "openssl refuses the receipt"
    said = json.loads(outside_proofs.pae(envelope)[1])
    assert said["package_sha256"] == sha256 and said["size_bytes"] == package.stat().st_size, said
    leftover = [f.name for f in (pathlib.Path(platform_directory) / "uploads").iterdir() if f.stat().st_size > 0]
    assert others or not leftover, f"left over: {leftover}"


def arrived_bytes(platform_directory):
    """Of the upload under way. Looks at the file: asking for the offset would end the writer."""
    sizes = [f.stat().st_size for f in (pathlib.Path(platform_directory) / "uploads").glob("*") if f.is_file()]
    return max(sizes, default=0)


def wait_for_bytes(platform_directory, least, process, within=120):
    def look():
        assert process.poll() is None, f"the sender ended with {process.returncode} before {least} bytes came"
        return arrived_bytes(platform_directory) >= least

    wait_until(f"{least} bytes at the platform", within, look, 0.02)


def finish(process, within):
    """The sender's end, or an error with what it said last."""
    try:
        output, errors = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        process.kill()
        _, errors = process.communicate()
        raise RuntimeError(f"not delivered within {within:.0f} s; it said: {errors[-600:]}") from None
    if process.returncode != 0:
        raise RuntimeError(f"shilu submit gave {process.returncode}: {errors[-600:]}")
    return json.loads(output), errors
