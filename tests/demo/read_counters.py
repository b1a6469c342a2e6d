#!/usr/bin/env python3
"""Reads the counters that shilu-demo-camera burned into a recording's pictures. Needs ffmpeg and ffprobe.

read_counters.py FILE [--json]: per decoded picture its time and counter; holes and repeats. Exit 1 if there is any.
"""

import argparse
import json
import subprocess
import sys

BLOCK, BLOCKS = 16, 32


def value_of(row):
    """The counter in one strip (bytes of one pixel line through the blocks' middle), or None when its check fails."""
    word = 0
    for block in range(BLOCKS):
        word = word << 1 | (row[block * BLOCK + BLOCK // 2] > 125)
    counter, check = word >> 8, word & 0xFF
    wanted = (counter >> 16 ^ counter >> 8 ^ counter ^ 0xA5) & 0xFF
    return counter if check == wanted else None


def read_counters(file):
    """[(seconds, counter or None)] of all pictures, in the order in which they are shown."""
    times = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "frame=pts_time", "-of", "csv=p=0", str(file)],
                           capture_output=True, text=True, check=True).stdout.split()
    strips = subprocess.run(["ffmpeg", "-v", "error", "-i", str(file), "-map", "0:v:0", "-vf", f"crop={BLOCK * BLOCKS}:2:0:{BLOCK // 2},format=gray",
                             "-fps_mode", "passthrough", "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    size = BLOCK * BLOCKS * 2
    values = [value_of(strips[at:at + size]) for at in range(0, len(strips) - size + 1, size)]
    return [(float(time.rstrip(",")), value) for time, value in zip(times, values)]


def breaks(counters):
    """Where a counter does not follow the one before: (seconds, before, after)."""
    return [(at, before, after) for (_, before), (at, after) in zip(counters, counters[1:])
            if before is None or after is None or after != before + 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    counters = read_counters(options.file)
    found = breaks(counters)
    if options.json:
        print(json.dumps({"frames": len(counters), "counters": counters, "breaks": found}))
    else:
        print(f"{len(counters)} pictures, {counters[0][1]} to {counters[-1][1]}" if counters else "no pictures")
        for at, before, after in found:
            print(f"at {at:.3f} s: {before} is followed by {after}")
    return 1 if found or not counters else 0


if __name__ == "__main__":
    sys.exit(main())
