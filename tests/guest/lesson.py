"""Runs in the guest in the place of init: records from the kernel's own test camera and sound card and tells it on the serial console.

The kernel's command line has shilu.task=record (one lesson with `shilu record`) or shilu.task=until-killed (the recorder service,
with marks, on and on). With shilu.log=vdc the kernel writes down there what it writes to the device's disk. Lines that begin with "> "
are for the host; times are ns of CLOCK_MONOTONIC. Standard library only.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import traceback
import uuid

from recorder_process import Recorder, Refused, now_ns

PROGRAMS = pathlib.Path("/shilu")
DISK = pathlib.Path("/data")
WORK = pathlib.Path("/tmp")
SOURCES = ["--source", "cam=v4l2:///dev/video0?width=320&height=180&fps=10", "--source", "mic=alsa://hw:0,1"]
PLAYED = pathlib.Path("/proc/asound/card0/pcm0p/sub0/hw_params")
TONE = "audiotestsrc is-live=true wave=sine freq=440 volume=0.5 ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! alsasink device=hw:0,0 buffer-time=1000000"
LOGGED = "logged"
DMSETUP = "/usr/sbin/dmsetup"
SECONDS = 20
PATIENCE_S = 120  # emulation on a busy machine is slow


def tell(*words):
    sys.stdout.write("> " + " ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def await_true(what, probe, explain=str):
    end = time.monotonic() + PATIENCE_S
    while not probe():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: {explain()}")
        time.sleep(0.2)


def option(name):
    words = pathlib.Path("/proc/cmdline").read_text().split()
    return next((word.partition("=")[2] for word in words if word.startswith(f"shilu.{name}=")), None)


def mount_disk():
    device = "/dev/vdb"
    if option("log"):
        sectors = pathlib.Path("/sys/block/vdb/size").read_text().strip()
        table = f"0 {sectors} log-writes {device} /dev/{option('log')}"
        subprocess.run([DMSETUP, "create", LOGGED, "--noudevsync", "--noudevrules", "--table", table], check=True)
        device = "/dev/dm-0"  # nothing else is mapped
    subprocess.run(["/guest/busybox", "mount", "-t", "ext4", "-o", "noatime", device, DISK], check=True)


def promise(*words):
    """Told, and written into the log of writes: what is cut off behind this place has to have it."""
    tell(*words)
    if option("log"):
        subprocess.run([DMSETUP, "message", LOGGED, "0", "mark", ",".join(map(str, words))], check=True)


def run_and_tell(name, *command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in done.stdout.splitlines():
        tell(name, line)
    tell("ended", name, done.returncode)


def look():
    """What `shilu sources` finds while nobody plays: the card then offers every format that it knows. It looks for 2.8 s, which may
    be too short here, where GStreamer has to read its plug-ins first. Later commands find all that in memory."""
    subprocess.run([PROGRAMS / "shilu-capture", "--list"], stdout=subprocess.DEVNULL)
    for _ in range(8):
        found = json.loads(subprocess.run([PROGRAMS / "shilu", "sources", "--only-given", *SOURCES, "--json"], stdout=subprocess.PIPE).stdout)["sources"]
        if any(source["sound"] for source in found):
            break
    for source in found:
        tell("looked", source["name"], json.dumps({key: source[key] for key in ("code", "picture", "sound", "problems")}))


def play_tone():
    """What the card's other end hears. Played before the microphone is opened, which then has to take the tone's format."""
    with open(WORK / "tone.log", "w") as log:
        tone = subprocess.Popen(["/usr/bin/gst-launch-1.0", "-q", *TONE.split()], stdout=log, stderr=log)
    await_true("the tone", lambda: "rate: 48000" in PLAYED.read_text() or tone.poll() is not None)
    if tone.poll() is not None:
        raise RuntimeError((WORK / "tone.log").read_text())


def record():
    """A lesson with the command that a person would type."""
    run_and_tell("record", PROGRAMS / "shilu", "record", "--out", DISK / "lesson", "--keys", DISK / "keys", "--for", f"{SECONDS}s",
                 *SOURCES, "--json")


class Taps(threading.Thread):
    """A mark now and then; told once the recorder has confirmed it."""

    def __init__(self, recorder):
        super().__init__(daemon=True)
        self.recorder = recorder

    def run(self):
        while True:
            mark = str(uuid.uuid4())
            self.recorder.ask("mark", id=mark, point="A6", pressed_monotonic_ns=now_ns(), look_back_ms=1000, look_ahead_ms=1000)
            promise("mark", mark)
            time.sleep(0.7)


def begin(recorder):
    """A lesson of this boot's own; the one that the last power cut interrupted is ended first."""
    with contextlib.suppress(Refused):
        tell("taken-up", recorder.ask("stop")["lesson_id"])
    await_true("all sources", lambda: all(source["state"] == "live" and source["tracks"] for source in recorder.status()["sources"]),
               lambda: recorder.status()["sources"])
    answer = recorder.ask("start")
    promise("lesson", answer["lesson_id"], answer["start_monotonic_ns"])


def until_killed():
    keys = DISK / "keys"  # the next boot ends this one's lesson, with the same key
    keys.mkdir(mode=0o700, exist_ok=True)
    (WORK / "keys").symlink_to(keys)
    recorder = Recorder(PROGRAMS, WORK, SOURCES, DISK / "lessons")
    recorder.start()
    begin(recorder)
    Taps(recorder).start()
    while True:
        lesson = recorder.status()["lesson"]
        promise("durable", lesson["durable_ms"], lesson["durable_lag_ms"], now_ns())
        time.sleep(0.1)


def main():
    tell("up", now_ns())
    mount_disk()
    look()
    play_tone()
    {"record": record, "until-killed": until_killed}[option("task")]()


def power_off():
    os.sync()
    subprocess.run(["/guest/busybox", "umount", DISK])
    tell("off")
    subprocess.run(["/guest/busybox", "poweroff", "-f"])


try:
    main()
except BaseException:  # noqa: BLE001 - whoever reads the console has to know
    for text in traceback.format_exc().splitlines():
        tell("failed", text)
power_off()
