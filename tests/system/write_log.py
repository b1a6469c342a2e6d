"""What the kernel's dm-log-writes wrote down: every write to a disk, in the order in which it could be relied upon. Standard library only.

Documentation/admin-guide/device-mapper/log-writes.rst, drivers/md/dm-log-writes.c: a superblock, then entries, each a sector of its
own, followed by what was written. Plain writes stand there once a flush has come after them; flushes and FUA writes at once.
"""

import dataclasses
import struct

MAGIC = 0x6A736677736872
SECTOR_HEAD = struct.Struct("<QQQQ")     # sector, sectors, flags, bytes of a mark's text
SUPERBLOCK = struct.Struct("<QQQI")      # magic, version, entries, bytes in a sector
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


@dataclasses.dataclass
class Entry:
    flags: int
    target: int   # byte on the disk
    size: int
    place: int    # byte in the log
    text: str     # of a mark, else empty


class WriteLog:
    def __init__(self, path):
        self.file = open(path, "rb")
        magic, version, count, self.sector_bytes = SUPERBLOCK.unpack(self.file.read(SUPERBLOCK.size))
        assert magic == MAGIC and version == 1, f"not a log of writes: {magic:x}, version {version}"
        self.entries, at = [], self.sector_bytes
        for _ in range(count):
            entry = self.entry_at(at)
            self.entries.append(entry)
            at = entry.place + entry.size

    def entry_at(self, at):
        self.file.seek(at)
        head = self.file.read(self.sector_bytes)
        sector, sectors, flags, text_bytes = SECTOR_HEAD.unpack_from(head)
        text = head[SECTOR_HEAD.size:SECTOR_HEAD.size + text_bytes].decode().rstrip("\0") if flags & MARK else ""
        size = 0 if flags & (MARK | DISCARD) else sectors * self.sector_bytes
        assert not flags & DISCARD, "the disk was mounted without discard"
        return Entry(flags, sector * self.sector_bytes, size, at + self.sector_bytes, text)

    def replay(self, disk, first, end):
        """Makes the entries from `first` on, and before `end`, true on `disk`, a file open for writing."""
        for entry in self.entries[first:end]:
            if entry.size:
                self.file.seek(entry.place)
                disk.seek(entry.target)
                disk.write(self.file.read(entry.size))
        disk.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
