#!/usr/bin/env python3
"""What evidence costs, against named peers in the same run: a clip against `cp` and ffmpeg, a package, its verification
against `openssl dgst`, the size of a proof, and all of it as lessons grow. docs/design/evidence-cost.md tells what was seen.

Every figure is the median of runs made in turn with its peer's: peer, ours, peer, ours ... with warm files.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIP_S = 600
ENCODED_S = 20  # of the re-encode; the rest is extrapolated


def call(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} gave {done.returncode}: {done.stderr[-400:]}{done.stdout[-400:]}")
    return done.stdout


def timed(action):
    began = time.monotonic()
    action()
    return time.monotonic() - began


def paired(runs, *actions):
    """Median seconds of each, run in turn; and of each the median of how many times as long the first took."""
    rounds = [[timed(action) for action in actions] for _ in range(runs)]
    seconds = [statistics.median(column) for column in zip(*rounds)]
    ratios = [statistics.median(times[0] / times[i] for times in rounds) for i in range(len(actions))]
    return seconds, ratios


class Bench:
    def __init__(self, options, work):
        self.shilu = options.bin / "shilu"
        self.maker = next(folder / "shilu-bench-lesson" for folder in (options.tools, options.bin) if (folder / "shilu-bench-lesson").exists())
        self.work, self.runs, self.mbit = work, options.runs, options.mbit
        self.media = work / "media.mp4"

    def make_media(self):
        """20 s of a moving picture with noise, so that it has the bit rate of a classroom."""
        call("ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25,noise=alls=12:allf=t",
             "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", "20", "-c:v", "libx264", "-preset", "veryfast", "-bf", "0",
             "-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-b:v", f"{self.mbit}M", "-minrate", f"{self.mbit}M", "-maxrate",
             f"{self.mbit}M", "-bufsize", f"{self.mbit}M", "-c:a", "aac", "-b:a", "64k", "-ac", "1", self.media)

    def lesson(self, seconds):
        folder = self.work / f"lesson-{seconds}"
        call(self.maker, folder, "--media", self.media, "--seconds", seconds)
        return folder

    def clip(self, lesson, out, from_s=300, to_s=300 + CLIP_S):
        out.unlink(missing_ok=True)  # as before cp: else the file that is replaced keeps its memory until the end
        call(self.shilu, "clip", lesson, "--from", from_s, "--to", to_s, "--out", out)

    def pack(self, lesson, out, from_s, to_s):
        call(self.shilu, "package", "--lesson", lesson, "--clip", f"{from_s}-{to_s}", "--point", "A6", "--teacher", "T001",
             "--keys", self.work / "keys", "--out", out)


def megabytes(path):
    return path.stat().st_size / 1e6


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def bench_clip(bench, lesson):
    """10 minutes out of 45."""
    ours, copy, remux, part = (bench.work / name for name in ("clip.mp4", "copy.mp4", "remux.mp4", "part.mp4"))
    bench.clip(lesson, ours)

    def cp():
        copy.unlink(missing_ok=True)
        call("cp", "--reflink=never", ours, copy)
        call("sync", copy)

    seconds, ratios = paired(
        bench.runs,
        lambda: bench.clip(lesson, ours),
        cp,
        lambda: call("ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-i", ours, "-c", "copy", remux))
    encode = timed(lambda: call("ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-t", ENCODED_S, "-i", ours, "-c:v", "libx264", "-preset",
                                "veryfast", "-c:a", "aac", part)) * CLIP_S / ENCODED_S
    print(f"\nA clip of 10 minutes from 45 ({megabytes(ours):.0f} MB), median of {bench.runs}:\n", flush=True)
    row("what", "seconds", "shilu clip takes")
    row("---", "---:", "---:")
    row("`shilu clip` (written and synced)", f"{seconds[0]:.2f}", "")
    row("`cp` of the same bytes, synced", f"{seconds[1]:.2f}", f"{ratios[1]:.2f} x")
    row("`ffmpeg -c copy`, not synced", f"{seconds[2]:.2f}", f"{ratios[2]:.2f} x")
    row(f"`ffmpeg` encoding anew (libx264 veryfast; {ENCODED_S} s, extrapolated)", f"{encode:.0f}", f"{seconds[0] / encode:.4f} x")
    for path in (copy, remux, part, ours):
        path.unlink()
    return ratios[1]


def bench_package(bench, lesson):
    package = bench.work / "package.zip"

    def pack():
        package.unlink(missing_ok=True)
        bench.pack(lesson, package, 300, 300 + CLIP_S)

    def cp():
        copy = bench.work / "copy.zip"
        copy.unlink(missing_ok=True)
        call("cp", "--reflink=never", package, copy)
        call("sync", copy)

    pack()
    seconds, ratios = paired(bench.runs, pack, cp)
    verify, rates = paired(bench.runs, lambda: call(bench.shilu, "verify", package), lambda: call("openssl", "dgst", "-sha256", package))
    size = megabytes(package)
    print(f"\nA package of that clip ({size:.0f} MB), median of {bench.runs}:\n", flush=True)
    row("what", "seconds", "MB/s", "of the peer's rate")
    row("---", "---:", "---:", "---:")
    row("`shilu package`: built, proven, sealed, read back, synced", f"{seconds[0]:.2f}", f"{size / seconds[0]:.0f}", f"{1 / ratios[1]:.2f} of `cp`")
    row("`cp` of the same bytes, synced", f"{seconds[1]:.2f}", f"{size / seconds[1]:.0f}", "")
    row("`shilu verify`", f"{verify[0]:.2f}", f"{size / verify[0]:.0f}", f"{1 / rates[1]:.2f} of `openssl dgst`")
    row("`openssl dgst -sha256`", f"{verify[1]:.2f}", f"{size / verify[1]:.0f}", "")
    (bench.work / "copy.zip").unlink()
    package.unlink()
    return 1 / rates[1]


def proof_bytes(package):
    with zipfile.ZipFile(package) as archive:
        return sum(one.file_size for one in archive.infolist() if "/proof/" in one.filename)


def bench_growth(bench, hours):
    """The same clip of 10 minutes out of ever longer lessons."""
    print(f"\nThe same from ever longer lessons, median of {bench.runs}:\n", flush=True)
    row("lesson", "MB", "records", "clip s", "package s", "proof KB", "verify package s", "verify lesson s", "verify lesson MB/s")
    row(*["---:"] * 9)
    lengths = [seconds for seconds in (600, 2700, 7200, 28800) if seconds <= hours * 3600]
    for seconds in lengths:
        lesson = bench.lesson(seconds)
        clip, package = bench.work / "grown.mp4", bench.work / "grown.zip"
        from_s = max(0, seconds - CLIP_S - 60)
        to_s = min(seconds, from_s + CLIP_S)

        def pack():
            package.unlink(missing_ok=True)
            bench.pack(lesson, package, from_s, to_s)

        pack()
        told = json.loads(call(bench.shilu, "check", lesson, "--json"))
        times, _ = paired(bench.runs,
                          lambda: bench.clip(lesson, clip, from_s, to_s),
                          pack,
                          lambda: call(bench.shilu, "verify", package))
        whole = timed(lambda: call(bench.shilu, "verify", lesson))
        row(f"{seconds // 60} min", f"{told['bytes'] / 1e6:.0f}", told["records"], f"{times[0]:.2f}", f"{times[1]:.2f}",
            f"{proof_bytes(package) / 1e3:.0f}", f"{times[2]:.2f}", f"{whole:.2f}", f"{told['bytes'] / 1e6 / whole:.0f}")
        for path in (clip, package):
            path.unlink()
        shutil.rmtree(lesson)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, default=ROOT / "build/dev/bin", help="where shilu-bench-lesson is")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/var/tmp"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--mbit", type=float, default=2)
    parser.add_argument("--hours", type=float, default=8 if os.environ.get("SHILU_LONG") == "1" else 0.75)
    options = parser.parse_args()
    needed = max(options.hours, 0.75) * 3600 * options.mbit / 8 * 1.2e6 + 1e9
    if shutil.disk_usage(options.work).free < needed:
        print(f"skipped: {needed / 1e9:.0f} GB are needed in {options.work}")
        return 77
    with tempfile.TemporaryDirectory(dir=options.work, prefix="shilu-bench-") as work:
        bench = Bench(options, pathlib.Path(work))
        bench.make_media()
        print(f"1280x720, {options.mbit} Mbit/s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
        lesson = bench.lesson(2700)
        clip, verify = bench_clip(bench, lesson), bench_package(bench, lesson)
        shutil.rmtree(lesson)
        bench_growth(bench, options.hours)
        print(f"\nGoals: clip at most 1.5 x cp: {clip:.2f} x. Verify at least 0.8 of openssl dgst: {verify:.2f}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
