#!/usr/bin/env python3
"""forge.py GOOD.zip KEYS OUT: attacked copies of a good package, one file each, for specs/verify-page.spec.ts.

Those called sealed-* were sealed again with the device's own seal key.
"""

import pathlib
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/system"))

from evidence_tools import Package  # noqa: E402
from test_second_verifier import (add_mark, bend_path, forget_sound, move_border, pose_as_original,  # noqa: E402
                                  swap_teacher, write_canonical)
from test_verify_by_hand import change_clip, cut_clip, drop_record, swap_documents  # noqa: E402


def strip_seal(package):
    del package.files["seal.json"]


def withhold_identity(package):
    del package.files["identity.box"]


def add_file(package):
    package.files["data/more.txt"] = b"more"
    head = [name for name in package.files if not name.startswith(("data/", "proof/"))]
    package.files = {name: package.files[name] for name in head + sorted(name for name in package.files if name not in head)}


def main():
    good, keys, out = map(pathlib.Path, sys.argv[1:])
    data = good.read_bytes()
    for name, place in [("bit-of-the-first-header", 9), ("bit-of-the-directory", len(data) - 40), ("bit-of-a-clip", len(data) // 2)]:
        bad = bytearray(data)
        bad[place] ^= 1
        (out / f"{name}.zip").write_bytes(bad)
    (out / "truncated.zip").write_bytes(data[:-1])
    (out / "zero-tail.zip").write_bytes(data + bytes(4096))
    (out / "no-zip.zip").write_bytes(b"hello")
    for forge in (strip_seal, withhold_identity, swap_documents, add_file):
        package = Package(good)
        forge(package)
        write_canonical(package, out / f"{forge.__name__}.zip")
    for forge in (cut_clip, change_clip, move_border, drop_record, bend_path, forget_sound, swap_teacher, add_mark, pose_as_original):
        package = Package(good)
        forge(package)
        package.seal_again(keys / "seal.key")
        write_canonical(package, out / f"sealed-{forge.__name__}.zip")


if __name__ == "__main__":
    main()
