#!/usr/bin/env python3
"""What a package holds, read by validators that are not ours: JSON Schema 2020-12 by ajv, WebVTT by the W3C's parser."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from checks import Skip, run_checks  # noqa: E402
from evidence_tools import ROOT, Package, must, pack  # noqa: E402

VALIDATORS = ROOT / "tests/evidence/validators"
SCHEMA = ROOT / "config/schemas/evidence.schema.json"


class Formats:
    def __init__(self, work):
        self.work, self.found = pathlib.Path(work), None

    def package(self, programs):
        """A package with everything that one can have; made once."""
        if self.found is None:
            if not (programs / "shilu-fixture-lesson").exists():
                raise Skip("shilu-fixture-lesson is not built")
            if shutil.which("node") is None:
                raise Skip("node is not there")
            if not (VALIDATORS / "node_modules").exists():
                must("npm", "ci", "--no-audit", "--no-fund", cwd=VALIDATORS)
            self.found = self.packed(programs)
        return self.found

    def packed(self, programs):
        must(programs / "shilu-fixture-lesson", self.work / "lesson", "--seconds", "12", "--board", "--wider", "6000", "--mark", "3000", "A6", "--mark", "9000", "A1")
        (self.work / "card.mp4").write_bytes(b"\0\0\0\x18ftypisom0000isomiso2 with a title card")
        fields = {"县(市、区)": "冷水滩区", "学校": "实验中学", "姓名": "王老师", "学科": "数学", "能力维度": "教学", "所属环境": "多媒体", "微能力点": "A6",
                  "教学主题": "勾股定理", "教学环境": "普通教室", "教学对象": "八年级", "重点": "证明", "难点": "应用"}
        done = pack(programs / "shilu", self.work / "lesson", self.work / "keys", self.work / "p.zip", "--clip", "2-11",
                    "--note", "2.5=这里学生提问", "--note", "4-5.5=讲解", "--derivative", self.work / "card.mp4", "--derived-from", "clip-2/board",
                    "--recipe", "title card", "--platform-key", "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=",
                    *[word for name, value in fields.items() for word in ("--field", f"{name}={value}")])
        assert done.returncode == 0, done.stderr
        return Package(self.work / "p.zip")

    def validate(self, documents=(), tracks=()):
        asked = json.dumps({"documents": list(documents), "tracks": list(tracks)})
        done = subprocess.run(["node", VALIDATORS / "validate.mjs", SCHEMA], input=asked, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def evidence_keeps_to_the_schema(self, programs):
        """ajv accepts the evidence.json of a package with every kind of part"""
        text = self.package(programs).files["data/evidence.json"].decode()
        evidence = json.loads(text)
        assert [len(evidence[name]) for name in ("clips", "documents", "derived")] == [2, 2, 1], evidence
        assert [len(source["parts"]) for source in evidence["clips"][1]["sources"]] == [2, 1], evidence["clips"][1]
        assert self.validate([text])["documents"] == [[]], self.validate([text])

    def names_stay_in_the_sealed_part(self, programs):
        """the form's fields that name somebody are in no readable part"""
        assert sorted(self.package(programs).json("data/evidence.json")["fields"]) == sorted(
            ["学科", "能力维度", "所属环境", "微能力点", "教学主题", "教学环境", "教学对象", "重点", "难点"])
        for name, data in self.package(programs).files.items():
            for word in ("冷水滩区", "实验中学", "王老师", "T001"):
                assert word.encode() not in data, f"{word} stands in {name}"

    def the_schema_refuses(self, programs):
        """ajv refuses what is not in the schema, one change at a time"""
        good = self.package(programs).json("data/evidence.json")
        changes = {"another format": lambda e: e.update(format="x"), "a member too many": lambda e: e.update(approved=True),
                   "no signatures expected": lambda e: e.update(signatures_expected=False), "a clip without parts": lambda e: e["clips"][0]["sources"][0].update(parts=[]),
                   "a path out of the bag": lambda e: e["clips"][0]["sources"][0]["parts"][0].update(file="../x.mp4"),
                   "a real name": lambda e: e["teacher"].update(pseudonym="王老师"), "a derivative without recipe": lambda e: e["derived"][0].update(recipe=""),
                   "no software": lambda e: e.pop("software")}
        bad = []
        for change in changes.values():
            copy = json.loads(json.dumps(good))
            change(copy)
            bad.append(json.dumps(copy))
        for name, errors in zip(changes, self.validate(bad)["documents"]):
            assert errors, f"ajv accepts {name}"

    def marks_are_web_vtt(self, programs):
        """the W3C's parser finds no error in the marks, and the cues that the lesson has"""
        told = self.validate(tracks=[self.package(programs).files[name].decode() for name in ("data/marks.vtt", "data/marks-2.vtt")])["tracks"]
        assert [track["errors"] for track in told] == [[], []], told
        assert [json.loads(cue["text"]) for cue in told[0]["cues"]] == [{"at_ms": 2000, "point": "A6"}, {"at_ms": 8000, "point": "A1"}], told[0]
        assert all(cue["from"] == 0 and cue["to"] == 5.5 for cue in told[0]["cues"]), told[0]

    def the_parser_refuses(self, programs):
        """and it does find errors"""
        text = self.package(programs).files["data/marks.vtt"].decode()
        bad = [text.replace(" --> ", " -> ", 1), text.replace("WEBVTT\n", "WEBVT\n"), text.replace("00:00:05.500", "00:00:05.5", 1)]
        assert all(track["errors"] for track in self.validate(tracks=bad)["tracks"]), self.validate(tracks=bad)

    def notes_are_where_they_were_said(self, programs):
        """the notes point into the files that show their moments, in those files' time"""
        items = self.package(programs).json("data/annotations.jsonld")["first"]["items"]
        targets = [[(target["source"], target["selector"]["value"]) for target in item["target"]] for item in items]
        assert targets == [[("clips/clip-1/room.mp4", "t=1.500"), ("clips/clip-1/board.mp4", "t=1.500")],
                           [("clips/clip-1/room.mp4", "t=3.000,4.500"), ("clips/clip-1/board.mp4", "t=3.000,4.500")],
                           [("clips/clip-2/room.mp4", "t=0.500"), ("clips/clip-2/board.mp4", "t=0.500")],
                           [("clips/clip-2/room.mp4", "t=2.000,3.500"), ("clips/clip-2/board.mp4", "t=2.000,3.500")]], targets


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="shilu-formats-") as folder:
        formats = Formats(folder)
        run_checks([formats.evidence_keeps_to_the_schema, formats.names_stay_in_the_sealed_part, formats.the_schema_refuses,
                    formats.marks_are_web_vtt, formats.the_parser_refuses, formats.notes_are_where_they_were_said], __doc__)
