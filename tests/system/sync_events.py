"""Finds flashes and beeps in a recorded file, and when each truly happened. Standard library, ffmpeg and ffprobe.

The demonstration cameras flash and beep at every multiple of 2 s of CLOCK_MONOTONIC (tests/demo/sources.h, --sync-marks).
"""

import array
import subprocess

from losses import PICTURES_PER_SECOND, SECOND

MARK_EVERY = 2 * SECOND
LOUD = 5000      # the beep has 20000, and begins at once
WHITE = 215      # the test card has about 100 on average


def decoded(file, *arguments):
    return subprocess.run(["ffmpeg", "-v", "error", "-i", str(file), *arguments, "-"], capture_output=True, check=True).stdout


def frame_times(file, stream, entries):
    text = subprocess.run(["ffprobe", "-v", "error", "-select_streams", f"{stream}:0", "-show_entries", f"frame={entries}", "-of", "csv=p=0",
                           str(file)], capture_output=True, text=True, check=True).stdout
    return [line.strip().rstrip(",").split(",") for line in text.splitlines() if line.strip()]


def flashes(file, counters):
    """[(file time, counter)] of the first white picture of each flash. `counters`: of read_counters()."""
    gray = decoded(file, "-map", "0:v:0", "-vf", "crop=iw:ih-32:0:32,scale=2:2:flags=area,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo")
    white = [sum(gray[at:at + 4]) / 4 > WHITE for at in range(0, len(gray), 4)]
    assert len(white) == len(counters), f"{len(white)} and {len(counters)} pictures"
    return [counters[place] for place in range(1, len(white)) if white[place] and not white[place - 1]]


def beeps(file):
    """[file time] of the first loud sample of each beep, by the times of the frames that hold them."""
    samples = array.array("h", decoded(file, "-map", "0:a:0", "-ac", "1", "-f", "s16le"))
    found, at = [], 0
    quiet_since = 0
    for pts, count in frame_times(file, "a", "pts_time,nb_samples"):
        for place in range(at, min(at + int(count), len(samples))):
            if abs(samples[place]) > LOUD:
                if place - quiet_since > 24_000:  # half a second of silence before it
                    found.append(float(pts) + (place - at) / 48_000)
                quiet_since = place
        at += int(count)
    return found


class CameraClock:
    """What a demonstration camera's clock shows: its counters as true moments."""

    def __init__(self, sent, stream, ppm):
        self.step = SECOND / PICTURES_PER_SECOND[stream] / (1 + ppm / 1e6)
        # A picture is sent when it is due, or later; frame 0 was due at a multiple of 2 s.
        least = min(at - counter * self.step for counter, at in sent.streams[stream].items())
        self.epoch = round(least / MARK_EVERY) * MARK_EVERY
        assert abs(least - self.epoch) < SECOND / 2, f"the camera's log begins {(least - self.epoch) / SECOND:.3f} s off"

    def true_time(self, counter):
        return self.epoch + counter * self.step
