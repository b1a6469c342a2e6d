#!/usr/bin/env python3
"""Runs the groups of tests, counts, and closes with one line: N passed, N failed, N skipped. Standard library only."""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed=0, failed=0, skipped=0):
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


def catch2(tally, name, program):
    code, output = run([program, "--order", "rand", "-r", "compact"], timeout=600)
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


def unit(tally, build):
    for program in sorted((build / "bin").glob("shilu_test_*")):
        began = time.monotonic()
        before = tally.failed
        catch2(tally, program.name, program)
        print(f"{'ok' if tally.failed == before else 'FAILED':7} {program.name} ({time.monotonic() - began:.1f} s)", flush=True)


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


def lines_test(tally, file, *arguments, timeout=900):
    """A program that prints `ok NAME`, `not ok NAME: why` or `skip NAME: why` per check."""
    began = time.monotonic()
    code, output = run([sys.executable, file, *arguments], timeout=timeout)
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
    for skip in skips:
        print(f"        {skip}")
    if failed:
        show_failure(file.name, output)
    print(f"{'ok' if not failed else 'FAILED':7} {file.relative_to(ROOT)} ({time.monotonic() - began:.1f} s)", flush=True)


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

    def system(tally):
        for file in sorted((ROOT / "tests/system").glob("test_*.py")):
            lines_test(tally, file, "--bin", build / "bin")

    return {"lint": lint, "unit": lambda tally: unit(tally, build), "reader": reader, "system": system,
            "once": lambda tally: once(tally, build), "web": lambda tally: web(tally, build),
            "asan": lambda tally: sanitized(tally, "asan"), "tsan": lambda tally: sanitized(tally, "tsan")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--unit", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("group", nargs="*")
    options = parser.parse_args()
    known = groups(options.build.resolve())
    chosen = options.group or (["lint", "unit"] if options.unit else ["lint", "unit", "reader", "system", "once", "web"])
    if options.long:
        chosen += ["asan", "tsan"]
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
