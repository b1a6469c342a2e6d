#!/usr/bin/env python3
"""One whole lesson, unattended: from two RTSP cameras to the verdict on the teacher's page.

Every step is done as a person's page would do it, over HTTP, and proven by tools that are not ours: ffprobe and the
counters burned into the pictures, sha256sum, openssl. Exit 0 only if every step was proven.
"""

import argparse
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "demo"), str(ROOT / "tests" / "reader")]

import outside_proofs as proofs  # noqa: E402
from demo_client import Peer, run, wait_until  # noqa: E402
from read_counters import read_counters  # noqa: E402

POINTS = ["A6", "A5"]


class Lesson:
    """What one run knows; each step is a method that proves its claim and returns its figures as one line."""

    def __init__(self, options):
        self.seconds = options.seconds
        self.bin = pathlib.Path(options.bin).resolve()
        self.work = pathlib.Path(options.work or tempfile.mkdtemp(prefix="shilu-once-")).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.keep = bool(options.work)
        self.demo = None
        self.export_starts = {}

    # -- the classroom ------------------------------------------------------------------------------------------

    def start_classroom(self):
        """the demonstration classroom starts"""
        described = self.work / "demo.json"
        self.log = open(self.work / "demo.log", "w")
        self.demo = subprocess.Popen(
            [self.bin / "shilu", "serve-demo", "--any-ports", "--directory", self.work / "demo", "--json-file", described],
            stdout=self.log, stderr=self.log, start_new_session=True)

        def ready():
            if self.demo.poll() is not None:
                tail = (self.work / "demo.log").read_text()[-1500:]
                raise RuntimeError(f"the demonstration ended with {self.demo.returncode}:\n{tail}")
            return described.exists() and json.loads(described.read_text())

        self.told = wait_until("the demonstration classroom", 150, ready)
        self.teacher = Peer(self.told["device_url"])
        state = wait_until("both cameras", 30, lambda: self.live_state())
        sources = ", ".join(f"{s['name']} {s['tracks'][0]['codec']}" for s in state["sources"])
        return f"appliance {self.told['device_url']}, platform {self.told['platform_url']}, cameras: {sources}"

    def live_state(self):
        state = self.teacher.get("/api/state")
        live = [s for s in state["sources"] if s["state"] == "live" and s["tracks"]]
        return state if len(live) == 2 else None

    def sign_in(self):
        """a teacher signs in"""
        who = self.told["teachers"][0]
        self.teacher.sign_in("/api/session", teacher=who["id"], pin=who["pin"])
        return self.teacher.get("/api/session")["teacher"]["name"]

    # -- recording ----------------------------------------------------------------------------------------------

    def record(self):
        """the lesson is recorded, with two marks"""
        began = time.monotonic()
        self.lesson = self.teacher.post(
            "/api/recording", {"subject": "数学", "class_name": "八(2)班", "topic": "勾股定理的探索"})["lesson_id"]
        first = wait_until("bytes on disk", 15, lambda: self.proven())
        to_durable = time.monotonic() - began
        lags, marked, mark_times = [], 0, []
        while time.monotonic() - began < self.seconds:
            state = self.teacher.get("/api/state")["lesson"]
            lags.append(state["durable_lag_ms"])
            due = self.seconds * (marked + 1) / 3
            if marked < len(POINTS) and time.monotonic() - began >= due:
                mark_times.append(self.mark(POINTS[marked]))
                marked += 1
            time.sleep(0.2)
        stopped = self.teacher.call("DELETE", "/api/recording")
        self.duration_ms = stopped["duration_ms"]
        if marked != len(POINTS):
            raise AssertionError(f"only {marked} marks could be made")
        lags.sort()
        return (f"{self.duration_ms / 1000:.1f} s; proven on disk {to_durable:.1f} s after the press "
                f"({first['bytes'] / 1e6:.2f} MB then); durable lag median {lags[len(lags) // 2]} ms, worst {lags[-1]} ms; "
                f"press to durable mark {', '.join(f'{t * 1000:.0f} ms' for t in mark_times)}")

    def proven(self):
        lesson = self.teacher.get("/api/state")["lesson"]
        return lesson if lesson and lesson["recording_proven"] else None

    def mark(self, point):
        began = time.monotonic()
        self.teacher.post("/api/recording/marks", {"id": str(uuid.uuid4()), "point": point, "tapped_ago_ms": 0,
                                                   "look_back_ms": 6000, "look_ahead_ms": 5000})
        return time.monotonic() - began

    def check_folder(self):
        """the lesson's folder keeps its promises, for our checker and for a reader written from the documents"""
        self.folder = pathlib.Path(self.told["lessons_directory"]) / self.lesson
        report = json.loads(run(self.bin / "shilu", "check", self.folder, "--json"))
        reader = json.loads(run(sys.executable, ROOT / "tests/reader/lesson_reader.py", self.folder, "--json"))
        if reader["violations"]:
            raise AssertionError(f"the second reader objects: {reader['violations'][:3]}")
        if reader["records"] != report["records"] or reader["duration_ms"] != self.duration_ms:
            raise AssertionError("the two readers disagree")
        self.tracks = reader["tracks"]
        self.gaps = reader["gaps"]
        return (f"{report['records']} records, {report['fragments']} fragments, {report['bytes'] / 1e6:.1f} MB, {len(self.gaps)} gaps, "
                f"{report['signed_leaves']} of {report['leaves']} leaves signed")

    def check_frames(self):
        """every frame that the cameras sent is there, by ffprobe and by the counters burned in"""
        told = []
        for source in ("room", "board"):
            out = self.work / f"{source}.mp4"
            exported = json.loads(run(self.bin / "shilu", "export", self.folder, "--source", source, "--out", out, "--json"))
            self.export_starts[source] = exported["starts_at_ms"] / 1000
            complaint = proofs.decode_errors(out)
            if complaint:
                raise AssertionError(f"{source}: ffmpeg says {complaint}")
            times = proofs.video_frames(out)
            journal = self.tracks[f"{source}.video"]["samples"]
            if not proofs.strictly_rising(times):
                raise AssertionError(f"{source}: times do not rise strictly")
            counters = [value for _, value in read_counters(out)]
            missing = self.missing(source, counters)
            if abs(len(times) - journal) > 1 or missing:
                raise AssertionError(f"{source}: {len(times)} frames of {journal} in the journal, {missing} missing")
            told.append(f"{source} {len(times)} frames of {journal}, counters {counters[0]} to {counters[-1]} without a hole")
        return "; ".join(told)

    def missing(self, source, counters):
        """How many frames the camera sent between the first and the last recorded one that are not in the recording."""
        sent = [int(line.split()[1]) for line in pathlib.Path(self.told["camera_log"]).read_text().splitlines()
                if line.startswith(source + " ")]
        between = set(range(counters[0], counters[-1] + 1)) & set(sent)
        if not between:
            raise AssertionError(f"{source}: no counter of the recording stands in the camera's log")
        return len(between - set(counters))

    # -- evidence -----------------------------------------------------------------------------------------------

    def cut_clips(self):
        """the marks become clips, bit-identical to the master"""
        lesson = self.teacher.get(f"/api/lessons/{self.lesson}")
        self.clips, told = [], []
        master = proofs.frame_hashes(self.work / "room.mp4")
        shift = self.export_starts["room"]  # the export begins with the lead-in before the press
        for mark in lesson["marks"]:
            began = time.monotonic()
            clip = self.teacher.post(f"/api/lessons/{self.lesson}/clips", {
                "point": mark["point"], "from_ms": mark["from_ms"], "to_ms": mark["to_ms"], "mark": mark["id"],
                "sources": ["room", "board"]})
            data = self.teacher.get(f"/api/lessons/{self.lesson}/clips/{clip['id']}/media/room.mp4", raw=True)
            took = time.monotonic() - began
            file = self.work / f"clip-{mark['point']}.mp4"
            file.write_bytes(data)
            start, end = mark["from_ms"] / 1000, mark["to_ms"] / 1000
            cut = proofs.frame_hashes(file)
            wrong = proofs.why_not_cut_from(master, cut, start - shift, end - shift)
            if wrong:
                raise AssertionError(f"clip {mark['point']}: {wrong}")
            self.clips.append(clip)
            told.append(f"{mark['point']} {end - start:.1f} s, {len(cut)} frames identical, {len(data) / 1e6:.2f} MB in {took * 1000:.0f} ms")
        return "; ".join(told)

    def add_documents(self):
        """lesson plan and reflection are added; a text file that calls itself PDF is refused"""
        told = []
        for title, name in (("教学设计", "lesson-plan.pdf"), ("教学反思", "reflection.pdf")):
            data = (ROOT / "tests/data/documents" / name).read_bytes()
            document = self.teacher.call("POST", f"/api/lessons/{self.lesson}/documents?title={title}&name={name}", data)
            told.append(f"{title} {document['size_bytes'] // 1000} kB")
        self.teacher.call("POST", f"/api/lessons/{self.lesson}/documents?title=教学设计&name=plan.pdf", b"just text", expect=(415,))
        return ", ".join(told)

    def submit(self):
        """the package is built, sealed, uploaded by tus, verified by the platform and receipted"""
        clip = self.clips[0]
        check = self.teacher.get(f"/api/lessons/{self.lesson}/clips/{clip['id']}/check")
        if not check["can_submit"]:
            raise AssertionError(f"the pre-submission check refuses: {check['items']}")
        began = time.monotonic()
        made = self.teacher.post("/api/submissions", {"lesson": self.lesson, "clip": clip["id"], "point": clip["point"], "fields": {
            "学科": "数学", "教学主题": "勾股定理的探索", "教学对象": "八年级", "重点": "三边关系", "难点": "面积拼图"}})
        self.submission = made["id"]

        def acknowledged():
            now = self.teacher.get(f"/api/submissions/{self.submission}")
            if now["state"] == "rejected":
                raise AssertionError(f"the platform refuses: {now['reasons']}")
            return now if now["state"] == "acknowledged" else None

        done = wait_until("the receipt", 60, acknowledged)
        took = time.monotonic() - began
        self.package_sha256 = done["package_sha256"]
        return (f"{done['size_bytes'] / 1e6:.2f} MB, press to receipt {took:.1f} s ({done['size_bytes'] / 1e6 / took:.1f} MB/s with packing and "
                f"verification), receipt {done['receipt']['number']}")

    def prove_package(self):
        """the package holds for unzip, sha256sum and openssl, and a flipped bit is found"""
        (package,) = [p for p in pathlib.Path(self.told["packages_directory"]).rglob("*.zip")
                      if run("sha256sum", p).split()[0] == self.package_sha256]
        device_key = pathlib.Path(self.told["device_key_file"]).read_text()
        facts = proofs.prove_package(package, device_key, self.work / "unpacked")
        trusted = json.loads(run(self.bin / "shilu", "verify", package, "--trust", self.told["device_key_file"], "--json"))
        told = ", ".join(f"{f['fact']} {f['value']}" for f in trusted["facts"])
        bad = bytearray(package.read_bytes())
        bad[len(bad) // 2] ^= 0x10
        broken = self.work / "flipped.zip"
        broken.write_bytes(bad)
        refused = subprocess.run([self.bin / "shilu", "verify", broken], capture_output=True, text=True)
        if refused.returncode != 1 or "altered" not in refused.stdout:
            raise AssertionError(f"a flipped bit was not found: {refused.stdout}{refused.stderr}")
        return f"{facts['payload_files']} payload files; {told}; one flipped bit refused"

    # -- the platform -------------------------------------------------------------------------------------------

    def judge(self):
        """two assessors judge blind"""
        told = []
        for who in self.told["assessors"][:2]:
            assessor = Peer(self.told["platform_url"])
            assessor.sign_in("/api/v1/session", assessor=who["id"], pin=who["pin"])
            item = wait_until("the review queue", 10, lambda: self.queued(assessor))
            review = assessor.get(f"/api/v1/review/{item['id']}")
            self.check_blind(review)
            video = assessor.get(f"/api/v1/review/{item['id']}/clips/1/room.mp4", raw=True)
            seen = self.work / f"seen-{who['id']}.mp4"
            seen.write_bytes(video)
            frames = len(proofs.video_frames(seen))
            assessor.post(f"/api/v1/review/{item['id']}/hand-in", {
                "pieces": [{"title": p["title"], "level": "优秀", "comment": "讲授清楚，学生参与",
                            "moments": [{"source": "room", "at_ms": 2000}]} for p in review["pieces"]],
                "comments": [{"at_ms": 2000, "source": "room", "text": "动态演示帮助理解"}], "watched": []})
            told.append(f"{who['id']} saw {frames} frames, {len(review['documents'])} documents")
        return "; ".join(told)

    def queued(self, assessor):
        items = assessor.get("/api/v1/review/queue")["items"]
        return next((i for i in items if i["point"] == self.clips[0]["point"] and i["state"] != "done"), None)

    def check_blind(self, review):
        text = json.dumps(review, ensure_ascii=False)
        for teacher in self.told["teachers"]:
            if teacher["name"] in text or teacher["id"] in text:
                raise AssertionError("the assessor can read who the teacher is")

    def verdict(self):
        """the verdict is signed by the platform and arrives on the device"""
        def arrived():
            return self.teacher.get(f"/api/submissions/{self.submission}").get("verdict")

        verdict = wait_until("the verdict on the device", 30, arrived)
        token = json.loads(pathlib.Path(self.told["enrolment_file"]).read_text())["token"]
        platform = Peer(self.told["platform_url"], token)
        key = platform.get("/api/v1/platform")["receipt_key_pem"]
        answer = platform.get(f"/api/v1/submissions/{self.package_sha256}")
        for name in ("receipt", "verdict"):
            if not proofs.openssl_verifies(answer[name], key):
                raise AssertionError(f"openssl refuses the {name}")
        if verdict["level"] != "优秀":
            raise AssertionError(f"the verdict is {verdict['level']}")
        return f"{verdict['level']}; " + ", ".join(f"{p['title']} {p['level']}" for p in verdict["pieces"]) + "; receipt and verdict hold for openssl"

    def stop_classroom(self):
        """everything ends cleanly"""
        self.demo.send_signal(signal.SIGINT)
        code = self.demo.wait(timeout=20)
        if code != 0:
            raise AssertionError(f"the demonstration ended with {code}")
        return "exit 0"

    STEPS = [start_classroom, sign_in, record, check_folder, check_frames, cut_clips, add_documents, submit,
             prove_package, judge, verdict, stop_classroom]

    def clean_up(self):
        if self.demo and self.demo.poll() is None:
            self.demo.send_signal(signal.SIGINT)
            try:
                self.demo.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.demo.kill()
        if not self.keep:
            shutil.rmtree(self.work, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--bin", required=True)
    parser.add_argument("--work", help="keep everything in this folder")
    options = parser.parse_args()
    if options.seconds < 15:
        parser.error("a lesson of less than 15 s has no room for two clips")
    lesson = Lesson(options)
    began = time.monotonic()
    try:
        for number, step in enumerate(Lesson.STEPS, 1):
            name = step.__doc__
            at = time.monotonic()
            try:
                figures = step(lesson)
            except Exception as error:  # noqa: BLE001 - whatever went wrong is the reason that people read
                print(f"{number:2}/{len(Lesson.STEPS)} FAILED  {name}: {error}", flush=True)
                if lesson.keep:
                    print(f"      everything is kept in {lesson.work}")
                return 1
            print(f"{number:2}/{len(Lesson.STEPS)} proven  {name} ({time.monotonic() - at:.1f} s)\n      {figures}", flush=True)
    finally:
        lesson.clean_up()
    print(f"One lesson of {lesson.seconds:g} s, from cameras to verdict, in {time.monotonic() - began:.1f} s: every step was proven.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
