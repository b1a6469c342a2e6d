#!/usr/bin/env python3
"""Runs the groups of tests, counts, and closes with one line: N passed, N failed, N skipped. Standard library only."""

import argparse
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from jobs import LONG, ROOT, Job, Outcome, Tally, catch2, lines_test, long_run, one_by_one, python_unittest, run, show_failure, side_by_side  # noqa: E402

FUZZ = ROOT / "tests" / "fuzz"
# These wait for cameras, lessons and clocks most of the time; their cases are dealt out to so many processes.
WAITING = {"shilu_test_live": 8, "shilu_test_recorder": 3, "shilu_test_http": 2, "shilu_test_platform": 1, "shilu_test_base": 1}

# More than a minute each: begun first, so that none is left over at the end.
SLOW = ["test_upload_s3", "test_soak", "test_kills", "test_recorder", "test_portal_guard", "test_keys", "test_av_offset"]


def dealt_out(program, folder):
    """(name, arguments, number of cases or None) of each part: files of names (Catch2's --input-file), dealt out in turn."""
    count = WAITING.get(program.name, 1)
    if count == 1:
        return [(program.name, [], None)]
    names = [line for line in run([program, "--list-test-names-only"])[1].splitlines() if line.strip()]
    parts = []
    for number in range(count):
        file = pathlib.Path(folder) / f"{program.name}-{number}"
        file.write_text("".join('"' + name.replace(",", "\\,") + '"\n' for name in names[number::count]))
        parts.append((f"{program.name} {number + 1}/{count}", ["--input-file", file], len(names[number::count])))
    return parts


def catch2_jobs(programs, folder):
    jobs = []
    for program in programs:
        waits = program.name in WAITING
        jobs += [Job(name, functools.partial(catch2, program, *arguments, polite=not waits, expected=expected), waits)
                 for name, arguments, expected in dealt_out(program, folder)]
    return jobs


def unit_jobs(build, folder):
    return catch2_jobs([program for program in sorted((build / "bin").glob("shilu_test_*")) if program.name != "shilu_test_live"], folder)


def live_jobs(build, folder):
    """Capture processes with cameras, screens and sound servers."""
    return catch2_jobs([build / "bin" / "shilu_test_live"], folder)


def replay_jobs(build, _folder):
    """Every fuzz target over its stored inputs: those that it grew up with, and those that once broke something."""
    return [Job(program.name, lambda program=program: replayed(program)) for program in sorted((build / "bin").glob("shilu_fuzz_*"))]


def replayed(program):
    name = program.name.removeprefix("shilu_fuzz_")
    folders = [folder for folder in (FUZZ / "corpus" / name, FUZZ / "crashes" / name) if folder.is_dir()]
    code, output = run([program, *folders], timeout=300) if folders else (1, "it has no corpus")
    return Outcome(passed=int(code == 0), failed=int(code != 0), output=output)


def unittest_jobs(folder):
    return [Job(str(file.relative_to(ROOT)), lambda file=file: python_unittest(file)) for file in sorted((ROOT / "tests" / folder).glob("test_*.py"))]


def wants_to_be_alone(file):
    """A system test that measures time, or loads the machine, says so in a line `# alone: why`."""
    return re.search(r"^# alone: \S", file.read_text(), re.M) is not None


def system_jobs(build, alone):
    files = [file for file in sorted((ROOT / "tests/system").glob("test_*.py")) if wants_to_be_alone(file) == alone]
    files.sort(key=lambda file: SLOW.index(file.stem) if file.stem in SLOW else len(SLOW))
    return [Job(str(file.relative_to(ROOT)), lambda file=file: lines_test(file, "--bin", build / "bin"), waits=True) for file in files]


# Groups whose tests go side by side, with those of the other groups among them, too.
CROWD = {"system": lambda build, _folder: system_jobs(build, alone=False), "live": live_jobs, "unit": unit_jobs, "replay": replay_jobs,
         "reader": lambda _build, _folder: unittest_jobs("reader")}


def crowd(tally, build, names):
    with tempfile.TemporaryDirectory(prefix="shilu-tests-") as folder:
        side_by_side(tally, [job for name, jobs in CROWD.items() if name in names for job in jobs(build, folder)])
    if "system" in names:
        one_by_one(tally, system_jobs(build, alone=True))


def lint(tally, build):
    files = sorted((ROOT / "tests/lint").glob("*_lint.py"))
    one_by_one(tally, [Job(str(file.relative_to(ROOT)), lambda file=file: lines_test(file, "--build", build)) for file in files] + unittest_jobs("lint"))


def fuzz(tally, _build):
    """Builds the fuzzers and lets each look for new inputs for a while, one after the other."""
    seconds = 600 if long_run() else 20
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


def playwright(tally, folder, tests, environment):
    """`tests`: what Playwright is to run, and its options."""
    with tempfile.TemporaryDirectory(prefix="shilu-web-") as work:
        report = pathlib.Path(work) / "report.json"
        environment = {**os.environ, **environment, "PLAYWRIGHT_JSON_OUTPUT_NAME": str(report)}
        code, output = run(["npx", "playwright", "test", *tests, "--retries=2", "--reporter=json", "--output", f"{work}/results"],
                           cwd=folder, env=environment)
        told = json.loads(report.read_text()) if report.exists() else None
    if told is None:
        tally.add(failed=1)
        return show_failure("playwright", output)
    stats = told["stats"]
    tally.add(stats["expected"] + stats["flaky"], max(stats["unexpected"], int(code != 0)), stats["skipped"])
    tally.second_tries += stats["flaky"]
    if code != 0:
        errors = [error.get("message", "") for error in told["errors"]]
        show_failure("playwright", "\n".join([*errors, *failures_of(told, "unexpected")]))
    for line in failures_of(told, "flaky"):
        print(f"        again: {line}")
    print(f"{'ok' if code == 0 else 'FAILED':7} browser, {tests[0]}: {stats['expected']} passed, {stats['flaky']} at the second try, "
          f"{stats['unexpected']} failed, {stats['skipped']} skipped ({stats['duration'] / 1000:.0f} s)", flush=True)


def failures_of(report, status):
    """Title and first error of each browser test that ended so."""
    lines = []

    def visit(suite, titles):
        for child in suite.get("suites", []):
            visit(child, titles + [child["title"]])
        for spec in suite.get("specs", []):
            for test in spec["tests"]:
                if test["status"] == status:
                    error = next((r["error"].get("message", "") for r in test["results"] if r.get("error")), "")
                    lines.append(f"{' > '.join(titles)} > {spec['title']} [{test['projectName']}]: {error[:700]}")

    visit(report, [])
    return lines


def web(tally, build):
    """Playwright in the distribution's Chromium: against the mocks, side by side; then against one classroom, one by one."""
    sys.path.insert(0, str(ROOT / "tests" / "system"))
    from demo_run import classroom  # only this group needs the programs
    folder = ROOT / "tests" / "web"
    code, output = run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder)
    if code != 0:
        tally.add(failed=1)
        return show_failure("npm ci in tests/web", output)
    pages = {"SHILU_WWW": str(build / "share" / "www")}
    playwright(tally, folder, ["specs"], pages)
    with tempfile.TemporaryDirectory(prefix="shilu-web-") as work, classroom(build / "bin") as told:
        description = pathlib.Path(work) / "demo.json"
        description.write_text(json.dumps(told))
        playwright(tally, folder, ["real", "--workers=1"], {**pages, "SHILU_DEMO_JSON": str(description)})


def sanitized(tally, preset):
    code, output = run(["cmake", "--preset", preset, "-DSHILU_WEB=OFF"])
    if code == 0:
        code, output = run(["cmake", "--build", f"build/{preset}", "-j", str(os.cpu_count())], timeout=5400)
    if code != 0:
        tally.add(failed=1)
        return show_failure(f"build {preset}", output)
    crowd(tally, ROOT / "build" / preset, ["unit", "live"])


# Groups that have the machine to themselves.
ALONE = {"lint": lint, "once": once, "web": web, "bench": bench, "fuzz": fuzz,
         "asan": lambda tally, _build: sanitized(tally, "asan"), "tsan": lambda tally, _build: sanitized(tally, "tsan")}
EVERYTHING = ["lint", "unit", "live", "replay", "reader", "system", "once", "web"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--unit", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("group", nargs="*")
    options = parser.parse_args()
    chosen = options.group or (["lint", "unit"] if options.unit else list(EVERYTHING))
    if options.long:
        os.environ[LONG] = "1"
        chosen += ["asan", "tsan", "fuzz"]
    unknown = [name for name in chosen if name not in CROWD and name not in ALONE]
    if unknown:
        parser.error(f"there is no group {unknown[0]}; there are {', '.join([*CROWD, *ALONE])}")
    tally, build = Tally(), options.build.resolve()
    together = [name for name in chosen if name in CROWD]
    for name in chosen:
        if name in ALONE:
            print(f"== {name}", flush=True)
            ALONE[name](tally, build)
        elif together:
            print(f"== {', '.join(together)}", flush=True)
            crowd(tally, build, together)
            together = []
    if tally.second_tries:
        print(f"{tally.second_tries} at the second try")
    print(tally.line())
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    sys.exit(main())
