"""A track: its epochs, its fragments against the journal, and the tiling of time."""

import hashlib
import os
from dataclasses import dataclass, field

import fragments
import journal

NS_PER_S = 10**9
NS_PER_MS = 10**6
LONGEST_PRE_ROLL_NS = 32 * NS_PER_S


@dataclass
class Epoch:
    event: dict
    records: list = field(default_factory=list)

    @property
    def timescale(self):
        return self.event["timescale"]

    @property
    def nominal_ticks(self):
        return self.event["nominal_ticks"]

    def ns(self, ticks):
        return ticks * NS_PER_S // self.timescale


@dataclass
class Track:
    name: str
    number: int = -1  # a track known from gaps alone has none
    epochs: dict = field(default_factory=dict)
    deleted: list = field(default_factory=list)  # (first, last) sequence of each stretch
    deletion_pending: bool = False  # declared, but the bytes may still be there

    def is_deleted(self, sequence):
        return any(first <= sequence <= last for first, last in self.deleted)

    @property
    def kind(self):
        return self.name.rpartition(".")[2]

    def placed_records(self):
        """(epoch, record) of every fragment, in the order of the journal."""
        return [(epoch, record) for epoch in self.epochs.values() for record in epoch.records]

    def tolerance_ns(self):
        """One nominal sample or 1 ms, whichever is more, rounded up."""
        nominal = [epoch.ns(epoch.nominal_ticks) + 1 for epoch in self.epochs.values()]
        return max([NS_PER_MS] + nominal)

    def tiles(self):
        return [(epoch.ns(record.decode_time), epoch.ns(record.decode_time + record.duration))
                for epoch, record in self.placed_records()]

    def summary(self):
        """start_ticks and end_ticks are lesson time in the timescale of the last epoch."""
        placed = self.placed_records()
        timescale = list(self.epochs.values())[-1].timescale
        begins = [record.decode_time * timescale // epoch.timescale for epoch, record in placed]
        ends = [(record.decode_time + record.duration) * timescale // epoch.timescale
                for epoch, record in placed]
        return {
            "fragments": len(placed),
            "samples": sum(record.samples for _, record in placed),
            "bytes": sum(record.size for _, record in placed),
            "start_ticks": begins[0] if placed else None,
            "end_ticks": ends[-1] if placed else None,
            "timescale": timescale,
        }


def read_at(file, offset, size):
    """Like pread, but what the journal claims never makes us reserve more than there is."""
    available = max(os.fstat(file.fileno()).st_size - offset, 0)
    if available == 0:
        return b""
    file.seek(offset)
    return file.read(min(size, available))


def parameters(kind, event):
    """What the header of the file and the epoch event both tell."""
    members = ("width", "height") if kind == "video" else ("sample_rate", "channels")
    return (kind, event["codec"].lower(), event["timescale"], *(event[name] for name in members))


# ---- fragments in the journal ----

def check_records(track, complain):
    before = None
    for expected, (epoch, record) in enumerate(track.placed_records()):
        where = f"{track.name} fragment {record.sequence}"
        if record.sequence != expected:
            complain("fragment-sequence", f"{where}: {expected} is due")
        check_key_flag(track, where, before, (epoch, record), complain)
        if before is not None:
            check_seam(track, where, before, (epoch, record), complain)
        check_expected(epoch, where, record, complain)
        before = (epoch, record)


def check_key_flag(track, where, before, now, complain):
    epoch, record = now
    if record.flags & journal.KEY:
        return
    if track.kind == "audio":
        complain("fragment-key", f"{where}: audio without the key flag")
    elif before is None or before[0] is not epoch or not before[1].flags & journal.TIME_LIMIT:
        complain("fragment-key", f"{where}: no key, though the one before was not closed at the"
                 " time limit")


def check_seam(track, where, before, now, complain):
    """The gap flag says whether this fragment begins where the last one ended."""
    (old_epoch, old), (epoch, record) = before, now
    flagged = bool(record.flags & journal.GAP_BEFORE)
    if epoch is old_epoch:
        hole, slack = record.decode_time - old.decode_time - old.duration, 0
    else:  # timescales may differ, and another process looked at the clock
        end = old_epoch.ns(old.decode_time + old.duration)
        hole, slack = epoch.ns(record.decode_time) - end, track.tolerance_ns()
    if hole < -slack:
        complain("fragment-overlap", f"{where}: begins {-hole} before the end of the last")
    elif hole > slack and not flagged:
        complain("fragment-gap-flag", f"{where}: {hole} missing, no gap flag")
    elif flagged and epoch is old_epoch and hole <= 0:
        complain("fragment-gap-flag", f"{where}: gap flag without a gap")


def check_expected(epoch, where, record, complain):
    """The page gives no rounding, so one sample more or less is right."""
    nominal = epoch.nominal_ticks
    if nominal and abs(record.expected * nominal - record.duration) > nominal:
        complain("fragment-expected", f"{where}: {record.expected} samples expected in"
                 f" {record.duration} ticks")


# ---- files ----

def check_file(track, epoch, name, file, complain):
    """Header and fragments of one epoch's file; returns where the last fragment ends."""
    place = epoch.event["header_size"]
    check_header(track, epoch, name, read_at(file, 0, place), complain)
    for record in epoch.records:
        where = f"{name} fragment {record.sequence}"
        if record.offset != place:
            complain("fragment-offset", f"{where}: {record.offset} instead of {place}")
        data = read_at(file, record.offset, record.size)
        fragment = read_fragment(track, where, record, data, complain)
        if fragment is not None:
            compare_fragment(epoch, where, record, fragment, complain)
            check_samples(track, epoch, where, record, fragment.samples, complain)
            check_durations(track, epoch, where, fragment.samples, complain)
        place = record.offset + record.size
    return place


def check_header(track, epoch, name, data, complain):
    if hashlib.sha256(data).hexdigest() != epoch.event["header_sha256"]:
        complain("header-hash", name)
        return
    try:
        header = fragments.parse_header(data)
    except fragments.BoxError as error:
        complain("header-boxes", f"{name}: {error}")
        return
    in_file = parameters(header.kind, header._asdict())
    in_journal = parameters(track.kind, epoch.event)
    if in_file != in_journal:
        complain("header-event", f"{name}: {in_file} in the file, {in_journal} in the journal")


def read_fragment(track, where, record, data, complain):
    """The parsed fragment; None, and one violation, where its bytes are not those journalled."""
    if len(data) != record.size:
        complain("fragment-short", f"{where}: {len(data)} of {record.size} bytes")
        return None
    if track.is_deleted(record.sequence):
        return read_deleted(track, where, data, complain)
    if hashlib.sha256(data).digest() != record.sha256:
        complain("fragment-hash", where)
        return None
    try:
        fragment = fragments.parse_fragment(data, track.kind)
    except fragments.BoxError as error:
        complain("fragment-boxes", f"{where}: {error}")
        return None
    if hashlib.sha256(fragment.payload).digest() != record.payload_sha256:
        complain("payload-hash", where)
    return fragment


def read_deleted(track, where, data, complain):
    """Of what a signed deletion covers the head stays, and of its payload not one byte."""
    try:
        fragment = fragments.parse_fragment(data, track.kind)
    except fragments.BoxError as error:
        complain("fragment-boxes", f"{where}: {error}")
        return None
    if any(fragment.payload) and not track.deletion_pending:
        complain("redaction", f"{where}: deleted, yet bytes stand there")
    return fragment


def compare_fragment(epoch, where, record, fragment, complain):
    """The numbers in the boxes against those in the journal."""
    decode_time = fragment.decode_time - fragments.PRE_ROLL_S * epoch.timescale
    pairs = {
        "sequence": (fragment.sequence_number - 1, record.sequence),
        "tfdt": (decode_time, record.decode_time),
        "duration": (sum(sample.duration for sample in fragment.samples), record.duration),
        "samples": (len(fragment.samples), record.samples),
    }
    for name, (in_boxes, in_journal) in pairs.items():
        if in_boxes != in_journal:
            complain(f"fragment-{name}", f"{where}: {in_boxes} in the boxes, {in_journal} in the"
                     " journal")


# ---- samples ----

def check_samples(track, epoch, where, record, samples, complain):
    known = (fragments.SYNC_FLAGS, fragments.OTHER_FLAGS)
    if not samples:
        complain("sample-none", where)
        return
    if any(sample.flags not in known for sample in samples):
        complain("sample-flags", f"{where}: unknown flags")
    sync = [sample.flags == fragments.SYNC_FLAGS for sample in samples]
    if track.kind == "audio":
        if not all(sync):
            complain("sample-flags", f"{where}: a frame that is no sync sample")
        return
    if sync[0] != bool(record.flags & journal.KEY):
        complain("fragment-key", f"{where}: the key flag and the first sample disagree")
    if any(sync[1:]):
        complain("sample-flags", f"{where}: a sync sample inside the fragment")
    if track.is_deleted(record.sequence):
        return
    check_nal_units(epoch.event["codec"], where, samples, complain)


def check_nal_units(codec, where, samples, complain):
    try:
        for number, sample in enumerate(samples):
            idr = fragments.is_idr(fragments.nal_types(sample.data, codec), codec)
            if idr != (sample.flags == fragments.SYNC_FLAGS):
                complain("sample-idr", f"{where}: IDR and flags of sample {number} disagree")
                return
    except fragments.BoxError as error:
        complain("sample-nal", f"{where}: sample {number}: {error}")


def check_durations(track, epoch, where, samples, complain):
    durations = [sample.duration for sample in samples]
    nominal = epoch.nominal_ticks
    if nominal and any(duration > 2 * nominal for duration in durations):
        complain("sample-duration", f"{where}: more than twice the nominal duration")
    # Closed "after 2 s": the last sample may reach over, its begin may not.
    if track.kind == "video" and sum(durations[:-1]) > 2 * epoch.timescale:
        complain("fragment-long", f"{where}: its last sample begins after 2 s")


# ---- tiling ----

def check_tiling(name, tiles, duration_ns, tolerance_ns, complain):
    """Fragments and gaps of a track tile [0, duration]; seams within the tolerance.

    Before 0 there may be pre-roll, at most 30 s and a fragment of it, without a hole either.
    """
    tiles = sorted(tiles)
    if not tiles:
        complain("tiling", f"{name}: neither fragments nor gaps")
        return
    if tiles[0][0] > tolerance_ns:
        complain("tiling", f"{name}: nothing from 0 to {tiles[0][0]} ns")
    if tiles[-1][1] < duration_ns - tolerance_ns:
        complain("tiling", f"{name}: nothing from {tiles[-1][1]} to {duration_ns} ns")
    for (_, end), (begin, _) in zip(tiles, tiles[1:]):
        if abs(begin - end) > tolerance_ns:
            what = "hole" if begin > end else "overlap"
            complain("tiling", f"{name}: {what} between {end} and {begin} ns")
    if tiles[0][0] < -LONGEST_PRE_ROLL_NS:
        complain("pre-roll-long", f"{name}: begins at {tiles[0][0]} ns")
    # Only the last may end after the stop.
    if len(tiles) > 1 and tiles[-2][1] > duration_ns + tolerance_ns:
        complain("tiling", f"{name}: the last begins after the stop")
