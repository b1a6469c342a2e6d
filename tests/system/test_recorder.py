#!/usr/bin/env python3
"""Recording with the real programs: what is on disk is what the cameras sent, whoever is killed on the way."""

import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "reader"))
sys.path.insert(0, str(HERE.parent / "demo"))
sys.dont_write_bytecode = True

from checks import Skip, run_checks  # noqa: E402
from loop_disk import fill  # noqa: E402
from demo_client import run, wait_until  # noqa: E402
from lesson_reader import read_lesson  # noqa: E402
from outside_proofs import decode_errors  # noqa: E402
from read_counters import breaks, read_counters  # noqa: E402
from recorder_process import Camera, Recorder, Refused, now_ns  # noqa: E402


def work_folder():
    return tempfile.TemporaryDirectory(prefix="shilu-rec-")


def hold(seconds):
    """Lets a lesson go on: the only thing waited for here is time itself."""
    time.sleep(seconds)


def read_clean(bin_folder, lesson):
    """The second reader's summary; both readers must find the folder clean."""
    report = json.loads(run(bin_folder / "shilu", "check", lesson, "--json"))
    assert report["clean"], report["findings"]
    summary = read_lesson(str(lesson))
    assert not summary["violations"], summary["violations"][:5]
    return summary


def exported_counters(bin_folder, lesson, source):
    """The counters burned into the pictures of the export, which ffmpeg must decode without a word."""
    out = lesson.parent / f"{source}.mp4"
    run(bin_folder / "shilu", "export", lesson, "--source", source, "--out", out)
    complaints = decode_errors(out)
    assert not complaints, complaints[-400:]
    counters = read_counters(out)
    times = [at for at, _ in counters]
    assert all(a < b for a, b in zip(times, times[1:])), "times do not rise"
    return counters


def gaps_of(summary, source):
    return [gap for gap in summary["gaps"] if gap["track"].startswith(source + ".")]


def check_foreground(bin_folder):
    """ten seconds of two cameras: every picture once, counted alike by the journal and by ffprobe"""
    with work_folder() as folder, Camera(bin_folder, pathlib.Path(folder)) as camera:
        lesson = pathlib.Path(folder) / "lesson"
        told = json.loads(run(bin_folder / "shilu", "record", "--out", lesson, *camera.sources("room", "board"), "--for", "10s",
                              "--keys", pathlib.Path(folder) / "keys", "--json"))
        assert told["duration_ms"] == 10_000, told
        summary = read_clean(bin_folder, lesson)
        assert not summary["gaps"], summary["gaps"]
        assert summary["signed_leaves"] == summary["leaves"]
        for source in ("room", "board"):
            counters = exported_counters(bin_folder, lesson, source)
            assert not breaks(counters), breaks(counters)[:5]
            journalled = summary["tracks"][f"{source}.video"]["samples"]
            assert abs(len(counters) - journalled) <= 1, f"{len(counters)} decoded, {journalled} in the journal"
        assert {track["name"]: track["received"] for track in told["tracks"]} == {
            name: track["samples"] for name, track in summary["tracks"].items()}


def check_interrupt(bin_folder):
    """Ctrl-C ends a lesson in good order, and its captures with it"""
    with work_folder() as folder, Camera(bin_folder, pathlib.Path(folder), "--only", "board") as camera:
        lesson = pathlib.Path(folder) / "lesson"
        process = subprocess.Popen([bin_folder / "shilu", "record", "--out", lesson, *camera.sources("board"), "--keys",
                                    pathlib.Path(folder) / "keys"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        journal = lesson / "journal"
        wait_until("a lesson", 20, journal.exists)
        hold(3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 0, err
        assert "MB" in out and "on disk" in err, (out, err)
        summary = read_clean(bin_folder, lesson)
        assert summary["finished"] and 2500 < summary["duration_ms"] < 10_000, summary["duration_ms"]
        left = [line for line in run("ps", "-eo", "args").splitlines() if "shilu-capture" in line and str(camera.port) in line]
        assert not left, left


def check_recorder_killed(bin_folder):
    """kill -9 of the recorder, three times in one lesson: the same lesson goes on, no counter is missing"""
    with work_folder() as folder, Camera(bin_folder, pathlib.Path(folder)) as camera:
        work = pathlib.Path(folder)
        with Recorder(bin_folder, work, camera.sources("room", "board")) as recorder:
            lesson = recorder.begin()
            durable = 0
            for kill in range(3):
                recorder.await_durable(durable + 2500)
                hold(random.Random(kill).uniform(0, 1))
                durable = recorder.status()["lesson"]["durable_ms"]
                recorder.kill()
                read_clean(bin_folder, pathlib.Path(lesson["directory"]))
                hold(1)
                recorder.start()
                assert recorder.status()["lesson"]["id"] == lesson["lesson_id"]
                again = recorder.status()
                assert again["lesson"]["durable_ms"] >= durable, f"durable media went away: {durable} ms before, then {again}"
            recorder.await_durable(recorder.status()["lesson"]["elapsed_ms"] + 1000)
            stopped = recorder.ask("stop")
            assert stopped["lesson_id"] == lesson["lesson_id"]
        folder = pathlib.Path(lesson["directory"])
        summary = read_clean(bin_folder, folder)
        assert not summary["gaps"], summary["gaps"]
        for source in ("room", "board"):
            counters = exported_counters(bin_folder, folder, source)
            assert not breaks(counters), breaks(counters)[:5]


def check_recorder_away_too_long(bin_folder):
    """a recorder that is away longer than its captures live: the lesson goes on, the loss is declared"""
    with work_folder() as folder, Camera(bin_folder, pathlib.Path(folder), "--only", "board") as camera:
        with Recorder(bin_folder, pathlib.Path(folder), camera.sources("board")) as recorder:
            lesson = recorder.begin()
            recorder.await_durable(2000)
            captures = recorder.capture_pids()
            recorder.kill()
            subprocess.run(["kill", "-9", str(captures["board"])], check=True)
            hold(2)
            recorder.start()
            recorder.await_durable(recorder.status()["lesson"]["elapsed_ms"] + 1500)
            recorder.ask("stop")
        summary = read_clean(bin_folder, pathlib.Path(lesson["directory"]))
        gaps = gaps_of(summary, "board")
        assert len(gaps) == 1 and gaps[0]["reason"] == "recorder-restart", gaps
        assert 1.5 < (gaps[0]["to_ns"] - gaps[0]["from_ns"]) / 1e9 < 10, gaps


def check_terminated(bin_folder):
    """SIGTERM ends the recorder and not the lesson; without a lesson the captures end with it"""
    with work_folder() as folder, Camera(bin_folder, pathlib.Path(folder), "--only", "board") as camera:
        with Recorder(bin_folder, pathlib.Path(folder), camera.sources("board")) as recorder:
            lesson = recorder.begin()
            recorder.await_durable(2000)
            assert recorder.terminate() == 0
            assert recorder.capture_pids(), "the capture ended with the recorder"
            recorder.start()
            recorder.await_durable(recorder.status()["lesson"]["elapsed_ms"] + 1000)
            recorder.ask("stop")
            assert recorder.terminate() == 0
            wait_until("the captures' end", 5, lambda: not recorder.capture_pids())
        summary = read_clean(bin_folder, pathlib.Path(lesson["directory"]))
        assert not summary["gaps"], summary["gaps"]


def check_capture_killed(bin_folder):
    """kill -9 of one capture: its gap is declared, the other source has none"""
    with work_folder() as folder, Camera(bin_folder, pathlib.Path(folder)) as camera:
        with Recorder(bin_folder, pathlib.Path(folder), camera.sources("room", "board")) as recorder:
            lesson = recorder.begin()
            recorder.await_durable(2500)
            before = recorder.capture_pids()
            killed = time.monotonic()
            subprocess.run(["kill", "-9", str(before["board"])], check=True)
            wait_until("a new capture", 5, lambda: recorder.capture_pids().get("board", before["board"]) != before["board"])
            restarted = time.monotonic() - killed
            wait_until("the gap", 20, lambda: recorder.source("board")["tracks"][0]["gaps"] == 1)
            recorder.await_durable(recorder.status()["lesson"]["elapsed_ms"])
            recorder.ask("stop")
        directory = pathlib.Path(lesson["directory"])
        summary = read_clean(bin_folder, directory)
        assert restarted < 1.5, f"the capture came back after {restarted:.1f} s"
        gaps = gaps_of(summary, "board")
        assert [gap["reason"] for gap in gaps] == ["source-lost"], gaps
        assert not gaps_of(summary, "room"), summary["gaps"]
        assert not breaks(exported_counters(bin_folder, directory, "room"))
        assert len(breaks(exported_counters(bin_folder, directory, "board"))) == 1


def check_camera_lost(bin_folder):
    """a camera that goes away and comes back is one gap of its tracks"""
    with work_folder() as folder, Camera(bin_folder, pathlib.Path(folder), "--only", "board") as camera:
        with Recorder(bin_folder, pathlib.Path(folder), camera.sources("board")) as recorder:
            lesson = recorder.begin()
            recorder.await_durable(2000)
            camera.kill()
            wait_until("the loss", 10, lambda: recorder.source("board")["state"] != "live")
            assert not recorder.source("board")["detail"] == ""
            wait_until("no more claim to record", 10, lambda: not recorder.status()["lesson"]["recording_proven"])
            camera.start()
            wait_until("the camera's return", 30, lambda: recorder.source("board")["state"] == "live")
            recorder.await_durable(recorder.status()["lesson"]["elapsed_ms"] + 1000)
            recorder.ask("stop")
        summary = read_clean(bin_folder, pathlib.Path(lesson["directory"]))
        assert [gap["reason"] for gap in summary["gaps"]] == ["source-lost"], summary["gaps"]


def check_marks(bin_folder):
    """a mark that was answered survives the kill -9 that follows, exactly once"""
    with work_folder() as folder, Camera(bin_folder, pathlib.Path(folder), "--only", "board") as camera:
        with Recorder(bin_folder, pathlib.Path(folder), camera.sources("board")) as recorder:
            lesson = recorder.begin()
            recorder.await_durable(1000)
            marks = [str(uuid.uuid4()) for _ in range(3)]
            pressed = now_ns()
            times = []
            for mark in marks:
                begun = time.monotonic()
                told = recorder.ask("mark", id=mark, point="A6", pressed_monotonic_ns=pressed, look_back_ms=1000, look_ahead_ms=2000)
                times.append(time.monotonic() - begun)
                assert told["new"] and told["mark"]["to_ms"] - told["mark"]["at_ms"] == 2000, told
            recorder.kill()
            recorder.start()
            again = recorder.ask("mark", id=marks[0], point="A6", pressed_monotonic_ns=now_ns(), look_back_ms=1, look_ahead_ms=1)
            assert not again["new"], again
            recorder.ask("mark-undo", id=marks[2])
            recorder.ask("stop")
            try:
                recorder.ask("mark", id=str(uuid.uuid4()), point=None, pressed_monotonic_ns=now_ns())
                raise AssertionError("a mark without a lesson was taken")
            except Refused as refused:
                assert refused.args[0] == "not-recording", refused
        summary = read_clean(bin_folder, pathlib.Path(lesson["directory"]))
        assert [mark["id"] for mark in summary["marks"]] == marks, summary["marks"]
        assert [mark["undone"] for mark in summary["marks"]] == [False, False, True]
        assert summary["marks"][0]["at_ns"] == pressed - lesson["start_monotonic_ns"]
        assert max(times) < 2, f"a mark took {max(times):.2f} s"


def check_two_recorders(bin_folder):
    """a second recorder on the same sockets is refused in a sentence"""
    with work_folder() as folder:
        work = pathlib.Path(folder)
        with Recorder(bin_folder, work, []) as recorder:
            second = subprocess.run([bin_folder / "shilu-recorder", "--lessons", work / "lessons", "--runtime", work / "run", "--keys",
                                     work / "keys"], capture_output=True, text=True, timeout=20)
            assert second.returncode == 1 and "another process listens" in second.stderr, second
            try:
                recorder.ask("start")
                raise AssertionError("a lesson began without a source")
            except Refused as refused:
                assert refused.args[0] == "no-picture-source", refused


def check_bad_arguments(bin_folder):
    """a folder that is not empty, and a length that is none, are refused in a sentence"""
    with work_folder() as folder:
        work = pathlib.Path(folder)
        (work / "homework.txt").write_text("x")
        command = [bin_folder / "shilu", "record", "--source", "room=rtsp://127.0.0.1:9/room", "--keys", work / "keys", "--out"]
        full = subprocess.run([*command, work], capture_output=True, text=True, timeout=30)
        assert full.returncode == 1 and "not empty" in full.stderr, full
        long = subprocess.run([*command, work / "new", "--for", "soon"], capture_output=True, text=True, timeout=30)
        assert long.returncode == 2 and "30s" in long.stderr, long


def check_full_disk(bin_folder):
    """a disk that fills up ends the lesson with what is whole, and says so"""
    with work_folder() as folder, Camera(bin_folder, pathlib.Path(folder), "--only", "room") as camera:
        disk = pathlib.Path(folder) / "disk"
        disk.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=110m", "none", disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            raise Skip(f"no file system can be mounted: {mounted.stderr.strip()}")
        try:
            process = subprocess.Popen([bin_folder / "shilu", "record", "--out", disk / "lesson", *camera.sources("room"), "--keys",
                                        pathlib.Path(folder) / "keys"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            wait_until("a lesson", 20, (disk / "lesson" / "room.video" / "e000.mp4").exists)
            hold(3)
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:
                fill(disk / "something-else")  # again: the recorder gives back what it had reserved
                time.sleep(0.1)
            process.terminate()
            out, err = process.communicate(timeout=30)
            assert process.returncode == 1 and "disk is full" in err, (process.returncode, out, err)
            summary = read_clean(bin_folder, disk / "lesson")
            assert summary["finished"] and summary["duration_ms"] > 2500
            assert all(gap["reason"] == "disk-full" for gap in summary["gaps"]), summary["gaps"]
        finally:
            subprocess.run(["umount", disk], check=False)


def check_small_disk(bin_folder):
    """a disk without room for a lesson is refused before anything is written"""
    with work_folder() as folder, Camera(bin_folder, pathlib.Path(folder), "--only", "board") as camera:
        disk = pathlib.Path(folder) / "disk"
        disk.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "none", disk], capture_output=True).returncode != 0:
            raise Skip("no file system can be mounted")
        try:
            done = subprocess.run([bin_folder / "shilu", "record", "--out", disk / "lesson", *camera.sources("board"), "--for", "5s",
                                   "--keys", pathlib.Path(folder) / "keys"], capture_output=True, text=True, timeout=40)
            assert done.returncode == 1 and "room" in done.stderr and "MB" in done.stderr, done
            assert not list(disk.iterdir()), list(disk.iterdir())
        finally:
            subprocess.run(["umount", disk], check=False)


if __name__ == "__main__":
    run_checks([check_foreground, check_interrupt, check_recorder_killed, check_recorder_away_too_long, check_terminated,
                check_capture_killed, check_camera_lost, check_marks, check_two_recorders, check_bad_arguments, check_full_disk,
                check_small_disk], __doc__)
