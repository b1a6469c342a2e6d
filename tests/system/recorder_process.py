"""The real recorder with real captures on a demonstration camera, for system tests. Standard library only."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import time

from demo_client import wait_until


class Refused(Exception):
    """The recorder's own error; its code is the first argument."""


class Camera:
    """A demonstration camera; `port` stays the same over restart()."""

    def __init__(self, bin_folder, work, *arguments):
        self.bin_folder, self.work, self.arguments = bin_folder, work, arguments
        self.port = 0
        self.start()

    def start(self):
        described = self.work / "camera.json"
        described.unlink(missing_ok=True)
        with open(described, "w") as out:
            self.process = subprocess.Popen([self.bin_folder / "shilu-demo-camera", "--port", str(self.port), *self.arguments],
                                            stdout=out, stderr=subprocess.DEVNULL)

        def port():
            text = described.read_text()
            return json.loads(text)["port"] if text.endswith("\n") else None

        self.port = wait_until("the camera", 20, port)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def sources(self, *names):
        return [part for name in names for part in ("--source", f"{name}=rtsp://127.0.0.1:{self.port}/{name}")]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class Viewer:
    """Somebody else who watches a stream: the demonstration camera encodes only while it is watched, a real one always."""

    def __init__(self, url):
        self.process = subprocess.Popen(["ffmpeg", "-v", "quiet", "-nostdin", "-rtsp_transport", "tcp", "-i", url, "-map", "0", "-c", "copy",
                                         "-f", "null", "-"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self):
        self.process.kill()
        self.process.wait()


class Recorder:
    """shilu-recorder in a folder of its own; outlives its process, which may be killed and started again."""

    def __init__(self, bin_folder, work, sources, lessons=None):
        self.bin_folder, self.work, self.sources = bin_folder, work, sources
        self.lessons = lessons or work / "lessons"
        self.socket = work / "run" / "recorder.sock"
        self.process = None

    def command(self):
        return [self.bin_folder / "shilu-recorder", "--lessons", self.lessons, "--runtime", self.work / "run", "--keys",
                self.work / "keys", "--reserve", "1000000", *self.sources]

    def start(self):
        log = open(self.work / "recorder.log", "a")
        self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)
        log.close()

        def answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"the recorder ended with {self.process.returncode}: {self.log()[-800:]}")
            with contextlib.suppress(OSError):
                return self.ask("status")
            return None

        wait_until("the recorder", 20, answers)

    def log(self):
        return (self.work / "recorder.log").read_text()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        self.process.terminate()
        return self.process.wait(timeout=20)

    def ask(self, operation, **members):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(60)
            peer.connect(str(self.socket))
            message = json.dumps({"op": operation, **members}).encode()
            peer.sendall(struct.pack(">I", len(message)) + message)
            answer = json.loads(receive(peer))
        if not answer["ok"]:
            raise Refused(answer["error"]["code"], answer["error"]["message"])
        return answer

    def status(self):
        return self.ask("status")["status"]

    def source(self, name):
        return next(source for source in self.status()["sources"] if source["name"] == name)

    def begin(self):
        """A lesson, once all sources are live; what the recorder answers."""
        wait_until("all sources", 30, lambda: all(s["state"] == "live" and s["tracks"] for s in self.status()["sources"]))

        def start():
            with contextlib.suppress(Refused):
                return self.ask("start")

        return wait_until("a lesson", 10, start)

    def await_durable(self, ms):
        return wait_until(f"{ms} ms on disk", ms / 1000 + 30, lambda: (self.status()["lesson"] or {}).get("durable_ms", 0) >= ms)

    def capture_pids(self):
        """By source, as the kernel tells who listens for whom: the program's arguments name the socket."""
        pids = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
                if not arguments[0].endswith(b"shilu-capture"):
                    continue
                for argument in arguments:
                    if argument.startswith(str(self.work / "run").encode()):
                        pids[pathlib.Path(argument.decode()).stem.removeprefix("capture-")] = int(entry.name)
        return pids

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.kill()
        for pid in self.capture_pids().values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def receive(peer):
    def exactly(count):
        data = b""
        while len(data) < count:
            piece = peer.recv(count - len(data))
            if not piece:
                raise ConnectionError("the recorder closed the connection")
            data += piece
        return data

    return exactly(struct.unpack(">I", exactly(4))[0])


def now_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)
