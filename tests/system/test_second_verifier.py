#!/usr/bin/env python3
"""tests/reader/package_reader.py, written from docs/ref alone, and `shilu verify` agree on good and on forged packages."""

import argparse
import base64
import json
import pathlib
import random
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True

from evidence_tools import ROOT, Package, Teller, call, must, pack, public_key  # noqa: E402
from test_verify_by_hand import change_clip, cut_clip, drop_record  # noqa: E402

sys.path.insert(0, str(ROOT / "tests/reader"))
import package_reader  # noqa: E402
import package_zip  # noqa: E402


def write_canonical(package, out):
    """In the one structure that a package may have, so that only the contents are at fault."""
    data, entries = b"", []
    for name, content in package.files.items():
        entry = package_zip.Entry(f"{package.bag}/{name}".encode(), len(content), zlib.crc32(content), len(data), 0)
        entries.append(entry)
        data += package_zip.local_header(entry) + content
    out.write_bytes(data + package_zip.end_of(entries, len(data)))
    return out


def facts_of(shilu, file, device):
    return json.loads(call(shilu, "verify", file, "--trust", device, "--json").stdout)["facts"]


def agree_on_gaps(shilu, file, device):
    told = any(fact["value"] == "whole-with-declared-gaps" for fact in facts_of(shilu, file, device))
    return told == bool(package_reader.verify(file.read_bytes(), package_reader.read_trust(device))["gaps"])


def opinions(shilu, file, device):
    """(facts that shilu refutes, facts that the second verifier refutes, both in words)"""
    facts = [fact for fact in facts_of(shilu, file, device) if fact["bad"]]
    theirs = package_reader.verify(file.read_bytes(), package_reader.read_trust(device))["refuted"]
    return {fact["fact"] for fact in facts}, set(theirs), f"shilu: {facts} second: {theirs}"


def swap_teacher(package):
    evidence = package.json("data/evidence.json")
    evidence["teacher"] = {"pseudonym": "t-0123456789abcdef", "binding": "signed-in"}
    package.put_json("data/evidence.json", evidence)


def move_border(package):
    evidence = package.json("data/evidence.json")
    for claim in [evidence["clips"][0]] + [source["parts"][0] for source in evidence["clips"][0]["sources"]]:
        claim["to_ms"] -= 1
    package.put_json("data/evidence.json", evidence)


def bend_path(package):
    proof = package.json("proof/clip-1.json")
    path = proof["lesson_path"][0]
    proof["lesson_path"][0] = ("0" if path[0] != "0" else "1") + path[1:]
    package.put_json("proof/clip-1.json", proof)


def forget_sound(package):
    """The epochs of the sound are left out, so that nobody knows it should be there."""
    proof = package.json("proof/clip-1.json")
    proof["epochs"] = [epoch for epoch in proof["epochs"] if b'"room.video"' in base64.b64decode(epoch["record"])]
    package.put_json("proof/clip-1.json", proof)


def add_mark(package):
    package.files["data/marks.vtt"] += (b"\n5b0a5e4c-52a1-4c54-9c1b-6b6f3d0d2a02\n00:00:00.000 --> 00:00:01.000\n"
                                        b'{"at_ms":500,"point":"A1"}\n')


def pose_as_original(package):
    """What was made of the clip takes its place."""
    package.files["data/clips/clip-1/room.mp4"] = package.files["data/derived/derived-1.mp4"]


def lie_about_origin(package):
    evidence = package.json("data/evidence.json")
    evidence["derived"][0]["derived_from"]["file"] = "data/clips/clip-9/room.mp4"
    package.put_json("data/evidence.json", evidence)


def bend_note(package):
    name = "data/annotations.jsonld"
    package.files[name] = package.files[name].replace(b'"t=', b'"t=9')


def check_good(teller, shilu, fixture, folder):
    lessons = {"plain": [], "board": ["--board"], "hole": ["--hole", "4000", "6000"], "late": ["--starts", "700"],
               "early": ["--starts", "-1500"], "silent": ["--no-sound"], "unseen": ["--no-picture"],
               "marked": ["--mark", "3000", "A6", "--mark", "9000", "A1"], "wider": ["--wider", "4500", "--wider", "8000"]}
    ranges = ["0-12", "1.3-7.04", "2-4", "3.999-4.001", "5-5.5", "7.9-12", "0.1-0.9", "0-5.2"]
    derivative = folder / "blurred.mp4"
    derivative.write_bytes(b"\0\0\0\x18ftypisom0000isomiso2 re-encoded")
    for name, options in lessons.items():
        must(fixture, folder / name / "lesson", "--seconds", "12", *options)
        keys = folder / name / "keys"
        device = public_key(keys, folder / name / "device.pem")
        disagreements, packed = [], 0
        for number, clip in enumerate(ranges):
            out = folder / name / f"{number}.zip"
            first = clip.split("-")[0]
            if pack(shilu, folder / name / "lesson", keys, out, "--note", f"{first}=从这里看", "--derivative", derivative,
                    "--derived-from", "clip-1", "--recipe", "blurred", clip=clip).returncode != 0:
                continue  # nothing was recorded there
            packed += 1
            ours, theirs, words = opinions(shilu, out, device)
            if ours or theirs:
                disagreements.append(f"{clip}: {words}")
            if not agree_on_gaps(shilu, out, device):
                disagreements.append(f"{clip}: only one of them tells of a gap")
        teller.check(f"both accept every clip of the lesson \"{name}\"", packed >= 6 and not disagreements,
                     f"{packed} packed; {'; '.join(disagreements)}")


def check_forged(teller, shilu, folder):
    keys, device, good = folder / "hole/keys", folder / "hole/device.pem", folder / "hole/0.zip"
    for name, forge, fact in [("a fragment cut out", cut_clip, "continuity"), ("a bit of the clip", change_clip, "continuity"),
                              ("a border moved by 1 ms", move_border, "continuity"), ("a record dropped", drop_record, "recording"),
                              ("a bent audit path", bend_path, "recording"), ("the sound forgotten", forget_sound, "recording"),
                              ("another teacher", swap_teacher, "teacher"), ("an invented mark", add_mark, "marks"),
                              ("a derivative in the clip's place", pose_as_original, "continuity"),
                              ("a derivative of something else", lie_about_origin, "contents"), ("a bent note", bend_note, "contents")]:
        package = Package(good)
        forge(package)
        package.seal_again(keys / "seal.key")
        ours, theirs, words = opinions(shilu, write_canonical(package, folder / "forged.zip"), device)
        teller.check(f"both refute {fact} for {name}, sealed again", ours == theirs == {fact}, words)
    other = Package(folder / "plain/0.zip")
    package = Package(good)
    package.files["seal.json"] = other.files["seal.json"]
    ours, theirs, words = opinions(shilu, write_canonical(package, folder / "forged.zip"), device)
    teller.check("both refute another package's seal", "seal" in ours and "seal" in theirs, words)


def check_flips(teller, shilu, folder, count):
    """Bits all over a package; half of them where the structure and the proofs stand."""
    data = (folder / "hole/2.zip").read_bytes()
    device = folder / "hole/device.pem"
    dice = random.Random(8493)
    disagreements = []
    for number in range(count):
        place = dice.randrange(len(data)) if number % 2 else dice.choice([dice.randrange(4000), len(data) - 1 - dice.randrange(4000)])
        bad = bytearray(data)
        bad[place] ^= 1 << dice.randrange(8)
        (folder / "flipped.zip").write_bytes(bad)
        ours, theirs, words = opinions(shilu, folder / "flipped.zip", device)
        if not ours or not theirs or ("structure" in ours) != ("structure" in theirs):
            disagreements.append(f"byte {place}: {words}")
    teller.check(f"both refute {count} flipped bits, and agree on the structure", not disagreements, "; ".join(disagreements))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True, type=pathlib.Path)
    parser.add_argument("--flips", type=int, default=80)
    options = parser.parse_args()
    shilu, fixture = options.bin.resolve() / "shilu", options.bin.resolve() / "shilu-fixture-lesson"
    if not fixture.exists():
        print("skip a second verifier: shilu-fixture-lesson is not built")
        return 0
    teller = Teller()
    with tempfile.TemporaryDirectory(prefix="shilu-second-") as name:
        folder = pathlib.Path(name)
        check_good(teller, shilu, fixture, folder)
        check_forged(teller, shilu, folder)
        check_flips(teller, shilu, folder, options.flips)
    return 1 if teller.failed else 0


if __name__ == "__main__":
    sys.exit(main())
