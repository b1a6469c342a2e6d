#!/usr/bin/env python3
"""What the stored corpora reach: lines of the parsers that each fuzz target is for, by llvm-cov.

    cmake --preset fuzz-coverage && ninja -C build/fuzz-coverage fuzz_targets && python3 tests/fuzz/coverage.py
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARSERS = {
    "zip": ["upload/evidence/zip_reader", "upload/evidence/zip_structure", "upload/evidence/package_index"],
    "bag": ["upload/evidence/bag", "upload/evidence/bag_check", "upload/evidence/web_vtt"],
    "evidence_json": ["upload/evidence/evidence_json", "upload/evidence/clip_proof", "firmware/base/json_io"],
    "envelope": ["firmware/base/dsse", "firmware/base/certificate", "upload/evidence/seal", "upload/evidence/receipt"],
    "journal": ["capture/journal/record", "capture/journal/event_json", "capture/journal/record_index", "capture/journal/lesson_folder",
                "capture/journal/fragment_heads", "capture/journal/check_media"],
    "checkpoint": ["capture/journal/checkpoint", "capture/journal/check_checkpoints"],
    "proof": ["upload/evidence/proven_records", "upload/evidence/clip_check", "upload/evidence/declared_gaps"],
    "package": ["upload/evidence/package_findings", "upload/evidence/package_scan", "upload/evidence/hash_pass"],
    "bmff": ["capture/bmff/fragment_reader", "capture/bmff/sample_entry", "capture/bmff/clip_layout"],
    "link": ["capture/link/link", "capture/recorder/track_builder"],
    "nal": ["capture/live/nal_units", "capture/live/reorder_depth", "capture/live/bit_reader"],
    "http": ["firmware/http/head", "firmware/http/raw_head", "firmware/http/target", "firmware/http/byte_range", "firmware/http/body_decoder"],
    "tus_metadata": ["upload/platform/tus_metadata"],
    "platform_json": ["upload/platform/answers", "upload/platform/offer", "upload/platform/review"],
}


def covered(program, corpus, work):
    """-> by source file: per cent of its lines."""
    raw, data = work / "raw", work / "data"
    subprocess.run([program, corpus], env={**os.environ, "LLVM_PROFILE_FILE": str(raw)}, check=True, capture_output=True)
    subprocess.run(["llvm-profdata-14", "merge", "-o", data, raw], check=True)
    told = subprocess.run(["llvm-cov-14", "export", "-summary-only", "-instr-profile", data, program], check=True, capture_output=True, text=True)
    return {file["filename"]: file["summary"]["lines"]["percent"] for file in json.loads(told.stdout)["data"][0]["files"]}


def lines_of(files, parser):
    return next((f"{per_cent:.0f} %" for name, per_cent in files.items() if name.endswith(f"{parser}.cpp")), "not there")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/fuzz-coverage")
    options = parser.parse_args()
    print("| target | inputs | lines of its parsers |\n|---|---:|---|")
    for target, parsers in PARSERS.items():
        program, corpus = options.build / f"bin/shilu_fuzz_{target}", ROOT / "tests/fuzz/corpus" / target
        if not program.exists():
            print(f"| `{target}` | {len(list(corpus.iterdir()))} | not built |")
            continue
        with tempfile.TemporaryDirectory() as work:
            files = covered(program, corpus, pathlib.Path(work))
        told = ", ".join(f"{pathlib.Path(name).name} {lines_of(files, name)}" for name in parsers)
        print(f"| `{target}` | {len(list(corpus.iterdir()))} | {told} |", flush=True)


if __name__ == "__main__":
    main()
