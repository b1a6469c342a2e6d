#!/usr/bin/env python3
"""Packages that want something of their verifier: memory, time, a way out of its folder. The real `shilu verify` and the real
platform stand them: 200 MB at most, an end, exit code 1, words that help, nothing written.

The zips are made here, byte by byte. What needs signatures is made by shilu-hostile-packages (tests/evidence/), sealed by a
device of the attacker's own.
"""

import hashlib
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "reader")]

from checks import long_run, run_checks  # noqa: E402
from hostile_run import PEAK_BYTES, run_hostile  # noqa: E402
from package_zip import Entry, central_header, end_of, local_header  # noqa: E402
from platform_process import Platform  # noqa: E402

BAG = b"evidence-0123456789abcdef/"
# What each sealed package is refused with; the words are those of `shilu verify`.
SEALED = {
    "silence-of-years": ["continuity altered", "larger than may be"],
    "samples-up-to-the-limit": ["continuity altered"],
    "samples-beyond-the-limit": ["continuity altered", "more than 2500000 pictures and sounds"],
    "fragments-without-end": ["continuity altered|continuity cannot-check"],
    "records-of-256-tracks": ["continuity altered"],
    "records-of-60000-tracks": ["recording altered", "more than 256 tracks"],
    "records-without-end": ["recording altered"],
    "tree-of-2-to-the-63": ["recording altered"],
    "tree-of-2-to-the-63-less-1": ["recording altered"],
    "json-100000-deep": ["contents altered", "more than 64 levels deep"],
    "json-of-a-million-values": ["contents altered", "more than 500000 values"],
    "json-of-many-keys": ["contents altered"],
    "json-of-blanks": ["contents altered"],
    "lesson-of-blanks": ["recording altered"],
    "terminal-codes": ["contents altered"],
    "one-clip-10000-times": ["contents altered", "twice"],
    "box-of-size-0": ["continuity altered", "claims 0 bytes"],
    "box-of-size-7": ["continuity altered", "claims 7 bytes"],
    "box-of-4-gib": ["continuity altered", "claims 4294967295 bytes"],
    "box-of-16-eib": ["continuity altered", "claims 18446744073709551615 bytes"],
    "boxes-100000-deep": ["continuity altered"],
    "box-of-silence-that-is-none": ["continuity altered", "silence"],
}


class Zip:
    """Entries laid out as a package's; each may then be told wrongly, in its own header or in the directory."""

    def __init__(self):
        self.entries, self.data = [], b""

    def add(self, name, data, bag=BAG, **local_lies):
        entry = Entry(bag + name, len(data), zlib.crc32(data), len(self.data), 0)
        self.entries.append(entry)
        self.data += local_header(entry._replace(**local_lies)) + data
        return self

    def bytes(self):
        return self.data + end_of(self.entries, len(self.data))


def minimal(names=(b"bagit.txt", b"bag-info.txt", b"manifest-sha256.txt", b"tagmanifest-sha256.txt")):
    made = Zip()
    for name in names:
        made.add(name, b"text\n")
    return made


def verify(bin_folder, path):
    return run_hostile([bin_folder / "shilu", "verify", path])


def refused(bin_folder, content, *words):
    """A zip of these bytes, or of what `content` writes into a file, is told to be altered."""
    with tempfile.TemporaryDirectory() as work:
        path = pathlib.Path(work) / "hostile.zip"
        if callable(content):
            with open(path, "wb") as out:
                content(out)
        else:
            path.write_bytes(content)
        verify(bin_folder, path).expect(1, "structure altered", *words)
        assert [p.name for p in pathlib.Path(work).iterdir()] == ["hostile.zip"], "something was unpacked"


def check_bombs(bin_folder):
    """zip bombs: a deflated entry is refused, however small it is; a nested one is only bytes"""
    def deflated(out):
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bomb, bomb.open("bomb", "w", force_zip64=True) as entry:
            for _ in range(64):
                entry.write(bytes(1 << 20))

    refused(bin_folder, deflated, "byte 0")
    with tempfile.TemporaryFile() as bomb:
        deflated(bomb)
        bomb.seek(0)
        refused(bin_folder, Zip().add(b"data/documents/document-1.zip", bomb.read()).bytes(), "bagit.txt is missing")


def check_sizes(bin_folder):
    """declared sizes of 4 GiB and 2^63 bytes: held against the file"""
    for size in ((1 << 32) - 2, 1 << 32, 1 << 63, (1 << 64) - 1):
        made = Zip().add(b"bagit.txt", b"text\n", size=size)
        refused(bin_folder, made.bytes(), "claims more bytes than the file has")
    lying = Zip().add(b"bagit.txt", b"text\n")
    lying.entries[0] = lying.entries[0]._replace(size=1 << 63)
    refused(bin_folder, lying.bytes(), "directory|bytes follow the last file")


def check_entries(bin_folder):
    """100,000 entries: refused behind the 1,000th"""
    def many(out):
        offset = 0
        entries = []
        for i in range(100_000):
            entry = Entry(BAG + b"data/%d" % i, 0, 0, offset, 0)
            entries.append(entry)
            offset += out.write(local_header(entry))
        out.write(end_of(entries, offset))

    refused(bin_folder, many, "more than 1000 files")


def check_names(bin_folder):
    """names that lead out of the folder, or are no plain names: refused before anything is opened"""
    for name in (b"/etc/passwd", b"../../outside", b"data/../../outside", b"./bagit.txt", b"data//x", b"C:\\x", b"data\\..\\x", b"a\0b",
                 b"\x1b]0;gone\x07", b"data/", b"", "课.txt".encode(), b"n" * 201):
        refused(bin_folder, Zip().add(name, b"x", bag=b"").bytes(), "a file name that no package has|a local header that no package has")
    refused(bin_folder, Zip().add(b"bagit.txt", b"x", bag=b"elsewhere/").bytes(), "not inside a bag of ours")


def check_symlinks(bin_folder):
    """a symbolic link, a device and a folder are no regular files: the directory is not the canonical one"""
    for mode in (0o120777, 0o020666, 0o040755, 0o104755):
        made = minimal()
        directory = b"".join(map(central_header, made.entries)).replace(struct.pack("<I", 0x81A40000), struct.pack("<I", mode << 16), 1)
        refused(bin_folder, made.data + directory + end_of(made.entries, len(made.data))[len(directory):], "directory does not match")


def check_overlaps(bin_folder):
    """entries that overlap, or stand in the directory twice: refused"""
    made = minimal()
    made.entries[1] = made.entries[1]._replace(header=made.entries[0].header)
    refused(bin_folder, made.bytes(), "directory does not match")
    made = minimal()
    made.entries.append(made.entries[0])
    refused(bin_folder, made.bytes(), "bytes follow the last file")
    refused(bin_folder, minimal((b"bagit.txt", b"bagit.txt")).bytes(), "is there twice")
    inner = local_header(Entry(BAG + b"bag-info.txt", 5, zlib.crc32(b"text\n"), 0, 0)) + b"text\n"
    refused(bin_folder, Zip().add(b"bagit.txt", inner, size=5).bytes(), "directory|bytes follow|local header")


def check_mismatches(bin_folder):
    """local and central headers that disagree in name, size, check sum or place: refused at the byte"""
    for lie in ({"name": BAG + b"bagit.tx_"}, {"size": 4}, {"crc": 1}, {"header": 7}):
        made = minimal()
        made.entries[0] = made.entries[0]._replace(**lie)
        refused(bin_folder, made.bytes(), "directory does not match|bytes follow the last file", "byte ")
    refused(bin_folder, minimal().bytes() + b"behind", "bytes follow the last file")
    refused(bin_folder, b"before" + minimal().bytes(), "no zip file begins here")
    refused(bin_folder, minimal().bytes()[:-1], "bytes follow the last file")


def check_no_packages(bin_folder):
    """no package at all: empty, one byte, 4 GiB of zeros"""
    refused(bin_folder, b"", "no zip file begins here")
    refused(bin_folder, b"P", "no zip file begins here")
    if long_run():
        refused(bin_folder, lambda out: out.truncate(4 << 30), "no zip file begins here")


def sealed_packages(bin_folder, work):
    made = subprocess.run([bin_folder / "shilu-hostile-packages", work, "--blanks", "1024" if long_run() else "32"], check=True,
                          capture_output=True, text=True).stdout.split()
    assert sorted(made) == sorted(SEALED), f"not the packages that are known here: {sorted(set(made) ^ set(SEALED))}"
    return made


def check_sealed(bin_folder):
    """what an attacker's own device signed: each refuted for what it is, within bounds"""
    failures = []
    with tempfile.TemporaryDirectory() as work:
        for name in sealed_packages(bin_folder, work):
            try:
                verify(bin_folder, pathlib.Path(work) / f"{name}.zip").expect(1, "structure intact", "REFUTED", *SEALED[name])
            except AssertionError as error:
                failures.append(f"{name}: {error}")
    assert not failures, "; ".join(failures)


def upload(device, path):
    digest = hashlib.sha256()
    size = path.stat().st_size
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    where = device.create(size, digest.hexdigest())
    with open(path, "rb") as file:
        while block := file.read(8 << 20):
            status, _, body = device.patch(where, file.tell() - len(block), block)
            assert status in (200, 204), f"{path.name}: {status} {body[:200]}"
    return digest.hexdigest()


def peak_of(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024


def check_platform(bin_folder):
    """the platform takes them in, rejects each with a reason, stays small, and goes on"""
    with tempfile.TemporaryDirectory() as work, tempfile.TemporaryDirectory() as packages, Platform(bin_folder, work) as platform:
        device = platform.enrol()
        names = sealed_packages(bin_folder, packages)
        (pathlib.Path(packages) / "overlap.zip").write_bytes(minimal().bytes())
        for name in [*names, "overlap"]:
            digest = upload(device, pathlib.Path(packages) / f"{name}.zip")
            state = device.final_state(digest, within=300)
            assert state["state"] == "rejected" and state["reasons"], f"{name}: {state}"
        assert platform.process.poll() is None, "the platform ended"
        peak = peak_of(platform.process.pid)
        assert peak < PEAK_BYTES, f"the platform took {peak / 1e6:.0f} MB"
        assert platform.end() == 0


if __name__ == "__main__":
    run_checks([check_bombs, check_sizes, check_entries, check_names, check_symlinks, check_overlaps, check_mismatches, check_no_packages,
                check_sealed, check_platform], __doc__)
