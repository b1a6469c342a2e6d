#!/usr/bin/env python3
"""Runs the groups of tests, counts, and closes with one line: N passed, N failed, N skipped. Standard library only."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUZZ = ROOT / "tests" / "fuzz"


class Tally:
    """Thread-safe."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()

    def add(self, passed=0, failed=0, skipped=0):
        with self.lock:
            self.passed += passed
            self.failed += failed
            self.skipped += skipped

    def line(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run(command, cwd=ROOT, env=None, timeout=1800):
    """Exit code and output; a test that hangs is a failed one."""
    try:
        done = subprocess.run([str(part) for part in command], cwd=cwd, env=env, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
        text = output.decode(errors="replace") if isinstance(output, bytes) else output
        return 124, text + f"\ngave no end within {timeout} s\n"


def show_failure(name, output):
    print(f"--- {name} ---\n{output[-6000:]}", flush=True)


def catch2(tally, name, program, *selection):
    code, output = run([program, "--order", "rand", "-r", "compact", *selection], timeout=600)
    summary = re.findall(r"(?:Passed (?:all|both) (\d+) test cases?|Passed 1 test case|Failed (\d+) test cases?)", output)
    total = re.search(r"(?:Passed (?:all |both )?|Failed (?:all |both )?)(\d+)(?: of (\d+))? test case", output)
    if code == 0 and total:
        tally.add(passed=int(total.group(1)))
    elif total and output.rstrip().splitlines()[-1].startswith("Failed"):
        failed = int(total.group(1))
        tally.add(failed=max(failed, 1))
        show_failure(name, output)
    else:
        tally.add(failed=1)
        show_failure(name, f"{output}\nexit {code}, {summary}")


# These wait for cameras and lessons most of the time, so that their cases can go side by side, in so many processes.
SHARDS = {"shilu_test_live": 3, "shilu_test_recorder": 2}


def unit_job(tally, name, program, *selection):
    began = time.monotonic()
    own = Tally()
    catch2(own, name, program, *selection)
    tally.add(own.passed, own.failed, own.skipped)
    print(f"{'ok' if not own.failed else 'FAILED':7} {name} ({time.monotonic() - began:.1f} s)", flush=True)


def shards_of(program, count, folder):
    """Names files (Catch2's --input-file), the cases dealt out in turn."""
    names = [line for line in run([program, "--list-test-names-only"])[1].splitlines() if line.strip()]
    for number in range(count):
        file = pathlib.Path(folder) / f"{program.name}-{number}"
        file.write_text("".join('"' + name.replace(",", "\\,") + '"\n' for name in names[number::count]))
        yield f"{program.name} {number + 1}/{count}", program, "--input-file", file


def unit(tally, build):
    """The programs side by side, those first that take long."""
    programs = sorted((build / "bin").glob("shilu_test_*"))
    with tempfile.TemporaryDirectory(prefix="shilu-unit-") as folder, \
            concurrent.futures.ThreadPoolExecutor(max_workers=(os.cpu_count() or 1) + 1) as pool:
        jobs = [job for program in programs if program.name in SHARDS for job in shards_of(program, SHARDS[program.name], folder)]
        jobs += [(program.name, program) for program in programs if program.name not in SHARDS]
        list(pool.map(lambda job: unit_job(tally, *job), jobs))


def replay(tally, build):
    """Every fuzz target over its stored inputs: those that it grew up with, and those that once broke something."""
    for program in sorted((build / "bin").glob("shilu_fuzz_*")):
        name = program.name.removeprefix("shilu_fuzz_")
        folders = [folder for folder in (FUZZ / "corpus" / name, FUZZ / "crashes" / name) if folder.is_dir()]
        code, output = run([program, *folders], timeout=300) if folders else (1, "it has no corpus")
        tally.add(passed=int(code == 0), failed=int(code != 0))
        if code != 0:
            show_failure(program.name, output)
            print(f"FAILED  {program.name}", flush=True)


def fuzz(tally, _build):
    """Builds the fuzzers and lets each look for new inputs for a while, one after the other."""
    seconds = 600 if os.environ.get("SHILU_LONG") == "1" else 20
    code, output = run(["cmake", "--preset", "fuzz"])
    if code == 0:
        code, output = run(["cmake", "--build", "build/fuzz", "-j", str(os.cpu_count()), "--target", "fuzz_targets"], timeout=5400)
    if code != 0:
        tally.add(failed=1)
        return show_failure("build fuzz", output)
    for program in sorted((ROOT / "build/fuzz/bin").glob("shilu_fuzz_*")):
        fuzz_one(tally, program, seconds)


def fuzz_one(tally, program, seconds):
    """What it found of use, and what broke, stay in build/fuzz/found/NAME; the stored corpus is only read."""
    name = program.name.removeprefix("shilu_fuzz_")
    found = ROOT / "build/fuzz/found" / name
    found.mkdir(parents=True, exist_ok=True)
    folders = [found, *(folder for folder in (FUZZ / "corpus" / name, FUZZ / "crashes" / name) if folder.is_dir())]
    code, output = run([program, f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=1024", "-max_len=65536",
                        f"-artifact_prefix={found}/", *folders], timeout=seconds + 600)
    tally.add(passed=int(code == 0), failed=int(code != 0))
    if code != 0:
        show_failure(program.name, output)
    covered = re.findall(r"cov: (\d+)", output)
    runs = re.findall(r"Done (\d+) runs", output)
    print(f"{'ok' if code == 0 else 'FAILED':7} {program.name} ({seconds} s, {runs[-1] if runs else '?'} runs, "
          f"{covered[-1] if covered else '?'} edges)", flush=True)


def python_unittest(tally, file):
    code, output = run([sys.executable, file])
    ran = re.search(r"Ran (\d+) tests?", output)
    bad = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", output))
    skipped = sum(int(n) for n in re.findall(r"skipped=(\d+)", output))
    if code == 0 and ran:
        tally.add(passed=int(ran.group(1)) - skipped, skipped=skipped)
    else:
        tally.add(passed=max(int(ran.group(1)) - bad - skipped, 0) if ran else 0, failed=max(bad, 1), skipped=skipped)
        show_failure(file.name, output)
    print(f"{'ok' if code == 0 else 'FAILED':7} {file.relative_to(ROOT)}", flush=True)


def lines_test(tally, file, *arguments):
    """A program that prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` per check."""
    began = time.monotonic()
    code, output = run([sys.executable, file, *arguments], timeout=10_800 if os.environ.get("SHILU_LONG") == "1" else 900)
    passed = len(re.findall(r"^ok ", output, re.M))
    failed = len(re.findall(r"^not ok ", output, re.M))
    skips = re.findall(r"^skip .*$", output, re.M)
    if code == 77 and not skips:
        skips = [f"skip {file.name}: {output.strip().splitlines()[-1] if output.strip() else 'no reason given'}"]
    if code not in (0, 77) and failed == 0:
        failed = 1
    if passed + failed + len(skips) == 0:
        failed = 1
    tally.add(passed, failed, len(skips))
    if failed:
        show_failure(file.name, output)
    told = [f"        {skip}" for skip in skips]
    told.append(f"{'ok' if not failed else 'FAILED':7} {file.relative_to(ROOT)} ({time.monotonic() - began:.1f} s)")
    print("\n".join(told), flush=True)


def wants_to_be_alone(file):
    """A system test that measures time, or loads the machine, says so in a line `# alone: why`."""
    return re.search(r"^# alone: \S", file.read_text(), re.M) is not None


def system(tally, build):
    """Most of a system test is waiting for lessons to go by, so they go by side by side; those that measure come after, one by one."""
    files = sorted((ROOT / "tests/system").glob("test_*.py"))
    alone = [file for file in files if wants_to_be_alone(file)]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        list(pool.map(lambda file: lines_test(tally, file, "--bin", build / "bin"), [f for f in files if f not in alone]))
    for file in alone:
        lines_test(tally, file, "--bin", build / "bin")


def bench(tally, build):
    """Prints measurements; what counts as a test is only that each could be made."""
    for file in sorted((ROOT / "tests/bench").glob("bench_*.py")):
        print(f"-- {file.relative_to(ROOT)}", flush=True)
        code = subprocess.run([sys.executable, str(file), "--bin", str(build / "bin")], cwd=ROOT).returncode
        tally.add(passed=int(code == 0), skipped=int(code == 77), failed=int(code not in (0, 77)))


def once(tally, build):
    """One whole lesson; each proven step counts."""
    code, output = run([sys.executable, ROOT / "tests/system/one_lesson.py", "--bin", build / "bin", "--seconds", "20"], timeout=300)
    proven = len(re.findall(r"^ *\d+/\d+ proven", output, re.M))
    tally.add(passed=proven, failed=0 if code == 0 else 1)
    if code != 0:
        show_failure("one lesson", output)
    print(f"{'ok' if code == 0 else 'FAILED':7} one whole lesson ({proven} steps)", flush=True)


def playwright(tally, folder, work, told, pages):
    """All browser tests: against the mocks, and against the classroom that the JSON file describes."""
    report = work / "report.json"
    environment = {**os.environ, "SHILU_DEMO_JSON": str(told), "SHILU_WWW": str(pages), "PLAYWRIGHT_JSON_OUTPUT_NAME": str(report)}
    code, output = run(["npx", "playwright", "test", "--retries=2", "--reporter=json", "--output", work / "results"], cwd=folder, env=environment)
    if not report.exists():
        tally.add(failed=1)
        return show_failure("playwright", output)
    stats = json.loads(report.read_text())["stats"]
    tally.add(stats["expected"] + stats["flaky"], stats["unexpected"], stats["skipped"])
    if code != 0:
        show_failure("playwright", failures_of(json.loads(report.read_text())))
    print(f"{'ok' if code == 0 else 'FAILED':7} browser: {stats['expected']} passed, {stats['flaky']} at the second try, "
          f"{stats['unexpected']} failed, {stats['skipped']} skipped ({stats['duration'] / 1000:.0f} s)", flush=True)


def failures_of(report):
    """Title and first error of each failed browser test."""
    lines = []

    def visit(suite, titles):
        for child in suite.get("suites", []):
            visit(child, titles + [child["title"]])
        for spec in suite.get("specs", []):
            for test in spec["tests"]:
                if test["status"] == "unexpected":
                    error = next((r["error"].get("message", "") for r in test["results"] if r.get("error")), "")
                    lines.append(f"{' > '.join(titles)} > {spec['title']} [{test['projectName']}]: {error[:700]}")

    visit(report, [])
    return "\n".join(lines)


def web(tally, build):
    """Playwright in the distribution's Chromium."""
    sys.path.insert(0, str(ROOT / "tests" / "system"))
    from demo_run import classroom  # only this group needs the programs
    folder = ROOT / "tests" / "web"
    code, output = run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder)
    if code != 0:
        tally.add(failed=1)
        return show_failure("npm ci in tests/web", output)
    with tempfile.TemporaryDirectory(prefix="shilu-web-") as work, classroom(build / "bin") as told:
        description = pathlib.Path(work) / "demo.json"
        description.write_text(json.dumps(told))
        playwright(tally, folder, pathlib.Path(work), description, build / "share" / "www")


def sanitized(tally, preset):
    code, output = run(["cmake", "--preset", preset, "-DSHILU_WEB=OFF"])
    if code == 0:
        code, output = run(["cmake", "--build", f"build/{preset}", "-j", str(os.cpu_count())], timeout=5400)
    if code != 0:
        tally.add(failed=1)
        return show_failure(f"build {preset}", output)
    unit(tally, ROOT / "build" / preset)


def groups(build):
    def lint(tally):
        for file in sorted((ROOT / "tests/lint").glob("*_lint.py")):
            lines_test(tally, file, "--build", build)
        for file in sorted((ROOT / "tests/lint").glob("test_*.py")):
            python_unittest(tally, file)

    def reader(tally):
        for file in sorted((ROOT / "tests/reader").glob("test_*.py")):
            python_unittest(tally, file)

    return {"lint": lint, "unit": lambda tally: unit(tally, build), "reader": reader, "system": lambda tally: system(tally, build),
            "replay": lambda tally: replay(tally, build), "fuzz": lambda tally: fuzz(tally, build),
            "once": lambda tally: once(tally, build), "web": lambda tally: web(tally, build), "bench": lambda tally: bench(tally, build),
            "asan": lambda tally: sanitized(tally, "asan"), "tsan": lambda tally: sanitized(tally, "tsan")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--unit", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("group", nargs="*")
    options = parser.parse_args()
    known = groups(options.build.resolve())
    chosen = options.group or (["lint", "unit"] if options.unit else ["lint", "unit", "replay", "reader", "system", "once", "web"])
    if options.long:
        os.environ["SHILU_LONG"] = "1"
        chosen += ["asan", "tsan", "fuzz"]
    unknown = [name for name in chosen if name not in known]
    if unknown:
        parser.error(f"there is no group {unknown[0]}; there are {', '.join(known)}")
    tally = Tally()
    for name in chosen:
        print(f"== {name}", flush=True)
        known[name](tally)
    print(tally.line())
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
