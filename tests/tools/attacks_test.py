# SPDX-License-Identifier: Apache-2.0
"""docs/attacks.md names tests that there are."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASE = re.compile(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\s*\)", re.M)


class Attacks(unittest.TestCase):
    def setUp(self):
        self.named = re.findall(r"`([^`\s]+)`", (ROOT / "docs/attacks.md").read_text(encoding="utf-8"))

    def test_each_test_that_is_named_is_there(self):
        there = set()
        for source in (ROOT / "tests").rglob("*_test.cpp"):
            there.update(".".join(case) for case in CASE.findall(source.read_text(encoding="utf-8")))
        named = [name for name in self.named if re.fullmatch(r"[A-Z]\w+\.\w+", name)]
        self.assertGreater(len(named), 50)
        self.assertEqual([name for name in named if name not in there], [])

    def test_each_file_and_each_test_of_python_that_is_named_is_there(self):
        for name in self.named:
            if name.startswith("tests/"):
                self.assertTrue((ROOT / name).is_file(), name)
            if python := re.fullmatch(r"(\w+_test)\.(\w+)\.(test_\w+)", name):
                file, case, test = python.groups()
                text = next((ROOT / "tests").rglob(f"{file}.py")).read_text(encoding="utf-8")
                self.assertRegex(text, rf"(?s)class {case}\b.*def {test}\(")


if __name__ == "__main__":
    unittest.main()
