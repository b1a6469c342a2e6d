#!/usr/bin/env python3
"""Verifies an evidence package from docs/ref alone.

    package_reader.py FILE [--trust KEYFILE] [--json]

A second implementation, written from package.md, fragments.md, journal.md and
signatures.md: where it and `shilu verify` disagree, one of them or the page is
wrong. Holds the whole file in memory. Exit status: 0 nothing refuted, 1 refuted,
2 wrong use.
"""

import sys

sys.dont_write_bytecode = True

import argparse
import base64
import hashlib
import json
import os
import re

import fragments
import journal
import movie
import package_zip
import signatures
import values

SEAL_TYPE = "application/vnd.shilu.seal+json"
NS = 10**9


class Refuted(Exception):
    pass


def require(condition, complaint):
    if not condition:
        raise Refuted(complaint)


def compact(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Package:
    def __init__(self, data, trusted):
        self.data, self.trusted = data, trusted
        self.refuted = {}  # fact -> first complaint
        self.gaps = []
        self.devices, self.acts = [], []

    def attempt(self, fact, step, *arguments):
        """Runs a step; what it raises refutes the fact."""
        try:
            return step(*arguments)
        except (Refuted, package_zip.ZipError, signatures.SignatureError, journal.JournalError, fragments.BoxError,
                values.JsonError, KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
            self.refuted.setdefault(fact, f"{type(error).__name__}: {error}")
            return None

    def verify(self):
        found = self.attempt("structure", package_zip.read_package, self.data)
        if found is None:
            return
        self.bag, self.files, wrong_crc = found
        for name in wrong_crc:
            self.refuted.setdefault("contents", f"CRC of {name}")
        self.seal = self.attempt("seal", self.check_seal)
        self.attempt("contents", self.check_manifests)
        self.evidence = self.attempt("contents", self.read_evidence)
        if self.evidence:
            self.attempt("contents", self.check_claims)
            self.check_clips()
        self.check_devices()
        self.attempt("certificate", self.check_validity)

    def check_devices(self):
        """self.devices: (role, keys of its device, newest first) of each certificate."""
        of_seal = [keys for role, keys in self.devices if role == "seal"]
        for role, keys in self.devices:
            if role == "recording" and of_seal and keys[0].id not in {key.id for key in of_seal[0]}:
                self.refuted.setdefault("seal", "recording and seal are of two devices")
            if self.trusted and not any(key.id in self.trusted for key in keys):
                self.refuted.setdefault("device", "not in the list")
        if self.trusted and not self.devices:
            self.refuted.setdefault("device", "not in the list")

    def check_validity(self):
        """self.acts: (what a certificate says, time of a signature, was the clock synchronised)."""
        for content, utc, synchronised in self.acts:
            when, start, end = map(values.instant, (utc, content["not_before_utc"], content["not_after_utc"]))
            require(when <= end, f"the {content['role']} key had expired when it signed")
            require(when >= start or not synchronised, f"the {content['role']} key signed before it was certified")

    # ---- bag, seal, claims ----

    def check_seal(self):
        require("seal.json" in self.files, "missing")
        texts = [self.files[name] for name in ("seal.json", "seal-certificate.json")]
        for text in texts:
            value = values.parse_object(text)
            order = {"payloadType": value["payloadType"], "payload": value["payload"],
                     "signatures": [{"keyid": one["keyid"], "sig": one["sig"]} for one in value["signatures"]]}
            require(json.dumps(order, separators=(",", ":"), ensure_ascii=False).encode() == text, "form of an envelope")
        key, certificate = self.certified_key(values.parse_object(texts[1]), "seal")
        envelope = signatures.parse_envelope(values.parse_object(texts[0]))
        signatures.verify_envelope(envelope, SEAL_TYPE, key)
        said = values.parse_object(envelope.payload)
        require(compact(said) == envelope.payload, "form of the seal")
        expected = {"format": "shilu-seal/1", "name": self.bag, "tagmanifest_sha256": digest(self.files["tagmanifest-sha256.txt"]),
                    "device_id": certificate["device_id"], "key_level": certificate["key_level"], "signatures_expected": True}
        require(all(said.get(name) == value for name, value in expected.items()), "the seal is of something else")
        require(set(said) == set(expected) | {"withholdable", "sealed_utc", "synchronised", "error_ms"}, "members of the seal")
        require(len(said["withholdable"]) <= 1 and all(one["file"] == "identity.box" for one in said["withholdable"]), "withholdable")
        self.acts.append((certificate, said["sealed_utc"], said["synchronised"]))
        return said

    def certified_key(self, envelope, role):
        key, _, complaints = signatures.read_certificate(envelope, role)
        require(not complaints, f"certificate: {complaints}")
        content = values.parse_object(base64.b64decode(envelope["payload"]))
        self.devices.append((role, signatures.device_keys(content)))
        return key, content

    def check_manifests(self):
        require(self.files["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", "bagit.txt")
        require(self.bag == "evidence-" + digest(self.files["manifest-sha256.txt"])[:16], "name of the bag")
        unlisted = {"tagmanifest-sha256.txt", "seal.json", "identity.box"}
        payload = {name for name in self.files if name.startswith("data/")}
        for manifest, names in (("manifest-sha256.txt", payload), ("tagmanifest-sha256.txt", set(self.files) - payload - unlisted)):
            text = "".join(f"{digest(self.files[name])}  {name}\n" for name in sorted(names, key=str.encode))
            require(self.files[manifest] == text.encode(), manifest)
        if self.seal and "identity.box" in self.files:
            require([one["sha256"] for one in self.seal["withholdable"]] == [digest(self.files["identity.box"])], "identity.box")

    def read_evidence(self):
        data = self.files["data/evidence.json"]
        evidence = values.parse_object(data)
        require(compact(evidence) == data, "form of evidence.json")
        members = {"format", "signatures_expected", "software", "programme", "catalogue", "point", "teacher", "lesson", "fields",
                   "clips", "documents", "derived", "annotations"}
        require(set(evidence) == members and evidence["format"] == "shilu-evidence/1" and evidence["signatures_expected"] is True
                and evidence["annotations"] == "data/annotations.jsonld", "members of evidence.json")
        require(evidence["teacher"]["binding"] in ("signed-in", "asserted"), "binding")
        for clip in evidence["clips"]:
            require(clip["to_ms"] <= evidence["lesson"]["duration_ms"], "a clip beyond the lesson")
            for source in clip["sources"]:
                borders = [(part["from_ms"], part["to_ms"]) for part in source["parts"]]
                require(all(values.is_int(a) and values.is_int(b) and a < b for a, b in borders), "range")
                require([clip["from_ms"]] + [b for _, b in borders] == [a for a, _ in borders] + [clip["to_ms"]], "parts of a clip")
        return evidence

    def check_claims(self):
        claimed = {"data/evidence.json", "data/annotations.jsonld", "proof/lesson.json"}
        for index, clip in enumerate(self.evidence["clips"], 1):
            marks = "data/marks.vtt" if index == 1 else f"data/marks-{index}.vtt"
            require((clip["index"], clip["marks"], clip["proof"]) == (index, marks, f"proof/clip-{index}.json"), "names of a clip")
            claimed |= {marks, clip["proof"], f"proof/clip-{index}.records"}
            for source in clip["sources"]:
                for number, part in enumerate(source["parts"], 1):
                    name = source["name"] + (f".{number}" if number > 1 else "")
                    require(part["file"] == f"data/clips/clip-{index}/{name}.mp4", "name of a clip's file")
        for index, document in enumerate(self.evidence["documents"], 1):
            require(re.fullmatch(rf"data/documents/document-{index}\.[a-z]+", document["file"]), "name of a document")
        parts = [part for clip in self.evidence["clips"] for source in clip["sources"] for part in source["parts"]]
        for index, one in enumerate(self.evidence["derived"], 1):
            require(re.fullmatch(rf"data/derived/derived-{index}\.[a-z0-9]+", one["file"]) and one["recipe"], "name of a derivative")
            origin = (one["derived_from"]["file"], one["derived_from"]["sha256"])
            require(origin in {(part["file"], part["sha256"]) for part in parts}, "a derivative of something else")
        self.check_annotations()
        files = self.evidence["documents"] + parts + self.evidence["derived"]
        for claim in files:
            data = self.files[claim["file"]]
            require((claim["sha256"], claim["size_bytes"]) == (digest(data), len(data)), claim["file"])
            claimed.add(claim["file"])
        require(claimed == {name for name in self.files if name.startswith(("data/", "proof/"))}, "files that nothing speaks of")
        payload = [data for name, data in self.files.items() if name.startswith("data/")]
        info = ("BagIt-Profile-Identifier: https://shilu.example/bagit-profile-1.json\n"
                f"Bag-Software-Agent: {self.evidence['software']}\nExternal-Identifier: {self.evidence['lesson']['lesson_id']}\n"
                f"Payload-Oxum: {sum(map(len, payload))}.{len(payload)}\n")
        require(self.files["bag-info.txt"] == info.encode(), "bag-info.txt")

    def check_annotations(self):
        """Each note's targets: one for each source, in the part that shows the moment."""
        data = self.files["data/annotations.jsonld"]
        said = values.parse_object(data)
        require(compact(said) == data, "form of the notes")
        items = said["first"]["items"]
        frame = {"@context": "http://www.w3.org/ns/anno.jsonld", "id": "annotations.jsonld", "type": "AnnotationCollection",
                 "total": len(items), "first": {"id": "annotations.jsonld#notes", "type": "AnnotationPage", "partOf": "annotations.jsonld",
                                                "startIndex": 0, "items": items}}
        require(said == frame, "frame of the notes")
        for number, item in enumerate(items, 1):
            text = item["body"]["value"]
            require(isinstance(text, str) and text and item == {
                "id": f"annotations.jsonld#note-{number}", "type": "Annotation", "motivation": "commenting",
                "body": {"type": "TextualBody", "format": "text/plain", "value": text}, "target": item["target"]}, "members of a note")
            require(item["target"] == self.targets(item["target"]), "targets of a note")

    def targets(self, found):
        """The targets that follow from the first of `found`."""
        stamp = lambda ms: f"{ms // 1000}.{ms % 1000:03d}"
        moment = re.fullmatch(r"t=(\d+)\.(\d{3})(?:,(\d+)\.(\d{3}))?", found[0]["selector"]["value"])
        require(moment, "a moment")
        for clip in self.evidence["clips"]:
            for part in [part for source in clip["sources"] for part in source["parts"]]:
                if part["file"] != "data/" + found[0]["source"]:
                    continue
                at = part["from_ms"] + int(moment[1]) * 1000 + int(moment[2])
                to = part["from_ms"] + int(moment[3]) * 1000 + int(moment[4]) if moment[3] else None
                require(at < clip["to_ms"] and (to is None or at < to <= clip["to_ms"]), "a moment outside")
                showing = [one for source in clip["sources"] for one in source["parts"] if one["from_ms"] <= at < one["to_ms"]]
                if to is not None:
                    to = min([to] + [one["to_ms"] for one in showing])
                return [{"source": one["file"][5:], "selector": {
                    "type": "FragmentSelector", "conformsTo": "http://www.w3.org/TR/media-frags/",
                    "value": f"t={stamp(at - one['from_ms'])}" + (f",{stamp(to - one['from_ms'])}" if to is not None else "")}}
                    for one in showing]
        raise Refuted("a note of no clip")

    # ---- clips ----

    def check_clips(self):
        pseudonyms = set()
        for clip in self.evidence["clips"]:
            proof = self.attempt("recording", Proof, self, clip["index"])
            if proof is None:
                continue
            pseudonyms.add(proof.pseudonym)
            self.attempt("marks", proof.check_marks, clip)
            for source in clip["sources"]:
                self.attempt("continuity", self.check_source, proof, source)
        teacher = self.evidence["teacher"]
        if teacher["binding"] == "signed-in" and teacher["pseudonym"] not in pseudonyms and "recording" not in self.refuted:
            self.refuted["teacher"] = "the recording knows of no sign-in"


    def check_source(self, proof, source):
        reached = {}  # track -> sequence behind the last fragment shown
        for part in source["parts"]:
            ClipFile(self, proof, source["name"], part).check(reached)


class Proof:
    """proof/clip-N: the records that lead to a signed checkpoint."""

    def __init__(self, package, index):
        self.package = package
        lesson_json = package.files["proof/lesson.json"]
        lesson = values.parse_object(lesson_json)
        data = package.files[f"proof/clip-{index}.json"]
        self.proof = values.parse_object(data)
        require(compact(self.proof) == data and self.proof["format"] == "shilu-clip-proof/1", "form of the proof")
        require(set(self.proof) == {"format", "lesson_id", "tree_size", "checkpoint", "first_leaf", "frontier", "epochs", "sign_in",
                                    "lesson_path"}, "members of the proof")
        evidence = package.evidence["lesson"]
        require(lesson["lesson_id"] == self.proof["lesson_id"] == evidence["lesson_id"] and lesson["start_utc"] == evidence["start_utc"],
                "another lesson")
        key, certificate = package.certified_key(lesson["recording_certificate"], "recording")
        envelope = signatures.parse_envelope(self.proof["checkpoint"])
        signatures.verify_envelope(envelope, journal.CHECKPOINT_TYPE, key)
        self.checkpoint = journal.parse_checkpoint(envelope.payload)
        require(self.checkpoint["lesson_id"] == lesson["lesson_id"], "checkpoint of another lesson")
        require(self.checkpoint["tree_size"] == self.proof["tree_size"], "size of the tree")
        package.acts.append((certificate, self.checkpoint["utc"], self.checkpoint["synchronised"]))
        self.root = bytes.fromhex(self.checkpoint["root_sha256"])
        self.check_path(lesson_json, 0, self.proof["lesson_path"])
        self.tracks, self.gaps, self.deletions, self.marks, self.undone, self.stopped_ms = {}, [], [], {}, set(), None
        for epoch in self.proof["epochs"]:
            self.take_epoch(self.event_at(epoch, "epoch"), epoch["header"])
        self.read_records(package.files[f"proof/clip-{index}.records"])
        self.pseudonym = None
        if self.proof["sign_in"] is not None:
            self.pseudonym = "t-" + self.event_at(self.proof["sign_in"], "sign-in")["subject_sha256"][:16]

    def check_path(self, leaf, index, path):
        """RFC 9162 section 2.1.3.2."""
        node, fn, sn = hashlib.sha256(b"\0" + leaf).digest(), index, self.proof["tree_size"] - 1
        require(0 <= fn <= sn, "leaf outside the tree")
        for sibling in map(bytes.fromhex, path):
            require(sn > 0, "path too long")
            if fn & 1 or fn == sn:
                node = journal.join(sibling, node)
                while not fn & 1 and fn:
                    fn, sn = fn >> 1, sn >> 1
            else:
                node = journal.join(node, sibling)
            fn, sn = fn >> 1, sn >> 1
        require(sn == 0 and node == self.root, "an audit path leads elsewhere")

    def event_at(self, proven, name):
        record = signatures.decode_base64(proven["record"])
        self.check_path(record, proven["leaf"], proven["path"])
        found = journal.record_at(record, 0)
        require(found is not None and len(found[0]) == len(record), "not one record")
        event = journal.parse_event(found[1])
        require(event["event"] == name, f"not a {name}")
        return event

    def take_epoch(self, event, header):
        data = None
        if header is not None:
            data = signatures.decode_base64(header)
            require((len(data), digest(data)) == (event["header_size"], event["header_sha256"]), "header of an epoch")
        track = self.tracks.setdefault(event["track"], {"name": event["name"], "epochs": {}, "records": []})
        require(track["name"] == event["name"], "two names of a track")
        require(sum(1 for other in self.tracks.values() if other["name"] == event["name"]) == 1, "two tracks of a name")
        track["epochs"].setdefault(event["epoch"], (event, data))

    def read_records(self, data):
        first, size, frontier = self.proof["first_leaf"], self.proof["tree_size"], self.proof["frontier"]
        require(0 < first < size and len(frontier) == bin(first).count("1"), "frontier")
        tree = journal.Tree()
        tree.size, tree.subtrees = first, list(map(bytes.fromhex, frontier))
        place = 0
        while tree.size < size:
            found = journal.record_at(data, place)
            require(found is not None, "a record is not whole")
            tree.add(found[0])
            self.take_record(found[1])
            place += len(found[0])
        require(place == len(data), "bytes behind the last record")
        require(tree.root() == self.root, "the records are not those that were signed")

    def take_record(self, body):
        if body[0] == journal.FRAGMENT:
            record = journal.parse_fragment_record(body)
            track = self.tracks.get(record.track)
            require(track is not None and record.epoch in track["epochs"], "a fragment of nobody knows what")
            require(not track["records"] or record.sequence == track["records"][-1].sequence + 1, "a sequence number is missing")
            track["records"].append(record)
            return
        event = journal.parse_event(body)
        if event["event"] == "epoch":
            self.take_epoch(event, None)
        if event["event"] == "gap":
            self.gaps.append(event)
        if event["event"] == "redaction":  # deleted, declared and signed: missing as a gap is
            self.gaps += event["stretches"]
            self.deletions += event["stretches"]
        if event["event"] == "stop":
            self.stopped_ms = event["duration_ms"]
        if event["event"] == "mark":
            self.marks.setdefault(event["id"], event)
        if event["event"] == "mark-undone" and event["id"] in self.marks:
            self.undone.add(event["id"])

    def check_marks(self, clip):
        """The WebVTT is the one that follows from the records."""
        cues, length = [], self.package.evidence["lesson"]["duration_ms"]
        require(self.stopped_ms in (None, length), "another length of the lesson")
        inside = lambda ns, first, last: min(max(ns, first), last)
        in_clip = lambda ns: to_ms(ns) - clip["from_ms"]
        for mark in self.marks.values():
            press = inside(mark["at_ns"], 0, length * 10**6)
            look = [min(mark[name], 30 * 60 * 1000) * 10**6 for name in ("look_back_ms", "look_ahead_ms")]
            begin = max(press - look[0], 0, clip["from_ms"] * 10**6)
            end = min(press + look[1], length * 10**6, clip["to_ms"] * 10**6)
            if mark["id"] not in self.undone and in_clip(end) > in_clip(begin):
                cues.append((in_clip(begin), in_clip(end), mark["id"], {"at_ms": in_clip(mark["at_ns"]), "point": mark["point"]}))
        cues.sort(key=lambda cue: cue[0])
        text = "WEBVTT\n"
        for number, (begin, end, name, content) in enumerate(cues, 1):
            if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name):
                name = f"mark-{number}"
            text += f"\n{name}\n{stamp(begin)} --> {stamp(end)}\n{compact(content).decode().replace('>', chr(92) + 'u003e')}\n"
        require(self.package.files[clip["marks"]] == text.encode(), "marks that were not pressed like this")


def to_ms(ns):
    """Whole milliseconds, towards zero."""
    return abs(ns) // 10**6 * (1 if ns >= 0 else -1)


def stamp(ms):
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


class ClipFile:
    """One file of a clip against the records."""

    def __init__(self, package, proof, source, part):
        self.package, self.proof, self.source, self.file = package, proof, source, part["file"]
        self.from_ms, self.to_ms = part["from_ms"], part["to_ms"]

    def check(self, reached):
        data = self.package.files[self.file]
        parts = list(self.parts(data))
        tracks = self.match(data, parts)
        for number, track in tracks.items():
            sequences = [fragment.sequence_number for _, _, fragment in track.pieces]
            require(self.follows(number, sequences[0] - 1, reached.get(number, sequences[0]) - 1), "a fragment falls between two parts")
            reached[number] = sequences[-1] + 1
        for number, track in self.tracks_of_source().items():
            self.check_times(track, tracks.get(number))
        self.tell_absent_tracks()
        rebuilt = movie.rebuild(tracks.values(), self.from_ms, self.to_ms)
        require(rebuilt is not None, "fragments that the range does not need")
        header, order = rebuilt
        require(data.startswith(header), "the header is not the one that follows from the fragments")
        at = len(header)
        for part in order:
            require(data[at:at + part.size] == part.box if part.box else part.place == at, "a part stands elsewhere")
            at += part.size
        require(at == len(data), "bytes behind the last part")

    def parts(self, data):
        """(place, size) of each fragment; boxes of silence are compared later."""
        at, names = 0, []
        while data[at + 4:at + 8] != b"mdat":
            size, name = fragments.unpack(">I4s", data, at)
            require(size >= 8, "size of a box")
            names.append(name)
            at += size
        require(names == [b"ftyp", b"moov"] and fragments.unpack(">I", data, at) == (1,), "boxes of a clip")
        require(fragments.unpack(">Q", data, at + 8) == (len(data) - at,), "size of the mdat")
        at += 16
        while at < len(data):
            size, name = fragments.unpack(">I4s", data, at)
            start = at
            if name == b"moof":
                at += size
                more, name = fragments.unpack(">I4s", data, at)
                require(size >= 8 and more >= 8 and name == b"mdat", "a moof without mdat")
                yield start, size + more
                at += more
            else:
                require(name == b"free" and size >= 8, "a box that no clip has")
                at += size
            require(at <= len(data), "a box beyond the end")

    def tracks_of_source(self):
        return {number: track for number, track in self.proof.tracks.items()
                if track["name"].rsplit(".", 1)[0] == self.source}

    def match(self, data, parts):
        recorded = {record.sha256: (number, place) for number, track in self.tracks_of_source().items()
                    for place, record in enumerate(track["records"])}
        tracks, following = {}, {}
        for place, size in parts:
            piece = data[place:place + size]
            number, position = recorded[hashlib.sha256(piece).digest()]
            sequence = self.proof.tracks[number]["records"][position].sequence
            require(sequence >= following.get(number, sequence) and self.follows(number, sequence, following.get(number, sequence)),
                    "a fragment was left out")
            following[number] = sequence + 1
            self.add_piece(tracks, number, self.proof.tracks[number]["records"][position], place, piece)
        return {number: movie.Track(number, kind, scale, stsd, pieces) for number, (kind, scale, stsd, _, pieces) in tracks.items()}

    def follows(self, number, sequence, expected):
        """Nothing lies between but what the teacher had deleted."""
        name = self.proof.tracks[number]["name"]
        return all(any(one["track"] == name and one["first"] <= lost <= one["last"] for one in self.proof.deletions) for lost in range(expected, sequence))

    def add_piece(self, tracks, number, record, place, piece):
        event, header = self.proof.tracks[number]["epochs"][record.epoch]
        require(header is not None, "the header of an epoch is missing")
        if number not in tracks:
            parsed = fragments.parse_header(header)
            moov = fragments.child(header, "moov")
            stbl = fragments.child(fragments.child(fragments.child(fragments.child(moov, "trak"), "mdia"), "minf"), "stbl")
            tracks[number] = (parsed.kind, parsed.timescale, fragments.child(stbl, "stsd"), header, [])
        kind, timescale, _, first_header, pieces = tracks[number]
        require(header == first_header and timescale == event["timescale"], "the parameters change")
        fragment = fragments.parse_fragment(piece, kind)
        decode = fragment.decode_time - fragments.PRE_ROLL_S * timescale
        require((fragment.sequence_number, decode, sum(s.duration for s in fragment.samples)) ==
                (record.sequence + 1, record.decode_time, record.duration), "a record tells another time")
        pieces.append((place, len(piece), fragment))

    # ---- time ----

    def tell_gaps(self, name, gaps, tolerance):
        start, end = self.from_ms * 10**6, self.to_ms * 10**6
        self.package.gaps += [(name, *gap) for gap in gaps if min(gap[1], end) - max(gap[0], start) > tolerance]

    def tell_absent_tracks(self):
        """A track of which nothing ever came: the proof knows its gaps alone."""
        known = {track["name"] for track in self.tracks_of_source().values()}
        for name in {f"{self.source}.video", f"{self.source}.audio"} - known:
            self.tell_gaps(name, sorted((gap["from_ns"], gap["to_ns"]) for gap in self.proof.gaps if gap["track"] == name), 10**6)

    def check_times(self, track, clip_track):
        tolerance = max([10**6] + [movie.nearest(movie.Fraction(event["nominal_ticks"] * NS, event["timescale"]))
                                   for event, _ in track["epochs"].values()])
        tolerance = min(tolerance, NS)
        gaps = sorted((gap["from_ns"], gap["to_ns"]) for gap in self.proof.gaps if gap["track"] == track["name"])
        start, end = self.from_ms * 10**6, self.to_ms * 10**6
        self.tell_gaps(track["name"], gaps, tolerance)

        def covered(begin, finish, slack):
            at = begin
            for gap_from, gap_to in gaps:
                if gap_from <= at + slack:
                    at = max(at, gap_to)
            require(at + slack >= finish, f"{track['name']} is missing from {begin / NS:.3f} s to {finish / NS:.3f} s")

        if clip_track is None:
            return covered(start, end, NS if track["name"].endswith(".video") else tolerance)
        ns = lambda ticks: movie.nearest(movie.Fraction(ticks * NS, clip_track.timescale))
        spans = []
        for _, _, fragment in clip_track.pieces:
            decode = fragment.decode_time - fragments.PRE_ROLL_S * clip_track.timescale
            spans.append((decode, decode + sum(sample.duration for sample in fragment.samples)))
        for (_, before), (after, _) in zip(spans, spans[1:]):
            require(ns(after) >= ns(before) - tolerance, "time is there twice")
            if ns(after) > ns(before) + tolerance:
                covered(ns(before), ns(after), tolerance)
        shown = [[movie.presented(entry) for entry in clip_track.samples if entry[0] == piece] for piece in (0, len(spans) - 1)]
        if ns(min(shown[0])) > start + tolerance:
            covered(start, ns(spans[0][0]), tolerance)
        latest = max(movie.presented(entry) + entry[2].duration for entry in clip_track.samples if entry[0] == len(spans) - 1)
        if ns(latest) + tolerance < end:
            covered(ns(spans[-1][1]), end - (ns(latest) - ns(spans[-1][1])), tolerance)


def verify(data, trusted=()):
    package = Package(data, set(trusted))
    package.verify()
    return {"sha256": digest(data), "size_bytes": len(data), "refuted": package.refuted, "gaps": package.gaps}


def read_trust(name):
    with open(name, encoding="ascii") as file:
        blocks = re.findall(r"-----BEGIN PUBLIC KEY-----\n.*?\n-----END PUBLIC KEY-----\n?", file.read(), re.DOTALL)
    return [signatures.key_from_pem(block).id for block in blocks]


def main(arguments=None):
    parser = argparse.ArgumentParser(description="verify an evidence package against docs/ref")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--trust", metavar="KEYFILE", help="public keys of known devices")
    parser.add_argument("--json", action="store_true", help="the result on one line")
    options = parser.parse_args(arguments)
    if not os.path.isfile(options.file):
        print(f"package_reader: {options.file}: not a file", file=sys.stderr)
        return 2
    with open(options.file, "rb") as file:
        result = verify(file.read(), read_trust(options.trust) if options.trust else ())
    print(json.dumps(result, indent=None if options.json else 2, ensure_ascii=False))
    return 1 if result["refuted"] else 0


if __name__ == "__main__":
    sys.exit(main())
