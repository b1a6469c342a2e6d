#!/usr/bin/env python3
"""What goes from a device's disk: a lesson whose every submission has the platform's receipt, and nothing else. The real shilud
and shilu-platform."""

import json
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from appliance import Appliance  # noqa: E402
from checks import run_checks  # noqa: E402
from demo_client import wait_until  # noqa: E402
from upload_fixture import School  # noqa: E402

AT_ONCE = "[retention]\nkeep_days = 0\ngrace_days = 0\n"


class Delivered:
    """An appliance whose lesson has one clip that the platform acknowledged; killed."""

    def __init__(self, bin_directory, work, *lesson_options):
        self.bin, self.work = bin_directory, pathlib.Path(work)
        self.school = School(bin_directory, self.work)
        self.platform = self.school.platform(self.work / "platform").start()
        self.appliance = Appliance(bin_directory, self.work / "appliance", self.platform.url, "--seconds", "8", *lesson_options)
        self.folder = self.appliance.data / "lessons" / self.appliance.lesson
        self.appliance.start()
        self.appliance.enrolled().add_papers()
        self.submission = self.appliance.submit(self.appliance.cut(1000, 3000))
        wait_until("the receipt", 60, lambda: self.appliance.acknowledged(self.submission))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.appliance.end()
        self.platform.kill()

    def restart(self, settings):
        self.appliance.end()
        self.appliance.more_settings = settings
        self.appliance.start()

    def dry_run(self):
        told = subprocess.run([self.bin / "shilu", "retention", "--config", self.work / "appliance/appliance.toml", "--json"],
                              capture_output=True, text=True)
        assert told.returncode == 0, told.stderr
        return {one["lesson"]: one for one in json.loads(told.stdout)["lessons"]}[self.appliance.lesson]


def check_kept(bin_directory):
    """by default a lesson that was acknowledged today stays"""
    with tempfile.TemporaryDirectory(prefix="shilu-retention-") as work, Delivered(bin_directory, work) as one:
        assert one.dry_run()["code"] == "young", one.dry_run()  # the fixture's lesson is of long ago, but was first seen today
        one.restart("[retention]\nkeep_days = 0\n")
        assert one.dry_run()["code"] == "grace", one.dry_run()
        wait_until("a look at the lessons", 60, lambda: "looked at 1 lessons, took away 0" in (one.work / "appliance/shilud.log").read_text())
        assert one.folder.exists() and one.appliance.package(one.submission).exists()


def check_goes(bin_directory):
    """an acknowledged lesson goes when the settings say so: media and package gone, receipt kept, the device log says it"""
    with tempfile.TemporaryDirectory(prefix="shilu-retention-") as work, Delivered(bin_directory, work) as one:
        package = one.appliance.package(one.submission)
        assert package.exists()
        receipt = json.loads(one.appliance.receipt(one.submission, one.work / "receipt.json").read_text())
        one.restart(AT_ONCE)
        wait_until("the lesson to go", 60, lambda: not one.folder.exists() and not package.exists())
        (kept,) = (one.appliance.data / "receipts" / one.appliance.lesson).glob("*.receipt.json")
        assert json.loads(kept.read_text()) == receipt
        assert one.appliance.acknowledged(one.submission)["receipt"]["number"] == "R-2026-000001"
        one.appliance.teacher.get("/api/lessons")
        assert one.appliance.teacher.get("/api/submissions"), "the submission is not told any more"
        log = one.appliance.data / "device-log"
        wait_until("the device log", 60, lambda: deleted(bin_directory, log, one.appliance.lesson))


def deleted(bin_directory, log, lesson):
    told = subprocess.run([bin_directory / "shilu", "log", "--json", log], capture_output=True, text=True)
    return lesson in told.stdout and '"delete"' in told.stdout


def check_marked(bin_directory):
    """a mark that was not submitted holds its lesson back, and the dry run says which"""
    with tempfile.TemporaryDirectory(prefix="shilu-retention-") as work, Delivered(bin_directory, work, "--mark", "6000", "A7") as one:
        one.restart(AT_ONCE)
        told = one.dry_run()
        assert told["code"] == "marked" and "6 s" in told["text"], told
        assert not told["may_go"]
        one.platform.kill()
        assert one.folder.exists()


if __name__ == "__main__":
    run_checks([check_kept, check_goes, check_marked], __doc__)
