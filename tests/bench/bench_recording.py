#!/usr/bin/env python3
"""What recording costs and how fast it is: our capture and recorder (hash, journal and sync included) beside `ffmpeg -c copy` and
`gst-launch-1.0 … mp4mux`, all at once from cameras that send the same 1080p30 film. Needs ffmpeg and gst-launch-1.0.

bench_recording.py --bin DIR [--seconds 20] [--cameras 1,2,4,6,8] [--film FILE] [--parts one,delays,together,many]: use programs of a release build.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "system"))
sys.dont_write_bytecode = True

from demo_client import run, wait_until  # noqa: E402
from processes import Meter, quantile  # noqa: E402
from recorder_process import Recorder, now_ns, receive  # noqa: E402

CAMERA = HERE.parent / "live" / "camera.py"
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}


def make_film(folder, seconds):
    """1080p30 at 4 Mbit/s with an IDR each second, and 96 kbit/s AAC: 10 s are encoded, the rest repeats them."""
    part, film = folder / "part.mp4", folder / "film.mp4"
    run("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
        "-t", "10", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "30", "-b:v", "4M", "-maxrate", "4M",
        "-bufsize", "4M", "-x264-params", "scenecut=0:nal-hrd=cbr", "-c:a", "aac", "-b:a", "96k", part)
    run("ffmpeg", "-v", "error", "-stream_loop", str(seconds // 10 + 1), "-i", part, "-c", "copy", film)
    return film


class FilmCamera:
    """A camera that sends a film, from its beginning to each who comes."""

    def __init__(self, film):
        launch = (f"( filesrc location={film} ! qtdemux name=d d.video_0 ! queue ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 "
                  "d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97 )")
        self.process = subprocess.Popen([sys.executable, CAMERA, launch], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = f"rtsp://127.0.0.1:{int(self.process.stdout.readline())}/stream"

    def end(self):
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def cameras(film, count):
    made = [FilmCamera(film) for _ in range(count)]
    try:
        yield [camera.url for camera in made]
    finally:
        for camera in made:
            camera.end()


@contextlib.contextmanager
def our_recorder(bin_folder, work, urls):
    work.mkdir()
    sources = [part for number, url in enumerate(urls) for part in ("--source", f"cam{number}={url}")]
    with Recorder(bin_folder, work, sources) as recorder:
        yield recorder


def ffmpeg_command(url, out):
    return ["ffmpeg", "-v", "quiet", "-nostdin", "-rtsp_transport", "tcp", "-i", url, "-c", "copy", "-f", "mp4", out]


def gst_command(url, out):
    return ["gst-launch-1.0", "-q", "rtspsrc", f"location={url}", "protocols=tcp", "name=r", "mp4mux", "name=m", "!", "filesink", f"location={out}",
            "r.", "!", "rtph264depay", "!", "h264parse", "!", "queue", "!", "m.", "r.", "!", "rtpmp4gdepay", "!", "aacparse", "!", "queue", "!", "m."]


@contextlib.contextmanager
def peers(commands):
    started = [subprocess.Popen(command, **QUIET) for command in commands]
    try:
        yield started
    finally:
        for one in started:
            one.kill()
            one.wait()


def grown(path, size):
    wait_until(f"{path} grows", 60, lambda: path.exists() and path.stat().st_size > size)


def bench_one(bin_folder, work, film, seconds):
    """One stream for each of the three, in the same window."""
    with cameras(film, 3) as urls, our_recorder(bin_folder, work / "one", urls[:1]) as recorder:
        others = {"ffmpeg -c copy": work / "f.mp4", "gst-launch mp4mux": work / "g.mp4"}
        with peers([ffmpeg_command(urls[1], work / "f.mp4"), gst_command(urls[2], work / "g.mp4")]) as started:
            recorder.begin()
            for path in others.values():
                grown(path, 1 << 20)
            recorder.await_durable(3000)
            captures = list(recorder.capture_pids().values())
            pids = {"shilu: capture": captures, "shilu: recorder": [recorder.process.pid], "shilu together": captures + [recorder.process.pid],
                    **{name: [peer.pid] for name, peer in zip(others, started)}}
            measured = measure(pids, seconds)
            recorder.ask("stop")
    print("| one 1080p30 stream of 4 Mbit/s, 96 kbit/s AAC | CPU (of one core) | memory (PSS) |\n|---|---|---|")
    for name, (percent, kilobytes) in measured.items():
        print(f"| {name} | {percent:.2f} % | {kilobytes / 1024:.0f} MB |")
    ours, gst, ffmpeg = (measured[name][0] for name in ("shilu together", "gst-launch mp4mux", "ffmpeg -c copy"))
    print(f"\nCPU against gst-launch: {ours / gst:.2f}; against ffmpeg: {ours / ffmpeg:.2f}\n")


def bench_many(bin_folder, work, film, seconds, counts):
    """How the cost grows with the number of cameras; ffmpeg, one process each, beside it with the same number."""
    print("| cameras | shilu, per stream | of it recorder | memory per stream | ffmpeg, per stream | memory per stream |\n|---|---|---|---|---|---|")
    for count in counts:
        with cameras(film, count) as urls, our_recorder(bin_folder, work / f"many{count}", urls) as recorder:
            outs = [work / f"f{count}-{number}.mp4" for number in range(count)]
            with peers([ffmpeg_command(url, out) for url, out in zip(urls, outs)]) as started:
                recorder.begin()
                for out in outs:
                    grown(out, 1 << 19)
                recorder.await_durable(2000)
                captures = list(recorder.capture_pids().values())
                measured = measure({"all": captures + [recorder.process.pid], "recorder": [recorder.process.pid], "ffmpeg": [peer.pid for peer in started]},
                                   seconds)
                ended = [peer.args[0] for peer in started if peer.poll() is not None]
                assert not ended, f"{ended} ended by itself"
                recorder.ask("stop")
        cells = [f"{measured['all'][0] / count:.2f} %", f"{measured['recorder'][0] / count:.2f} %", f"{measured['all'][1] / count / 1024:.0f} MB",
                 f"{measured['ffmpeg'][0] / count:.2f} %", f"{measured['ffmpeg'][1] / count / 1024:.0f} MB"]
        print(f"| {count} | {' | '.join(cells)} |", flush=True)
    print()


def gst_together(urls, outs):
    """All streams as pipelines of one process; the elements' names must differ."""
    words = ["gst-launch-1.0", "-q"]
    for number, (url, out) in enumerate(zip(urls, outs)):
        words += [word.replace("name=r", f"name=r{number}").replace("name=m", f"name=m{number}") if word.startswith("name=")
                  else f"{word[0]}{number}." if word in ("r.", "m.") else word for word in gst_command(url, out)[2:]]
    return words


def bench_together(bin_folder, work, film, seconds, count):
    """What it saves that the streams share a recorder, and what it would save gst-launch to have them in one process: each pair in one window."""
    print(f"| {count} streams | CPU per stream | memory per stream |\n|---|---|---|")
    with contextlib.ExitStack() as stack:
        urls = stack.enter_context(cameras(film, 2 * count))
        together = stack.enter_context(our_recorder(bin_folder, work / "together", urls[:count]))
        apart = [stack.enter_context(our_recorder(bin_folder, work / f"apart{number}", [url])) for number, url in enumerate(urls[count:])]
        for recorder in [together, *apart]:
            recorder.begin()
        for recorder in [together, *apart]:
            recorder.await_durable(2000)
        pids = {"shilu, one recorder for all": [together], "shilu, a recorder for each": apart}
        measured = measure({name: [pid for one in group for pid in (one.process.pid, *one.capture_pids().values())] for name, group in pids.items()}, seconds)
        for recorder in [together, *apart]:
            recorder.ask("stop")
    with contextlib.ExitStack() as stack:
        urls = stack.enter_context(cameras(film, 2 * count))
        outs = [work / f"together{number}.mp4" for number in range(2 * count)]
        commands = [gst_together(urls[:count], outs), *(gst_command(url, out) for url, out in zip(urls[count:], outs[count:]))]
        started = stack.enter_context(peers(commands))
        for out in outs:
            grown(out, 1 << 19)
        measured |= measure({"gst-launch, one process for all": [started[0].pid], "gst-launch, a process for each": [one.pid for one in started[1:]]}, seconds)
        assert all(one.poll() is None for one in started), "a gst-launch ended by itself"
    for name, (percent, kilobytes) in measured.items():
        print(f"| {name} | {percent / count:.2f} % | {kilobytes / count / 1024:.0f} MB |", flush=True)
    print()


def measure(pids, seconds):
    meter = Meter(pids, time.monotonic)
    time.sleep(seconds)
    return meter.stop()


class Subscriber:
    """The recorder's events, with the moment at which each came."""

    def __init__(self, recorder):
        self.peer = socket.socket(socket.AF_UNIX)
        self.peer.connect(str(recorder.socket))
        message = json.dumps({"op": "subscribe"}).encode()
        self.peer.sendall(struct.pack(">I", len(message)) + message)
        receive(self.peer)

    def await_fragment(self, track):
        while True:
            event = json.loads(receive(self.peer))
            if event.get("event") == "fragment" and event["track"] == track:
                return now_ns()


def bench_first_fragment(recorder, times):
    values = []
    for _ in range(times):
        subscriber = Subscriber(recorder)
        pressed = now_ns()
        recorder.ask("start")
        values.append((subscriber.await_fragment("cam0.video") - pressed) / 1e6)
        recorder.ask("stop")
        subscriber.peer.close()
    return values


def bench_marks(recorder, count):
    values = []
    for _ in range(count):
        pressed = now_ns()
        recorder.ask("mark", id=str(uuid.uuid4()), point="A6", pressed_monotonic_ns=pressed, look_back_ms=1000, look_ahead_ms=1000)
        values.append((now_ns() - pressed) / 1e6)
        time.sleep(0.05)
    return values


@contextlib.contextmanager
def load():
    """Two busy processes a core, at our own priority."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"], **QUIET) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for one in busy:
            one.kill()
            one.wait()


def lags(recorder, seconds):
    values, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        values.append(recorder.status()["lesson"]["durable_lag_ms"])
        time.sleep(0.1)
    return values


def row(name, values):
    print(f"| {name} | {quantile(values, 0.5):.0f} ms | {quantile(values, 0.95):.0f} ms | {quantile(values, 0.99):.0f} ms | {max(values):.0f} ms | {len(values)} |", flush=True)


def bench_delays(bin_folder, work, film, seconds):
    print(f"| what (two cameras; load average {os.getloadavg()[0]:.0f}) | median | 95 % | 99 % | worst | times |\n|---|---|---|---|---|---|")
    with cameras(film, 2) as urls, our_recorder(bin_folder, work / "delays", urls) as recorder:
        recorder.begin()
        recorder.ask("stop")
        row("press to the first durable fragment", bench_first_fragment(recorder, 10))
        recorder.ask("start")
        recorder.await_durable(2000)
        for state, around in (("", contextlib.nullcontext()), (f", with {2 * (os.cpu_count() or 1)} busy processes", load())):
            with around:
                row(f"not durable yet{state}", lags(recorder, seconds))
                row(f"press to durable mark{state}", bench_marks(recorder, 200))
        recorder.ask("stop")
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--cameras", default="1,2,4,6,8")
    parser.add_argument("--film", type=pathlib.Path)
    parser.add_argument("--parts", default="one,delays,together,many")
    options = parser.parse_args()
    for tool in ("ffmpeg", "gst-launch-1.0"):
        if shutil.which(tool) is None:
            print(f"skip: there is no {tool}")
            return 77
    bin_folder = options.bin.resolve()
    with tempfile.TemporaryDirectory(prefix="shilu-bench-") as folder:
        work = pathlib.Path(folder)
        film = options.film or make_film(work, 6 * options.seconds + 120)
        parts = {"one": lambda: bench_one(bin_folder, work, film, options.seconds),
                 "delays": lambda: bench_delays(bin_folder, work, film, options.seconds),
                 "together": lambda: bench_together(bin_folder, work, film, 3 * options.seconds, 6),
                 "many": lambda: bench_many(bin_folder, work, film, options.seconds, [int(count) for count in options.cameras.split(",")])}
        for name in options.parts.split(","):
            parts[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
