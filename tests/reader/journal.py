"""journal.md: records, the recording tree and checkpoints."""

import hashlib
import struct
import zlib
from collections import namedtuple

import values

MAGIC = b"SHLJRNL1"
MAX_BODY = 1 << 20
CHECKPOINT_TYPE = "application/vnd.shilu.checkpoint+json"

FRAGMENT, EVENT = 1, 2
KEY, GAP_BEFORE, TIME_LIMIT, CLOCK_SUSPECT = 1, 2, 4, 8
ALL_FLAGS = KEY | GAP_BEFORE | TIME_LIMIT | CLOCK_SUSPECT

Record = namedtuple("Record", "number leaf body")
FRAGMENT_BODY = struct.Struct(">BBHHHIIQqQII32s32s")
FragmentRecord = namedtuple(
    "FragmentRecord", "kind version track epoch flags sequence size offset decode_time duration"
    " samples expected sha256 payload_sha256")


class JournalError(Exception):
    pass


# ---- records ----

def record_at(raw, place):
    """The complete record at that place of the journal as (leaf, body), or None."""
    if place + 8 > len(raw):
        return None
    length, crc = struct.unpack_from(">II", raw, place)
    body = raw[place + 8:place + 8 + length]
    if not 1 <= length <= MAX_BODY or len(body) != length or zlib.crc32(body) != crc:
        return None
    return raw[place:place + 8 + length], body


def read_records(raw):
    """(records, place where reading ended). raw begins with the magic."""
    records, place = [], len(MAGIC)
    while (found := record_at(raw, place)) is not None:
        records.append(Record(len(records) + 1, *found))
        place += len(found[0])
    return records, place


def record_follows(raw, place):
    """True if the broken record at place is followed by a complete one.

    A torn end of the file has nothing complete behind it, so this is damage.
    """
    if place + 8 > len(raw):
        return False
    length, = struct.unpack_from(">I", raw, place)
    return 1 <= length <= MAX_BODY and record_at(raw, place + 8 + length) is not None


def parse_fragment_record(body):
    if len(body) != FRAGMENT_BODY.size:
        raise JournalError(f"fragment record of {len(body)} bytes")
    record = FragmentRecord(*FRAGMENT_BODY.unpack(body))
    if record.version != 1:
        raise JournalError(f"fragment record of version {record.version}")
    if record.flags & ~ALL_FLAGS:
        raise JournalError(f"unknown flags {record.flags:#x}")
    return record


# ---- events ----

def is_mark_id(value):
    return values.is_text(value) or values.is_count(value)


def is_point(value):
    return value is None or is_mark_id(value)


GAP_REASONS = ("late-start", "source-lost", "recorder-restart", "queue-overflow", "disk-full",
               "clock-jump", "source-ended", "power-loss", "private", "stopped", "redacted",
               "suspended")
STOP_REASONS = ("user", "time", "power-loss", "disk-full")
BORDERS = {"from_ns": values.is_int, "to_ns": values.is_int}


def is_sha256_or_null(value):
    return value is None or values.is_sha256(value)

EVENTS = {
    "epoch": {"track": values.is_u16, "name": values.is_track, "epoch": values.is_u16,
              "codec": values.is_text, "timescale": values.is_positive,
              "nominal_ticks": values.is_count, "header_size": values.is_positive,
              "header_sha256": values.is_sha256},
    "start": {"utc": values.is_time},
    "mark": {"id": is_mark_id, "point": is_point, "look_back_ms": values.is_count,
             "look_ahead_ms": values.is_count},
    "mark-undone": {"id": is_mark_id},
    "gap": {"track": values.is_track, "from_ns": values.is_int, "to_ns": values.is_int,
            "reason": values.one_of(*GAP_REASONS)},
    "clock": {"utc": values.is_time, "synchronised": values.is_bool, "error_ms": values.is_int},
    "sign-in": {"subject_sha256": values.is_sha256},
    "recovered": {"lost_bytes": values.is_count, "records": values.is_count},
    "rebase": {"boot_id": values.is_text, "start_monotonic_ns": values.is_int,
               "synchronised": values.is_bool, "error_ms": values.is_count,
               "reason": values.one_of("reboot", "suspend")},
    "private-begin": {},
    "private": BORDERS,
    "stopping": {"duration_ms": values.is_count, "reason": values.one_of(*STOP_REASONS)},
    "continued": BORDERS,
    "extended": {"planned_ms": values.is_count},
    "redaction": {**BORDERS, "subject_sha256": is_sha256_or_null, "after_stop": values.is_bool,
                  "stretches": values.is_list},
    "redaction-done": {"after_stop": values.is_bool},
    "stop": {"duration_ms": values.is_count, "reason": values.one_of(*STOP_REASONS)},
}
STRETCH = {"track": values.is_track, "first": values.is_count, "last": values.is_count, **BORDERS}
EPOCH_VIDEO = {"width": values.is_positive, "height": values.is_positive}
EPOCH_AUDIO = {"sample_rate": values.is_positive, "channels": values.is_positive}


def event_kinds(event):
    kinds = {"at_ns": values.is_int, **EVENTS[event["event"]]}
    if event["event"] == "epoch":
        is_video = str(event.get("name")).endswith(".video")
        kinds.update(EPOCH_VIDEO if is_video else EPOCH_AUDIO)
    return kinds


def parse_event(body):
    if len(body) < 2 or body[1] != 1:
        raise JournalError("event record of an unknown version")
    try:
        event = values.parse_compact(body[2:])
    except values.JsonError as error:
        raise JournalError(f"event: {error}") from None
    if not isinstance(event.get("event"), str) or event["event"] not in EVENTS:
        raise JournalError(f"unknown event {event.get('event')!r}")
    wrong = values.wrong_members(event, event_kinds(event))
    if event.get("stretches") == []:
        wrong.append("stretches")
    if not wrong and event["event"] == "redaction":
        wrong = [f"stretches[{place}]" for place, stretch in enumerate(event["stretches"])
                 if not isinstance(stretch, dict) or values.wrong_members(stretch, STRETCH)
                 or stretch["first"] > stretch["last"] or stretch["from_ns"] >= stretch["to_ns"]]
    if wrong:
        raise JournalError(f"{event['event']}: members: " + ", ".join(wrong))
    return event


# ---- recording tree ----

class Tree:
    """RFC 6962 section 2.1, leaf by leaf.

    Keeps the roots of the complete subtrees only, largest first: their sizes are
    the binary digits of the number of leaves.
    """

    def __init__(self):
        self.size = 0
        self.subtrees = []

    def add(self, leaf):
        node = hashlib.sha256(b"\x00" + leaf).digest()
        self.size += 1
        pairs = self.size
        while pairs % 2 == 0:
            node = join(self.subtrees.pop(), node)
            pairs //= 2
        self.subtrees.append(node)

    def root(self):
        if not self.subtrees:
            return hashlib.sha256().digest()
        node = self.subtrees[-1]
        for left in reversed(self.subtrees[:-1]):
            node = join(left, node)
        return node


def join(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def roots_by_size(leaves):
    """Item n is the root (hex) over the first n leaves."""
    tree = Tree()
    roots = [tree.root().hex()]
    for leaf in leaves:
        tree.add(leaf)
        roots.append(tree.root().hex())
    return roots


# ---- checkpoints ----

CHECKPOINT_MEMBERS = {
    "lesson_id": values.is_uuid7,
    "tree_size": values.is_positive,
    "root_sha256": values.is_sha256,
    "previous_sha256": values.is_sha256,
    "at_ns": values.is_int,
    "utc": values.is_time,
    "synchronised": values.is_bool,
    "error_ms": values.is_int,
    "reason": values.one_of("time", "mark", "gap", "stop", "recovered", "private", "stopping",
                            "redaction"),
}


def parse_checkpoint(payload):
    try:
        content = values.parse_compact(payload)
    except values.JsonError as error:
        raise JournalError(str(error)) from None
    wrong = values.wrong_members(content, CHECKPOINT_MEMBERS)
    if wrong:
        raise JournalError("members: " + ", ".join(wrong))
    return content
