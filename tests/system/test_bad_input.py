#!/usr/bin/env python3
"""What goes wrong in schools: each time a sentence that helps, the right exit code, and nothing left behind."""

import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from checks import Skip, run_checks  # noqa: E402
from loop_disk import fill  # noqa: E402
from demo_client import wait_until  # noqa: E402
from demo_run import classroom  # noqa: E402

DOCUMENTS = HERE.parent / "data" / "documents"


class Camera:
    """A demonstration camera of this test's own."""

    def __init__(self, bin_folder, work, *arguments):
        self.out = open(work / "camera.json", "w+")
        self.process = subprocess.Popen([bin_folder / "shilu-demo-camera", "--port", "0", "--only", "board", *arguments], stdout=self.out)

        def port():
            text = (work / "camera.json").read_text()
            return json.loads(text)["port"] if text.endswith("\n") else None

        self.port = wait_until("the camera", 20, port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)
        self.out.close()


def shilu(bin_folder, *arguments, cwd=None, expect=1, timeout=60):
    """What the command says on stderr; its exit code must be the expected one."""
    done = subprocess.run([bin_folder / "shilu", *arguments], capture_output=True, text=True, cwd=cwd, timeout=timeout)
    assert done.returncode == expect, f"exit {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}"
    return done.stderr + done.stdout


def says(text, *words):
    for word in words:
        assert word.lower() in text.lower(), f"\"{word}\" is missing in: {text[-400:]}"


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check_no_camera(bin_folder):
    """no camera at the address: named, and the folder is not left half made"""
    with tempfile.TemporaryDirectory() as work:
        port = unused_port()
        text = shilu(bin_folder, "record", "--out", "lesson", "--source", f"room=rtsp://127.0.0.1:{port}/room", "--for", "3s",
                     "--keys", "keys", cwd=work)
        says(text, "room", f"127.0.0.1:{port}", "refuse")
        assert not (pathlib.Path(work) / "lesson" / "journal").exists()


def check_wrong_password(bin_folder):
    """wrong camera password: said so, and the password is never printed"""
    with tempfile.TemporaryDirectory() as work, Camera(bin_folder, pathlib.Path(work), "--user", "viewer", "--password", "right") as camera:
        text = shilu(bin_folder, "record", "--out", "lesson", "--source", f"board=rtsp://viewer:wr0ngsecret@127.0.0.1:{camera.port}/board",
                     "--for", "3s", "--keys", "keys", cwd=work)
        says(text, "password")
        assert "wr0ngsecret" not in text


def check_right_password(bin_folder):
    """the right password records"""
    with tempfile.TemporaryDirectory() as work, Camera(bin_folder, pathlib.Path(work), "--user", "viewer", "--password", "right") as camera:
        shilu(bin_folder, "record", "--out", "lesson", "--source", f"board=rtsp://viewer:right@127.0.0.1:{camera.port}/board",
              "--for", "3s", "--keys", "keys", cwd=work, expect=0)
        shilu(bin_folder, "check", "lesson", cwd=work, expect=0)


def check_no_such_stream(bin_folder):
    """a camera without such a stream: said so"""
    with tempfile.TemporaryDirectory() as work, Camera(bin_folder, pathlib.Path(work)) as camera:
        text = shilu(bin_folder, "record", "--out", "lesson", "--source", f"room=rtsp://127.0.0.1:{camera.port}/nothing", "--for", "3s",
                     "--keys", "keys", cwd=work)
        says(text, "no", "stream")


def check_wrong_use(bin_folder):
    """wrong use is exit code 2, with the way to do it"""
    says(shilu(bin_folder, "record", "--out", "x", "--source", "rtsp://a/", expect=2), "NAME=ADDRESS")
    says(shilu(bin_folder, "record", "--out", "x", "--source", "room=gopher://a/", expect=2), "rtsp://")
    says(shilu(bin_folder, "frobnicate", expect=2), "--help")
    shilu(bin_folder, "clip", expect=2)


def recorded(bin_folder, work, seconds="4s"):
    with Camera(bin_folder, work) as camera:
        shilu(bin_folder, "record", "--out", "lesson", "--source", f"board=rtsp://127.0.0.1:{camera.port}/board", "--for", seconds,
              "--keys", "keys", cwd=work, expect=0)
    return work / "lesson"


def check_package_refusals(bin_folder):
    """unknown ability point, text as PDF, clip outside the lesson, missing lesson: each is explained"""
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        recorded(bin_folder, work)
        (work / "plan.pdf").write_text("this is no PDF")
        shutil.copy(DOCUMENTS / "lesson-plan.pdf", work / "good.pdf")
        common = ["package", "--lesson", "lesson", "--teacher", "T001", "--keys", "keys", "--out", "p.zip"]
        says(shilu(bin_folder, *common, "--clip", "0.5-2.5", "--point", "A66", "--document", "教学设计=good.pdf", cwd=work, expect=2), "A66", "A6 ")
        says(shilu(bin_folder, *common, "--clip", "0.5-2.5", "--point", "A6", "--document", "教学设计=plan.pdf", cwd=work, expect=2),
             "calls itself a PDF", "text file")
        says(shilu(bin_folder, *common, "--clip", "2-2000", "--point", "A6", "--document", "教学设计=good.pdf", cwd=work, expect=2), "lesson")
        says(shilu(bin_folder, "package", "--lesson", "nowhere", "--teacher", "T001", "--clip", "0-2", "--point", "A6", "--out", "p.zip",
                   "--keys", "keys", cwd=work, expect=1), "nowhere")
        assert not (work / "p.zip").exists()


def check_existing_folder(bin_folder):
    """a folder that holds something is not recorded over"""
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        (work / "lesson").mkdir()
        (work / "lesson" / "precious").write_text("mine")
        text = shilu(bin_folder, "record", "--out", "lesson", "--source", "room=rtsp://127.0.0.1:9/x", "--keys", "keys", cwd=work)
        says(text, "lesson")
        assert (work / "lesson" / "precious").read_text() == "mine"


def check_port_in_use(bin_folder):
    """a port in use is named"""
    with tempfile.TemporaryDirectory() as work, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        accounts = pathlib.Path(work) / "accounts.json"
        accounts.write_text('{"assessors":[]}')
        done = subprocess.run([bin_folder / "shilu-platform", "--directory", work, "--port", str(port), "--accounts", accounts, "--claim", "x",
                               "--catalogue", HERE.parent.parent / "config/catalogues/ability-points-2.0.json", "--www", work],
                              capture_output=True, text=True, timeout=20)
        assert done.returncode == 1, done
        says(done.stderr, str(port), "in use")


class SmallDisk:
    """A file system of a given size, in memory."""

    def __init__(self, work, size):
        self.path = work / "small"
        self.path.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.path], capture_output=True).returncode != 0:
            raise Skip("no right to mount a small file system here")

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        subprocess.run(["umount", self.path], check=True)


def check_older_demonstration(bin_folder):
    """a demonstration that an older version began is kept beside the new one"""
    def older(folder):
        (folder / "device" / "keys").mkdir(parents=True)
        (folder / "device" / "keys" / "seal.cert.json").write_text("of another time")

    with classroom(bin_folder, older) as told:
        folder = pathlib.Path(told["lessons_directory"]).parent.parent
        assert (folder / "device" / "keys").is_dir()
        kept = folder.parent / (folder.name + ".old-1")
        assert (kept / "device" / "keys" / "seal.cert.json").read_text() == "of another time"


def check_no_room(bin_folder):
    """a disk without room for a lesson: refused at the start, with both numbers"""
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        with SmallDisk(work, "1500k") as small, Camera(bin_folder, work) as camera:
            text = shilu(bin_folder, "record", "--out", small / "lesson", "--source", f"board=rtsp://127.0.0.1:{camera.port}/board",
                         "--for", "3s", "--keys", work / "keys")
            says(text, "not enough room", "1 MB are free")


def check_full_disk(bin_folder):
    """a disk that fills in mid-lesson: what was durable stays whole, the end is declared, the command says why"""
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        with SmallDisk(work, "150m") as small, Camera(bin_folder, work) as camera:
            recording = subprocess.Popen([bin_folder / "shilu", "record", "--out", small / "lesson", "--source",
                                          f"board=rtsp://127.0.0.1:{camera.port}/board", "--for", "60s", "--keys", work / "keys"],
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            track = small / "lesson" / "board.video" / "e000.mp4"
            wait_until("the first bytes on disk", 20, lambda: track.exists() and track.stat().st_size > 200_000)
            deadline = time.monotonic() + 45
            while recording.poll() is None and time.monotonic() < deadline:
                fill(small / "filler")  # again: the recorder gives back what it had reserved
                time.sleep(0.1)
            output, _ = recording.communicate(timeout=60)
            assert recording.returncode == 1, (recording.returncode, output[-300:])
            says(output, "full")
            (small / "filler").unlink()
            shilu(bin_folder, "check", small / "lesson", expect=0)


def check_not_a_package(bin_folder):
    """things that are no package are refused in words"""
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        (work / "x.zip").write_bytes(b"hello")
        says(shilu(bin_folder, "verify", "x.zip", cwd=work), "altered")
        says(shilu(bin_folder, "verify", "missing.zip", cwd=work, expect=2), "missing.zip")
        says(shilu(bin_folder, "check", "missing", cwd=work, expect=1), "missing")


if __name__ == "__main__":
    run_checks([check_wrong_use, check_older_demonstration, check_no_camera, check_wrong_password, check_right_password, check_no_such_stream,
                check_package_refusals, check_existing_folder, check_port_in_use, check_no_room, check_full_disk, check_not_a_package], __doc__)
