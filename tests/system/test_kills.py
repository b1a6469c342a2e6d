#!/usr/bin/env python3
"""kill -9 of recorder, captures and shilud, alone and together, at random moments of a running classroom: what was lost, by the
counters in the pictures, stays within what docs/design/recording.md promises, and stands in the journal.

SHILU_SEED=N repeats a run's choices (the seed is printed), SHILU_ROUNDS=N makes another number of rounds, SHILU_TABLE=FILE
keeps the table of all rounds.
"""

import collections
import os
import pathlib
import random
import sys
import tempfile
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from checks import long_run, run_checks  # noqa: E402
from classroom_process import Classroom, hold  # noqa: E402
from losses import PICTURES_PER_SECOND, SECOND, Sent, check_declared, holes_in, read_clean, recorded_pictures  # noqa: E402
from recorder_process import now_ns  # noqa: E402

SOURCES = ("card", "desk")
TARGETS = (("recorder",), ("capture:card",), ("capture:desk",), ("shilud",), ("recorder", "shilud"), ("capture:card", "capture:desk"),
           ("recorder", "capture:card"), ("shilud", "capture:desk"), ("recorder", "shilud", "capture:card", "capture:desk"))
ROUNDS_OF_A_LONG_LESSON = 14
GOP = 1.0
# What a capture and the recorder lose together, beside the time of reconnecting: a GOP that is not complete, one that waits for
# the tick, and the tick (docs/design/recording.md, "The loss window").
LOSS_WINDOW = 2.5
# What a capture still holds of pictures that came (its receiver's buffer), and how late things are on a machine with much to do.
SLACK = 0.5


class Round:
    """One kill: what was killed and when, and when killed captures were connected again."""

    def __init__(self, targets, killed_at, reconnected_at):
        self.targets, self.killed_at, self.reconnected_at = targets, killed_at, reconnected_at
        self.holes = {source: [] for source in SOURCES}

    def allowed_s(self, source):
        if f"capture:{source}" not in self.targets:
            return 0.0
        away = (self.reconnected_at - self.killed_at) / SECOND
        return away + GOP + SLACK + (LOSS_WINDOW if "recorder" in self.targets else 0)

    def missing(self, source):
        return sum(hole.missing for hole in self.holes[source])

    def row(self):
        cells = [f"{'+'.join(self.targets):44}"]
        for source in SOURCES:
            lost = self.missing(source)
            seconds = lost / PICTURES_PER_SECOND[source]
            limit = f"of {self.allowed_s(source):.2f} s allowed" if f"capture:{source}" in self.targets else ""
            cells.append(f"{source} {lost:3} ({seconds:.2f} s) {limit:21}")
        return "  ".join(cells)


def kill_round(classroom, targets, chance):
    hold(chance.uniform(0, 1.2))
    dead_before = [name for name in ("recorder", "shilud") if name in targets]
    killed_at = classroom.kill(targets)
    if "recorder" in targets:
        read_clean(classroom.bin_folder, classroom.lesson)  # as anybody would find it who takes the disk out now
    hold(chance.choice([0, 0.1, 1.0]) * chance.random())
    classroom.restart(dead_before)
    captures_killed = any(target.startswith("capture:") for target in targets)
    return Round(targets, killed_at, classroom.await_reconnect() if captures_killed else killed_at)


def begin_lesson(classroom):
    classroom.lesson = classroom.begin()
    classroom.await_progress(1500)


def end_lesson(classroom):
    classroom.await_stored()
    classroom.end()
    return now_ns()


def give_to_rounds(rounds, holes):
    """Each hole to the kill that is nearest. One may reach back over the kill of a recorder before it: what its successor had not
    stored yet when the capture was killed too."""
    for hole in holes:
        assert rounds, f"pictures are missing although nothing was killed: {hole}"
        nearest = min(rounds, key=lambda one: (hole.distance(one.killed_at), -one.allowed_s(hole.source)))
        nearest.holes[hole.source].append(hole)


def judge(classroom, rounds, marks, ended_at):
    """The whole lesson: readers, counters, declarations, marks; gives the faults by round."""
    summary = read_clean(classroom.bin_folder, classroom.lesson)
    assert summary["finished"], "the lesson has no end"
    assert [mark["id"] for mark in summary["marks"]] == marks, f"{len(summary['marks'])} marks of {len(marks)}"
    sent = Sent(classroom.camera_log)
    for source in SOURCES:
        pictures = recorded_pictures(classroom.bin_folder, classroom.lesson, source, summary)
        last_due = sent.last_before(source, ended_at - SECOND)
        assert pictures[-1][1] >= last_due, f"{source}: it ends with picture {pictures[-1][1]}, {last_due} was sent a second before the end"
        holes = holes_in(source, pictures, sent)
        check_declared(source, summary, holes)
        give_to_rounds(rounds, holes)
        touched = any(f"capture:{source}" in one.targets for one in rounds)
        gaps = [gap for gap in summary["gaps"] if gap["track"].startswith(source + ".") and gap["reason"] != "late-start"]
        assert touched or not gaps, f"{source}: its capture lived, yet {gaps}"
    for one in rounds:
        for source in SOURCES:
            lost = one.missing(source) / PICTURES_PER_SECOND[source]
            assert lost <= one.allowed_s(source), one.row()


def lesson_with_rounds(classroom, plan, chance):
    begin_lesson(classroom)
    rounds, marks = [], []
    try:
        for targets in plan:
            rounds.append(kill_round(classroom, targets, chance))
            marks.append(str(uuid.uuid4()))
            classroom.mark(marks[-1])
            classroom.await_stored()
        ended_at = end_lesson(classroom)
        judge(classroom, rounds, marks, ended_at)
    finally:
        for one in rounds:
            tell("  " + one.row())
    return rounds


def tell(line):
    print(line, flush=True)
    if os.environ.get("SHILU_TABLE"):
        with open(os.environ["SHILU_TABLE"], "a") as table:
            print(line, file=table)


def planned(count, chance):
    """Every combination comes up before one comes again."""
    plan = []
    while len(plan) < count:
        deck = list(TARGETS)
        chance.shuffle(deck)
        plan += deck
    return plan[:count]


def in_classroom(bin_folder, rounds, per_lesson, seed_offset):
    seed = int(os.environ.get("SHILU_SEED", random.SystemRandom().randrange(1 << 32))) + seed_offset
    tell(f"  SHILU_SEED={seed - seed_offset}: {rounds} rounds, {per_lesson} in a lesson")
    chance = random.Random(seed)
    plan = planned(rounds, chance)
    done = []
    with tempfile.TemporaryDirectory(prefix="shilu-kill-") as folder, Classroom(bin_folder, pathlib.Path(folder), SOURCES) as classroom:
        while plan:
            done += lesson_with_rounds(classroom, plan[:per_lesson], chance)
            plan = plan[per_lesson:]
    summarise(done)


def summarise(rounds):
    by_targets = collections.defaultdict(list)
    for one in rounds:
        by_targets["+".join(one.targets)].append(max(one.missing(source) / PICTURES_PER_SECOND[source] for source in SOURCES))
    for targets, lost in sorted(by_targets.items()):
        tell(f"  {targets:44} {len(lost):3} rounds, lost at most {max(lost):.2f} s, {sum(lost) / len(lost):.2f} s on average")


def rounds_wanted(short, long):
    return int(os.environ.get("SHILU_ROUNDS", long if long_run() else short))


def check_many_in_a_lesson(bin_folder):
    """one lesson with many kills in it: every loss is within its bound and declared, and it ends as one lesson"""
    in_classroom(bin_folder, rounds_wanted(14, 144), ROUNDS_OF_A_LONG_LESSON, 0)


def check_one_in_a_lesson(bin_folder):
    """a lesson for each kill: begun, struck and ended in a few seconds, and whole"""
    in_classroom(bin_folder, rounds_wanted(6, 56), 1, 1)


if __name__ == "__main__":
    run_checks([check_many_in_a_lesson, check_one_in_a_lesson], __doc__)
