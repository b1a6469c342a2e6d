"""fragments.md, "Virtual progressive MP4": the header and the order of a clip, computed anew from its fragments."""

import struct
from collections import namedtuple
from fractions import Fraction

import fragments

MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
SILENCE = {1: bytes.fromhex("00c800802380"), 2: bytes.fromhex("210049900219002380")}
FRAME = 1024
NOTHING = -1  # media time of an empty edit

# A sample that a table lists. `offset` is its place in the part that it stands in.
Listed = namedtuple("Listed", "decode duration size sync composition part offset")
# What stands in the mdat: a fragment of the clip (`place` there), or a box of silence (`box`).
Part = namedtuple("Part", "decode timescale track place size box")


class Track:
    """One track of a clip. `pieces` are (place in the clip, size, parsed fragment), in order."""

    def __init__(self, number, kind, timescale, stsd, pieces):
        self.number, self.kind, self.timescale, self.stsd = number, kind, timescale, stsd
        self.pieces = pieces
        self.samples = []  # (piece, decode, sample, offset in the piece)
        for index, (_, size, fragment) in enumerate(pieces):
            decode = fragment.decode_time - fragments.PRE_ROLL_S * timescale
            offset = size - len(fragment.payload)
            for sample in fragment.samples:
                self.samples.append((index, decode, sample, offset))
                decode += sample.duration
                offset += sample.size

    def ticks(self, ms):
        return nearest(Fraction(ms * self.timescale, 1000))

    def ms(self, ticks):
        ns = nearest(Fraction(ticks * 10**9, self.timescale))
        return (ns + 500_000) // 10**6


def nearest(value):
    """Halves away from zero."""
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def presented(entry):
    return entry[1] + entry[2].composition


class Selection:
    """Which samples of a track a range lists, and what of them it shows."""

    def __init__(self, track, from_ms, to_ms):
        self.track, self.start, self.end = track, track.ticks(from_ms), track.ticks(to_ms)
        self.listed = self.list_video() if track.kind == "video" else self.list_sound()

    def in_range(self, entry):
        at = presented(entry)
        if self.track.kind == "video":
            return self.start <= at < self.end
        return at + entry[2].duration > self.start and at < self.end

    def groups(self):
        """Lists of pieces: one that begins with a sync sample, and those behind it that do not."""
        groups = []
        for index, (_, _, fragment) in enumerate(self.track.pieces):
            if fragment.samples[0].flags == fragments.SYNC_FLAGS:
                groups.append([])
            if groups:
                groups[-1].append(index)
        return groups

    def list_video(self):
        shown = {entry[0] for entry in self.track.samples if self.in_range(entry)}
        first_of = {entry[0]: presented(entry) for entry in reversed(self.track.samples)}
        groups = [group for group in self.groups() if shown & set(group)]
        if not groups:
            return []
        early = [group for group in groups if first_of[group[0]] <= self.start]
        first = (early[-1] if early else groups[0])[0]
        behind = [entry for entry in self.track.samples if entry[0] >= first]
        last = max(place for place, entry in enumerate(behind) if presented(entry) < self.end)
        return behind[:last + 1]

    def list_sound(self):
        frames = self.track.samples
        inside = [place for place, entry in enumerate(frames) if self.in_range(entry)]
        if not inside:
            return []
        first = inside[0]
        if first > 0:
            _, decode, sample, _ = frames[first - 1]
            if frames[first][1] - (decode + sample.duration) < sample.duration:
                first -= 1
        return frames[first:inside[-1] + 1]

    def needs_all(self):
        pieces = [entry[0] for entry in self.listed]
        return bool(pieces) and (pieces[0], pieces[-1]) == (0, len(self.track.pieces) - 1)

    def shown(self):
        return [entry for entry in self.listed if self.in_range(entry)]

    def shown_from(self):
        if self.track.kind == "video":
            return min(presented(entry) for entry in self.shown())
        return max(self.start, self.shown()[0][1])


def silent_frame(track):
    """The frame that fills holes in this sound; None where holes are bridged."""
    entry = fragments.boxes(track.stsd[8:])[0][1]
    esds = fragments.child(entry[28:], "esds")
    config = fragments.descriptor(fragments.descriptor(fragments.descriptor(esds[4:], 3)[3:], 4)[13:], 5)
    bits = int.from_bytes(config[:2], "big")
    kind, rate, channels, short = bits >> 11, bits >> 7 & 15, bits >> 3 & 15, bits >> 2 & 1
    return SILENCE.get(channels) if kind == 2 and rate != 15 and not short else None


class Table:
    """The samples of one track in the movie, with the parts they stand in."""

    def __init__(self, track, selection):
        self.track, self.selection = track, selection
        self.parts = [Part(fragment.decode_time - fragments.PRE_ROLL_S * track.timescale, track.timescale,
                           track.number, place, size, None) for place, size, fragment in track.pieces]
        self.samples = []
        self.frame = silent_frame(track) if track.kind == "audio" else None
        self.first_shown = selection.shown_from()
        for entry in selection.listed:
            self.fill(entry)
            piece, decode, sample, offset = entry
            self.samples.append(Listed(decode, sample.duration, sample.size, sample.flags == fragments.SYNC_FLAGS,
                                       sample.composition, self.parts[piece], offset))
        self.media_start = self.samples[0].decode
        self.held = 0

    def fill(self, entry):
        """Silence in front of a frame, where some is missing."""
        if self.frame is None:
            return
        if not self.samples:
            hole = entry[1] - self.selection.start
            count = -(-hole // FRAME) if hole > 0 else 0
            if count:
                self.add_silence(entry[1] - count * FRAME, [FRAME] * count)
                self.first_shown = self.selection.start
            return
        end = self.samples[-1].decode + self.samples[-1].duration
        hole = entry[1] - end
        count = (hole + FRAME // 2) // FRAME
        if self.samples[-1].duration == FRAME and count > 0:
            self.add_silence(end, [FRAME] * (count - 1) + [hole - (count - 1) * FRAME])

    def add_silence(self, decode, durations):
        box = struct.pack(">I4s", 8 + len(self.frame) * len(durations), b"free") + self.frame * len(durations)
        part = Part(decode, self.track.timescale, self.track.number, None, len(box), box)
        self.parts.append(part)
        for number, duration in enumerate(durations):
            self.samples.append(Listed(decode, duration, len(self.frame), True, 0, part, 8 + number * len(self.frame)))
            decode += duration

    def begins_late(self):
        return self.track.ms(self.first_shown - self.selection.start) > 0

    def hold_first(self):
        first = self.samples[0]
        wait = first.decode + first.composition - self.selection.start
        if self.track.kind == "video" and wait > 0:
            self.held, self.media_start, self.first_shown = wait, first.decode - wait, self.selection.start

    def durations(self):
        ends = [sample.decode for sample in self.samples[1:]] + [self.samples[-1].decode + self.samples[-1].duration]
        durations = [end - sample.decode for end, sample in zip(ends, self.samples)]
        durations[0] += self.held
        return durations

    def edits(self):
        """[(length in ms, media time)]"""
        selection, track = self.selection, self.track
        shown = selection.shown()
        end = min(selection.end, max(presented(entry) + entry[2].duration for entry in shown))
        last = max(presented(entry) for entry in shown)
        hidden = [presented(entry) for entry in selection.listed if presented(entry) >= selection.end]
        length = track.ms(end - self.first_shown)
        if self.first_shown + track.ticks(length) <= last:
            length += 1
        if hidden and self.first_shown + track.ticks(length) > min(hidden):
            length -= 1
        lead = track.ms(self.first_shown - selection.start)
        edits = [(lead, NOTHING)] if lead > 0 else []
        return edits + [(max(length, 1), self.first_shown - self.media_start)]

    def length_ms(self):
        return sum(length for length, _ in self.edits())


# ---- boxes ----

def box(name, *contents):
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content), name.encode()) + content


def words(*values):
    return struct.pack(f">{len(values)}I", *values)


def runs(values):
    """[(value, how often in a row)]"""
    found = []
    for value in values:
        if found and found[-1][0] == value:
            found[-1][1] += 1
        else:
            found.append([value, 1])
    return found


def edit_list(edits):
    long = any(time > 0x7FFFFFFF for _, time in edits)
    layout = ">QqI" if long else ">IiI"
    return box("edts", box("elst", words(0x01000000 if long else 0, len(edits)),
                           *(struct.pack(layout, length, time, 0x10000) for length, time in edits)))


def media_header(timescale, duration):
    if duration > 0xFFFFFFFF:
        return box("mdhd", struct.pack(">IQQIQHH", 0x01000000, 0, 0, timescale, duration, 0x55C4, 0))
    return box("mdhd", struct.pack(">IIIIIHH", 0, 0, 0, timescale, duration, 0x55C4, 0))


def track_header(table):
    sound = table.track.kind == "audio"
    width = height = 0
    if not sound:
        width, height = struct.unpack_from(">HH", fragments.boxes(table.track.stsd[8:])[0][1], 24)
    return box("tkhd", words(3, 0, 0, table.track.number + 1, 0, table.length_ms()), bytes(8),
               struct.pack(">HHHH", 0, 0, 0x100 if sound else 0, 0), MATRIX, words(width << 16, height << 16))


def chunks_of(table):
    """[(part, samples in it)]: one chunk per part."""
    return [(part, count) for part, count in runs([sample.part for sample in table.samples])]


def sample_table(table, offset_of, wide):
    samples, video = table.samples, table.track.kind == "video"
    chunks = chunks_of(table)
    firsts = {}
    for sample in samples:
        firsts.setdefault(id(sample.part), sample.offset)
    offsets = [offset_of(part) + firsts[id(part)] for part, _ in chunks]
    contents = [box("stsd", table.track.stsd), box("stts", words(0, len(runs(table.durations()))),
                                                   *(words(count, value) for value, count in runs(table.durations())))]
    if video and any(sample.composition for sample in samples):
        found = runs([sample.composition for sample in samples])
        contents.append(box("ctts", words(0, len(found)), *(words(count, value) for value, count in found)))
    if video:
        sync = [number for number, sample in enumerate(samples, 1) if sample.sync]
        contents.append(box("stss", words(0, len(sync), *sync)))
    per_chunk, number, entries = runs([count for _, count in chunks]), 1, []
    for count, repeated in per_chunk:
        entries.append(words(number, count, 1))
        number += repeated
    contents.append(box("stsc", words(0, len(entries)), *entries))
    contents.append(box("stsz", words(0, 0, len(samples), *(sample.size for sample in samples))))
    if wide:
        contents.append(box("co64", words(0, len(offsets)), struct.pack(f">{len(offsets)}Q", *offsets)))
    else:
        contents.append(box("stco", words(0, len(offsets), *offsets)))
    return box("stbl", *contents)


def trak(table, offset_of, wide):
    sound = table.track.kind == "audio"
    return box("trak", track_header(table), edit_list(table.edits()),
               box("mdia", media_header(table.track.timescale, sum(table.durations())),
                   box("hdlr", bytes(8), b"soun" if sound else b"vide", bytes(13)),
                   box("minf", box("smhd", bytes(8)) if sound else box("vmhd", words(1), bytes(8)),
                       box("dinf", box("dref", words(0, 1), box("url ", words(1)))),
                       sample_table(table, offset_of, wide))))


def header(tables, order, payload_size):
    def make(start, wide):
        places, at = {}, start
        for part in order:
            places[id(part)] = at
            at += part.size
        offset_of = lambda part: places[id(part)]
        length = max(table.length_ms() for table in tables)
        mvhd = box("mvhd", words(0, 0, 0, 1000, length, 0x10000), struct.pack(">H", 0x100), bytes(10), MATRIX, bytes(24),
                   words(tables[-1].track.number + 2))
        return (box("ftyp", b"isom", words(0), b"isomiso6mp41")
                + box("moov", mvhd, *(trak(table, offset_of, wide) for table in tables))
                + struct.pack(">I4sQ", 1, b"mdat", 16 + payload_size))

    wide = len(make(0, False)) + payload_size > 0xFFFFFFFF
    return make(len(make(0, wide)), wide)


def rebuild(tracks, from_ms, to_ms):
    """(header, parts in order) of the movie, or None where the fragments are not just those that the range needs."""
    tables = []
    for track in sorted(tracks, key=lambda track: track.number):
        selection = Selection(track, from_ms, to_ms)
        if not selection.needs_all():
            return None
        tables.append(Table(track, selection))
    if all(table.begins_late() for table in tables):
        for table in tables:
            table.hold_first()
    parts = [part for table in tables for part in table.parts]
    order = sorted(parts, key=lambda part: (Fraction(part.decode, part.timescale), part.track))
    return header(tables, order, sum(part.size for part in order)), order
