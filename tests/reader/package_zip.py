"""package.md, "Zip: the canonical structure"."""

import re
import struct
import zlib
from collections import namedtuple

HEAD = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "seal.json", "seal-certificate.json",
        "identity.box")
OPTIONAL = HEAD[4:]
NAME = re.compile(rb"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
BAG = re.compile(r"evidence-[0-9a-f]{16}")
LIMIT = 0xFFFFFFFF

Entry = namedtuple("Entry", "name size crc header data")


class ZipError(Exception):
    pass


def require(condition, complaint):
    if not condition:
        raise ZipError(complaint)


def extra(*values):
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""


def fields(entry, zip64):
    size = min(entry.size, LIMIT)
    return struct.pack("<HHHHHIII", 45 if zip64 else 20, 0x0800, 0, 0, 0x0021, entry.crc, size, size)


def local_header(entry):
    large = entry.size >= LIMIT
    more = extra(entry.size, entry.size) if large else b""
    return b"PK\3\4" + fields(entry, large) + struct.pack("<HH", len(entry.name), len(more)) + entry.name + more


def central_header(entry):
    large, far = entry.size >= LIMIT, entry.header >= LIMIT
    more = extra(*([entry.size] * 2 if large else []), *([entry.header] if far else []))
    return (b"PK\1\2" + struct.pack("<H", 0x032D if large or far else 0x031E) + fields(entry, large or far)
            + struct.pack("<HHHHHII", len(entry.name), len(more), 0, 0, 0, 0x81A40000, min(entry.header, LIMIT)) + entry.name + more)


def end_of(entries, offset):
    directory = b"".join(map(central_header, entries))
    size, count, more = len(directory), len(entries), b""
    if count >= 0xFFFF or size >= LIMIT or offset >= LIMIT:
        more = (b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 0x032D, 45, 0, 0, count, count, size, offset)
                + b"PK\6\7" + struct.pack("<IQI", 0, offset + size, 1))
    return directory + more + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), min(size, LIMIT),
                                                      min(offset, LIMIT), 0)


def read_entries(data):
    entries, at = [], 0
    while data[at:at + 4] == b"PK\3\4":
        require(len(entries) < 1000, "more than 1,000 entries")
        require(len(data) >= at + 30, "the file ends in a local header")
        crc, size, name_size, extra_size = struct.unpack_from("<I4xIHH", data, at + 14)
        name = data[at + 30:at + 30 + name_size]
        if extra_size == 20:
            require(len(data) >= at + 50 + name_size, "the file ends in a local header")
            size, = struct.unpack_from("<Q", data, at + 34 + name_size)
        require(NAME.fullmatch(name) and len(name) <= 200 and not {b".", b".."} & set(name.split(b"/")), f"name {name!r}")
        entry = Entry(name, size, crc, at, at + 30 + name_size + extra_size)
        require(data[at:entry.data] == local_header(entry), f"local header at {at}")
        require(size <= len(data) - entry.data, f"size of {name!r}")
        entries.append(entry)
        at = entry.data + size
    require(entries and data[at:] == end_of(entries, at), "what stands behind the files is not their directory")
    return entries


def read_package(data):
    """(bag's name, {name: content}) or ZipError; CRCs in a list of names that have a wrong one."""
    entries = read_entries(data)
    names = [entry.name.decode() for entry in entries]
    require(len(set(names)) == len(names), "a name twice")
    bag = names[0].split("/")[0]
    require(BAG.fullmatch(bag) and all(name.startswith(bag + "/") for name in names), "not one bag")
    inside = [name[len(bag) + 1:] for name in names]
    head = [name for name in inside if name in HEAD]
    rest = [name for name in inside if name not in HEAD]
    require([name for name in HEAD if name in head or name not in OPTIONAL] == inside[:len(head)], "the first files")
    require(rest == inside[len(head):] and rest == sorted(rest, key=str.encode), "the order of the files")
    require(all(name.startswith(("data/", "proof/")) for name in rest), "a file that belongs nowhere")
    files = {name: data[entry.data:entry.data + entry.size] for name, entry in zip(inside, entries)}
    wrong = [name for name, entry in zip(inside, entries) if zlib.crc32(files[name]) != entry.crc]
    return bag, files, wrong
