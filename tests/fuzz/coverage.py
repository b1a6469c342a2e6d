#!/usr/bin/env python3
"""What the stored corpora reach: each fuzz target over its corpus, edges by the source files that it is for.

    cmake --preset fuzz && ninja -C build/fuzz fuzz_targets && python3 tests/fuzz/coverage.py

Edges are those of the sanitizers' build: the ways into their reports and out of exceptions count too, and are never taken.
"""

import argparse
import collections
import os
import pathlib
import re
import shutil
import subprocess

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
FUNCTION = re.compile(r"^(?:UN)?COVERED_FUNC: hits: \d+ edges: (\d+)/(\d+) .* (\S+?)(?::\d+)?$", re.M)


def reached(program, corpus):
    """-> total edges, and of each source file: edges reached, edges."""
    environment = {**os.environ, "ASAN_SYMBOLIZER_PATH": shutil.which("llvm-symbolizer-14") or "llvm-symbolizer"}
    done = subprocess.run([program, "-runs=0", "-print_coverage=1", corpus], capture_output=True, text=True, errors="replace",
                          cwd=ROOT, env=environment, check=True)
    files = collections.defaultdict(lambda: [0, 0])
    for hit, edges, place in FUNCTION.findall(done.stderr):
        name = os.path.relpath(os.path.normpath(ROOT / place.rsplit("../../", 1)[-1]), ROOT)
        files[name][0] += int(hit)
        files[name][1] += int(edges)
    return int(re.findall(r"cov: (\d+)", done.stderr)[-1]), files


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/fuzz")
    options = parser.parse_args()
    print("| target | inputs | edges in all | edges of its parsers |\n|---|---:|---:|---|")
    for target, parsers in PARSERS.items():
        corpus = ROOT / "tests/fuzz/corpus" / target
        edges, files = reached(options.build / f"bin/shilu_fuzz_{target}", corpus)
        told = []
        for name in parsers:
            hit, all_edges = files.get(f"{name}.cpp", (0, 0))
            told.append(f"{pathlib.Path(name).name} {hit} of {all_edges}")
        print(f"| `{target}` | {len(list(corpus.iterdir()))} | {edges} | {', '.join(told)} |", flush=True)


if __name__ == "__main__":
    main()
