"""A recorder that only talks (docs/ref/processes.md): it says what it is told to say, and remembers what it was asked. Standard library only."""

import json
import socket
import struct
import threading
import time

IDLE = {"state": "idle", "lesson": None, "sources": [], "disk": {"free_bytes": 1 << 40, "minutes_left": 900},
        "clock": {"synchronised": True, "error_ms": 1}, "pre_roll": {"armed": False, "kept_ms": 0}, "fault": "", "fault_code": ""}


def recording(lesson, elapsed_ms):
    """The status while a lesson runs."""
    return {**IDLE, "state": "recording",
            "lesson": {"id": lesson, "directory": "", "started_utc": "2026-01-01T00:00:00Z", "elapsed_ms": elapsed_ms, "durable_ms": elapsed_ms,
                       "bytes": 1, "gaps": 0, "marks": 0, "durable_lag_ms": 0, "recording_proven": True}}


class FakeRecorder:
    """`tells`: it sends its status to those who follow it. `answers`: it answers at all."""

    def __init__(self, path, status, tells=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.status, self.tells, self.answers, self.asked = status, tells, True, []
        self.started = None
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(line,), daemon=True).start()

    def talk(self, line):
        with line:
            head = line.recv(4, socket.MSG_WAITALL)
            if len(head) < 4 or not self.answers:
                return
            request = json.loads(line.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL))
            self.asked.append(request["op"])
            try:
                if request["op"] == "subscribe":
                    self.follow(line)
                else:
                    self.send(line, self.answer(request["op"]))
            except OSError:
                return

    def follow(self, line):
        while self.answers:
            if self.tells:
                self.send(line, {"event": "status", "status": self.status})
            time.sleep(0.1)

    def answer(self, operation):
        if operation == "start":
            self.status = self.started
            return {"ok": True, "lesson_id": self.status["lesson"]["id"], "directory": "", "start_monotonic_ns": 0, "start_utc": "2026-01-01T00:00:00Z"}
        return {"ok": True, "status": self.status, "lesson_id": (self.status["lesson"] or {}).get("id", ""), "duration_ms": 1, "planned_ms": 1}

    def send(self, line, message):
        text = json.dumps(message).encode()
        line.sendall(struct.pack(">I", len(text)) + text)

    def close(self):
        self.answers = False
        self.socket.close()
