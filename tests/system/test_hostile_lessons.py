#!/usr/bin/env python3
"""Lesson folders that lie: from a stolen disk, a stick, a device that was taken over. `shilu verify` and `shilu check` stand
them: 200 MB at most, an end, an exit code, words that help."""

import functools
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "reader")]

from checks import run_checks  # noqa: E402
from hostile_run import run_hostile  # noqa: E402
from journal import EVENT, FRAGMENT, FRAGMENT_BODY, MAGIC, read_records  # noqa: E402

FIELDS = "kind version track epoch flags sequence size offset start duration samples expected sha payload".split()


def record(body):
    return struct.pack(">II", len(body), zlib.crc32(body)) + body


def event(**members):
    return record(bytes([EVENT, 1]) + json.dumps({"at_ns": 0, **members}, sort_keys=True, separators=(",", ":")).encode())


@functools.cache
def template_folder():
    return tempfile.TemporaryDirectory()


@functools.cache
def template(bin_folder):
    """Made once, for all to copy."""
    folder = pathlib.Path(template_folder().name) / "lesson"
    subprocess.run([bin_folder / "shilu-fixture-lesson", folder, "--seconds", "6"], check=True, capture_output=True)
    return folder


class Lesson:
    """A good lesson in a folder of its own."""

    def __init__(self, bin_folder):
        self.bin = bin_folder
        self.work = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.work.name) / "lesson"

    def __enter__(self):
        self.work.__enter__()
        shutil.copytree(template(self.bin), self.folder)
        return self

    def __exit__(self, *what):
        return self.work.__exit__(*what)

    def bodies(self):
        return [one.body for one in read_records((self.folder / "journal").read_bytes())[0]]

    def write(self, records):
        with open(self.folder / "journal", "wb") as out:
            out.write(MAGIC)
            out.writelines(records)

    def told(self, code, *words):
        """By `shilu verify`; `shilu check` must stand it too."""
        check = run_hostile([self.bin / "shilu", "check", self.folder])
        check.expect(check.code)
        assert check.code in (0, 1), check.text
        return run_hostile([self.bin / "shilu", "verify", self.folder]).expect(code, *words)


def lying_fragment(bodies, **lies):
    """The records, of which the first fragment's tells something else, with the right CRC."""
    place = next(i for i, body in enumerate(bodies) if body[0] == FRAGMENT)
    values = dict(zip(FIELDS, FRAGMENT_BODY.unpack(bodies[place])))
    lie = FRAGMENT_BODY.pack(*{**values, **lies}.values())
    return [record(body) for body in [*bodies[:place], lie, *bodies[place + 1:]]]


def check_lengths(bin_folder):
    """a record that claims 4 GiB, or nothing: the journal ends there, and the signatures cover more"""
    for length in (0xFFFFFFFF, (1 << 20) + 1, 0):
        with Lesson(bin_folder) as lesson:
            bodies = lesson.bodies()
            records = [record(body) for body in bodies]
            records[3] = struct.pack(">I", length) + records[3][4:]
            lesson.write(records)
            lesson.told(1, "REFUTED", "altered")


def check_fragments(bin_folder):
    """counts, sizes, times and places of a fragment that cannot be: refuted, not believed"""
    for lie in ({"size": 0xFFFFFFFF}, {"offset": 1 << 62}, {"offset": (1 << 64) - 8}, {"samples": 0xFFFFFFFF}, {"sequence": 0xFFFFFFFF},
                {"start": (1 << 63) - 1, "duration": (1 << 63)}, {"start": -(1 << 63)}, {"track": 0xFFFF}, {"epoch": 0xFFFF}):
        with Lesson(bin_folder) as lesson:
            lesson.write(lying_fragment(lesson.bodies(), **lie))
            lesson.told(1, "REFUTED", "altered")


def check_fragment_alone(bin_folder):
    """a last fragment of 4 GiB that the file does not hold: missing, and nothing is read for it"""
    with Lesson(bin_folder) as lesson:
        bodies = [body for body in lesson.bodies() if b'"stop"' not in body]
        last = max(i for i, body in enumerate(bodies) if body[0] == FRAGMENT)
        values = dict(zip(FIELDS, FRAGMENT_BODY.unpack(bodies[last])))
        bodies[last] = FRAGMENT_BODY.pack(*{**values, "size": 0xFFFFFFFF, "samples": 0x0FFFFFFF}.values())
        lesson.write(record(body) for body in bodies)
        lesson.told(1, "not wholly there")


def check_sparse_files(bin_folder):
    """files of 8 GiB that take no room on the disk: read no further than a lesson's are long"""
    for name, code, words in (("journal", 0, ["tail"]), ("checkpoints", 1, ["larger than that of any lesson|not follow|no checkpoint"]),
                              ("lesson.json", 1, ["is larger than"]), ("room.video/e000.mp4", 0, [])):
        with Lesson(bin_folder) as lesson:
            os.truncate(lesson.folder / name, 8 << 30)
            lesson.told(code, *words)


def check_many_records(bin_folder):
    """410,000 records: refused at the limit; 100,000 marks, each undone: no time is spent on each pair"""
    mark = b'\2\1{"at_ns":0,"event":"mark","id":"m%d","look_ahead_ms":0,"look_back_ms":0,"point":null}'
    undone = b'\2\1{"at_ns":0,"event":"mark-undone","id":"m%d"}'
    with Lesson(bin_folder) as lesson:
        records = b"".join(record(body) for body in lesson.bodies())
        lesson.write([records, event(event="other") * 410_000])
        lesson.told(1, "larger than that of any lesson")
        lesson.write([records, *(record(what % i) for what in (mark, undone) for i in range(100_000))])
        lesson.told(0, "tail unsigned")


def check_tracks(bin_folder):
    """60,000 tracks: refused at the 257th"""
    with Lesson(bin_folder) as lesson:
        start = [record(body) for body in lesson.bodies() if b'"start"' in body]
        epochs = (event(event="epoch", track=i, name=f"s{i}.audio", epoch=0, codec="mp4a.40.2", timescale=8000, sample_rate=8000,
                        channels=1, nominal_ticks=1024, header_size=1, header_sha256="0" * 64) for i in range(60_000))
        lesson.write([*start, *epochs])
        lesson.told(1, "REFUTED", "more than 256 tracks")


def check_lesson_json(bin_folder):
    """a lesson.json that is nested 100,000 deep, all blanks, or names 20,000 sources"""
    for text, word in (("[" * 100_000, "more than 64 levels deep"), (" " * ((1 << 20) - 1), "it breaks at byte"),
                       (" " * (64 << 20), "is larger than"), (None, "more than 64 sources")):
        with Lesson(bin_folder) as lesson:
            if text is None:
                told = json.loads((lesson.folder / "lesson.json").read_text())
                told["sources"] = [{"name": f"s{i}", "kind": "", "required": True} for i in range(20_000)]
                text = json.dumps(told, separators=(",", ":"))
            (lesson.folder / "lesson.json").write_text(text)
            lesson.told(1, "structure altered", word)


def check_no_files(bin_folder):
    """a pipe, a link to itself, a device or a folder in the place of a file: nobody waits, nothing is followed for ever"""
    def replace(lesson, name, make):
        path = lesson.folder / name
        path.unlink()
        make(path)

    for name in ("journal", "checkpoints", "lesson.json", "room.video/e000.mp4"):
        for make in (os.mkfifo, lambda path: path.symlink_to(path.name), lambda path: path.symlink_to("/dev/zero"), os.mkdir):
            with Lesson(bin_folder) as lesson:
                replace(lesson, name, make)
                ran = run_hostile([bin_folder / "shilu", "verify", lesson.folder])
                assert ran.code in (1, 2) and ran.text.strip(), f"{name}: exit {ran.code}: {ran.text[-300:]}"
                ran.expect(ran.code)


def check_outside(bin_folder):
    """a track's name that leads out of the folder: refused before anything is opened"""
    with Lesson(bin_folder) as lesson:
        outside = pathlib.Path(lesson.work.name) / "outside.video"
        shutil.copytree(lesson.folder / "room.video", outside)
        renamed = [body.replace(b"room.video", b"../outside.video") for body in lesson.bodies()]
        lesson.write(record(body) for body in renamed)
        lesson.told(1, "is not the name of a track")


if __name__ == "__main__":
    run_checks([check_lengths, check_fragments, check_fragment_alone, check_sparse_files, check_many_records, check_tracks, check_lesson_json,
                check_no_files, check_outside], __doc__)
