#!/usr/bin/env python3
"""The reader reads a lesson made by hand, and notices what is done to it."""

import sys

sys.dont_write_bytecode = True

import json
import os
import random
import shutil
import subprocess
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import ed25519
import handmade
import journal
import lesson_reader
import p256
import values


class Ed25519Test(unittest.TestCase):
    def test_vectors_verify(self):
        self.assertEqual(ed25519.self_test(), [])

    def test_signing_gives_the_vectors(self):
        for seed, public, message, signature in ed25519.VECTORS:
            signer = handmade.Signer(bytes.fromhex(seed))
            self.assertEqual(signer.public.hex(), public)
            self.assertEqual(signer.sign(bytes.fromhex(message)).hex(), signature)

    def test_what_is_no_point_is_refused(self):
        self.assertIsNone(ed25519.decode_point(b"\xff" * 32))
        self.assertIsNone(ed25519.decode_point((2).to_bytes(32, "little")))
        self.assertFalse(ed25519.verify(b"", b"", b""))

    def test_fast_enough(self):
        _, public, message, signature = map(bytes.fromhex, ed25519.VECTORS[2])

        def seconds():
            begin = time.perf_counter()
            ed25519.verify(public, message, signature)
            return time.perf_counter() - begin

        self.assertLess(min(seconds() for _ in range(10)), 0.030)


class P256Test(unittest.TestCase):
    """RFC 6979 A.2.5, in the one form of signatures.md: 71 bytes."""

    KEY = bytes.fromhex("60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299")
    R = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    S = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"

    def test_vectors(self):
        good = bytes.fromhex("3045022100f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
                             "0220019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083")
        self.assertTrue(p256.verify(self.KEY, b"test", good))
        self.assertFalse(p256.verify(self.KEY, b"tests", good))
        self.assertFalse(p256.verify(self.KEY, b"test", good[:-1]))

    def test_of_s_and_its_opposite_one_is_the_signature(self):
        long = bytes.fromhex("3046022100" + self.R + "022100" + self.S)
        opposite = (p256.N - int(self.S, 16)).to_bytes(32, "big").hex()
        short = bytes.fromhex("3045022100" + self.R + "0220" + opposite)
        self.assertFalse(p256.verify(self.KEY, b"sample", long))
        self.assertTrue(p256.verify(self.KEY, b"sample", short))

    def test_a_point_beside_the_curve_is_refused(self):
        beside = self.KEY[:-1] + bytes([self.KEY[-1] ^ 1])
        self.assertFalse(p256.verify(beside, b"test", b"\x30\x45" + b"\0" * 69))


class TreeTest(unittest.TestCase):
    def test_roots_are_those_of_the_definition(self):
        leaves = [bytes([number]) * number for number in range(70)]
        roots = journal.roots_by_size(leaves)
        for size in range(71):
            self.assertEqual(roots[size], handmade.tree_hash(leaves[:size]).hex(), size)


class JsonTest(unittest.TestCase):
    def test_compact(self):
        good = '{"a":[1,{"b":" : \\" ,"}],"ü":null}'
        self.assertEqual(values.parse_compact(good.encode())["a"][0], 1)

    def test_refused(self):
        for bad in (b'{"a": 1}', b'{"a":1}\n', b'{"b":1,"a":2}', b'{"a":1,"a":1}', b"[]", b"{",
                    b'{"a":NaN}', b'{"a":"\xff"}', b'{"a":{"c":1,"b":1}}', b"[" * 100000):
            with self.assertRaises(values.JsonError, msg=bad[:20]):
                values.parse_compact(bad)


class FolderTest(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="reader-")
        self.addCleanup(place.cleanup)
        self.place, self.cases = place.name, 0
        self.folder = os.path.join(self.place, "lessons", handmade.LESSON_ID)

    def path(self, name):
        return os.path.join(self.folder, name)

    def content(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def replace(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def flip(self, name, place, bit=0):
        data = bytearray(self.content(name))
        data[place] ^= 1 << bit
        self.replace(name, bytes(data))

    def codes(self):
        violations = lesson_reader.read_lesson(self.folder)["violations"]
        return {violation["code"] for violation in violations}

    def codes_of(self, **edits):
        """Violations of a lesson that was written with a fault, rightly hashed and signed."""
        self.cases += 1
        self.folder = os.path.join(self.place, f"case-{self.cases}")
        handmade.write_lesson(self.folder, **edits)
        return self.codes()


class CleanTest(FolderTest):
    def test_summary(self):
        lesson = handmade.write_lesson(self.folder)
        summary = lesson_reader.read_lesson(self.folder)
        self.assertEqual(summary.pop("violations"), [])
        self.assertEqual(summary.pop("root_sha256"), handmade.tree_hash(lesson.leaves).hex())
        self.assertEqual(summary.pop("device_id"), "d-" + handmade.DEVICE.id[7:23])
        sizes = {name: sum(len(data) for (track, _), data in lesson.files.items() if track == name)
                 for name in ("room.video", "room.audio")}
        headers = {name: sum(len(handmade.header({"name": name, **parameters}))
                             for parameters in used)
                   for name, used in (("room.video", (handmade.AVC, handmade.HEVC)),
                                      ("room.audio", (handmade.AAC,)))}
        self.assertEqual(summary, {
            "lesson_id": handmade.LESSON_ID, "duration_ms": 4000, "finished": True,
            "tracks": {
                "room.video": {"fragments": 5, "samples": 96, "start_ticks": -36000,
                               "end_ticks": 363600, "timescale": 90000,
                               "bytes": sizes["room.video"] - headers["room.video"]},
                "room.audio": {"fragments": 4, "samples": 176, "start_ticks": 12288,
                               "end_ticks": 192512, "timescale": 48000,
                               "bytes": sizes["room.audio"] - headers["room.audio"]}},
            "gaps": [
                {"track": "room.audio", "from_ns": 0, "to_ns": 256000000, "reason": "late-start"},
                {"track": "room.video", "from_ns": 3000000000, "to_ns": 3400000000,
                 "reason": "queue-overflow"},
                {"track": "room.video", "from_ns": 3600000000, "to_ns": 3800000000,
                 "reason": "recorder-restart"},
                {"track": "board.video", "from_ns": 0, "to_ns": 4000000000,
                 "reason": "late-start"}],
            "redacted": 0,
            "marks": [
                {"id": "m1", "at_ns": 900000000, "point": None, "look_back_ms": 3000,
                 "look_ahead_ms": 2000, "undone": False},
                {"id": "m2", "at_ns": 950000000, "point": "p7", "look_back_ms": 0,
                 "look_ahead_ms": 0, "undone": True}],
            "records": len(lesson.leaves) - 1, "leaves": len(lesson.leaves),
            "checkpoints": 4, "signed_leaves": len(lesson.leaves), "tails": {}})

    def test_unfinished(self):
        handmade.write_lesson(self.folder, finished=False)
        summary = lesson_reader.read_lesson(self.folder)
        self.assertEqual(summary["violations"], [])
        self.assertEqual((summary["finished"], summary["duration_ms"]), (False, None))
        self.assertLess(summary["signed_leaves"], summary["leaves"])

    def test_torn_ends_are_tails(self):
        handmade.write_lesson(self.folder, finished=False)
        whole = {name: self.content(name)
                 for name in ("journal", "checkpoints", "room.video/e001.mp4")}
        self.replace("journal", whole["journal"] + b"\x00\x00\x00\x70torn")
        self.replace("checkpoints", whole["checkpoints"] + b'{"payl')
        self.replace("room.video/e001.mp4", whole["room.video/e001.mp4"] + bytes(100))
        summary = lesson_reader.read_lesson(self.folder)
        self.assertEqual(summary["violations"], [])
        self.assertEqual(summary["tails"], {"journal": 8, "checkpoints": 6,
                                            "room.video/e001.mp4": 100})

    def test_journal_that_was_cut_between_records(self):
        handmade.write_lesson(self.folder, finished=False)
        lesson = handmade.Lesson(self.folder)
        handmade.tell(lesson, finished=False)
        self.replace("journal", self.content("journal")[:-len(lesson.leaves[-1])])
        summary = lesson_reader.read_lesson(self.folder)
        self.assertEqual((summary["violations"], summary["records"]),
                         ([], len(lesson.leaves) - 2))
        self.assertIn("room.audio/e000.mp4", summary["tails"])


class DamageTest(FolderTest):
    """The folder is changed after it was written."""

    def setUp(self):
        super().setUp()
        handmade.write_lesson(self.folder)

    def test_lesson_json(self):
        self.replace("lesson.json", self.content("lesson.json").replace(b"by hand", b"by HAND"))
        self.assertEqual(self.codes(), {"checkpoint-root"})

    def test_lesson_json_newline(self):
        self.replace("lesson.json", self.content("lesson.json") + b"\n")
        self.assertEqual(self.codes(), {"lesson-json", "checkpoint-root"})

    def test_folder_name(self):
        moved = os.path.join(os.path.dirname(self.folder), "lesson-1")
        os.rename(self.folder, moved)
        self.folder = moved
        self.assertEqual(self.codes(), {"folder-name"})

    def test_journal_magic(self):
        self.flip("journal", 0)
        self.assertLessEqual({"journal-magic", "checkpoint-size"}, self.codes())

    def test_journal_body(self):
        self.flip("journal", 40)
        self.assertLessEqual({"journal-record", "checkpoint-size"}, self.codes())

    def test_journal_lost_its_end(self):
        self.replace("journal", self.content("journal")[:-1])
        self.assertIn("checkpoint-size", self.codes())

    def test_header(self):
        self.flip("room.video/e000.mp4", 100)
        self.assertEqual(self.codes(), {"header-hash"})

    def test_payload(self):
        data = self.content("room.audio/e000.mp4")
        self.flip("room.audio/e000.mp4", len(data) - 1)
        self.assertEqual(self.codes(), {"fragment-hash"})

    def test_file_short(self):
        self.replace("room.video/e001.mp4", self.content("room.video/e001.mp4")[:-1])
        self.assertEqual(self.codes(), {"fragment-short"})

    def test_file_missing(self):
        for name in ("room.video/e001.mp4", "checkpoints"):
            os.remove(self.path(name))
            self.assertEqual(self.codes(), {"file-missing"})

    def test_checkpoint_signature(self):
        line = self.content("checkpoints").split(b"\n")[0]
        place = line.index(b'"sig":"') + 20
        self.flip("checkpoints", place)
        self.assertLessEqual({"checkpoint", "checkpoint-chain"}, self.codes())

    def test_checkpoint_missing_or_swapped(self):
        a, b, *rest = self.content("checkpoints").splitlines(keepends=True)
        self.replace("checkpoints", b"".join([b] + rest))
        self.assertEqual(self.codes(), {"checkpoint-chain"})
        self.replace("checkpoints", b"".join([b, a] + rest))
        self.assertEqual(self.codes(), {"checkpoint-chain", "checkpoint-size"})

    def test_any_bit(self):
        """The last checkpoint covers all, so no bit of any file may change unseen."""
        dice = random.Random(8032)
        for name in ("lesson.json", "journal", "checkpoints", "room.video/e000.mp4",
                     "room.video/e001.mp4", "room.audio/e000.mp4"):
            data = self.content(name)
            for _ in range(25):
                # Without its newline the last line is a tail: no change, but a loss.
                place, bit = dice.randrange(len(data) - 1), dice.randrange(8)
                self.flip(name, place, bit)
                self.assertTrue(self.codes(), f"{name} byte {place} bit {bit}")
                self.replace(name, data)

    def test_garbage_never_raises(self):
        dice = random.Random(6962)
        for name in ("lesson.json", "journal", "checkpoints", "room.video/e000.mp4"):
            data = self.content(name)
            for length in (0, 1, 8, 9, 20, len(data) // 2):
                self.replace(name, data[:length])
                # Signatures that were lost leave a recording that is not yet signed.
                self.assertTrue(self.codes() or name == "checkpoints", f"{name} cut to {length}")
                self.replace(name, data[:length] + dice.randbytes(len(data) - length))
                self.assertTrue(self.codes(), f"{name} random from {length}")
            self.replace(name, data)


def setting(**members):
    return lambda thing: thing.update(members)


def fragment_edit(track, number, change):
    def edit(made):
        if (made["name"], made["sequence"]) == (track, number):
            change(made)
    return edit


def record_edit(track_name, number, **fields):
    return fragment_edit(track_name, number, lambda made: made["record"].update(fields))


def event_edit(what, **members):
    def edit(event):
        if event["event"] == what:
            event.update(members)
    return edit


class FaultTest(FolderTest):
    """The folder was written wrongly; hashes and signatures are those of what was written."""

    def expect(self, codes, **edits):
        self.assertEqual(self.codes_of(**edits), codes)

    def test_identity(self):
        self.expect({"lesson-member"}, identity=setting(format="shilu-lesson/2"))
        self.expect({"lesson-member"}, identity=setting(clock={"synchronised": 1}))
        self.expect({"lesson-member"}, identity=lambda identity: identity.pop("boot_id"))
        self.expect({"epoch-source", "gap-source"}, identity=setting(sources=[]))
        other = handmade.LESSON_ID.replace("7e5f", "7e5e")
        self.expect({"checkpoint-lesson"}, identity=setting(lesson_id=other))

    def test_planned_ms_is_optional(self):
        self.expect(set(), identity=lambda identity: identity.pop("planned_ms"))

    def test_certificate(self):
        self.expect({"certificate"}, certificate=setting(role="seal"))
        self.expect({"certificate"}, certificate=setting(device_id="d-0123456789abcdef"))
        self.expect({"certificate"},
                    certificate=setting(device_key_pem=handmade.RECORDING.pem))
        self.expect({"certificate"}, certificate=setting(key_pem="none"))
        self.expect({"checkpoint"}, certificate=setting(key_pem=handmade.DEVICE.pem))

    def test_checkpoint(self):
        self.expect({"checkpoint-root"}, checkpoint=setting(root_sha256="00" * 32))
        self.expect({"checkpoint-size"}, checkpoint=setting(tree_size=10**6))
        self.expect({"checkpoint-chain"}, checkpoint=setting(previous_sha256="00" * 32))
        self.expect({"checkpoint"}, checkpoint=setting(reason="whim"))
        self.expect({"checkpoint"}, checkpoint=lambda content: content.pop("utc"))

    def test_events(self):
        self.expect({"record"}, event=event_edit("clock", error_ms="2"))
        self.expect({"record"}, event=event_edit("clock", event="cloak"))
        self.expect({"start-time"}, event=event_edit("start", at_ns=5))
        self.expect({"record", "tiling"}, event=event_edit("gap", reason="tired"))
        self.expect({"mark-unknown"}, event=event_edit("mark-undone", id="m3"))
        self.expect({"mark-repeated"}, event=event_edit("mark", id="m2"))

    def test_epoch_event(self):
        self.expect({"header-event"}, event=event_edit("epoch", width=640))
        self.expect({"header-event"}, event=event_edit("epoch", channels=1))
        self.expect({"header-hash"}, event=event_edit("epoch", header_sha256="00" * 32))
        self.assertIn("epoch-number", self.codes_of(event=event_edit("epoch", epoch=1)))
        self.assertIn("epoch-track", self.codes_of(event=event_edit("epoch", track=0)))
        self.assertIn("epoch-timescale", self.codes_of(event=event_edit("epoch", timescale=9000)))

    def test_a_name_is_no_way_out_of_the_folder(self):
        for name in ("../room.video", "/room.video", ".video", "a\0b.video", "room"):
            self.assertIn("record", self.codes_of(event=event_edit("epoch", name=name)), name)

    def test_name_that_no_file_can_have(self):
        self.assertFalse(values.is_track("room\ud800.video"))
        self.assertTrue(values.is_track("сцена.video"))

    def test_header_boxes(self):
        def edit(old, new):
            def change(header):
                header[0] = header[0].replace(old, new)
            return change
        self.expect({"header-boxes"}, header=edit(b"iso6cmfc", b"iso6mp42"))
        self.expect({"header-boxes"}, header=edit(b"mvex", b"free"))
        self.expect({"header-boxes"}, header=edit(b"vmhd", b"nmhd"))
        self.expect({"header-boxes"}, header=edit(b"esds", b"free"))

    def test_record_against_boxes(self):
        self.expect({"fragment-tfdt", "fragment-gap-flag", "fragment-overlap"},
                    fragment=record_edit("room.audio", 1, decode_time=60417))
        self.expect({"fragment-samples"}, fragment=record_edit("room.audio", 1, samples=46))
        self.expect({"fragment-duration", "fragment-overlap"},
                    fragment=record_edit("room.audio", 1, duration=48129))
        self.expect({"fragment-expected"}, fragment=record_edit("room.audio", 1, expected=49))
        self.expect({"payload-hash"},
                    fragment=record_edit("room.video", 1, payload_sha256=bytes(32)))
        self.expect({"fragment-hash"}, fragment=record_edit("room.video", 1, sha256=bytes(32)))
        self.expect({"fragment-sequence"},
                    fragment=fragment_edit("room.video", 1, setting(mfhd=7)))

    def test_boxes(self):
        self.expect({"fragment-tfdt"}, fragment=fragment_edit("room.video", 0, setting(tfdt=0)))
        self.expect({"fragment-boxes"},
                    fragment=fragment_edit("room.video", 0, setting(trun_flags=0x701)))
        self.expect({"fragment-boxes"},
                    fragment=fragment_edit("room.audio", 0, setting(tfhd_flags=0x020008)))

    def test_samples(self):
        def change_sample(place, duration=None, flags=None):
            def change(made):
                sample = made["samples"][place]
                sample[0] = duration or sample[0]
                sample[1] = flags or sample[1]
            return change
        self.expect({"sample-duration", "fragment-duration"},
                    fragment=fragment_edit("room.video", 0, change_sample(3, duration=7201)))
        self.expect({"fragment-duration"},
                    fragment=fragment_edit("room.video", 2, change_sample(-1, duration=3601)))
        self.expect({"sample-flags", "sample-idr"},
                    fragment=fragment_edit("room.video", 0, change_sample(3, flags=0x02000000)))
        self.expect({"sample-flags"},
                    fragment=fragment_edit("room.audio", 0, change_sample(3, flags=0x01010000)))

    def test_nal_units(self):
        def change(made):
            made["payload"][2] = b"\x00\x00\x00\x09short"
        for name, sequence in (("room.video", 0), ("room.video", 4)):
            self.assertEqual(self.codes_of(fragment=fragment_edit(name, sequence, change)),
                             {"sample-nal"})

    def test_places(self):
        self.expect({"fragment-offset", "fragment-short"},
                    fragment=record_edit("room.video", 2, offset=2**63))
        self.expect({"fragment-short", "fragment-offset"},
                    fragment=record_edit("room.video", 4, size=2**32 - 1, offset=2**64 - 1))
        self.expect({"fragment-sequence"}, fragment=record_edit("room.video", 4, sequence=5))
        self.assertIn("record", self.codes_of(fragment=record_edit("room.video", 1, track=9)))
        self.assertIn("record", self.codes_of(fragment=record_edit("room.video", 1, epoch=9)))
        self.assertIn("record", self.codes_of(fragment=record_edit("room.video", 1, flags=16)))

    def test_flags(self):
        key, gap, limit = handmade.KEY, handmade.GAP, handmade.LIMIT
        self.expect({"fragment-key"}, fragment=record_edit("room.video", 0, flags=0))
        self.expect({"fragment-key"}, fragment=record_edit("room.video", 1, flags=key))
        self.expect({"fragment-key"}, fragment=record_edit("room.audio", 1, flags=0))
        self.expect({"fragment-gap-flag"}, fragment=record_edit("room.video", 3, flags=key))
        self.expect({"fragment-gap-flag"},
                    fragment=record_edit("room.video", 1, flags=key | gap | limit))

    def test_tiling(self):
        def change(event):
            if event["event"] == "gap" and event["reason"] == "queue-overflow":
                event["to_ns"] -= 41 * handmade.MS
        self.expect({"tiling"}, event=change)
        self.expect({"tiling"}, event=event_edit("stop", duration_ms=4100))
        self.expect({"tiling"}, event=event_edit("stop", duration_ms=3000))
        self.expect({"gap-empty", "tiling"}, event=event_edit("gap", from_ns=5 * 10**9))

    def test_seams_may_be_a_sample_wide(self):
        def change(event):
            if event["event"] == "gap" and event["reason"] == "queue-overflow":
                event["to_ns"] -= 40 * handmade.MS
        self.expect(set(), event=change)


class MomentsTest(FolderTest):
    def codes_of(self, finished=True, **edits):
        handmade.write_lesson(self.folder, finished, handmade.tell_moments, **edits)
        codes = {one["code"] for one in lesson_reader.read_lesson(self.folder)["violations"]}
        shutil.rmtree(self.folder)
        return codes

    def test_clean(self):
        self.assertEqual(self.codes_of(), set())
        self.assertEqual(self.codes_of(finished=False), set())  # a deletion that is not done yet

    def test_what_is_deleted_is_counted_and_gone(self):
        lesson = handmade.write_lesson(self.folder, story=handmade.tell_moments)
        self.assertEqual(lesson_reader.read_lesson(self.folder)["redacted"], 2)
        epoch, begin, size = lesson.payloads["room.video", 6]
        self.assertEqual(epoch, 0)
        self.flip("room.video/e000.mp4", begin + size - 1)
        codes = [one["code"] for one in lesson_reader.read_lesson(self.folder)["violations"]]
        self.assertEqual(codes, ["redaction"])

    def test_a_hole_that_nobody_declared(self):
        def story(lesson, finished):
            handmade.tell_moments(lesson, finished)
            lesson.erase("room.video", 4)
        handmade.write_lesson(self.folder, True, story)
        codes = [one["code"] for one in lesson_reader.read_lesson(self.folder)["violations"]]
        self.assertEqual(codes, ["fragment-hash"])

    def test_order(self):
        def rename(old, new):
            def change(event):
                if event["event"] == old:
                    event.clear()
                    event.update(new)
            return change
        begin = {"event": "private-begin", "at_ns": 0}
        self.assertIn("event-order", self.codes_of(event=rename("extended", {**begin, "event": "private",
                                                                             "from_ns": 0, "to_ns": 1})))
        self.assertIn("event-order", self.codes_of(event=rename("continued", begin)))
        self.assertIn("event-order", self.codes_of(event=rename("redaction-done", begin)))
        self.assertIn("redaction-stop", self.codes_of(event=event_edit("redaction", after_stop=True)))

    def test_members(self):
        for name, change in (("rebase", {"reason": "whim"}), ("private", {"from_ns": "0"}),
                             ("redaction", {"stretches": [{}]}), ("redaction", {"subject_sha256": 1}),
                             ("stopping", {"reason": "whim"}), ("extended", {"planned_ms": -1})):
            self.assertIn("record", self.codes_of(event=event_edit(name, **change)), name)

    def test_no_more_pre_roll_than_was_kept(self):
        def story(lesson, finished):
            lesson.begin()
            lesson.event("start", 0, utc=handmade.UTC)
            lesson.epoch(0, "room.video", 0, -40_000 * handmade.MS, **handmade.AVC)
            for second in range(-33, 1):
                lesson.fragment("room.video", second * 90000, 25)
            handmade.gap(lesson, "board.video", 0, 1000, "source-lost")
            lesson.event("stop", 1000 * handmade.MS, duration_ms=1000, reason="user")
            lesson.checkpoint("stop", 1000 * handmade.MS)
        handmade.write_lesson(self.folder, True, story)
        codes = [one["code"] for one in lesson_reader.read_lesson(self.folder)["violations"]]
        self.assertEqual(codes, ["pre-roll-long"])


class CommandTest(FolderTest):
    def run_reader(self, *arguments):
        program = os.path.join(HERE, "lesson_reader.py")
        return subprocess.run([sys.executable, program, *arguments], capture_output=True,
                              text=True, check=False)

    def test_clean_then_damaged(self):
        handmade.write_lesson(self.folder)
        done = self.run_reader(self.folder, "--json")
        self.assertEqual((done.returncode, done.stderr, done.stdout.count("\n")), (0, "", 1))
        self.assertEqual(json.loads(done.stdout)["lesson_id"], handmade.LESSON_ID)
        self.assertEqual(json.loads(self.run_reader(self.folder).stdout), json.loads(done.stdout))
        self.flip("room.video/e000.mp4", -1)
        self.assertEqual(self.run_reader(self.folder).returncode, 1)

    def test_wrong_use(self):
        self.assertEqual(self.run_reader().returncode, 2)
        self.assertEqual(self.run_reader(self.folder).returncode, 2)
        self.assertEqual(self.run_reader(self.folder, "--what").returncode, 2)

    def test_empty_folder(self):
        os.makedirs(self.folder)
        self.assertEqual(self.run_reader(self.folder).returncode, 1)


if __name__ == "__main__":
    unittest.main()
