#!/usr/bin/env python3
"""Checks a device log from docs/ref/device-log.md alone.

    log_reader.py DIR

A second implementation: where it and `shilu log` disagree, one of them or the page is wrong.
Prints {"log_id", "entries", "signed", "violations": [...]}; exit status 1 if there are violations.
"""

import sys

sys.dont_write_bytecode = True

import hashlib
import json
import os

import journal
import signatures
import values

CHECKPOINT_TYPE = "application/vnd.shilu.log-checkpoint+json"
MAGIC = b"SHLJRNL1"
ENTRY, VERSION = 3, 1
OWN = {"event": values.is_text, "utc": values.is_time, "synchronised": lambda value: isinstance(value, bool),
       "boot_id": values.is_text, "at_ns": values.is_int}


def parse_entry(body):
    if len(body) < 2 or (body[0], body[1]) != (ENTRY, VERSION):
        raise journal.JournalError("a record of another type")
    entry = values.parse_object(body[2:])
    if any(name not in entry or not right(entry[name]) for name, right in OWN.items()):
        raise journal.JournalError("members of an entry")
    return entry


class Log:
    def __init__(self, directory):
        self.violations = []
        with open(os.path.join(directory, "log.json"), "rb") as file:
            text = file.read()
        self.identity = values.parse_object(text)
        self.leaves, self.entries = [text], []
        self.read_entries(self.read(directory, "journal"))
        self.signed = 0
        self.check_heads(self.read(directory, "checkpoints"))
        self.check_clock()

    @staticmethod
    def read(directory, name):
        path = os.path.join(directory, name)
        if not os.path.exists(path):
            return b""
        with open(path, "rb") as file:
            return file.read()

    def read_entries(self, data):
        if data[:len(MAGIC)] != MAGIC:
            if len(data) >= len(MAGIC):
                self.violations.append("journal")
            return
        place = len(MAGIC)
        while (found := journal.record_at(data, place)) is not None:
            try:
                self.entries.append(parse_entry(found[1]))
            except (journal.JournalError, values.JsonError):
                self.violations.append("journal")
                return
            self.leaves.append(found[0])
            place += len(found[0])

    def key_at(self, size):
        """The key that signs a head over `size` leaves."""
        for entry in reversed(self.entries[:size - 1]):
            if entry["event"] == "key":
                key, _, complaints = signatures.read_certificate(entry.get("certificate"), "seal")
                return None if complaints else key
        return None

    def check_heads(self, data):
        previous = "0" * 64
        lines = data.split(b"\n")[:-1]  # what has no newline is torn
        for number, line in enumerate(lines):
            try:
                envelope = signatures.parse_envelope(values.parse_object(line))
                head = values.parse_object(envelope.payload)
            except (signatures.SignatureError, values.JsonError):
                if number + 1 < len(lines):
                    self.violations.append("checkpoint-chain")
                return
            self.check_head(envelope, head, previous)
            previous = hashlib.sha256(line).hexdigest()

    def check_head(self, envelope, head, previous):
        size = head["tree_size"]
        if head["previous_sha256"] != previous or head["log_id"] != self.identity["log_id"] or size < self.signed:
            self.violations.append("checkpoint-chain")
            return
        tree = journal.Tree()
        for leaf in self.leaves[:size]:
            tree.add(leaf)
        if size > len(self.leaves) or tree.root().hex() != head["root_sha256"]:
            self.violations.append("checkpoint-root")
            return
        key = self.key_at(size)
        try:
            if key is None:
                raise signatures.SignatureError("no key")
            signatures.verify_envelope(envelope, CHECKPOINT_TYPE, key)
        except signatures.SignatureError:
            self.violations.append("checkpoint-signature")
            return
        self.signed = size

    def check_clock(self):
        for before, entry in zip(self.entries, self.entries[1:]):
            back = values.instant(entry["utc"]) < values.instant(before["utc"]) - 1
            if back and before["synchronised"] and entry["synchronised"]:
                self.violations.append("clock-set-back")


def main(arguments):
    if len(arguments) != 1 or not os.path.isdir(arguments[0]):
        print(__doc__, file=sys.stderr)
        return 2
    log = Log(arguments[0])
    print(json.dumps({"log_id": log.identity["log_id"], "entries": len(log.entries), "signed": log.signed,
                      "violations": log.violations}))
    return 1 if log.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
