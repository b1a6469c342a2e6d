#!/usr/bin/env python3
"""What the monitor costs a source, against ffmpeg's blackdetect, freezedetect and silencedetect on the same lesson.

bench_monitor.py --bin DIR [--seconds N]
"""

import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))
sys.dont_write_bytecode = True

from demo_client import run  # noqa: E402
from recorder_process import Camera, Recorder  # noqa: E402
from test_monitor import Monitor  # noqa: E402


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=30)
    options = parser.parse_args()
    bin_folder = options.bin.resolve()
    with tempfile.TemporaryDirectory(prefix="shilu-bench-") as folder:
        work = pathlib.Path(folder)
        with Camera(bin_folder, work, "--only", "room") as camera, Recorder(bin_folder, work, camera.sources("room")) as recorder, \
                Monitor(bin_folder, work / "run") as monitor:
            lesson = recorder.begin()
            recorder.await_durable(2000)
            before, begun = monitor.cpu_seconds(), recorder.status()["lesson"]["durable_ms"]
            recorder.await_durable(begun + options.seconds * 1000)
            ours, seconds = monitor.cpu_seconds() - before, (recorder.status()["lesson"]["durable_ms"] - begun) / 1000
            recorder.ask("stop")
        film = work / "room.mp4"
        run(bin_folder / "shilu", "export", lesson["directory"], "--source", "room", "--out", film)
        before = children_cpu()
        subprocess.run(["nice", "-n", "5", "ffmpeg", "-v", "error", "-threads", "1", "-i", film, "-vf", "blackdetect=d=3,freezedetect=d=5", "-af", "silencedetect=d=5", "-f",
                        "null", "-"], check=True, stdin=subprocess.DEVNULL)
        theirs = (children_cpu() - before) / (os.path.getsize(film) and float(subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", film], capture_output=True, text=True, check=True).stdout))
    print("one source, 720p25 and AAC                          processor")
    print(f"shilu-monitor (alarms, and meters from the live socket)  {100 * ours / seconds:5.2f} % of a core")
    print(f"ffmpeg blackdetect+freezedetect+silencedetect            {100 * theirs:5.2f} % of a core")
    print(f"ratio                                                    {ours / seconds / theirs:5.2f}")


if __name__ == "__main__":
    main()
