#!/usr/bin/env python3
"""A school without a line: packages leave on a stick, somebody carries them to the platform, the receipts come back by hand."""

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
from upload_fixture import CLAIM, School, digest, prove_delivered  # noqa: E402


def shilu(bin_directory, *words):
    return subprocess.run([bin_directory / "shilu", *map(str, words)], capture_output=True, text=True)


def good(done):
    assert done.returncode == 0, done
    return done


def carry(bin_directory, work, stick, url):
    return shilu(bin_directory, "carry", stick, "--to", url, "--claim", CLAIM, "--keys", work / "carrier", "--tries", "5")


def flip(file, at):
    with open(file, "r+b") as opened:
        opened.seek(at)
        byte = opened.read(1)[0]
        opened.seek(at)
        opened.write(bytes([byte ^ 1]))


def check_there_and_back(bin_directory):
    """handed out, carried, handed in: the same bytes at the platform, and its receipt acknowledges the submission"""
    with tempfile.TemporaryDirectory(prefix="shilu-hand-") as work:
        work = pathlib.Path(work)
        school = School(bin_directory, work)
        platform = school.platform(work / "platform").start()
        appliance = Appliance(bin_directory, work / "appliance", platform.url, "--seconds", "8")
        stick = work / "stick"
        stick.mkdir()
        try:
            appliance.start().enrolled().add_papers()
            platform.kill()  # the line is cut; the platform comes back at an address that the device does not know
            submission = appliance.submit(appliance.cut(1000, 3000))
            wait_until("the package", 60, lambda: appliance.submission(submission)["state"] != "packing")
            platform.start()
            settings = ["--config", work / "appliance/appliance.toml"]

            told = json.loads(good(shilu(bin_directory, "queue", *settings, "--json", "--hand-out", stick)).stdout)
            package = appliance.package(submission)
            sha256 = digest(package)
            assert [pathlib.Path(one["package"]).name for one in told["handed_out"]] == [f"{sha256}.zip"], told
            assert sorted(f.name for f in stick.iterdir()) == [f"{sha256}.zip", f"{sha256}.zip.request.json"]

            damaged_on_the_way(bin_directory, work, stick, stick / f"{sha256}.zip", settings, platform.url)
            litter = litter_of(stick, sha256)
            receipt = stick / f"{sha256}.zip.receipt.json"
            receipt.write_text("")  # hides nothing: the package is carried all the same
            told = carry(bin_directory, work, stick, platform.url)
            assert told.returncode == 1 and "f" * 64 in told.stderr and "._" not in told.stderr, told
            prove_delivered(school, platform.directory, package, receipt)
            litter.unlink()
            good(carry(bin_directory, work, stick, platform.url))
            prove_delivered(school, platform.directory, package, receipt)
            good(carry(bin_directory, work, stick, platform.url))  # again: nothing is left to do

            forged_is_refused(bin_directory, receipt, settings, appliance, submission)
            torn = stick / f"{'e' * 64}.zip.receipt.json"
            torn.write_text('{"payl')
            told = shilu(bin_directory, "queue", *settings, "--hand-in", stick)
            assert told.returncode == 1 and torn.name in told.stdout, told
            done = appliance.acknowledged(submission)
            assert done and done["receipt"]["number"] == "R-2026-000001", done
            kept = appliance.data / "lessons" / appliance.lesson / "receipts" / f"{sha256}.receipt.json"
            assert json.loads(kept.read_text()) == json.loads(receipt.read_text())
            torn.unlink()
            good(shilu(bin_directory, "queue", *settings, "--hand-in", stick))  # again: it knows
        finally:
            appliance.end()
            platform.kill()


def litter_of(stick, sha256):
    """What macOS lays beside files on a stick, and a request that was cut off; -> the latter, which is told."""
    for ending in ("request", "receipt"):
        (stick / f"._{sha256}.zip.{ending}.json").write_bytes(bytes([0, 5, 22, 7]) * 100)
    torn = stick / f"{'f' * 64}.zip.request.json"
    torn.write_text('{"format":"shi')
    return torn


def damaged_on_the_way(bin_directory, work, stick, package, settings, url):
    """A bit that turned on the stick is noticed before anything is sent, and mended by handing out again."""
    flip(package, 1000)
    refused = carry(bin_directory, work, stick, url)
    assert refused.returncode == 1 and "damaged" in refused.stderr, refused
    good(shilu(bin_directory, "queue", *settings, "--hand-out", stick))
    assert digest(package) == package.name.removesuffix(".zip")


def forged_is_refused(bin_directory, receipt, settings, appliance, submission):
    """A receipt whose signature does not hold changes nothing."""
    true = receipt.read_text()
    forged = json.loads(true)
    signature = forged["signatures"][0]["sig"]
    forged["signatures"][0]["sig"] = ("B" if signature[0] != "B" else "C") + signature[1:]
    receipt.write_text(json.dumps(forged))
    refused = shilu(bin_directory, "queue", *settings, "--json", "--hand-in", receipt.parent)
    assert refused.returncode == 1 and json.loads(refused.stdout)["handed_in"][0]["error"], refused
    assert appliance.submission(submission)["state"] != "acknowledged"
    receipt.write_text(true)


def check_refused(bin_directory):
    """a package that the platform rejects: the reason lies beside it, the others are carried all the same"""
    with tempfile.TemporaryDirectory(prefix="shilu-hand-") as work:
        work = pathlib.Path(work)
        stick = work / "stick"
        stick.mkdir()
        (work / "good").mkdir()
        good_school, other = School(bin_directory, work / "good"), work / "stranger"
        other.mkdir()
        stranger = School(bin_directory, other)
        with good_school.platform(work / "platform") as platform:
            packages = [good_school.package("good", 1_000_000), stranger.package("bad", 1_000_000)]
            for package in packages:
                told = json.loads(good(shilu(bin_directory, "submit", package, "--to", stick, "--point", "A6", "--json")).stdout)
                assert told["receipt"] is None and told["was_there"] is False, told
                assert json.loads(good(shilu(bin_directory, "submit", package, "--to", stick, "--point", "A6", "--json")).stdout)["was_there"]
            # The carrier's machine is the good school's device; the stranger is enrolled nowhere.
            done = shilu(bin_directory, "carry", stick, "--to", platform.url, "--claim", CLAIM, "--keys", good_school.keys, "--tries", "5")
            assert done.returncode == 1, done
            prove_delivered(good_school, platform.directory, packages[0], stick / f"{digest(packages[0])}.zip.receipt.json")
            reason = json.loads((stick / f"{digest(packages[1])}.zip.refused.json").read_text())
            assert "enrolled" in reason["text"], reason


def check_full_stick(bin_directory):
    """a stick without room: a sentence, and nothing of the package is left on it"""
    with tempfile.TemporaryDirectory(prefix="shilu-hand-") as work:
        work = pathlib.Path(work)
        package = School(bin_directory, work).package("large", 5_000_000)
        stick = work / "stick"
        stick.mkdir()
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", stick], capture_output=True, text=True)
        if made.returncode != 0:
            from checks import Skip
            raise Skip(made.stderr.strip())
        try:
            done = shilu(bin_directory, "submit", package, "--to", stick, "--point", "A6", "--json")
            assert done.returncode == 1 and json.loads(done.stdout)["error"]["kind"] == "storage-full", done
            assert not list(stick.iterdir()), list(stick.iterdir())
        finally:
            subprocess.run(["umount", "-l", stick], check=True)


if __name__ == "__main__":
    run_checks([check_there_and_back, check_refused, check_full_stick], __doc__)
