#!/usr/bin/env python3
"""What the appliance refuses, and to whom, while its recorder, its disk or its database is in trouble. The real shilud with a
recorder that only talks."""

import contextlib
import hashlib
import json
import pathlib
import resource
import select
import socket
import sqlite3
import sys
import tempfile
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from appliance import TEACHER, Appliance  # noqa: E402
from checks import run_checks  # noqa: E402
from demo_client import Peer, run, wait_until  # noqa: E402
from fake_recorder import IDLE, FakeRecorder, recording  # noqa: E402

OTHER = {"id": "T002", "name": "李老师", "pin": "246802"}
HUGE = 18_446_744_073_710  # ms that wrap 64 bits of nanoseconds


class Room:
    """An appliance with two teachers; `recorder` is a FakeRecorder once talk() was called."""

    def __init__(self, bin_directory, *lesson_options, platform=""):
        self.bin = bin_directory
        self.work = tempfile.TemporaryDirectory(prefix="shilu-guard-")
        self.device = Appliance(bin_directory, self.work.name, platform, *(lesson_options or ("--seconds", "8")))
        self.device.teachers.append(OTHER)
        self.recorder = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.recorder:
            self.recorder.close()
        self.device.end()
        self.work.cleanup()

    def talk(self, status, tells=True):
        self.recorder = FakeRecorder(pathlib.Path(self.work.name) / "run/recorder.sock", status, tells)
        return self.recorder

    def start(self):
        self.device.start()
        return self

    def peer(self, who=OTHER):
        peer = Peer(f"http://127.0.0.1:{self.device.port}")
        peer.sign_in("/api/session", teacher=who["id"], pin=who["pin"])
        return peer

    def state(self, submission, state):
        return wait_until(state, 30, lambda: self.device.submission(submission)["state"] == state)

    def log(self):
        return json.loads(run(self.bin / "shilu", "log", self.device.data / "device-log", "--json"))["entries"]

    def database(self, statement, *values):
        with contextlib.closing(sqlite3.connect(self.device.data / "shilu.db", timeout=30)) as database, database:
            return database.execute(statement, values).fetchall()


def problem(peer, method, path, status, body=None):
    return json.loads(peer.call(method, path, body, expect=(status,), raw=True))


def check_stranger(bin_directory):
    """nobody but its teacher touches a lesson whose recorder has only just come back"""
    with Room(bin_directory) as room:
        asked = room.talk(recording(room.device.lesson, 8000), tells=False).asked
        room.start()
        other = room.peer()
        calls = (("POST", "pause", {}), ("POST", "extend", {"by_ms": 60000}), ("POST", "delete-last", {"last_ms": 3000}), ("POST", "resume", {}))
        for method, path, body in calls:
            assert problem(other, method, f"/api/recording/{path}", 409, body)["code"] == "not-yours", path
        assert problem(other, "DELETE", "/api/recording", 409)["code"] == "not-yours"
        assert problem(other, "POST", "/api/recording/marks", 409, {"id": str(uuid.uuid4())})["code"] == "not-yours"
        assert not set(asked) - {"subscribe", "status"}, asked
        room.device.teacher.post("/api/recording/delete-last", {"last_ms": 3000})
        assert "redact" in asked


def check_away(bin_directory):
    """while the recorder does not say whose lesson runs, nobody stops or deletes"""
    with Room(bin_directory) as room:
        room.talk(recording(room.device.lesson, 8000), tells=False).answers = False
        room.start()
        for peer in (room.peer(), room.device.teacher):
            assert problem(peer, "POST", "/api/recording/delete-last", 503, {"last_ms": 3000})["code"] == "recorder-away"
            assert problem(peer, "DELETE", "/api/recording", 503)["code"] == "recorder-away"


def check_submitted_kept(bin_directory):
    """the last minutes are not deleted under a submission, also when the recorder has only just come back"""
    with Room(bin_directory) as room:
        asked = room.talk(recording(room.device.lesson, 8000), tells=False).asked
        room.start().device.add_papers()
        room.device.submit(room.device.cut(1000, 4000))
        assert problem(room.device.teacher, "POST", "/api/recording/delete-last", 409, {"last_ms": 3000})["code"] == "submitted"
        assert "redact" not in asked


def check_ranges(bin_directory):
    """times that no lesson has are refused before they can wrap"""
    with Room(bin_directory) as room:
        asked = room.talk(recording(room.device.lesson, 8000)).asked
        me = room.start().device.teacher
        lesson = f"/api/lessons/{room.device.lesson}"
        for path, body in (("/api/recording/extend", {"by_ms": 2**63 - 1}), ("/api/recording/delete-last", {"last_ms": -2**63}),
                           ("/api/recording/delete-last", {"last_ms": HUGE}), (f"{lesson}/deletions", {"from_ms": HUGE + 1000, "to_ms": HUGE + 2000}),
                           (f"{lesson}/clips", {"point": "A6", "from_ms": HUGE, "to_ms": HUGE + 2000, "sources": ["room"]})):
            assert problem(me, "POST", path, 400, body)["code"] == "bad-range", path
        assert not {"redact", "extend"} & set(asked), asked


def check_frozen_clip(bin_directory):
    """a clip does not change under its submission; a rejected one holds neither the clip nor the time"""
    with Room(bin_directory) as room:
        asked = room.talk(IDLE).asked
        me = room.start().device.teacher
        room.device.add_papers()
        clip = room.device.cut(1000, 4000)
        submission = room.device.submit(clip)
        room.state(submission, "queued")
        path = f"/api/lessons/{room.device.lesson}/clips/{clip}"
        refused = problem(me, "PATCH", path, 409, {"to_ms": 6000})
        assert refused["code"] == "clip-submitted" and "Withdraw" in refused["detail"], refused
        part = {"from_ms": 2000, "to_ms": 3000}
        assert problem(me, "POST", f"/api/lessons/{room.device.lesson}/deletions", 409, part)["code"] == "submitted"
        room.database("UPDATE submissions SET state = 'rejected', reasons = '[]' WHERE id = ?", submission)
        assert me.call("PATCH", path, {"to_ms": 6000})["to_ms"] == 6000
        me.post(f"/api/lessons/{room.device.lesson}/deletions", part)
        assert "redact" in asked


def check_recovered_row(bin_directory):
    """a lesson whose row could not be written belongs to the teacher who started it"""
    salt = bytes(range(32))
    subject = hashlib.sha256(salt + TEACHER["id"].encode()).hexdigest()
    with Room(bin_directory, "--seconds", "4", "--running", "--subject", subject) as room:
        (room.device.data / "keys").mkdir(exist_ok=True)
        (room.device.data / "keys/subject.salt").write_bytes(salt)
        folder = room.device.data / "lessons" / room.device.lesson
        aside = room.device.data / "aside"
        folder.rename(aside)  # not there before the recorder makes it
        recorder = room.talk(IDLE)
        recorder.started = recording(room.device.lesson, 4000)
        me, other = room.start().device.teacher, room.peer()
        with contextlib.closing(sqlite3.connect(room.device.data / "shilu.db", isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            aside.rename(folder)
            started = me.call("POST", "/api/recording", {"subject": "y"}, raw=True, expect=(201, 500, 503, 504))
            assert problem(other, "DELETE", "/api/recording", 409)["code"] == "not-yours", started
            lock.execute("ROLLBACK")
        wait_until("its row", 30, lambda: [one["id"] for one in me.get("/api/lessons")["lessons"]] == [room.device.lesson])
        assert json.loads(started)["lesson_id"] == room.device.lesson
        assert other.get("/api/lessons")["lessons"] == []


def check_unreadable_folder(bin_directory):
    """lessons that cannot be listed for a while are not logged as deleted"""
    with Room(bin_directory) as room:
        room.start().device.cut(1000, 4000)
        wait_until("the clip's entry", 30, lambda: any(entry["event"] == "clip" for entry in room.log()))
        process = room.device.process.pid
        limits = resource.prlimit(process, resource.RLIMIT_NOFILE)
        resource.prlimit(process, resource.RLIMIT_NOFILE, (10, limits[1]))  # more are open; no other can be
        wait_until("a look that fails", 30, lambda: "cannot be listed" in (pathlib.Path(room.work.name) / "shilud.log").read_text())
        resource.prlimit(process, resource.RLIMIT_NOFILE, limits)
        room.device.add_papers()
        wait_until("the next entry", 30, lambda: any(entry["event"] == "edit" for entry in room.log()))
        assert not [entry for entry in room.log() if entry["event"] == "delete"]


def beside(room, submission):
    """What is on the disk of a submission's package."""
    return sorted(file.name.removeprefix(submission) for file in (room.device.data / "packages").glob(f"{submission}.*"))


def check_withdrawn_package(bin_directory):
    """a withdrawn submission leaves no package, also when the device was killed in between; a deletion leaves none that was rejected"""
    with Room(bin_directory) as room:
        room.talk(IDLE)
        room.start().device.add_papers()
        submissions = [room.device.submit(room.device.cut(1000, 4000)) for _ in range(3)]
        for submission in submissions:
            room.state(submission, "queued")
            for ending in ("blocks", "tsr"):
                (room.device.data / f"packages/{submission}.zip.{ending}").write_text("x")
        withdrawn, killed, rejected = submissions
        assert beside(room, withdrawn) == [".zip", ".zip.blocks", ".zip.tsr"]
        assert room.device.teacher.post(f"/api/submissions/{withdrawn}/withdraw")["state"] == "withdrawn"
        assert beside(room, withdrawn) == []
        room.device.end()
        room.database("UPDATE submissions SET state = 'withdrawn' WHERE id = ?", killed)
        room.database("UPDATE submissions SET state = 'rejected', reasons = '[]' WHERE id = ?", rejected)
        room.start()
        assert beside(room, killed) == [] and len(beside(room, rejected)) == 3
        room.device.teacher.post(f"/api/lessons/{room.device.lesson}/deletions", {"from_ms": 2000, "to_ms": 3000})
        assert beside(room, rejected) == []


def check_sign_in_log(bin_directory):
    """tries to sign in that cost a stranger nothing do not fill the device log"""
    with Room(bin_directory) as room:
        stranger = Peer(f"http://127.0.0.1:{room.start().device.port}")
        for _ in range(60):
            problem(stranger, "POST", "/api/session", 403, {"teacher": "nobody", "pin": "1"})
        codes = [json.loads(stranger.call("POST", "/api/session", {"teacher": "T002", "pin": "1"}, expect=(403, 429), raw=True))["code"] for _ in range(12)]
        assert codes[-1] == "wait", codes
        counted = [entry["event"] for entry in room.log()]
        assert counted.count("sign-in-failed") == codes.count("wrong-pin"), counted
        assert counted.count("sign-in-refused") == 1, counted


class Line:
    """A connection kept open; `head` is the first line of the answer."""

    def __init__(self, port, path, *headers):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.sendall("\r\n".join((f"GET {path} HTTP/1.1", "Host: x", *headers, "", "")).encode())
        self.stream = self.socket.makefile("rb")
        self.head = self.stream.readline()

    def status(self):
        return int(self.head.split()[1])

    def ended(self, within):
        """Reads over what comes; has the other side ended it?"""
        self.socket.settimeout(within)
        with contextlib.suppress(ConnectionError):
            while self.stream.read1(1 << 16):
                pass
        return True

    def close(self):
        self.stream.close()
        self.socket.close()


UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")


def check_session_end(bin_directory):
    """a session that ended listens and watches no longer, whoever ended it"""
    with Room(bin_directory) as room:
        room.talk(recording(room.device.lesson, 8000))
        port = room.start().device.port
        staying, leaving, dropped = (room.peer(TEACHER) for _ in range(3))
        wait_until("the state", 20, lambda: staying.get("/api/state")["state"] == "recording")

        def lines(peer):
            token = f"Authorization: Bearer {peer.token}"
            return Line(port, "/api/events", token), Line(port, "/api/preview/room.video", token, *UPGRADE)

        stays, leaves, drops = lines(staying), lines(leaving), lines(dropped)
        assert [line.status() for line in (*stays, *leaves, *drops)] == [200, 101] * 3
        leaving.call("DELETE", "/api/session")
        assert all(line.ended(10) for line in leaves)
        room.database("DELETE FROM sessions WHERE token_hash = ?", hashlib.sha256(dropped.token.encode()).digest())
        assert all(line.ended(10) for line in drops)
        stays[0].stream.readline()
        for line in stays:
            assert select.select([line.socket], [], [], 0)[0] == [] or line.socket.recv(1, socket.MSG_PEEK), "it was closed too"
            line.close()


def check_anonymous_streams(bin_directory):
    """listeners that are not signed in have few places, and those who left free theirs"""
    with Room(bin_directory) as room:
        port = room.start().device.port
        strangers = [Line(port, "/api/events") for _ in range(80)]
        heard = [line.status() for line in strangers]
        assert heard.count(503) > 20 and heard[0] == 200, heard
        mine = Line(port, "/api/events", f"Authorization: Bearer {room.device.teacher.token}")
        assert mine.status() == 200
        for line in (*strangers, mine):
            line.close()

        def again():
            line = Line(port, "/api/events")
            line.close()
            return line.status() == 200

        wait_until("a place for the next one", 20, again)


def check_unknown_call(bin_directory):
    """what the API does not know is no page, and the live picture asks for a session"""
    with Room(bin_directory) as room:
        pages = pathlib.Path(room.work.name) / "www"
        pages.mkdir()
        (pages / "index.html").write_text("<p>page</p>")
        room.device.web_settings = f'root = "{pages}"\n'
        port = room.start().device.port
        assert b"page" in room.device.teacher.get("/lessons/1", raw=True)
        assert problem(room.device.teacher, "GET", "/api/nothing", 404)["code"] == "not-found"
        preview = Line(port, "/api/preview/room.video", *UPGRADE)
        assert preview.status() == 401
        preview.close()


if __name__ == "__main__":
    run_checks([check_stranger, check_away, check_submitted_kept, check_ranges, check_frozen_clip, check_recovered_row, check_unreadable_folder,
                check_withdrawn_package, check_sign_in_log, check_session_end, check_anonymous_streams, check_unknown_call], __doc__)
