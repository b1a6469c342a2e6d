#!/usr/bin/env python3
"""Reads a lesson folder and checks everything that docs/ref promises about it.

    lesson_reader.py DIR [--json]

A second implementation, written from lesson-folder.md, fragments.md, journal.md
and signatures.md alone: where it and the recorder disagree, one of them or the
page is wrong. Prints the summary as JSON: for reading, or on one line (--json).
Exit status: 0 clean, 1 violations, 2 wrong use.

Besides the violations the summary has `tails`, bytes behind the last whole record,
fragment or line (a power cut may leave them, they are not part of the recording),
and `device_id`, which the caller may look up in his list of known devices.
"""

import sys

sys.dont_write_bytecode = True  # a checkout that was only read stays clean

import argparse
import hashlib
import json
import os

import fragments
import journal
import signatures
import tracks
import values


class Reader:
    """One pass over a folder; what it finds wrong goes to violations."""

    def __init__(self, folder):
        self.folder = folder
        self.violations = []
        self.tails = {}
        self.identity = {}
        self.leaf0 = None
        self.key = None
        self.device_id = None
        self.records = []
        self.events = []
        self.standing = set()
        self.tracks = {}
        self.roots = []
        self.checkpoints = 0
        self.signed_leaves = 0

    def complain(self, code, detail):
        self.violations.append({"code": code, "detail": detail})

    def read(self):
        self.read_identity()
        self.read_journal()
        self.check_events()
        for track in self.tracks.values():
            self.check_track(track)
        self.check_tiling()
        self.read_checkpoints()
        return self.summary()

    def bytes_of(self, name):
        """Content of a file of the folder; None, and a violation, if it cannot be read."""
        try:
            with open(os.path.join(self.folder, name), "rb") as file:
                return file.read()
        except OSError as error:
            self.complain("file-missing", f"{name}: {error.strerror}")
            return None

    # ---- lesson.json ----

    IDENTITY_MEMBERS = {
        "format": values.one_of("shilu-lesson/1"),
        "lesson_id": values.is_uuid7,
        "boot_id": values.is_text,
        "start_monotonic_ns": values.is_count,
        "start_utc": values.is_time,
        "clock": values.is_object,
        "sources": values.is_list,
        "recording_certificate": values.is_object,
        "software": values.is_text,
        "platform_nonce": values.is_object,
        "planned_ms": values.is_count,
    }
    CLOCK_MEMBERS = {"synchronised": values.is_bool, "error_ms": values.is_int}
    SOURCE_MEMBERS = {"name": values.is_text, "kind": values.is_text, "required": values.is_bool}

    def read_identity(self):
        self.leaf0 = self.bytes_of("lesson.json")
        if self.leaf0 is None:
            return
        try:
            self.identity = values.parse_object(self.leaf0)
            values.parse_compact(self.leaf0)
        except values.JsonError as error:
            self.complain("lesson-json", str(error))
        self.check_identity()
        self.check_folder_name()
        self.read_certificate()

    def check_identity(self):
        wrong = values.wrong_members(self.identity, self.IDENTITY_MEMBERS, ("planned_ms", "platform_nonce"))
        if "clock" not in wrong and "clock" in self.identity:
            wrong += ["clock." + name for name in
                      values.wrong_members(self.identity["clock"], self.CLOCK_MEMBERS)]
        if "sources" not in wrong:
            wrong += [f"sources[{place}]" for place, source in enumerate(self.sources())
                      if not isinstance(source, dict)
                      or values.wrong_members(source, self.SOURCE_MEMBERS)]
        for name in wrong:
            self.complain("lesson-member", name)

    def sources(self):
        sources = self.identity.get("sources")
        return sources if isinstance(sources, list) else []

    def source_names(self):
        return {source["name"] for source in self.sources()
                if isinstance(source, dict) and values.is_text(source.get("name"))}

    def check_folder_name(self):
        # Only lessons/<lesson id> has a promised name; a copy may lie anywhere.
        parent, name = os.path.split(os.path.realpath(self.folder))
        if os.path.basename(parent) == "lessons" and name != self.identity.get("lesson_id"):
            self.complain("folder-name", f"{name} is not the lesson's id")

    def read_certificate(self):
        self.key, self.device_id, complaints = signatures.read_certificate(
            self.identity.get("recording_certificate"), "recording")
        for complaint in complaints:
            self.complain("certificate", complaint)

    # ---- journal ----

    def read_journal(self):
        raw = self.bytes_of("journal")
        if raw is not None and not raw.startswith(journal.MAGIC):
            self.complain("journal-magic", "the journal does not begin with SHLJRNL1")
        elif raw is not None:
            self.records, end = journal.read_records(raw)
            self.note_tail("journal", len(raw) - end)
            if journal.record_follows(raw, end):
                self.complain("journal-record", f"record {len(self.records) + 1} at {end} is"
                              " damaged, yet a whole record follows it")
        for record in self.records:
            self.take_record(record)
        if self.leaf0 is not None:
            leaves = [self.leaf0] + [record.leaf for record in self.records]
            self.roots = journal.roots_by_size(leaves)

    def note_tail(self, name, size):
        if size > 0:
            self.tails[name] = size

    def take_record(self, record):
        try:
            if record.body[0] == journal.FRAGMENT:
                self.take_fragment(record.number, journal.parse_fragment_record(record.body))
            elif record.body[0] == journal.EVENT:
                self.take_event(record.number, journal.parse_event(record.body))
            else:
                raise journal.JournalError(f"unknown kind {record.body[0]}")
        except journal.JournalError as error:
            self.complain("record", f"record {record.number}: {error}")

    def take_event(self, number, event):
        self.events.append(event)
        self.check_order(number, event["event"])
        if event["event"] == "epoch":
            self.take_epoch(number, event)
        elif event["event"] == "redaction":
            self.take_redaction(number, event)
        elif event["event"] == "redaction-done":
            for track in self.tracks.values():
                track.deletion_pending = False

    # What must not stand twice before its counterpart: (begins, ends).
    PAIRS = (("private-begin", "private"), ("stopping", "continued"))
    BEHIND_STOP = ("redaction", "redaction-done")

    def check_order(self, number, name):
        if "stop" in self.standing and name not in self.BEHIND_STOP:
            self.complain("event-order", f"record {number}: {name} behind the stop")
        for begins, ends in self.PAIRS:
            if name == begins and begins in self.standing or \
                    name == ends and begins not in self.standing:
                self.complain("event-order", f"record {number}: {name}")
            if name == begins:
                self.standing.add(begins)
            if name == ends:
                self.standing.discard(begins)
        if name == "stop":
            self.standing.add("stop")
        elif name == "epoch" and "stopping" in self.standing:
            self.complain("event-order", f"record {number}: {name} behind the stop")

    def take_redaction(self, number, event):
        if event["after_stop"] != ("stop" in self.standing):
            self.complain("redaction-stop", f"record {number}")
        for stretch in event["stretches"]:
            track = self.tracks.get(stretch["track"])
            there = track and [record.sequence for _, record in track.placed_records()]
            if not there or stretch["last"] > max(there):
                self.complain("redaction-unknown", f"record {number}: {stretch['track']}")
                continue
            track.deleted.append((stretch["first"], stretch["last"]))
            track.deletion_pending = True

    def take_epoch(self, number, event):
        name, where = event["name"], f"record {number}: epoch {event['epoch']} of {event['name']}"
        taken = {track.number: track.name for track in self.tracks.values()}
        track = self.tracks.setdefault(name, tracks.Track(name, event["track"]))
        if track.number != event["track"] or taken.get(event["track"], name) != name:
            self.complain("epoch-track", f"{where}: track number {event['track']} is not its own")
        if values.TRACK.fullmatch(name).group(1) not in self.source_names():
            self.complain("epoch-source", f"{where}: no such source in lesson.json")
        if event["epoch"] != len(track.epochs):
            self.complain("epoch-number", f"{where}: expected epoch {len(track.epochs)}")
        timescale = (fragments.VIDEO_TIMESCALE if track.kind == "video"
                     else event["sample_rate"])
        if event["timescale"] != timescale:
            self.complain("epoch-timescale", f"{where}: {event['timescale']}")
        if event["epoch"] not in track.epochs:
            track.epochs[event["epoch"]] = tracks.Epoch(event)

    def take_fragment(self, number, record):
        track = next((track for track in self.tracks.values() if track.number == record.track),
                     None)
        if track is None or record.epoch not in track.epochs:
            raise journal.JournalError(
                f"fragment of track {record.track} epoch {record.epoch} before its epoch event")
        if self.standing & {"stop", "stopping"}:
            self.complain("event-order", f"record {number}: a fragment behind the stop")
        if record.epoch != list(track.epochs)[-1]:
            self.complain("fragment-epoch", f"record {number}: epoch {record.epoch} of"
                          f" {track.name} is over")
        track.epochs[record.epoch].records.append(record)

    # ---- events ----

    def named(self, name):
        return [event for event in self.events if event["event"] == name]

    def check_events(self):
        for name in ("start", "stop"):
            if len(self.named(name)) > 1:
                self.complain("event-repeated", name)
        for event in self.named("start"):
            if event["at_ns"] != 0:
                self.complain("start-time", f"start at {event['at_ns']} ns of lesson time")
        if self.named("stop") and not self.named("start"):
            self.complain("start-missing", "stop without start")
        for event in self.named("gap"):
            if event["from_ns"] >= event["to_ns"]:
                self.complain("gap-empty", f"{event['track']} from {event['from_ns']}")
            if values.TRACK.fullmatch(event["track"]).group(1) not in self.source_names():
                self.complain("gap-source", f"{event['track']}: no such source in lesson.json")
        self.check_marks()

    def check_marks(self):
        marked, undone = set(), set()
        for event in self.events:
            if event["event"] == "mark":
                if event["id"] in marked:
                    self.complain("mark-repeated", str(event["id"]))
                marked.add(event["id"])
            elif event["event"] == "mark-undone":
                if event["id"] not in marked - undone:
                    self.complain("mark-unknown", f"{event['id']} is undone but not marked")
                undone.add(event["id"])

    # ---- tracks ----

    def check_track(self, track):
        tracks.check_records(track, self.complain)
        for number, epoch in track.epochs.items():
            name = f"{track.name}/e{number:03d}.mp4"
            try:
                with open(os.path.join(self.folder, name), "rb") as file:
                    end = tracks.check_file(track, epoch, name, file, self.complain)
                    self.note_tail(name, os.fstat(file.fileno()).st_size - end)
            except OSError as error:
                self.complain("file-missing", f"{name}: {error.strerror}")

    def check_tiling(self):
        """After `stop`, fragments and gaps of each track tile [0, duration_ms]."""
        stops, gaps = self.named("stop"), self.named("gap")
        for name in sorted(set(self.tracks) | {gap["track"] for gap in gaps}) if stops else []:
            track = self.tracks.get(name, tracks.Track(name))
            tiles = track.tiles() + [(gap["from_ns"], gap["to_ns"]) for gap in gaps
                                     if gap["track"] == name]
            duration_ns = stops[-1]["duration_ms"] * tracks.NS_PER_MS
            tracks.check_tiling(name, tiles, duration_ns, track.tolerance_ns(), self.complain)

    # ---- checkpoints ----

    def read_checkpoints(self):
        raw = self.bytes_of("checkpoints")
        if raw is None or self.key is None or not self.roots:
            return
        *lines, tail = raw.split(b"\n")
        self.note_tail("checkpoints", len(tail))
        previous_hash = "0" * 64
        for number, line in enumerate(lines, 1):
            try:
                content = self.verified_checkpoint(line)
                self.check_checkpoint(f"line {number}", content, previous_hash)
            except (values.JsonError, signatures.SignatureError, journal.JournalError) as error:
                self.complain("checkpoint", f"line {number}: {error}")
            previous_hash = hashlib.sha256(line).hexdigest()
            self.checkpoints += 1

    def verified_checkpoint(self, line):
        envelope = signatures.parse_envelope(values.parse_object(line))
        signatures.verify_envelope(envelope, journal.CHECKPOINT_TYPE, self.key)
        return journal.parse_checkpoint(envelope.payload)

    def check_checkpoint(self, where, content, previous_hash):
        if content["lesson_id"] != self.identity.get("lesson_id"):
            self.complain("checkpoint-lesson", f"{where}: {content['lesson_id']}")
        if content["previous_sha256"] != previous_hash:
            self.complain("checkpoint-chain", f"{where}: previous_sha256 is not of the line before")
        size = content["tree_size"]
        if size < self.signed_leaves:
            self.complain("checkpoint-size", f"{where}: {size} after {self.signed_leaves}")
        if size >= len(self.roots):
            self.complain("checkpoint-size", f"{where}: {size} leaves signed,"
                          f" {len(self.roots) - 1} there")
        elif content["root_sha256"] != self.roots[size]:
            self.complain("checkpoint-root", f"{where}: root over {size} leaves")
        else:
            self.signed_leaves = max(self.signed_leaves, size)

    # ---- summary ----

    def summary(self):
        stops = self.named("stop")
        return {
            "lesson_id": self.identity.get("lesson_id"),
            "duration_ms": stops[-1]["duration_ms"] if stops else None,
            "finished": bool(stops),
            "tracks": {name: track.summary() for name, track in self.tracks.items()},
            "gaps": [{member: event[member] for member in ("track", "from_ns", "to_ns", "reason")}
                     for event in self.named("gap")],
            "redacted": sum(last - first + 1 for track in self.tracks.values()
                            for first, last in track.deleted),
            "marks": self.mark_summaries(),
            "records": len(self.records),
            "leaves": max(len(self.roots) - 1, 0),
            "checkpoints": self.checkpoints,
            "signed_leaves": self.signed_leaves,
            "root_sha256": self.roots[-1] if self.roots else None,
            "device_id": self.device_id,
            "tails": self.tails,
            "violations": self.violations,
        }

    def mark_summaries(self):
        undone = [event["id"] for event in self.named("mark-undone")]
        members = ("id", "at_ns", "point", "look_back_ms", "look_ahead_ms")
        return [{**{member: event[member] for member in members}, "undone": event["id"] in undone}
                for event in self.named("mark")]


def read_lesson(folder):
    return Reader(folder).read()


def main(arguments=None):
    parser = argparse.ArgumentParser(description="check a lesson folder against docs/ref")
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--json", action="store_true", help="the summary on one line")
    options = parser.parse_args(arguments)  # exits with 2 at wrong use
    if not os.path.isdir(options.folder):
        print(f"lesson_reader: {options.folder}: not a folder", file=sys.stderr)
        return 2
    summary = read_lesson(options.folder)
    print(json.dumps(summary, indent=None if options.json else 2))
    return 1 if summary["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
