#!/usr/bin/env python3
"""A whole machine, emulated by QEMU: records from V4L2 and ALSA drivers, and has its plug pulled.

Runs only with SHILU_LONG=1. SHILU_SEED=N repeats a run's choices (the seed is printed), SHILU_ROUNDS=N pulls the plug, and
cuts the log, another number of times, SHILU_TABLE=FILE keeps the table, SHILU_CONSOLE=FILE what the guests said.
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
from guest_machine import Guest, Line, make_blank, make_disk, require_qemu  # noqa: E402
from loop_disk import command  # noqa: E402
from losses import SECOND, export_begin_s, read_clean  # noqa: E402
from write_log import MARK, WriteLog  # noqa: E402

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


def check_looked(guest):
    """`shilu sources` hears the card, whose other end was silent and left the format open."""
    looked = {line.words[1]: json.loads(" ".join(line.words[2:])) for line in guest.said("looked")}
    assert looked["mic"]["sound"], looked["mic"]
    assert looked["cam"]["code"] in ("", "no-data"), looked["cam"]


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
    """The tone that was played into the card's other end, by its level and its zero crossings, second by second."""
    samples = array.array("h", decode(exported(bin_folder, lesson, "mic", work), "-ac", "1", "-ar", "48000", "-f", "s16le"))
    begin_s = export_begin_s(summary, "mic")
    gaps = [(gap["from_ns"] / SECOND, gap["to_ns"] / SECOND) for gap in summary["gaps"] if gap["track"] == "mic.audio"]
    heard, troubled = 0, []
    for second in range(1, LESSON_S - 1):
        if any(start < second + 1.2 and end > second - 0.2 for start, end in gaps):
            continue
        first = round((second - begin_s) * 48_000)
        piece = samples[first:first + 48_000]
        level = 20 * math.log10(math.sqrt(sum(value * value for value in piece) / len(piece)) / 32768 + 1e-9)
        crossings = sum(1 for before, after in zip(piece, piece[1:]) if before < 0 <= after)
        if abs(level - TONE_DBFS) < 0.2 and abs(crossings - TONE_HZ) <= 2:
            heard += 1
        else:  # the player is emulated as well, and may be late
            troubled.append(f"{second} s: {level:.2f} dBFS, {crossings} Hz")
    assert heard >= LESSON_S // 2, f"only {heard} s of the tone as it was played; {troubled}, gaps {gaps}"
    return heard, troubled


def check_drivers(bin_folder):
    """in a guest, shilu records the kernel's test camera (V4L2) and a looped sound card (ALSA): clean, pictures counted, the tone is there"""
    with workshop(bin_folder) as (files, work):
        disk = make_disk(work / "disk.img", DISK_MEGABYTES)
        with Guest(files, disk, console(work), "record") as guest:
            guest.await_line("off", 600)
            guest.await_end(60)
        assert guest.last("ended").words == ["ended", "record", "0"], [" ".join(line.words) for line in guest.said("record")]
        check_looked(guest)
        told = told_by(guest, "record")
        with mounted(disk) as place:
            summary = read_clean(bin_folder, place / "lesson")
            assert summary["finished"] and summary["duration_ms"] == 1000 * LESSON_S, summary
            pictures, differ, recorded_s = check_pictures(bin_folder, place / "lesson", summary, work)
            heard_s, troubled = check_sound(bin_folder, place / "lesson", summary, work)
        tell(f"  {pictures} pictures in {recorded_s:.2f} s ({differ} differ), the tone in {heard_s} whole seconds {troubled or ''}, {len(summary['gaps'])} gaps, "
             f"worst lag {told['worst_durable_lag_ms'] / 1000:.1f} s, guest ready after {int(guest.said('up')[0].words[1]) / SECOND:.0f} s")


# ---- the plug ----


def end_s(summary, track):
    """Lesson time at which a track ends on the disk."""
    value = summary["tracks"].get(track)
    return value["end_ticks"] / value["timescale"] if value else 0


class Told:
    """What a guest promised until a moment: by then it was true."""

    def __init__(self, lines):
        of = {word: [line for line in lines if line.words[0] == word] for word in ("lesson", "durable", "mark")}
        self.lesson, self.start_ns = of["lesson"][0].words[1], int(of["lesson"][0].words[2])
        self.marks = {line.words[1] for line in of["mark"]}
        self.durable_s = max((int(line.words[1]) / 1000 for line in of["durable"]), default=0)
        self.last = of["durable"][-1] if of["durable"] else None

    def lag_s(self):
        return int(self.last.words[2]) / 1000

    def lesson_s_of(self, line):
        """Lesson time at which a line was said."""
        return (int(line.words[3]) - self.start_ns) / SECOND

    def lesson_s(self, at):
        """Lesson time in the guest when it was `at` here: the last that it told, and what went by since."""
        return self.lesson_s_of(self.last) + at - self.last.at


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
    told = Told(guest.lines)
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


# ---- the log of writes ----


def promises(log):
    """[(number of the entry, line)] of what the guest promised, where it did among its writes."""
    return [(number, Line(entry.text.split(","), 0)) for number, entry in enumerate(log.entries) if entry.flags & MARK]


def is_durable(line):
    return line.words[0] == "durable"


def cut_points(log, said, chance, count):
    """Numbers of entries at random, between the first promise about the lesson and the last."""
    first = next(number for number, line in said if is_durable(line))
    last = max(number for number, line in said if is_durable(line))
    assert last - first > 10 * count, f"only {last - first} writes were logged"
    return sorted(chance.sample(range(first + 1, last), count))


def cut_in_log(bin_folder, disk, log, said, point):
    """The disk with all writes before the entry `point`, and nothing later."""
    told = Told([line for number, line in said if number < point])
    until = told.lesson_s_of(next(line for number, line in said if number >= point and is_durable(line)))
    copy = disk.with_name("cut.img")
    run("cp", "--sparse=always", disk, copy)
    with mounted(copy) as place:
        summary = look_at(bin_folder, place / "lessons", told)
    copy.unlink()
    lost_s = until - min(end_s(summary, "cam.video"), end_s(summary, "mic.audio"))
    tell(f"  before write {point}: at most {lost_s:.2f} s of {until:.1f} s lost, lag told {told.lag_s():.2f} s, {len(told.marks)} marks answered, none lost")
    return lost_s, told.lag_s(), len(told.marks)


def log_a_lesson(files, disk, log, work, seconds):
    with Guest(files, disk, console(work), "until-killed", log) as guest:
        guest.await_line("mark", 600)
        time.sleep(seconds)
        guest.kill()


def check_log(bin_folder):
    """the guest's writes, logged by dm-log-writes and cut off anywhere: at most 2.5 s are lost, every fragment is whole, no answered mark is lost"""
    with workshop(bin_folder) as (files, work):
        points = int(os.environ.get("SHILU_ROUNDS", 40))
        seed = int(os.environ.get("SHILU_SEED", random.SystemRandom().randrange(1 << 32)))
        recorded, disk = make_disk(work / "recorded.img", DISK_MEGABYTES), work / "disk.img"
        run("cp", "--sparse=always", recorded, disk)
        log_file = make_blank(work / "log.img", DISK_MEGABYTES)
        log_a_lesson(files, recorded, log_file, work, 30)
        with WriteLog(log_file) as log, open(disk, "r+b") as image:
            said, done, rows = promises(log), 0, []
            tell(f"  SHILU_SEED={seed}: {points} points in {len(log.entries)} writes")
            for point in cut_points(log, said, random.Random(seed), points):
                log.replay(image, done, point)
                done = point
                rows.append(cut_in_log(bin_folder, disk, log, said, point))
        lost = sorted(row[0] for row in rows)
        tell(f"  {points} points: lost {lost[len(lost) // 2]:.2f} s (median), {lost[-1]:.2f} s (worst); {sum(row[2] for row in rows)} marks answered, 0 lost")
        for lost_s, lag_s, _ in rows:
            assert lost_s <= max(PROMISED_S, lag_s + 0.6), f"{lost_s:.2f} s are lost, a lag of {lag_s:.2f} s was told"


if __name__ == "__main__":
    run_checks([check_drivers, check_plug, check_log], __doc__)
