"""The rules of the tree, as functions over a folder: each gives the list of what breaks it. Standard library only."""

import json
import pathlib
import re
import subprocess

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def rules(folder):
    return json.loads((pathlib.Path(folder) / "modules.json").read_text())


def module_of(path, order):
    """The module that a path below the root belongs to: the longest folder of the table that holds it."""
    found = [module for module in order if path == module or path.startswith(module + "/")]
    return max(found, key=len) if found else None


def sources(root, order):
    for module in order:
        for file in sorted((root / module).rglob("*")):
            if file.suffix in (".h", ".cpp") and "node_modules" not in file.parts:
                yield file.relative_to(root).as_posix(), file.read_text(errors="replace")


def wrong_includes(root, table):
    """Modules that use what stands below them in the table, or what they must never know."""
    order, faults = table["order"], []
    for path, text in sources(root, order):
        mine = module_of(path, order)
        for kind, name in INCLUDE.findall(text):
            if kind != '"':
                continue
            other = module_of(name, order)
            if other is None or other == mine:
                if other is None:
                    faults.append(f"{path} includes \"{name}\", which is not a path from the root")
                continue
            if order.index(other) > order.index(mine) or other in table["never"].get(mine, []):
                faults.append(f"{path} includes {name}: {mine} may not use {other}")
    return faults


def homeless_headers(root, table):
    """Headers of foreign libraries outside the one module that may touch them."""
    faults = []
    for path, text in sources(root, table["order"]):
        for kind, name in INCLUDE.findall(text):
            if kind != "<":
                continue
            for prefix, homes in table["foreign"].items():
                if name.startswith(prefix) and not any(path.startswith(home + "/") for home in homes):
                    faults.append(f"{path} includes <{name}>, whose home is {', '.join(homes)}")
    return faults


def unbuilt_tests(root, compile_commands):
    """Test files that no executable is made of."""
    built = {pathlib.Path(entry["file"]).resolve() for entry in json.loads(pathlib.Path(compile_commands).read_text())}
    files = [f for f in (root / "tests").rglob("*_test.cpp") if "node_modules" not in f.parts]
    return [f"{file.relative_to(root)} is built by nothing" for file in sorted(files) if file.resolve() not in built]


def tracked_files(root):
    text = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout.decode()
    return [name for name in text.split("\0") if name]


def machine_paths(root, names):
    """Files that name a path which exists on a developer's machine only."""
    private = re.compile(r"(?<![\w.-])/(?:work/(?:main|shared)|home/[a-z]+|root)/")
    faults = []
    for name in names:
        file = root / name
        if not file.is_file() or file.stat().st_size > 4_000_000:
            continue
        match = private.search(file.read_bytes().decode(errors="replace"))
        if match:
            faults.append(f"{name} names {match.group(0)}")
    return faults


def language_faults(first, second):
    """Keys and placeholders in which two language files differ. Plural forms ("one|many") may repeat them."""
    one, two = json.loads(pathlib.Path(first).read_text()), json.loads(pathlib.Path(second).read_text())
    faults = [f"{key} is in only one language" for key in sorted(one.keys() ^ two.keys())]
    for key in sorted(one.keys() & two.keys()):
        holes = [set(re.findall(r"\{(\w+)\}", text[key])) for text in (one, two)]
        if holes[0] != holes[1]:
            faults.append(f"{key} has other placeholders")
    return faults
