"""The real shilud with a lesson that is on its disk already, and its teacher. Standard library only."""

import json
import pathlib
import select
import signal
import sqlite3
import subprocess
import urllib.parse

from demo_client import Peer, wait_until
from evidence_tools import DOCUMENTS, must
from platform_process import ROOT

TEACHER = {"id": "T001", "name": "王老师", "pin": "135790"}


class Appliance:
    """Its folder outlives its process, which may be killed and started again. Options go to shilu-fixture-lesson."""

    def __init__(self, bin_directory, work, platform_url, *lesson_options):
        self.bin, self.work = pathlib.Path(bin_directory), pathlib.Path(work)
        self.data = self.work / "device"
        self.data.mkdir(parents=True)
        self.process, self.port = None, 0
        made = self.data / "new-lesson"
        self.lesson = must(self.bin / "shilu-fixture-lesson", made, *lesson_options).strip()
        (self.data / "lessons").mkdir()
        made.rename(self.data / "lessons" / self.lesson)
        self.teachers = [TEACHER]
        self.platform_url = platform_url
        self.more_settings = self.web_settings = ""

    def write_settings(self):
        (self.work / "appliance.toml").write_text(
            f'device_name = "room"\ndata_directory = "{self.data}"\nruntime_directory = "{self.work}/run"\n'
            f'[web]\naddress = "127.0.0.1"\nport = {self.port}\n{self.web_settings}'
            f'[programme]\nid = "cn-moe-2.0"\ncatalogue = "{ROOT}/config/catalogues/ability-points-2.0.json"\n'
            f'[platform]\nurl = "{self.platform_url}"\nclaim = "CLAIM"\n{self.more_settings}')

    def start(self):
        self.write_settings()
        (self.work / "teachers.json").write_text(json.dumps({"teachers": self.teachers}))
        self.log = open(self.work / "shilud.log", "a")
        self.process = subprocess.Popen([self.bin / "shilud", "--config", self.work / "appliance.toml", "--accounts", self.work / "teachers.json"],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            raise RuntimeError("shilud did not say its port: " + (self.work / "shilud.log").read_text()[-500:])
        self.port = json.loads(line)["port"]
        with sqlite3.connect(self.data / "shilu.db", timeout=30) as database:  # as if the teacher had recorded it
            database.execute("update lessons set teacher = ?", (TEACHER["id"],))
        self.teacher = Peer(f"http://127.0.0.1:{self.port}")
        self.teacher.sign_in("/api/session", teacher=TEACHER["id"], pin=TEACHER["pin"])
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.log.close()

    def end(self):
        if self.process and self.process.poll() is None:
            self.kill()

    def enrolled(self, within=60):
        """Waits until it knows the platform's keys, without which no package names its teacher."""
        wait_until("the enrolment", within, lambda: (self.data / "enrolment.json").exists())
        return self

    def add_document(self, title, file):
        query = urllib.parse.urlencode({"title": title, "name": pathlib.Path(file).name})
        return self.teacher.call("POST", f"/api/lessons/{self.lesson}/documents?{query}", pathlib.Path(file).read_bytes())

    def add_papers(self):
        self.add_document("教学设计", DOCUMENTS / "lesson-plan.pdf")
        self.add_document("教学反思", DOCUMENTS / "reflection.pdf")

    def cut(self, from_ms, to_ms, point="A6"):
        return self.teacher.post(f"/api/lessons/{self.lesson}/clips",
                                 {"point": point, "from_ms": from_ms, "to_ms": to_ms, "sources": ["room"]})["id"]

    def submit(self, clip, point="A6"):
        fields = {"学科": "数学", "教学主题": "勾股定理", "教学对象": "八年级", "重点": "三边关系", "难点": "面积拼图"}
        return self.teacher.post("/api/submissions", {"lesson": self.lesson, "clip": clip, "point": point, "fields": fields})["id"]

    def submission(self, submission):
        return self.teacher.get(f"/api/submissions/{submission}")

    def acknowledged(self, submission):
        """None until the receipt has come; a refusal is an error."""
        now = self.submission(submission)
        if now["state"] == "rejected":
            raise AssertionError(f"the platform refuses: {now['reasons']}")
        return now if now["state"] == "acknowledged" else None

    def package(self, submission):
        return self.data / "packages" / f"{submission}.zip"

    def receipt(self, submission, out):
        """The stored envelope as a file, for a verifier that is not ours."""
        with sqlite3.connect(self.data / "shilu.db", timeout=30) as database:
            (text,) = database.execute("select receipt from submissions where id = ?", (submission,)).fetchone()
        pathlib.Path(out).write_text(text)
        return out
