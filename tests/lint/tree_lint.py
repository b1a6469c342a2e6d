#!/usr/bin/env python3
"""Holds the tree to its rules. Prints `ok NAME` or `not ok NAME: why`."""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import tree  # noqa: E402


def tell(name, faults):
    if faults:
        print(f"not ok {name}: " + "; ".join(faults[:12]))
    else:
        print(f"ok {name}")
    return not faults


def language_pairs(root):
    for chinese in sorted(root.glob("firmware/ui/**/zh-CN.json")) + sorted(root.glob("upload/platform/pages/**/zh-CN.json")):
        if "node_modules" not in chinese.parts:
            yield chinese, chinese.with_name("en.json")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    options = parser.parse_args()
    root, table = HERE.parent.parent, tree.rules(HERE)
    pairs = list(language_pairs(root))
    results = [
        tell("a module uses only modules above it", tree.wrong_includes(root, table)),
        tell("a foreign library is touched by its home alone", tree.homeless_headers(root, table)),
        tell("every test file is built", tree.unbuilt_tests(root, pathlib.Path(options.build) / "compile_commands.json")),
        tell("no file names a path of one machine", tree.machine_paths(root, tree.tracked_files(root))),
        tell("there are language files", [] if pairs else ["none was found"]),
        tell("both languages say the same things", [fault for pair in pairs for fault in tree.language_faults(*pair)]),
    ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
