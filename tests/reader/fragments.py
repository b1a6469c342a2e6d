"""fragments.md: the boxes of a track file.

parse_header and parse_fragment raise BoxError at the first thing that is not as
the page says; what they return is compared with the journal by the caller.
"""

import struct
from collections import namedtuple

PRE_ROLL_S = 120
VIDEO_TIMESCALE = 90000
SYNC_FLAGS, OTHER_FLAGS = 0x02000000, 0x01010000

DEFAULT_BASE_IS_MOOF = 0x020000
TRUN_AUDIO = 0x000701  # data offset, duration, size, flags
TRUN_VIDEO = 0x000F01  # the same and composition offset

Header = namedtuple("Header", "timescale kind codec width height sample_rate channels")
Fragment = namedtuple("Fragment", "sequence_number decode_time samples payload")
Sample = namedtuple("Sample", "duration size flags composition data")


class BoxError(Exception):
    pass


def require(condition, complaint):
    if not condition:
        raise BoxError(complaint)


def unpack(layout, data, place=0):
    try:
        return struct.unpack_from(layout, data, place)
    except struct.error:
        raise BoxError("a box is too short") from None


def boxes(data):
    """[(type, content)] of the boxes that fill data exactly; 32-bit sizes only."""
    found, place = [], 0
    while place < len(data):
        size, name = unpack(">I4s", data, place)
        require(8 <= size <= len(data) - place, f"size {size} of a box is impossible")
        found.append((name.decode("latin-1"), data[place + 8:place + size]))
        place += size
    return found


def exactly(data, *names):
    """Contents of the boxes in data, which are these and no others, in this order."""
    found = boxes(data)
    have = [name for name, _ in found]
    require(have == list(names), f"boxes {' '.join(have)} instead of {' '.join(names)}")
    return [content for _, content in found]


def child(data, name):
    """Content of the one box of that name among others."""
    found = [content for have, content in boxes(data) if have == name]
    require(len(found) == 1, f"{len(found)} boxes {name} instead of one")
    return found[0]


def version_and_flags(content):
    word, = unpack(">I", content)
    return word >> 24, word & 0xFFFFFF


# ---- header: ftyp + moov ----

def parse_header(data):
    ftyp, moov = exactly(data, "ftyp", "moov")
    major, = unpack(">4s", ftyp)
    require(major == b"iso6" and ftyp[8:] == b"iso6cmfcmp41", "brands of ftyp")
    mvhd, trak, mvex = exactly(moov, "mvhd", "trak", "mvex")
    require(times_of(mvhd) == (1000, 0), "timescale or duration of mvhd")
    trex, = exactly(mvex, "trex")
    require(unpack(">6I", trex) == (0, 1, 1, 0, 0, 0), "trex is not track 1, description 1, zeros")
    return parse_track(trak)


def times_of(content):
    """(timescale, duration) of mvhd and mdhd."""
    version, _ = version_and_flags(content)
    require(version in (0, 1), "version of mvhd or mdhd")
    return unpack(">II", content, 12) if version == 0 else unpack(">IQ", content, 20)


def parse_track(trak):
    tkhd, mdia = exactly(trak, "tkhd", "mdia")
    version, _ = version_and_flags(tkhd)
    require(unpack(">I", tkhd, 20 if version == 1 else 12) == (1,), "track id of tkhd")
    mdhd, hdlr, minf = exactly(mdia, "mdhd", "hdlr", "minf")
    timescale, duration = times_of(mdhd)
    require(duration == 0, "duration of mdhd")
    handler, = unpack(">4s", hdlr, 8)
    require(handler in (b"vide", b"soun"), f"handler {handler!r}")
    kind = "video" if handler == b"vide" else "audio"
    _, _, stbl = exactly(minf, "vmhd" if kind == "video" else "smhd", "dinf", "stbl")
    return parse_tables(stbl, timescale, kind)


def parse_tables(stbl, timescale, kind):
    stsd, stts, stsc, stsz, stco = exactly(stbl, "stsd", "stts", "stsc", "stsz", "stco")
    for name, content in (("stts", stts), ("stsc", stsc), ("stsz", stsz), ("stco", stco)):
        require(len(content) == (12 if name == "stsz" else 8) and not any(content),
                f"{name} is not empty")
    require(unpack(">II", stsd) == (0, 1), "stsd has not one entry")
    entries = boxes(stsd[8:])
    require(len(entries) == 1, "stsd has not one entry")
    name, entry = entries[0]
    require(unpack(">H", entry, 6) == (1,), "data reference of the sample entry")
    if kind == "video":
        return parse_video_entry(name, entry, timescale)
    return parse_audio_entry(name, entry, timescale)


def parse_video_entry(name, entry, timescale):
    width, height = unpack(">HH", entry, 24)
    require(name in ("avc1", "hvc1"), f"video sample entry {name}")
    if name == "avc1":
        codec = avc_codec(child(entry[78:], "avcC"))
    else:
        codec = hevc_codec(child(entry[78:], "hvcC"))
    return Header(timescale, "video", codec, width, height, None, None)


def parse_audio_entry(name, entry, timescale):
    channels, = unpack(">H", entry, 16)
    rate, = unpack(">I", entry, 24)
    require(name == "mp4a", f"audio sample entry {name}")
    codec = aac_codec(child(entry[28:], "esds"))
    return Header(timescale, "audio", codec, None, None, rate >> 16, channels)


def avc_codec(config):
    """RFC 6381 name from an avcC (ISO/IEC 14496-15 section 5.3.3)."""
    version, profile, constraints, level, lengths, sps_count = unpack(">6B", config)
    require(version == 1, "version of avcC")
    require(lengths & 3 == 3, "NAL lengths in avcC are not of 4 bytes")
    require(sps_count & 31 > 0, "no SPS in avcC")
    place = 6
    for _ in range(sps_count & 31):
        place += 2 + unpack(">H", config, place)[0]
    require(unpack(">B", config, place)[0] > 0, "no PPS in avcC")
    return f"avc1.{profile:02X}{constraints:02X}{level:02X}"


def hevc_codec(config):
    """RFC 6381 name from an hvcC (ISO/IEC 14496-15 section 8.3.3 and annex E)."""
    version, profile, compatible = unpack(">BBI", config)
    constraints = config[6:12]
    level, = unpack(">B", config, 12)
    lengths, arrays = unpack(">BB", config, 21)
    require(version == 1, "version of hvcC")
    require(lengths & 3 == 3, "NAL lengths in hvcC are not of 4 bytes")
    require({32, 33, 34} <= hevc_array_types(config, arrays), "VPS, SPS or PPS missing in hvcC")
    reversed_bits = int(f"{compatible:032b}"[::-1], 2)
    parts = ["hvc1", ("", "A", "B", "C")[profile >> 6] + str(profile & 31), f"{reversed_bits:X}",
             ("H" if profile & 32 else "L") + str(level)]
    parts += [f"{byte:X}" for byte in constraints.rstrip(b"\x00")]
    return ".".join(parts)


def hevc_array_types(config, arrays):
    types, place = set(), 23
    for _ in range(arrays):
        kind, count = unpack(">BH", config, place)
        place += 3
        for _ in range(count):
            place += 2 + unpack(">H", config, place)[0]
            types.add(kind & 63)
    return types


def aac_codec(esds):
    """RFC 6381 name from an esds (ISO/IEC 14496-14; descriptors of 14496-1)."""
    elementary = descriptor(esds[4:], 3)
    flags, = unpack(">B", elementary, 2)
    require(flags & 0xE0 == 0, "optional parts in the ES descriptor")
    decoder = descriptor(elementary[3:], 4)
    object_type, = unpack(">B", decoder)
    require(object_type == 0x40, f"object type {object_type:#x}")
    config = descriptor(decoder[13:], 5)
    word, = unpack(">H", config)
    audio_type = word >> 11
    if audio_type == 31:
        audio_type = 32 + (word >> 5 & 63)
    return f"mp4a.40.{audio_type}"


def descriptor(data, tag):
    require(data[:1] == bytes([tag]), f"descriptor {tag} is missing")
    size, place = 0, 1
    while True:
        byte, = unpack(">B", data, place)
        size, place = size << 7 | byte & 127, place + 1
        if byte < 128:
            break
    require(place + size <= len(data), f"descriptor {tag} is too long")
    return data[place:place + size]


# ---- fragment: moof + mdat ----

def parse_fragment(data, kind):
    moof, mdat = exactly(data, "moof", "mdat")
    mfhd, traf = exactly(moof, "mfhd", "traf")
    tfhd, tfdt, trun = exactly(traf, "tfhd", "tfdt", "trun")
    _, sequence_number = unpack(">II", mfhd)
    require(version_and_flags(tfhd)[1] == DEFAULT_BASE_IS_MOOF and len(tfhd) == 8, "flags of tfhd")
    require(unpack(">I", tfhd, 4) == (1,), "track id of tfhd")
    require(version_and_flags(tfdt)[0] == 1 and len(tfdt) == 12, "version of tfdt")
    decode_time, = unpack(">Q", tfdt, 4)
    samples = parse_run(trun, kind, mdat, data_offset=len(moof) + 16)
    return Fragment(sequence_number, decode_time, samples, mdat)


def parse_run(trun, kind, payload, data_offset):
    expected = (0, TRUN_VIDEO if kind == "video" else TRUN_AUDIO)
    require(version_and_flags(trun) == expected, "version or flags of trun")
    count, offset = unpack(">Ii", trun, 4)
    require(offset == data_offset, f"data offset {offset} of trun instead of {data_offset}")
    fields = 4 if kind == "video" else 3
    require(len(trun) == 12 + count * fields * 4, "size of trun")
    words = unpack(f">{count * fields}I", trun, 12)
    samples, place = [], 0
    for number in range(count):
        duration, size, flags, *rest = words[number * fields:(number + 1) * fields]
        samples.append(Sample(duration, size, flags, rest[0] if rest else 0,
                              payload[place:place + size]))
        place += size
    require(place == len(payload), f"samples of {place} bytes in an mdat of {len(payload)}")
    return samples


# ---- samples ----

def nal_types(data, codec):
    """Types of the NAL units of a video sample, each behind a length of 4 bytes."""
    types, place = [], 0
    while place < len(data):
        length, = unpack(">I", data, place)
        require(1 <= length <= len(data) - place - 4, "a NAL unit does not fit its sample")
        first = data[place + 4]
        types.append(first >> 1 & 63 if codec.startswith("hvc1") else first & 31)
        place += 4 + length
    require(types, "a sample without NAL units")
    return types


def is_idr(types, codec):
    idr = {19, 20} if codec.startswith("hvc1") else {5}
    return bool(idr & set(types))
