#!/usr/bin/env python3
"""The lint rules themselves: each one finds what it is for, in a made-up tree."""

import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import tree  # noqa: E402

TABLE = {"order": ["a/low", "a/high", "b/top"], "never": {"b/top": ["a/low"]}, "foreign": {"openssl/": ["a/low"]}}


class TreeRules(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def test_a_module_may_use_those_above_it(self):
        self.write("a/high/x.cpp", '#include "a/low/y.h"\n#include "a/high/z.h"\n')
        self.assertEqual(tree.wrong_includes(self.root, TABLE), [])

    def test_a_module_that_uses_one_below_it_is_found(self):
        self.write("a/low/x.cpp", '#include "a/high/y.h"\n')
        self.assertEqual(tree.wrong_includes(self.root, TABLE), ["a/low/x.cpp includes a/high/y.h: a/low may not use a/high"])

    def test_a_module_that_uses_a_forbidden_one_is_found(self):
        self.write("b/top/x.h", '#include "a/low/y.h"\n')
        self.assertEqual(len(tree.wrong_includes(self.root, TABLE)), 1)

    def test_an_include_that_is_not_from_the_root_is_found(self):
        self.write("a/low/x.cpp", '#include "y.h"\n')
        self.assertEqual(len(tree.wrong_includes(self.root, TABLE)), 1)

    def test_a_foreign_header_away_from_home_is_found(self):
        self.write("a/low/x.cpp", "#include <openssl/evp.h>\n")
        self.write("a/high/x.cpp", "#include <openssl/evp.h>\n")
        self.assertEqual(tree.homeless_headers(self.root, TABLE), ["a/high/x.cpp includes <openssl/evp.h>, whose home is a/low"])

    def test_a_test_that_nothing_builds_is_found(self):
        self.write("tests/a/built_test.cpp", "")
        self.write("tests/a/lost_test.cpp", "")
        self.write("commands.json", json.dumps([{"file": str(self.root / "tests/a/built_test.cpp")}]))
        self.assertEqual(tree.unbuilt_tests(self.root, self.root / "commands.json"), ["tests/a/lost_test.cpp is built by nothing"])

    def test_a_path_of_one_machine_is_found(self):
        self.write("x.md", "see " + "/home/" + "somebody/notes\n")
        self.write("y.md", "see /usr/share\n")
        self.assertEqual(len(tree.machine_paths(self.root, ["x.md", "y.md"])), 1)

    def test_languages_that_differ_are_found(self):
        self.write("zh.json", json.dumps({"a": "{n} 个", "b": "好"}))
        self.write("en.json", json.dumps({"a": "many", "c": "good"}))
        self.assertEqual(tree.language_faults(self.root / "zh.json", self.root / "en.json"),
                         ["b is in only one language", "c is in only one language", "a has other placeholders"])


if __name__ == "__main__":
    unittest.main()
