#!/usr/bin/env python3
"""Sound and picture stay together: flashes and beeps, as recorded, at the start, the middle and the end of a lesson whose camera
and microphone have clocks that drift, in opposite directions.

75 s at 2000 ppm drift as far as 45 minutes at 56 ppm; ./test --long takes 45 minutes at 2000 ppm. SHILU_SECONDS=N takes another length.
"""

import os
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "demo"))
sys.dont_write_bytecode = True

from checks import long_run, run_checks  # noqa: E402
from demo_client import run, wait_until  # noqa: E402
from losses import SECOND, Sent, export_begin_s, read_clean  # noqa: E402
from read_counters import read_counters  # noqa: E402
from recorder_process import Camera, Recorder  # noqa: E402
from sync_events import MARK_EVERY, CameraClock, beeps, flashes  # noqa: E402

CAMERA_PPM, MICROPHONE_PPM = 2000, -1500
ALLOWED_MS = 45


def exported(bin_folder, lesson, source, folder):
    out = folder / f"{source}.mp4"
    run(bin_folder / "shilu", "export", lesson, "--source", source, "--out", out)
    return out


def picture_delays(file, begin_s, start_ns, clock):
    """[(lesson time, how much later than it truly was a flash is shown)], both in s."""
    delays = []
    for at, counter in flashes(file, read_counters(file)):
        truly = (clock.true_time(counter) - start_ns) / SECOND
        delays.append((truly, at + begin_s - truly))
    return delays


def sound_delays(file, begin_s, start_ns):
    delays = []
    for at in beeps(file):
        shown = start_ns + (at + begin_s) * SECOND
        truly = (round(shown / MARK_EVERY) * MARK_EVERY - start_ns) / SECOND
        delays.append((truly, at + begin_s - truly))
    return delays


def thirds(delays, length_s):
    """The median delay in ms at the start, in the middle and at the end: of up to nine events each."""
    at = {"start": 0, "middle": length_s / 2, "end": length_s}
    medians = {}
    for name, moment in at.items():
        nearest = sorted(delays, key=lambda one: abs(one[0] - moment))[:9]
        medians[name] = 1000 * sorted(delay for _, delay in nearest)[len(nearest) // 2]
    return medians


def compare(name, pictures, sound):
    for place in pictures:
        offset = sound[place] - pictures[place]
        print(f"  {name}, {place}: picture {pictures[place]:+.1f} ms, sound {sound[place]:+.1f} ms after the event: {offset:+.1f} ms apart", flush=True)
    for place in pictures:
        assert abs(sound[place] - pictures[place]) <= ALLOWED_MS, f"{name}: {sound[place] - pictures[place]:+.1f} ms apart at the {place}"


def check_offset(bin_folder):
    """sound and picture are at most 45 ms apart at the start, in the middle and at the end, in one camera and with a microphone of its own"""
    seconds = float(os.environ.get("SHILU_SECONDS", 2700 if long_run() else 75))
    with tempfile.TemporaryDirectory(prefix="shilu-sync-") as folder:
        work = pathlib.Path(folder)
        (work / "microphone").mkdir()
        with Camera(bin_folder, work, "--sync-marks", "--log", work / "sent", "--only", "card", "--clock-ppm", str(CAMERA_PPM)) as camera, \
             Camera(bin_folder, work / "microphone", "--only", "voice", "--clock-ppm", str(MICROPHONE_PPM)) as microphone, \
             Recorder(bin_folder, work, camera.sources("card") + microphone.sources("voice")) as recorder:
            begun = recorder.begin()
            end = time.monotonic() + seconds
            wait_until("the lesson's length", seconds + 10, lambda: time.monotonic() >= end)
            recorder.ask("stop")
        lesson, start_ns = pathlib.Path(begun["directory"]), begun["start_monotonic_ns"]
        summary = read_clean(bin_folder, lesson)
        assert not summary["gaps"], summary["gaps"]
        clock = CameraClock(Sent(work / "sent"), "card", CAMERA_PPM)
        card, voice = (exported(bin_folder, lesson, source, work) for source in ("card", "voice"))
        card_begin_s, voice_begin_s = (export_begin_s(summary, source) for source in ("card", "voice"))
        pictures = thirds(picture_delays(card, card_begin_s, start_ns, clock), seconds)
        compare("the camera's own sound", pictures, thirds(sound_delays(card, card_begin_s, start_ns), seconds))
        compare("a microphone of its own", pictures, thirds(sound_delays(voice, voice_begin_s, start_ns), seconds))


if __name__ == "__main__":
    run_checks([check_offset], __doc__)
