#!/usr/bin/env python3
"""Runs the code blocks of docs/ref/verify-by-hand.md, just as they stand, on a good package and on forged ones."""

import argparse
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from evidence_tools import ROOT, Package, Teller, call, must, pack, public_key  # noqa: E402

PAGE = ROOT / "docs/ref/verify-by-hand.md"


def blocks_of(page):
    return re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.M | re.S)


def follow_page(package, device, folder):
    """The page's blocks in one shell, as a reader would type them; each tells when it is through."""
    folder.mkdir()
    (folder / "p.zip").write_bytes(package.read_bytes())
    (folder / "device.pem").write_bytes(device.read_bytes())
    script = "".join(f"{block}\necho '== block {number} done'\n" for number, block in enumerate(blocks_of(PAGE), 1))
    done = subprocess.run(["bash"], input=script, cwd=folder, capture_output=True, text=True, timeout=300)
    return done, [int(number) for number in re.findall(r"^== block (\d+) done$", done.stdout, re.M)]


def fragments(clip):
    """(start, end) of each moof + mdat inside the clip's mdat."""
    at = 0
    while clip[at + 4:at + 8] != b"mdat":
        at += struct.unpack(">I", clip[at:at + 4])[0]
    at += 16
    places = []
    while at < len(clip):
        start = at
        if clip[at + 4:at + 8] == b"moof":
            at += struct.unpack(">I", clip[at:at + 4])[0]
            places.append((start, at + struct.unpack(">I", clip[at:at + 4])[0]))
        at += struct.unpack(">I", clip[at:at + 4])[0]
    return places


def without_fragment(clip, index):
    start, end = fragments(clip)[index]
    head = fragments(clip)[0][0]
    shorter = clip[:start] + clip[end:]
    return shorter[:head - 8] + struct.pack(">Q", len(shorter) - head + 16) + shorter[head:]


def without_record(records, index):
    starts, at = [], 0
    while at < len(records):
        starts.append(at)
        at += 8 + struct.unpack(">I", records[at:at + 4])[0]
    starts.append(at)
    return records[:starts[index]] + records[starts[index + 1]:]


# Each forgery: what is done, and the block of the page that must stop it.
def swap_documents(package):
    names = ["data/documents/document-1.pdf", "data/documents/document-2.pdf"]
    package.files[names[0]], package.files[names[1]] = package.files[names[1]], package.files[names[0]]


def cut_clip(package):
    name = "data/clips/clip-1/room.mp4"
    package.files[name] = without_fragment(package.files[name], 3)


def change_clip(package):
    name = "data/clips/clip-1/room.mp4"
    clip = bytearray(package.files[name])
    clip[-100] ^= 1
    package.files[name] = bytes(clip)


def drop_record(package):
    name = "proof/clip-1.records"
    package.files[name] = without_record(package.files[name], 2)


def swap_identity(package):
    package.files["identity.box"] = b"of somebody else"


def add_file(package):
    package.files["data/more.txt"] = b"not in any manifest"


def forgeries(teller, good, keys, device, folder):
    for number, (name, forge, sealed, stopped_by) in enumerate([
            ("a swapped document", swap_documents, "no", 1),
            ("a file that no manifest lists", add_file, "no", 1),
            ("a swapped document with manifests that fit", swap_documents, "manifests", 3),
            ("a clip without one fragment, sealed again", cut_clip, "yes", 2),
            ("a clip with one bit changed, sealed again", change_clip, "yes", 2),
            ("a record left out, sealed again", drop_record, "yes", 2),
            ("another identity", swap_identity, "no", 3)]):
        package = Package(good)
        forge(package)
        if sealed == "manifests":
            package.fit_evidence()
            package.fit_manifests()
        if sealed == "yes":
            package.seal_again(keys / "seal.key")
        forged = package.write(folder / f"forged-{number}.zip")
        done, through = follow_page(forged, device, folder / f"forged-{number}")
        teller.check(f"the page stops {name} in block {stopped_by}",
                     done.returncode != 0 and through == list(range(1, stopped_by)),
                     f"blocks {through}, exit {done.returncode}: {done.stdout} {done.stderr}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    options = parser.parse_args()
    shilu, fixture = options.bin.resolve() / "shilu", options.bin.resolve() / "shilu-fixture-lesson"
    if not fixture.exists():
        print("skip a package is verified by hand: shilu-fixture-lesson is not built")
        return 0
    teller = Teller()
    with tempfile.TemporaryDirectory(prefix="shilu-by-hand-") as name:
        folder = pathlib.Path(name)
        script = re.search(r"<<'EOF'\n(.*?)^EOF$", PAGE.read_text(), re.M | re.S)[1]
        teller.check("the page's script has at most 60 lines of the standard library", len(script.splitlines()) <= 60
                     and re.findall(r"^(?:import|from) .*", script, re.M) == ["import base64, hashlib, json, struct, zlib"], script)
        must(fixture, folder / "lesson", "--seconds", "12", "--hole", "4000", "5000", "--wider", "9000", "--board")
        keys = folder / "keys"
        device = public_key(keys, folder / "device.pem")
        platform_key = folder / "platform.key"
        platform_key.write_text("3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=\n")  # RFC 7748, 6.1, Bob's
        packed = pack(shilu, folder / "lesson", keys, folder / "good.zip", "--clip", "8-12", "--platform-key", platform_key)
        teller.check("shilu packs the lesson", packed.returncode == 0, packed.stderr)
        done, through = follow_page(folder / "good.zip", device, folder / "good")
        teller.check("every block of the page accepts a good package", done.returncode == 0 and through == [1, 2, 3], done.stdout + done.stderr)
        teller.check("the page tells of the declared gap", "declared as missing: room.video" in done.stdout, done.stdout)
        seen = re.findall(r"^(\S+): \d+ fragments of (\d) tracks, as recorded, one after the other", done.stdout, re.M)
        teller.check("the page has seen both clips, both sources and the change of the camera's format",
                     seen == [(f"data/clips/clip-{name}.mp4", tracks) for name, tracks in
                              [("1/room", "2"), ("1/board", "1"), ("2/room", "2"), ("2/room.2", "2"), ("2/board", "1")]], done.stdout)
        withheld = Package(folder / "good.zip")
        del withheld.files["identity.box"]
        done, through = follow_page(withheld.write(folder / "withheld.zip"), device, folder / "withheld")
        teller.check("the page accepts a copy without the identity", done.returncode == 0, done.stdout + done.stderr)
        must("openssl", "genpkey", "-algorithm", "ed25519", "-out", folder / "other.key")
        must("openssl", "pkey", "-in", folder / "other.key", "-pubout", "-out", folder / "other.pem")
        done, through = follow_page(folder / "good.zip", folder / "other.pem", folder / "other")
        teller.check("the page stops a package of another device in block 3", done.returncode != 0 and through == [1, 2], done.stdout + done.stderr)
        forgeries(teller, folder / "good.zip", keys, device, folder)
    return 1 if teller.failed else 0


if __name__ == "__main__":
    sys.exit(main())
