"""What a lesson lost: the counters in its pictures against what the camera says it sent. Standard library only.

All moments are ns of CLOCK_MONOTONIC; steps and gaps are ns.
"""

import dataclasses
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "reader"))
sys.path.insert(0, str(HERE.parent / "demo"))
sys.dont_write_bytecode = True

from demo_client import run  # noqa: E402
from lesson_reader import read_lesson  # noqa: E402
from outside_proofs import decode_errors  # noqa: E402
from read_counters import read_counters  # noqa: E402

SECOND = 1_000_000_000
PICTURES_PER_SECOND = {"card": 25, "desk": 15, "room": 25, "board": 15}


def read_clean(bin_folder, lesson):
    """The second reader's summary; both readers must find the folder clean."""
    report = json.loads(run(bin_folder / "shilu", "check", lesson, "--json"))
    assert report["clean"], report["findings"]
    summary = read_lesson(str(lesson))
    assert not summary["violations"], summary["violations"][:5]
    return summary


class Sent:
    """The camera's own log: when each counter of a stream was sent."""

    def __init__(self, log):
        self.streams = {}
        for line in pathlib.Path(log).read_text().splitlines():
            parts = line.split()
            if len(parts) == 3:  # else the line is being written
                self.streams.setdefault(parts[0], {})[int(parts[1])] = int(parts[2])

    def at(self, stream, counter):
        return self.streams[stream][counter]

    def last_before(self, stream, moment):
        return max(counter for counter, at in self.streams[stream].items() if at <= moment)

    def between(self, stream, after, before):
        """The counters that were sent between two counters, in order; the camera itself may have left some out."""
        return [counter for counter in range(after + 1, before) if counter in self.streams[stream]]


@dataclasses.dataclass
class Hole:
    """Counters that the camera sent and the lesson does not have."""

    source: str
    missing: int
    sent_from: int     # when the first and the last of them were sent
    sent_to: int
    shown_before: int  # lesson time of the pictures on both sides
    shown_after: int

    def distance(self, moment):
        return max(self.sent_from - moment, moment - self.sent_to, 0)


def export_begin_s(summary, source):
    """The lesson time of an export's time 0: the first whole ms before the source's first sample, or 0 if that comes later."""
    starts = [track["start_ticks"] * 1000 // track["timescale"] for name, track in summary["tracks"].items() if name.startswith(source + ".")]
    return min(0, *starts) / 1000


def recorded_pictures(bin_folder, lesson, source, summary):
    """[(lesson time in s, counter)] of the lesson's export, which ffmpeg must decode without a word."""
    out = lesson.parent.parent / f"{lesson.name}-{source}.mp4"
    run(bin_folder / "shilu", "export", lesson, "--source", source, "--out", out)
    complaints = decode_errors(out)
    assert not complaints, complaints[-400:]
    begin_s = export_begin_s(summary, source)
    pictures = [(at + begin_s, counter) for at, counter in read_counters(out)]
    out.unlink()
    assert pictures, f"{source}: no picture was recorded"
    assert all(counter is not None for _, counter in pictures), f"{source}: a picture is damaged"
    for (before, first), (after, second) in zip(pictures, pictures[1:]):
        assert before < after and first < second, f"{source}: picture {second} at {after:.3f} s follows {first} at {before:.3f} s"
    return pictures


def holes_in(source, pictures, sent):
    found = []
    for (before, first), (after, second) in zip(pictures, pictures[1:]):
        missing = sent.between(source, first, second)
        if missing:
            found.append(Hole(source, len(missing), sent.at(source, missing[0]), sent.at(source, missing[-1]),
                              round(before * SECOND), round(after * SECOND)))
    return found


def check_declared(source, summary, holes):
    """Every hole stands in the journal with its length, and the journal names no hole that the pictures do not show."""
    step = SECOND // PICTURES_PER_SECOND[source]
    gaps = [gap for gap in summary["gaps"] if gap["track"] == f"{source}.video" and gap["reason"] != "late-start"]
    for hole in holes:
        inside = [gap for gap in gaps if gap["from_ns"] < hole.shown_after and gap["to_ns"] > hole.shown_before]
        declared = sum(gap["to_ns"] - gap["from_ns"] for gap in inside)
        # Where it begins is known to a picture's length, where it ends too, and both stand on a receiver's estimate of time.
        wanted = hole.missing * step
        assert abs(declared - wanted) <= 3 * step + wanted // 20, f"{source}: {hole.missing} pictures are missing, {declared / SECOND:.3f} s are declared: {hole}"
    for gap in gaps:
        if gap["to_ns"] - gap["from_ns"] < step:
            continue  # between two pictures of two connections: none need be missing
        shown = [hole for hole in holes if gap["from_ns"] < hole.shown_after and gap["to_ns"] > hole.shown_before]
        assert shown or gap["to_ns"] >= summary["duration_ms"] * 1_000_000 - step, f"{source}: nothing is missing, yet {gap}"
