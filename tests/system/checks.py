"""The frame of a system test: checks with names, one line each, an exit code. Standard library only."""

import argparse
import os
import pathlib
import sys
import traceback


class Skip(Exception):
    """This check cannot be made here; the text says why."""


def long_run():
    """Whether ./test --long asked for what takes hours."""
    return os.environ.get("SHILU_LONG") == "1"


def run_checks(checks, description):
    """`checks` are functions of the folder of programs; their docstring is the name. Exit 0, 1, or 77 if all were skipped."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    options = parser.parse_args()
    passed = failed = skipped = 0
    for check in checks:
        name = check.__doc__.strip().splitlines()[0]
        try:
            check(options.bin.resolve())
        except Skip as why:
            skipped += 1
            print(f"skip {name}: {why}", flush=True)
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the result
            failed += 1
            place = traceback.extract_tb(error.__traceback__)[-1]
            print(f"not ok {name}: {type(error).__name__}: {error} ({pathlib.Path(place.filename).name}:{place.lineno})", flush=True)
        else:
            passed += 1
            print(f"ok {name}", flush=True)
    sys.exit(1 if failed else 77 if skipped and not passed else 0)
