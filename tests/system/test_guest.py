#!/usr/bin/env python3
"""A whole machine, emulated by QEMU: records from V4L2 and ALSA drivers, and has its plug pulled.

Runs only with SHILU_LONG=1. SHILU_SEED=N repeats a run's choices (the seed is printed), SHILU_ROUNDS=N pulls the plug another
number of times, SHILU_TABLE=FILE keeps the table, SHILU_CONSOLE=FILE what the guests said.
"""
# alone: an emulated machine takes what the processors have, and its delays are asserted

import array
import contextlib
import json
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from checks import Skip, long_run, run_checks  # noqa: E402
from demo_client import run  # noqa: E402
from guest_files import GuestFiles  # noqa: E402
from guest_machine import Guest, make_disk, require_qemu  # noqa: E402
from loop_disk import command  # noqa: E402
from losses import SECOND, export_begin_s, read_clean  # noqa: E402

PICTURES_PER_SECOND = 10  # as tests/guest/lesson.py asks the driver for
LESSON_S = 20
TONE_HZ = 440
TONE_DBFS = 20 * math.log10(0.5 / math.sqrt(2))  # a sine of half the full scale
PROMISED_S = 2.5
DISK_MEGABYTES = 512


def tell(line):
    print(line, flush=True)
    if os.environ.get("SHILU_TABLE"):
        with open(os.environ["SHILU_TABLE"], "a") as table:
            print(line, file=table)


@contextlib.contextmanager
def workshop(bin_folder):
    """The guest's files, and a folder for the disks."""
    if not long_run():
        raise Skip("runs under ./test --long")
    require_qemu()
    files = GuestFiles(bin_folder)
    with tempfile.TemporaryDirectory(prefix="shilu-guest-") as folder:
        yield files, pathlib.Path(folder)


@contextlib.contextmanager
def mounted(image):
    """The guest's disk on this machine; mounting replays the file system's journal, as the guest's next start would."""
    place = image.parent / f"{image.stem}.mounted"
    place.mkdir(exist_ok=True)
    try:
        command("mount", "-o", "loop,noatime", image, place)
    except OSError as why:
        raise Skip(f"no ext4 can be mounted here: {why}") from why
    try:
        yield place
    finally:
        command("umount", place)


def console(work):
    return pathlib.Path(os.environ.get("SHILU_CONSOLE", work / "console"))


# ---- V4L2 and ALSA ----


def told_by(guest, name):
    """The JSON that a command in the guest printed at its end."""
    text = "\n".join(" ".join(line.words[1:]) for line in guest.said(name))
    return json.loads(text[text.index("{\n"):])


def declared_s(summary, track, before_s):
    return sum(min(gap["to_ns"] / SECOND, before_s) - gap["from_ns"] / SECOND for gap in summary["gaps"]
               if gap["track"] == track and gap["from_ns"] / SECOND < before_s)


def exported(bin_folder, lesson, source, work):
    out = work / f"{source}.mp4"
    run(bin_folder / "shilu", "export", lesson, "--source", source, "--out", out)
    return out


def decode(file, *arguments):
    said = subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", file, *arguments, "-"], capture_output=True)
    assert said.returncode == 0 and not said.stderr.strip(), said.stderr[-400:]
    return said.stdout


def check_pictures(bin_folder, lesson, summary, work):
    """As many as the driver makes in the time that is not declared as gaps; each differs, for the driver writes its counter into them."""
    track = summary["tracks"]["cam.video"]
    recorded_s = (track["end_ticks"] - track["start_ticks"]) / track["timescale"] - declared_s(summary, "cam.video", LESSON_S)
    assert recorded_s > LESSON_S / 2, f"only {recorded_s:.1f} s of the picture were recorded: {summary['gaps']}"
    lines = decode(exported(bin_folder, lesson, "cam", work), "-f", "framemd5").decode().splitlines()
    pictures = [line.split(",")[-1] for line in lines if not line.startswith("#")]
    wanted = recorded_s * PICTURES_PER_SECOND
    assert abs(len(pictures) - wanted) <= 3 + wanted / 20, f"{len(pictures)} pictures in {recorded_s:.2f} s"
    assert len(pictures) == track["samples"], f"{len(pictures)} pictures are decoded, the journal names {track['samples']}"
    # videorate repeats a picture where the driver, emulated too, was late.
    assert len(set(pictures)) > 0.7 * len(pictures), f"{len(set(pictures))} of {len(pictures)} pictures differ"
    return len(pictures), len(set(pictures)), recorded_s


def check_sound(bin_folder, lesson, summary, work):
    """The tone that was played into the card's other end, by its level and its zero crossings, wherever no gap is declared."""
    samples = array.array("h", decode(exported(bin_folder, lesson, "mic", work), "-ac", "1", "-ar", "48000", "-f", "s16le"))
    begin_s = export_begin_s(summary, "mic")
    gaps = [(gap["from_ns"] / SECOND, gap["to_ns"] / SECOND) for gap in summary["gaps"] if gap["track"] == "mic.audio"]
    heard = 0
    for second in range(1, LESSON_S - 1):
        if any(start < second + 1.2 and end > second - 0.2 for start, end in gaps):
            continue
        first = round((second - begin_s) * 48_000)
        piece = samples[first:first + 48_000]
        level = 20 * math.log10(math.sqrt(sum(value * value for value in piece) / len(piece)) / 32768 + 1e-9)
        crossings = sum(1 for before, after in zip(piece, piece[1:]) if before < 0 <= after)
        assert abs(level - TONE_DBFS) < 0.5 and abs(crossings - TONE_HZ) <= 2, f"second {second}: {level:.2f} dBFS, {crossings} Hz; gaps {gaps}"
        heard += 1
    assert heard >= LESSON_S // 2, f"only {heard} s of sound without a gap: {gaps}"
    return heard


def check_drivers(bin_folder):
    """in a guest, shilu records the kernel's test camera (V4L2) and a looped sound card (ALSA): clean, pictures counted, the tone is there"""
    with workshop(bin_folder) as (files, work):
        disk = make_disk(work / "disk.img", DISK_MEGABYTES)
        with Guest(files, disk, console(work), "record") as guest:
            guest.await_line("off", 600)
            guest.await_end(60)
        assert guest.last("ended").words == ["ended", "record", "0"], [" ".join(line.words) for line in guest.said("record")]
        told = told_by(guest, "record")
        with mounted(disk) as place:
            summary = read_clean(bin_folder, place / "lesson")
            assert summary["finished"] and summary["duration_ms"] == 1000 * LESSON_S, summary
            pictures, differ, recorded_s = check_pictures(bin_folder, place / "lesson", summary, work)
            heard_s = check_sound(bin_folder, place / "lesson", summary, work)
        tell(f"  {pictures} pictures in {recorded_s:.2f} s ({differ} differ), the tone in {heard_s} whole seconds, {len(summary['gaps'])} gaps, "
             f"worst lag {told['worst_durable_lag_ms'] / 1000:.1f} s, guest ready after {int(guest.said('up')[0].words[1]) / SECOND:.0f} s")


# ---- the plug ----


def end_s(summary, track):
    """Lesson time at which a track ends on the disk."""
    value = summary["tracks"].get(track)
    return value["end_ticks"] / value["timescale"] if value else 0


class Told:
    """What a guest said until a moment: by then it was true."""

    def __init__(self, guest, before=None):
        lines = [line for line in guest.lines if before is None or before(line)]
        of = {word: [line for line in lines if line.words[0] == word] for word in ("lesson", "durable", "mark")}
        self.lesson, self.start_ns = of["lesson"][0].words[1], int(of["lesson"][0].words[2])
        self.marks = {line.words[1] for line in of["mark"]}
        self.durable_s = max((int(line.words[1]) / 1000 for line in of["durable"]), default=0)
        self.last = of["durable"][-1] if of["durable"] else None

    def lag_s(self):
        return int(self.last.words[2]) / 1000

    def lesson_s(self, at):
        """Lesson time in the guest when it was `at` here: the last that it told, and what went by since."""
        return (int(self.last.words[3]) - self.start_ns) / SECOND + at - self.last.at


def look_at(bin_folder, lessons, told):
    """A disk as the cut left it: whole, with every mark and every moment that was told; the lesson's summary."""
    summary = read_clean(bin_folder, lessons / told.lesson)
    lost = told.marks - {mark["id"] for mark in summary["marks"]}
    assert not lost, f"{len(lost)} of {len(told.marks)} answered marks are lost"
    for track in ("cam.video", "mic.audio"):
        gap_s = max((gap["to_ns"] / SECOND for gap in summary["gaps"] if gap["track"] == track), default=0)
        reached_s = max(end_s(summary, track), gap_s)
        assert reached_s >= told.durable_s - 0.002, f"{track} ends at {reached_s:.2f} s, {told.durable_s:.2f} s were called durable"
    return summary


def pull_the_plug(bin_folder, files, disk, work, chance, previous):
    """One boot, one cut; what the guest had told."""
    with Guest(files, disk, console(work), "until-killed") as guest:
        guest.await_line("mark", 600)
        time.sleep(chance.uniform(2, 12))
        told_at = guest.kill()
    told = Told(guest)
    with mounted(disk) as place:
        if previous:
            assert read_clean(bin_folder, place / "lessons" / previous)["finished"], "the start after the cut did not end the lesson"
        summary = look_at(bin_folder, place / "lessons", told)
    lost_s = told.lesson_s(told_at) - min(end_s(summary, "cam.video"), end_s(summary, "mic.audio"))
    tell(f"  lost {lost_s:.2f} s of {told.lesson_s(told_at):.1f} s, lag told {told.lag_s():.2f} s, {len(told.marks)} marks answered, none lost")
    # An emulated machine may be late; then the lag that it told must have been the truth.
    assert lost_s <= max(PROMISED_S, told.lag_s() + 0.6), f"{lost_s:.2f} s are lost, a lag of {told.lag_s():.2f} s was told"
    return lost_s, len(told.marks), told.lesson


def check_plug(bin_folder):
    """QEMU is killed while its guest records: at most 2.5 s are lost, every fragment in the journal is whole, no answered mark is lost"""
    with workshop(bin_folder) as (files, work):
        rounds = int(os.environ.get("SHILU_ROUNDS", 20))
        seed = int(os.environ.get("SHILU_SEED", random.SystemRandom().randrange(1 << 32)))
        tell(f"  SHILU_SEED={seed}: {rounds} cuts")
        chance, rows = random.Random(seed), [(0, 0, None)]
        disk = make_disk(work / "disk.img", DISK_MEGABYTES)
        for _ in range(rounds):
            rows.append(pull_the_plug(bin_folder, files, disk, work, chance, rows[-1][2]))
        lost = sorted(row[0] for row in rows[1:])
        tell(f"  {rounds} cuts: lost {lost[len(lost) // 2]:.2f} s (median), {lost[-1]:.2f} s (worst); {sum(row[1] for row in rows)} marks answered, 0 lost")


if __name__ == "__main__":
    run_checks([check_drivers, check_plug], __doc__)
