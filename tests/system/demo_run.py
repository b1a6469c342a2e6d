"""A demonstration classroom for a test: the real programs, ended at the end."""

import contextlib
import json
import pathlib
import signal
import subprocess
import tempfile
import time

from demo_client import Peer, wait_until


@contextlib.contextmanager
def classroom(bin_folder, prepare=None, kills=False):
    """Starts `shilu serve-demo` on free ports; gives what it tells of itself. Everything ends with the block.

    `prepare`, if given, is called with the demonstration's folder before it is there. `kills`: the test kills programs of it; else
    one that ends by itself is an error.
    """
    with tempfile.TemporaryDirectory(prefix="shilu-classroom-") as work:
        work = pathlib.Path(work)
        if prepare:
            prepare(work / "demo")
        described = work / "demo.json"
        with open(work / "log", "w") as log:
            process = subprocess.Popen([bin_folder / "shilu", "serve-demo", "--any-ports", "--directory", work / "demo",
                                        "--json-file", described], stdout=log, stderr=log, start_new_session=True)

            def ready():
                if process.poll() is not None:
                    raise RuntimeError(f"serve-demo ended with {process.returncode}: {(work / 'log').read_text()[-600:]}")
                return described.exists()

            try:
                wait_until("the demonstration", 150, ready)
                yield json.loads(described.read_text())
            finally:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(timeout=20)
                except subprocess.TimeoutExpired:
                    process.kill()
            if process.returncode != 1 if kills else process.returncode == 1:
                raise RuntimeError(f"serve-demo ended with {process.returncode}: {(work / 'log').read_text()[-600:]}")


def teacher(told, index=0):
    peer = Peer(told["device_url"])
    who = told["teachers"][index]
    peer.sign_in("/api/session", teacher=who["id"], pin=who["pin"])
    return peer


def both_live(peer):
    def look():
        sources = peer.get("/api/state")["sources"]
        return len(sources) == 2 and all(s["state"] == "live" and s["tracks"] for s in sources)

    wait_until("both cameras", 30, look)


def record(peer, seconds, topic="test"):
    """A lesson of that length; its id."""
    lesson = peer.post("/api/recording", {"subject": "数学", "class_name": "八(2)班", "topic": topic})["lesson_id"]
    wait_until("bytes on disk", 15, lambda: (peer.get("/api/state")["lesson"] or {}).get("recording_proven"))
    end = time.monotonic() + seconds
    wait_until("the lesson's length", seconds + 10, lambda: time.monotonic() >= end)
    peer.call("DELETE", "/api/recording")
    return lesson
