#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a source, script, CMake or YAML file does not name its licence in its first three lines."""

import pathlib
import sys

import sources

LINE = "SPDX-License-Identifier: Apache-2.0"
SUFFIXES = {".c", ".cc", ".cpp", ".h", ".hpp", ".ipp", ".ld", ".s", ".S", ".cmake", ".py", ".sh", ".bash", ".java",
            ".ts", ".js", ".yml", ".yaml"}
NAMES = {"CMakeLists.txt", "Makefile", ".clang-format", ".clang-tidy", ".editorconfig"}


def needs_header(path):
    if path.suffix in SUFFIXES or path.name in NAMES:
        return True
    if path.suffix:
        return False
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def unlicensed(root):
    """The files below root that lack the line."""
    bad = []
    for path in sources.listed(root):
        if needs_header(path):
            head = path.read_text(encoding="utf-8", errors="replace").split("\n", 3)[:3]
            if not any(LINE in line for line in head):
                bad.append(path.relative_to(root))
    return bad


def main(argv):
    root = pathlib.Path(argv[1]).resolve() if len(argv) > 1 else sources.ROOT
    bad = unlicensed(root)
    for path in bad:
        print(f"{path}:1: no line '{LINE}'")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
