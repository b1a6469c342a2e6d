#!/usr/bin/env python3
"""`shilu sources`: what is found, how it looks and sounds, and what is wrong, in a few seconds for all of them together."""

import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from checks import run_checks  # noqa: E402
from demo_client import wait_until  # noqa: E402
from recorder_process import Camera, Recorder  # noqa: E402

LOOKS_S = 3  # what is promised for each; asserted with room for a busy machine
BUSY_S = 5


def look(bin_folder, *arguments):
    """The sources by name, and the exit status."""
    done = subprocess.run([bin_folder / "shilu", "sources", "--json", *arguments], capture_output=True, text=True, timeout=60)
    assert done.stdout, done.stderr
    return {source["name"]: source for source in json.loads(done.stdout)["sources"]}, done.returncode


def unused_port():
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


def check_found(bin_folder):
    """cameras are told with their format, a snapshot and a level; what is wrong is told in words, all at the same time"""
    with tempfile.TemporaryDirectory(prefix="shilu-look-") as folder:
        work = pathlib.Path(folder)
        (work / "locked").mkdir()
        with Camera(bin_folder, work) as camera, Camera(bin_folder, work / "locked", "--user", "admin", "--password", "geheim", "--only", "board") as locked:
            began = time.monotonic()
            found, status = look(bin_folder, "--only-given", "--snapshots", work / "shots", *camera.sources("room", "board"),
                                 "--source", f"door=rtsp://127.0.0.1:{locked.port}/board", "--source", f"gone=rtsp://127.0.0.1:{unused_port()}/x",
                                 "--source", "film=file:///nowhere.mp4")
            took = time.monotonic() - began
        room = found["room"]
        assert (room["picture"]["width"], room["picture"]["height"]) == (1280, 720), room
        assert 20 < room["picture"]["pictures_per_second"] < 30, room
        assert room["picture"]["codec"].startswith("avc1.") and room["sound"]["codec"] == "mp4a.40.2", room
        assert -60 < room["sound"]["rms_dbfs"] < 0, room
        assert room["problems"] == [] and found["board"]["sound"] is None, found
        shot = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", room["picture"]["snapshot"]],
                              capture_output=True, text=True, check=True).stdout.strip()
        assert shot == "mjpeg,640,360", shot
        assert found["door"]["code"] == "password" and "asks for a user name and a password" in found["door"]["problems"][0], found["door"]
        assert found["gone"]["code"] == "refused", found["gone"]
        assert found["film"]["problems"] == ["The file /nowhere.mp4 cannot be recorded: there is no such file."], found["film"]
        assert status == 1, status
        print(f"     {len(found)} sources in {took:.1f} s (promised {LOOKS_S} s each)", file=sys.stderr)
        assert took < BUSY_S + 2, took
        assert all(source["took_ms"] < BUSY_S * 1000 for source in found.values()), found


def check_recording(bin_folder):
    """a source that is being recorded is looked at beside the recording, which has no gap of it"""
    with tempfile.TemporaryDirectory(prefix="shilu-look-") as folder:
        work = pathlib.Path(folder)
        with Camera(bin_folder, work, "--only", "room") as camera, Recorder(bin_folder, work, camera.sources("room")) as recorder:
            recorder.begin()
            recorder.await_durable(2000)
            config = work / "appliance.toml"
            config.write_text(f'data_directory = "{work}"\nruntime_directory = "{work}/run"\n[[source]]\nname = "room"\nurl = "rtsp://127.0.0.1:{camera.port}/room"\n')
            found, status = look(bin_folder, "--only-given", "--config", config)
            assert status == 0 and found["room"]["running"] and found["room"]["picture"]["pictures_per_second"] == 25, found
            assert abs(found["room"]["picture"]["key_distance_s"] - 1) < 0.1, found
            wait_until("the lesson goes on", 20, lambda: recorder.status()["lesson"]["durable_ms"] > 5000)
            told = recorder.status()
            assert told["lesson"]["gaps"] == 0, told
            recorder.ask("stop")


def check_devices(bin_folder):
    """the list of this machine's devices is made, with or without any"""
    found, status = look(bin_folder)
    assert status == 0
    for source in found.values():
        assert source["url"].startswith(source["kind"] + "://"), source


if __name__ == "__main__":
    run_checks([check_found, check_recording, check_devices], __doc__)
