#!/usr/bin/env python3
"""The appliance's API as its pages and strangers meet it: privacy, ranges, refusals, the live picture."""

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import outside_proofs as proofs  # noqa: E402
from checks import run_checks  # noqa: E402
from demo_client import CallFailed, Peer, wait_until  # noqa: E402
from demo_run import both_live, classroom, record, teacher  # noqa: E402

STATE = {}
CHANGES_MS = 4000


def needs_classroom(check):
    def wrapped(_):
        return check(STATE["told"], STATE["teacher"], STATE["lesson"])

    wrapped.__doc__ = check.__doc__
    return wrapped


def problem(peer, method, path, status, body=None, **options):
    """The problem document of an expected refusal."""
    return json.loads(peer.call(method, path, body, expect=(status,), raw=True, **options))


@needs_classroom
def check_private(told, _, lesson):
    """a lesson is seen by its own teacher only"""
    other = teacher(told, 1)
    assert other.get("/api/lessons")["lessons"] == []
    for path in (f"/api/lessons/{lesson}", f"/api/lessons/{lesson}/media/room.mp4", f"/api/lessons/{lesson}/thumbnail.jpg",
                 f"/api/lessons/{lesson}/check"):
        problem(other, "GET", path, 404)
    problem(other, "POST", f"/api/lessons/{lesson}/clips", 404, {"point": "A6", "from_ms": 0, "to_ms": 2000, "sources": ["room"]})


@needs_classroom
def check_sign_in_needed(told, _, lesson):
    """without a session there is nothing but the names and the state"""
    stranger = Peer(told["device_url"])
    assert len(stranger.get("/api/teachers")["teachers"]) == 3
    assert stranger.get("/api/state")["state"] == "idle"
    for path in ("/api/lessons", f"/api/lessons/{lesson}/media/room.mp4", "/api/submissions", "/api/tiles"):
        assert problem(stranger, "GET", path, 401)["code"] == "sign-in-needed"


@needs_classroom
def check_forged(told, me, _):
    """a cookie alone changes nothing"""
    stranger = Peer(told["device_url"])
    cookie = {"Cookie": f"shilu_session={me.token}"}
    assert stranger.get("/api/session", headers=cookie)["teacher"]["id"] == "T001"
    assert problem(stranger, "POST", "/api/recording", 403, {}, headers=cookie)["code"] == "cross-site"


@needs_classroom
def check_wrong_pin(told, _, __):
    """a wrong PIN is refused, and guessing is slowed down"""
    stranger = Peer(told["device_url"])
    codes = [problem(stranger, "POST", "/api/session", status, {"teacher": "T003", "pin": "000000"})["code"]
             for status in (403, 403, 403, 403, 403, 429)]
    assert codes[-1] == "wait", codes


@needs_classroom
def check_ranges(_, me, lesson):
    """the virtual MP4 is the same bytes in pieces as in one"""
    path = f"/api/lessons/{lesson}/media/room.mp4"
    whole = me.get(path, raw=True)
    size = len(whole)
    for start, end in ((0, 0), (0, 99), (1000, 60_000), (size - 5, size - 1)):
        part = me.get(path, raw=True, headers={"Range": f"bytes={start}-{end}"}, expect=(206,))
        assert part == whole[start:end + 1], (start, end)
    assert me.get(path, raw=True, headers={"Range": "bytes=-7"}, expect=(206,)) == whole[-7:]
    problem(me, "GET", path, 416, headers={"Range": f"bytes={size}-"})
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "room.mp4"
        file.write_bytes(whole)
        assert proofs.decode_errors(file) == ""
        assert proofs.strictly_rising(proofs.video_frames(file))


@needs_classroom
def check_clip_refusals(_, me, lesson):
    """a clip outside the lesson, of an unknown point or source, is refused with a sentence that helps"""
    clips = f"/api/lessons/{lesson}/clips"
    good = {"point": "A6", "from_ms": 0, "to_ms": 3000, "sources": ["room"]}
    told = problem(me, "POST", clips, 400, {**good, "point": "A66"})
    assert told["code"] == "unknown-point" and "A6 技术支持的课堂讲授" in told["detail"], told
    assert problem(me, "POST", clips, 400, {**good, "to_ms": 10_000_000})["code"] == "bad-range"
    assert problem(me, "POST", clips, 400, {**good, "sources": ["cellar"]})["code"] == "unknown-source"
    problem(me, "POST", clips, 400, {**good, "from_ms": "now"})
    problem(me, "POST", clips, 400, b"{not json")


@needs_classroom
def check_incomplete(_, me, lesson):
    """a submission that lacks a confirmed piece is stopped before it is sent"""
    clip = me.post(f"/api/lessons/{lesson}/clips", {"point": "A6", "from_ms": 0, "to_ms": 3000, "sources": ["room"]})
    told = problem(me, "POST", "/api/submissions", 422, {"lesson": lesson, "clip": clip["id"], "point": "A6"})
    assert told["code"] == "not-complete"
    missing = [item["piece"] for item in told["items"] if item["status"] == "missing"]
    assert missing == ["教学设计", "教学反思"], told


@needs_classroom
def check_documents(_, me, lesson):
    """a document is what its name says, or it is not taken"""
    path = f"/api/lessons/{lesson}/documents?title=教学设计&name="
    told = problem(me, "POST", path + "plan.pdf", 415, b"just text")
    assert "calls itself a PDF" in told["detail"] and "a text file" in told["detail"], told
    problem(me, "POST", path + "virus.exe", 415, b"MZ")
    made = me.call("POST", path + "notes.txt", "第一步：导入".encode())
    assert made["sha256"] == hashlib.sha256("第一步：导入".encode()).hexdigest()
    assert me.get(f"/api/lessons/{lesson}/documents/{made['id']}", raw=True).decode() == "第一步：导入"
    me.call("DELETE", f"/api/lessons/{lesson}/documents/{made['id']}")
    problem(me, "GET", f"/api/lessons/{lesson}/documents/{made['id']}", 404)


@needs_classroom
def check_thumbnail(_, me, lesson):
    """a thumbnail is a JPEG 320 pixels wide"""
    picture = me.get(f"/api/lessons/{lesson}/thumbnail.jpg?at_ms=2000", raw=True)
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(picture)
        file.flush()
        text = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", file.name],
                              capture_output=True, text=True, check=True).stdout.strip()
    assert text == "mjpeg,320,180", text


@needs_classroom
def check_not_recording(_, me, __):
    """stopping and marking without a lesson say so"""
    assert problem(me, "DELETE", "/api/recording", 409)["code"] == "not-recording"
    assert problem(me, "POST", "/api/recording/marks", 409, {"id": str(uuid.uuid4()), "point": "A6"})["code"] == "not-recording"


def websocket_messages(url, path, token, count):
    """The first messages of a WebSocket: (opcode, bytes). RFC 6455 by hand."""
    parts = urllib.parse.urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as line:
        key = base64.b64encode(os.urandom(16)).decode()
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        stream = line.makefile("rb")
        status = stream.readline()
        if b" 101 " not in status:
            raise CallFailed(status.decode())
        while stream.readline().strip():
            pass
        messages = []
        while len(messages) < count:
            first, second = stream.read(2)
            size = second & 0x7F
            if size == 126:
                size, = struct.unpack(">H", stream.read(2))
            elif size == 127:
                size, = struct.unpack(">Q", stream.read(8))
            body = stream.read(size)
            if first & 0x0F in (1, 2):
                messages.append((first & 0x0F, body))
        return messages


@needs_classroom
def check_live(told, me, _):
    """the live picture is a playable MP4 from its first byte, while others may neither see, mark nor stop it"""
    me.post("/api/recording", {"topic": "live"})
    try:
        messages = websocket_messages(told["device_url"], "/api/preview/room.video", me.token, 60)  # one picture each
        other = teacher(told, 1)
        assert problem(other, "DELETE", "/api/recording", 409)["code"] == "not-yours"
        assert problem(other, "POST", "/api/recording/marks", 409, {"id": str(uuid.uuid4()), "point": "A6"})["code"] == "not-yours"
        try:
            websocket_messages(told["device_url"], "/api/preview/room.video", other.token, 1)
            raise AssertionError("another teacher sees the live picture")
        except CallFailed as refused:
            assert "403" in str(refused)
        assert problem(me, "POST", "/api/recording", 409, {})["code"] == "already-recording"
    finally:
        me.call("DELETE", "/api/recording")
    assert messages[0][0] == 1 and json.loads(messages[0][1])["mime"].startswith('video/mp4; codecs="avc1')
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(b"".join(body for kind, body in messages if kind == 2))
        file.flush()
        assert proofs.decode_errors(file.name) == ""
        assert len(proofs.video_frames(file.name)) >= 50


@needs_classroom
def check_marks(_, me, __):
    """a mark sent twice is one mark; an undone one stays in the journal and out of the way"""
    me.post("/api/recording", {"topic": "marks"})
    wait_until("bytes on disk", 15, lambda: (me.get("/api/state")["lesson"] or {}).get("recording_proven"))
    lesson = me.get("/api/state")["lesson"]["id"]
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    body = {"id": first, "point": "A6", "look_back_ms": 1000, "look_ahead_ms": 1000}
    a, b = me.post("/api/recording/marks", body), me.post("/api/recording/marks", body)
    assert a == b, (a, b)
    me.post("/api/recording/marks", {**body, "id": second, "point": "A5"})
    me.call("DELETE", f"/api/recording/marks/{second}")
    assert problem(me, "POST", "/api/recording/marks", 400, {**body, "id": str(uuid.uuid4()), "point": "Z9"})["code"] == "unknown-point"
    problem(me, "POST", "/api/recording/marks", 400, {**body, "id": "../../etc/passwd"})
    me.call("DELETE", "/api/recording")
    marks = me.get(f"/api/lessons/{lesson}")["marks"]
    assert [(m["id"], m["undone"]) for m in marks] == [(first, False), (second, True)], marks


def declared_size(movie):
    """Width and height in the picture's sample entry (ISO/IEC 14496-12, 12.1.3)."""
    return struct.unpack(">HH", movie[movie.index(b"avc1", movie.index(b"stsd")) + 28:][:4])


@needs_classroom
def check_parts(told, me, recorded):
    """a lesson whose camera changed its format plays as films that tile it, and so does a clip of it"""
    lesson = add_changed_lesson(told, recorded)
    whole = me.get(f"/api/lessons/{lesson}")
    parts = whole["parts"]["room"]
    assert [part["from_ms"] for part in parts] == [0, parts[0]["to_ms"]] and parts[1]["to_ms"] == whole["duration_ms"], parts
    border = parts[1]["from_ms"]
    assert CHANGES_MS <= border <= CHANGES_MS + 2000, parts  # with the next key picture
    clip = me.post(f"/api/lessons/{lesson}/clips", {"point": "A6", "from_ms": border - 1500, "to_ms": border + 1500, "sources": ["room"]})
    clip_parts = me.get(f"/api/lessons/{lesson}")["clips"][0]["parts"]["room"]
    assert clip_parts == [{"from_ms": 0, "to_ms": 1500}, {"from_ms": 1500, "to_ms": 3000}], clip_parts
    with tempfile.TemporaryDirectory() as folder:
        for path, ranges in ((f"/api/lessons/{lesson}/media/room.mp4", parts), (f"/api/lessons/{lesson}/clips/{clip['id']}/media/room.mp4", clip_parts)):
            sizes = []
            for number, part in enumerate(ranges, start=1):
                file = pathlib.Path(folder) / "part.mp4"
                file.write_bytes(me.get(f"{path}?part={number}", raw=True))
                assert proofs.decode_errors(file) == ""
                pictures = len(proofs.video_frames(file))
                assert abs(pictures - (part["to_ms"] - part["from_ms"]) / 40) <= 2, (path, number, pictures, part)
                sizes.append(declared_size(file.read_bytes()))
            assert sizes[0] != sizes[1], sizes
            problem(me, "GET", f"{path}?part=3", 404)
            problem(me, "GET", f"{path}?part=0", 404)


def add_changed_lesson(told, like):
    """A lesson of the fixture, in the index as if the teacher of the lesson `like` had recorded it; its id."""
    lessons = pathlib.Path(told["lessons_directory"])
    made = lessons.parent / "made"
    proofs.run(STATE["bin"] / "shilu-fixture-lesson", made / "lesson", "--seconds", "8", "--wider", str(CHANGES_MS))
    lesson = json.loads((made / "lesson" / "lesson.json").read_text())["lesson_id"]
    (made / "lesson").rename(lessons / lesson)
    with contextlib.closing(sqlite3.connect(lessons.parent / "shilu.db", timeout=10)) as index, index:
        index.row_factory = sqlite3.Row
        row = dict(index.execute("SELECT * FROM lessons WHERE id = ?", (like,)).fetchone())
        row.update(id=lesson, directory=str(lessons / lesson), duration_ms=8000)
        index.execute(f"INSERT INTO lessons ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
    return lesson


@needs_classroom
def check_times(_, me, lesson):
    """a time that does not fit into a lesson is refused, not wrapped"""
    wrapped = 18_446_744_073_710
    problem(me, "POST", f"/api/lessons/{lesson}/deletions", 400, {"from_ms": wrapped, "to_ms": wrapped + 2000})
    problem(me, "POST", "/api/recording/delete-last", 400, {"last_ms": wrapped})
    assert me.get(f"/api/lessons/{lesson}")["gaps"] == []


def main():
    bin_folder = pathlib.Path(sys.argv[sys.argv.index("--bin") + 1]).resolve()
    with classroom(bin_folder) as told:
        me = teacher(told)
        both_live(me)
        STATE.update(bin=bin_folder, told=told, teacher=me, lesson=record(me, 6))
        run_checks([check_private, check_sign_in_needed, check_forged, check_wrong_pin, check_ranges, check_clip_refusals,
                    check_incomplete, check_documents, check_thumbnail, check_not_recording, check_live, check_marks, check_parts, check_times], __doc__)


if __name__ == "__main__":
    main()
