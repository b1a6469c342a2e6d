"""A tiny lesson folder made by hand from the pages, for test_reader.py.

Deliberately shares nothing with the reader but the Ed25519 arithmetic: a mistake
in reading a page should not cancel itself out.

Four seconds with everything a lesson can have: pre-roll, a late start, a fragment
closed at the time limit, a gap inside an epoch, a restart with another codec, a
source that never came, marks, and checkpoints on the way.
"""

import base64
import hashlib
import json
import os
import struct
import zlib

import ed25519

LESSON_ID = "0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"
UTC = "2025-03-04T05:06:07.000Z"
MS = 10**6
KEY, GAP, LIMIT = 1, 2, 4


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


# ---- signing ----

class Signer:
    """Ed25519 signing, RFC 8032 sections 5.1.5 and 5.1.6."""

    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        self.scalar = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
        self.prefix = digest[32:]
        self.public = times_base(self.scalar)
        der = bytes.fromhex("302a300506032b6570032100") + self.public
        self.id = "sha256:" + hashlib.sha256(der).hexdigest()
        body = base64.b64encode(der).decode()
        self.pem = f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"

    def sign(self, message):
        r = hash_scalar(self.prefix + message)
        r_bytes = times_base(r)
        s = (r + hash_scalar(r_bytes + self.public + message) * self.scalar) % ed25519.L
        return r_bytes + s.to_bytes(32, "little")

    def envelope(self, payload_type, payload):
        message = b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(),
                                           len(payload), payload)
        return {"payloadType": payload_type, "payload": base64.b64encode(payload).decode(),
                "signatures": [{"keyid": self.id,
                                "sig": base64.b64encode(self.sign(message)).decode()}]}


def times_base(scalar):
    return ed25519.encode_point(
        ed25519.multiply_both(scalar, ed25519.BASE, 0, ed25519.NEUTRAL))


def hash_scalar(data):
    return int.from_bytes(hashlib.sha512(data).digest(), "little") % ed25519.L


DEVICE = Signer(b"device key of the test".ljust(32))
RECORDING = Signer(b"recording key of the test".ljust(32))


# ---- recording tree, word for word from RFC 6962 section 2.1 ----

def tree_hash(leaves):
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


# ---- boxes ----

def box(name, *parts):
    content = b"".join(parts)
    return struct.pack(">I", len(content) + 8) + name.encode() + content


def words(*values):
    return struct.pack(f">{len(values)}I", *values)


MATRIX = words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def video_entry(codec, width, height):
    if codec.startswith("avc1"):
        sps, pps = bytes.fromhex("6764001f"), bytes.fromhex("68ee3c80")
        config = box("avcC", b"\x01" + bytes.fromhex(codec[5:]) + b"\xff\xe1",
                     struct.pack(">H", len(sps)), sps, b"\x01", struct.pack(">H", len(pps)), pps)
    else:  # hvc1.1.6.L93.B0
        arrays = b"".join(struct.pack(">BHH", 0x80 | kind, 1, 3) + bytes([kind << 1, 1, 0])
                          for kind in (32, 33, 34))
        config = box("hvcC", bytes.fromhex("0101600000 00b00000000000 5d f000fcfdf8f80000 0f 03"),
                     arrays)
    return box(codec[:4], bytes(6), b"\x00\x01", bytes(16), struct.pack(">HH", width, height),
               words(0x480000, 0x480000, 0), b"\x00\x01", bytes(32), b"\x00\x18\xff\xff", config)


def audio_entry(rate, channels):
    def descriptor(tag, *parts):
        content = b"".join(parts)
        return bytes([tag, 0x80, 0x80, 0x80, len(content)]) + content

    decoder = descriptor(4, b"\x40\x15", bytes(11), descriptor(5, b"\x11\x90"))
    esds = box("esds", words(0), descriptor(3, b"\x00\x00\x00", decoder, descriptor(6, b"\x02")))
    return box("mp4a", bytes(6), b"\x00\x01", bytes(8), struct.pack(">HH", channels, 16), bytes(4),
               words(rate << 16), esds)


def header(event):
    """ftyp + moov for the parameters in an epoch event."""
    if event["name"].endswith(".video"):
        handler, media = b"vide", box("vmhd", words(1), bytes(8))
        entry = video_entry(event["codec"], event["width"], event["height"])
    else:
        handler, media = b"soun", box("smhd", words(0, 0))
        entry = audio_entry(event["sample_rate"], event["channels"])
    empty = [box(name, words(0, 0)) for name in ("stts", "stsc")]
    empty += [box("stsz", words(0, 0, 0)), box("stco", words(0, 0))]
    stbl = box("stbl", box("stsd", words(0, 1), entry), *empty)
    dinf = box("dinf", box("dref", words(0, 1), box("url ", words(1))))
    mdia = box("mdia", box("mdhd", words(0, 0, 0, event["timescale"], 0, 0x55C40000)),
               box("hdlr", words(0, 0), handler, bytes(13)), box("minf", media, dinf, stbl))
    tkhd = box("tkhd", words(7, 0, 0, 1, 0, 0), bytes(16), MATRIX, words(0, 0))
    mvhd = box("mvhd", words(0, 0, 0, 1000, 0, 0x10000, 0x01000000, 0, 0), MATRIX, bytes(24),
               words(2))
    mvex = box("mvex", box("trex", words(0, 1, 1, 0, 0, 0)))
    return (box("ftyp", b"iso6", words(0), b"iso6cmfcmp41")
            + box("moov", mvhd, box("trak", tkhd, mdia), mvex))


def sample_data(codec, key, number):
    if codec.startswith("mp4a"):
        return bytes([0x21, number & 255, 7])
    if codec.startswith("avc1"):
        nal = bytes([0x65 if key else 0x41, number & 255, 9])
    else:
        nal = bytes([0x26 if key else 0x02, 1, number & 255])
    return struct.pack(">I", len(nal)) + nal


# ---- the lesson ----

class Lesson:
    """Writes the folder. `edits` maps a kind of thing to a function that may change it
    before it is encoded, hashed and signed, so that a fault can be made consistently:

        identity, certificate, event, checkpoint: the JSON object
        fragment: what goes into the boxes, and `record`, what overrides the journal
        header: a list with the bytes of ftyp + moov
    """

    def __init__(self, folder, **edits):
        self.folder = folder
        self.edits = edits
        self.leaves = []
        self.lines = []
        self.files = {}
        self.epochs = {}
        self.sequences = {}
        self.payloads = {}

    def edit(self, kind, thing):
        self.edits.get(kind, lambda _: None)(thing)
        return thing

    def begin(self):
        certificate = self.edit("certificate", {
            "device_id": "d-" + DEVICE.id[7:23], "device_key_pem": DEVICE.pem, "issued_utc": UTC,
            "endorsements": [], "not_before_utc": UTC, "not_after_utc": "2027-03-04T05:06:07.000Z",
            "key_level": "software", "key_pem": RECORDING.pem, "role": "recording"})
        identity = self.edit("identity", {
            "format": "shilu-lesson/1", "lesson_id": LESSON_ID,
            "boot_id": "6d1f2a3b-0000-4000-8000-1234567890ab", "start_monotonic_ns": 123456789,
            "start_utc": UTC, "clock": {"synchronised": True, "error_ms": 3},
            "sources": [{"name": name, "kind": "camera", "required": name == "room"}
                        for name in ("room", "board")],
            "recording_certificate": DEVICE.envelope(
                "application/vnd.shilu.key-certificate+json", compact(certificate)),
            "software": "by hand, für die Prüfung", "planned_ms": 4000})
        self.leaves.append(compact(identity))

    def record(self, body):
        self.leaves.append(words(len(body), zlib.crc32(body)) + body)

    def event(self, what, at_ns, **members):
        event = self.edit("event", {"event": what, "at_ns": at_ns, **members})
        self.record(b"\x02\x01" + compact(event))

    def epoch(self, track, name, epoch, at_ns, **members):
        parameters = {"name": name, **members}
        data = self.edit("header", [header(parameters)])[0]
        self.files[name, epoch] = data
        self.epochs[name] = (track, epoch, parameters)
        self.event("epoch", at_ns, track=track, epoch=epoch, header_size=len(data),
                   header_sha256=hashlib.sha256(data).hexdigest(), **parameters)

    def fragment(self, name, begin, count, flags=KEY):
        track, epoch, parameters = self.epochs[name]
        sequence = self.sequences[name] = self.sequences.get(name, -1) + 1
        codec, timescale = parameters["codec"], parameters["timescale"]
        duration = parameters["nominal_ticks"]
        audio = name.endswith(".audio")
        keys = [audio or (number == 0 and bool(flags & KEY)) for number in range(count)]
        made = self.edit("fragment", {
            "name": name, "sequence": sequence, "mfhd": sequence + 1, "tfhd_flags": 0x020000,
            "tfdt": begin + 120 * timescale, "trun_flags": 0x701 if audio else 0xF01,
            "payload": [sample_data(codec, key, number) for number, key in enumerate(keys)],
            "samples": [[duration, 0x02000000 if key else 0x01010000] for key in keys],
            "record": {}})
        data = encode_fragment(made)
        fields = {
            "track": track, "epoch": epoch, "flags": flags, "sequence": sequence,
            "size": len(data), "offset": len(self.files[name, epoch]), "decode_time": begin,
            "duration": count * duration, "samples": count, "expected": count,
            "sha256": hashlib.sha256(data).digest(),
            "payload_sha256": hashlib.sha256(b"".join(made["payload"])).digest()}
        fields.update(made["record"])
        payload = len(b"".join(made["payload"]))
        self.payloads[name, sequence] = (epoch, len(self.files[name, epoch]) + len(data) - payload, payload)
        self.files[name, epoch] += data
        self.record(struct.pack(">BBHHHIIQqQII32s32s", 1, 1, *fields.values()))

    def erase(self, name, sequence):
        """The payload of a fragment is punched out."""
        epoch, begin, size = self.payloads[name, sequence]
        data = self.files[name, epoch]
        self.files[name, epoch] = data[:begin] + bytes(size) + data[begin + size:]

    def checkpoint(self, reason, at_ns):
        previous = hashlib.sha256(self.lines[-1]).hexdigest() if self.lines else "0" * 64
        payload = self.edit("checkpoint", {
            "lesson_id": LESSON_ID, "tree_size": len(self.leaves),
            "root_sha256": tree_hash(self.leaves).hex(), "previous_sha256": previous,
            "at_ns": at_ns, "utc": UTC, "synchronised": True, "error_ms": 3, "reason": reason})
        envelope = RECORDING.envelope("application/vnd.shilu.checkpoint+json", compact(payload))
        self.lines.append(json.dumps(envelope, separators=(",", ":")).encode())

    def write(self):
        os.makedirs(self.folder)
        for (name, epoch), data in self.files.items():
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
            self.put(f"{name}/e{epoch:03d}.mp4", data)
        self.put("lesson.json", self.leaves[0])
        self.put("journal", b"SHLJRNL1" + b"".join(self.leaves[1:]))
        self.put("checkpoints", b"".join(line + b"\n" for line in self.lines))

    def put(self, name, data):
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(data)


def encode_fragment(made):
    rows = []
    for (duration, flags), data in zip(made["samples"], made["payload"]):
        composition = [0] if made["trun_flags"] & 0x800 else []
        rows.append(words(duration, len(data), flags, *composition))
    payload = b"".join(made["payload"])

    def moof(data_offset):
        traf = box("traf", box("tfhd", words(made["tfhd_flags"], 1)),
                   box("tfdt", words(0x01000000), struct.pack(">Q", made["tfdt"])),
                   box("trun", words(made["trun_flags"], len(rows), data_offset), *rows))
        return box("moof", box("mfhd", words(0, made["mfhd"])), traf)

    return moof(len(moof(0)) + 8) + box("mdat", payload)


AVC = {"codec": "avc1.64001F", "timescale": 90000, "width": 1280, "height": 720,
       "nominal_ticks": 3600}
HEVC = {**AVC, "codec": "hvc1.1.6.L93.B0"}
AAC = {"codec": "mp4a.40.2", "timescale": 48000, "sample_rate": 48000, "channels": 2,
       "nominal_ticks": 1024}


def gap(lesson, track, from_ms, to_ms, reason):
    lesson.event("gap", to_ms * MS, track=track, from_ns=from_ms * MS, to_ns=to_ms * MS,
                 reason=reason)


def tell(lesson, finished=True):
    """The story of the lesson, in the order of the journal."""
    lesson.begin()
    lesson.epoch(0, "room.video", 0, -500 * MS, **AVC)
    lesson.event("start", 0, utc=UTC)
    lesson.event("sign-in", 10 * MS, subject_sha256="ab" * 32)
    lesson.epoch(1, "room.audio", 0, 250 * MS, **AAC)
    gap(lesson, "room.audio", 0, 256, "late-start")
    lesson.fragment("room.video", -36000, 25)                       # -0.4 to 0.6 s
    lesson.checkpoint("time", 700 * MS)
    lesson.event("mark", 900 * MS, id="m1", point=None, look_back_ms=3000, look_ahead_ms=2000)
    lesson.event("mark", 950 * MS, id="m2", point="p7", look_back_ms=0, look_ahead_ms=0)
    lesson.checkpoint("mark", 960 * MS)
    lesson.event("mark-undone", 980 * MS, id="m2")
    lesson.fragment("room.audio", 12288, 47)
    lesson.event("clock", 1000 * MS, utc=UTC, synchronised=True, error_ms=2)
    lesson.fragment("room.audio", 60416, 47)
    lesson.fragment("room.video", 54000, 50, KEY | LIMIT)           # 0.6 to 2.6 s
    lesson.fragment("room.video", 234000, 10, 0)                    # 2.6 to 3.0 s
    gap(lesson, "room.video", 3000, 3400, "queue-overflow")
    lesson.fragment("room.audio", 108544, 47)
    lesson.fragment("room.video", 306000, 5, KEY | GAP)             # 3.4 to 3.6 s
    lesson.event("recovered", 3700 * MS, lost_bytes=17, records=16)
    lesson.checkpoint("recovered", 3710 * MS)
    gap(lesson, "room.video", 3600, 3800, "recorder-restart")
    lesson.epoch(0, "room.video", 1, 3750 * MS, **HEVC)
    lesson.fragment("room.video", 342000, 6, KEY | GAP)             # 3.8 to 4.04 s
    lesson.fragment("room.audio", 156672, 35)
    if finished:
        gap(lesson, "board.video", 0, 4000, "late-start")
        lesson.event("stop", 4000 * MS, duration_ms=4000, reason="user")
        lesson.checkpoint("stop", 4010 * MS)


def tell_moments(lesson, finished=True):
    """A private moment, a reboot, a stop taken back, and deletions before and after the end."""
    lesson.begin()
    lesson.event("start", 0, utc=UTC)
    lesson.epoch(0, "room.video", 0, -2000 * MS, **AVC)
    for second in range(-2, 3):                                     # pre-roll of two seconds
        lesson.fragment("room.video", second * 90000, 25)
    lesson.event("private-begin", 3000 * MS)
    lesson.event("rebase", 4000 * MS, boot_id="b2", start_monotonic_ns=-5, synchronised=True,
                 error_ms=40, reason="reboot")
    lesson.event("private", 5000 * MS, from_ns=3000 * MS, to_ns=5000 * MS)
    gap(lesson, "room.video", 3000, 5000, "private")
    lesson.fragment("room.video", 5 * 90000, 25, KEY | GAP)
    lesson.fragment("room.video", 6 * 90000, 25)
    lesson.event("redaction", 7000 * MS, from_ns=6200 * MS, to_ns=7000 * MS, subject_sha256=None,
                 after_stop=False, stretches=[{"track": "room.video", "first": 6, "last": 6,
                                               "from_ns": 6000 * MS, "to_ns": 7000 * MS}])
    lesson.checkpoint("redaction", 7000 * MS)
    lesson.erase("room.video", 6)
    lesson.event("redaction-done", 7000 * MS, after_stop=False)
    lesson.event("extended", 7000 * MS, planned_ms=307000)
    lesson.event("stopping", 7000 * MS, duration_ms=7000, reason="user")
    lesson.event("continued", 9000 * MS, from_ns=7000 * MS, to_ns=9000 * MS)
    gap(lesson, "room.video", 7000, 9000, "stopped")
    lesson.fragment("room.video", 9 * 90000, 25, KEY | GAP)
    gap(lesson, "board.video", 0, 10000, "source-lost")
    lesson.event("stopping", 10000 * MS, duration_ms=10000, reason="user")
    lesson.event("stop", 10000 * MS, duration_ms=10000, reason="user")
    lesson.checkpoint("stop", 10010 * MS)
    lesson.event("redaction", 10000 * MS, from_ns=0, to_ns=500 * MS, subject_sha256="ab" * 32,
                 after_stop=True, stretches=[{"track": "room.video", "first": 2, "last": 2,
                                              "from_ns": 0, "to_ns": 1000 * MS}])
    lesson.checkpoint("redaction", 10020 * MS)
    if finished:
        lesson.erase("room.video", 2)
        lesson.event("redaction-done", 10000 * MS, after_stop=True)
        lesson.checkpoint("redaction", 10030 * MS)


def write_lesson(folder, finished=True, story=tell, **edits):
    lesson = Lesson(folder, **edits)
    story(lesson, finished)
    lesson.write()
    return lesson
