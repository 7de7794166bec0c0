#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/conformance.md: each requirement of docs/requirements.tsv with the tests that show it.

A test shows a requirement when its name carries the id (OP_4_read_composite_skips_missing_paths) or
when a comment "Shows: OP-3, TR-1" stands before it; the same comment above the first include or import
speaks for the whole file. With --check nothing is written, and a table that is not the present one fails.
"""

import collections
import pathlib
import re
import sys

import sources

ID = re.compile(r"(?<![A-Za-z0-9])(OP|TR|SE|NW|OB)[-_](\d+)(?![0-9])")
SHOWS = re.compile(r"(?://+|#)\s*Shows:\s*(.+)$")
START = re.compile(r"^\s*(?:#\s*include\b|import\b|from\b)")
CPP_TEST = re.compile(r"^\s*(?:TEST|TEST_F|TEST_P|TYPED_TEST|TYPED_TEST_P)\(\s*(\w+)\s*,(?:\s*(\w+))?")
PYTHON_TEST = re.compile(r"^\s*(?:async\s+)?def\s+(test\w*)\(")
JAVA_TEST = re.compile(r"^\s*(?:public\s+)?void\s+(\w+)\(")
LANGUAGES = {".cpp": CPP_TEST, ".py": PYTHON_TEST, ".java": JAVA_TEST, ".sh": None, "": None}
HEAD = """# Conformance

What linnet is asked for, and the tests that show it. `tools/conformance.py` writes this page from
`docs/requirements.tsv` and from the tests themselves; `make check` fails when it is out of date.

"""


def ids_in(text):
    return [f"{kind}-{int(number)}" for kind, number in ID.findall(text)]


def shown_by(path, text):
    """Which requirements a test file shows: (id, name of the test or '' for the whole file)."""
    pattern = LANGUAGES[path.suffix]
    pending, begun = [], False
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if comment := SHOWS.search(line):
            ids = ids_in(comment.group(1))
            if pattern is None or not begun:
                yield from ((identifier, "") for identifier in ids)
            else:
                pending += ids
            continue
        begun = begun or bool(START.match(line))
        # A long test name may stand on the line after its suite.
        joined = line + lines[number + 1] if line.rstrip().endswith(",") and number + 1 < len(lines) else line
        if pattern and (test := pattern.match(joined)):
            name = ".".join(part for part in test.groups() if part)
            for identifier in dict.fromkeys(pending + ids_in(name)):
                yield identifier, name
            pending = []


def tests(root):
    """Requirement id -> {file: [test names]} over root/tests."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for path in sources.listed(root):
        shown = path.relative_to(root)
        if shown.parts[0] == "tests" and shown.parts[1] != "tools" and path.suffix in LANGUAGES:
            for identifier, name in shown_by(path, path.read_text(encoding="utf-8", errors="replace")):
                found[identifier][shown.as_posix()].append(name)
    return found


def cell(by_file, outstanding):
    if not by_file:
        return "not yet"
    parts = []
    for file, names in sorted(by_file.items()):
        named = ", ".join(f"`{name}`" for name in dict.fromkeys(names) if name)
        parts.append(f"{file}: {named}" if named else file)
    if outstanding:
        parts.append(f"not yet: {outstanding}")
    return "<br>".join(parts)


def rows(root):
    """The lines of requirements.tsv: a section's title, or the columns of a requirement."""
    for line in (root / "docs" / "requirements.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            yield line[3:]
        elif line and not line.startswith("#"):
            identifier, title, source, outstanding = (line.split("\t") + [""])[:4]
            yield identifier, title, source, outstanding


def table(root):
    """The page, and the ids that tests name but no requirement has."""
    found, out, known = tests(root), [HEAD], set()
    body, met = [], 0
    for row in rows(root):
        if isinstance(row, str):
            body.append(f"\n## {row}\n\n| id | requirement | source | shown by |\n|---|---|---|---|\n")
            continue
        identifier, title, source, outstanding = row
        known.add(identifier)
        met += identifier in found
        body.append(f"| {identifier} | {title} | {source} | {cell(found.get(identifier), outstanding)} |\n")
    out.append(f"{met} of {len(known)} requirements have tests.\n")
    return "".join(out + body), sorted(set(found) - known)


def main(argv):
    check = "--check" in argv[1:]
    named = [argument for argument in argv[1:] if not argument.startswith("--")]
    root = pathlib.Path(named[0]).resolve() if named else sources.ROOT
    text, unknown = table(root)
    for identifier in unknown:
        print(f"tests name {identifier}, which docs/requirements.tsv does not have")
    page = root / "docs" / "conformance.md"
    if not check:
        page.write_text(text, encoding="utf-8")
    elif not page.exists() or page.read_text(encoding="utf-8") != text:
        print("docs/conformance.md is out of date: make conformance")
        return 1
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
