"""A classroom of the real programs that a test may kill: recorder with its captures, shilud, a camera with counters."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import time

from demo_client import CallFailed, Peer, wait_until
from recorder_process import Camera, Recorder, Viewer, now_ns

TEACHER, PIN = "T001", "135790"


class ConfiguredRecorder(Recorder):
    """The recorder as the appliance starts it: with a file of settings."""

    def __init__(self, bin_folder, work, settings):
        super().__init__(bin_folder, work, [])
        self.settings = settings

    def command(self):
        return [self.bin_folder / "shilu-recorder", "--config", self.settings]


def open_files(pid):
    """What a process has open; nothing once it is gone."""
    names = set()
    with contextlib.suppress(OSError):
        for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                names.add(os.readlink(entry))
    return names


def has_ended(pid):
    """Its sockets are closed; its parent may not have asked for it yet."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


class Classroom:
    """Everything runs after the beginning of the block; what was killed is started again with restart()."""

    def __init__(self, bin_folder, work, sources=("card", "desk")):
        self.bin_folder, self.work, self.source_names = bin_folder, work, sources
        self.camera_log = work / "sent"
        self.camera = Camera(bin_folder, work, "--log", self.camera_log, "--only", *sources)
        self.viewers = [Viewer(f"rtsp://127.0.0.1:{self.camera.port}/{name}") for name in sources]
        self.settings = work / "appliance.toml"
        self.web_port = 0
        self.recorder = ConfiguredRecorder(bin_folder, work, self.settings)
        self.shilud = None

    def write_settings(self):
        share = self.bin_folder.parent / "share"
        blocks = "".join(f'[[source]]\nname = "{name}"\nurl = "rtsp://127.0.0.1:{self.camera.port}/{name}"\ntransport = "tcp"\n\n'
                         for name in self.source_names)
        self.settings.write_text(
            f'device_name = "test"\ndata_directory = "{self.work}/data"\nruntime_directory = "{self.work}/run"\nreserve_mb = 1\n\n{blocks}'
            f'[web]\naddress = "127.0.0.1"\nport = {self.web_port}\nroot = "{share}"\n\n'
            f'[programme]\nid = "cn-moe-2.0"\ncatalogue = "{share}/catalogues/ability-points-2.0.json"\ntiles = ["A5", "A6"]\n')

    def start_shilud(self):
        accounts = self.work / "accounts.json"
        accounts.write_text(json.dumps({"teachers": [{"id": TEACHER, "name": "王老师", "pin": PIN}]}))
        told = self.work / "shilud.json"
        with open(told, "w") as out, open(self.work / "shilud.log", "a") as log:
            self.shilud = subprocess.Popen([self.bin_folder / "shilud", "--config", self.settings, "--accounts", accounts],
                                           stdout=out, stderr=log)

        def port():
            assert self.shilud.poll() is None, f"shilud ended: {(self.work / 'shilud.log').read_text()[-600:]}"
            text = told.read_text()
            return json.loads(text)["port"] if text.endswith("\n") else None

        self.web_port = wait_until("shilud", 30, port)

    def teacher(self):
        peer = Peer(f"http://127.0.0.1:{self.web_port}")
        peer.sign_in("/api/session", teacher=TEACHER, pin=PIN)
        return peer

    def begin(self):
        """A lesson by the teacher's own button, once every source gives pictures; its folder."""
        wait_until("all sources", 40, self.all_live)
        teacher = self.teacher()

        def press():
            with contextlib.suppress(CallFailed):
                return teacher.post("/api/recording", {"subject": "数学"})["lesson_id"]

        return self.work / "data" / "lessons" / wait_until("a lesson", 20, press)

    def mark(self, mark_id):
        self.teacher().post("/api/recording/marks", {"id": mark_id, "point": "A6", "tapped_ago_ms": 0, "look_back_ms": 1000, "look_ahead_ms": 1000})

    def end(self):
        self.teacher().call("DELETE", "/api/recording")

    def durable_ms(self):
        """Of every track; the lesson's own figure leaves out a source that is just being connected again."""
        status = self.recorder.status()
        if not status["lesson"]:
            return 0
        return min(min((track["durable_ms"] for track in source["tracks"]), default=0) for source in status["sources"])

    def await_progress(self, ms):
        """Until so much more is on disk than now."""
        wanted = self.durable_ms() + ms
        wait_until(f"{ms} ms more on disk", 60, lambda: self.durable_ms() >= wanted)

    def await_stored(self):
        """Until all that every source shows now is on disk. (What comes in steps may still be of before the last kill.)"""
        now_ms = wait_until("the lesson", 30, lambda: (self.recorder.status()["lesson"] or {}).get("elapsed_ms"))
        wait_until("this moment on disk", 60, lambda: self.durable_ms() >= now_ms)

    def all_live(self):
        return all(source["state"] == "live" and source["tracks"] for source in self.recorder.status()["sources"])

    # --- what can be killed: "recorder", "shilud", "capture:<source>"

    def kill(self, targets):
        """All at once, and dead when this returns; the moment."""
        captures = self.recorder.capture_pids()
        pids = []
        for target in targets:
            kind, _, source = target.partition(":")
            pids.append(self.recorder.process.pid if kind == "recorder" else self.shilud.pid if kind == "shilud" else captures[source])
        moment = now_ns()
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        if "recorder" in targets:
            self.recorder.process.wait()
        if "shilud" in targets:
            self.shilud.wait()
        # Until then a capture's connection to the camera stands, and would be taken for its successor's.
        for pid in pids:
            wait_until(f"the end of process {pid}", 10, lambda pid=pid: has_ended(pid), interval=0.005)
        return moment

    def restart(self, targets):
        if "recorder" in targets:
            self.recorder.start()
        if "shilud" in targets:
            self.start_shilud()

    def all_connected(self):
        """Whether each source's capture has a connection to the camera, as the kernel tells: column 2 is the peer, column 3 the state."""
        rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        established = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(f":{self.camera.port:04X}") and row[3] == "01"}
        captures = self.recorder.capture_pids()
        return all(source in captures and established & open_files(captures[source]) for source in self.source_names)

    def await_reconnect(self):
        """The moment at which every source is connected to the camera again; the capture's state tells it some 2 s later."""
        wait_until("the captures' connections", 60, self.all_connected, interval=0.02)
        moment = now_ns()
        wait_until("all sources", 60, self.all_live, interval=0.05)
        return moment

    def __enter__(self):
        try:
            self.write_settings()
            self.recorder.start()
            self.start_shilud()
            self.write_settings()  # with the port, so that a restarted shilud has the same
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.shilud is not None and self.shilud.poll() is None:
            self.shilud.kill()
            self.shilud.wait()
        if self.recorder.process is not None:
            self.recorder.__exit__()
        for viewer in self.viewers:
            viewer.end()
        self.camera.kill()


def hold(seconds):
    """Lets a lesson go on: the only thing waited for here is time itself."""
    time.sleep(seconds)
