#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/conformance.md: each requirement of docs/requirements.tsv with the tests that show it, and
each test case of docs/ets.tsv with its tests in tests/conformance (Int201_query_in_plain_text).

A test shows a requirement when its name carries the id (OP_4_read_composite_skips_missing_paths) or
when a comment "Shows: OP-3, TR-1" stands before it; the same comment above the first include or import
speaks for the whole file. With --check nothing is written, and a table that is not the present one fails.
With --passed FILE (a JUnit file of CTest) a test that the page names and that did not pass there fails.
"""

import collections
import pathlib
import re
import sys
import xml.etree.ElementTree

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
`docs/requirements.tsv`, `docs/ets.tsv` and from the tests themselves; `make check` fails when it is out of
date, and `make test` when a test that it names did not pass.

"""
ETS_HEAD = """
## OMA test cases

The cases LightweightM2M-1.1-int-N of OMA's enabler test specification, each run with our device against a
script, our server against a script, and both together, and held against the bytes on the link.

| N | case | shown by |
|---|---|---|
"""
CASE = re.compile(r"^Int(\d+)_")


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


def cases(root):
    """Number of a test case -> {file: [test names]} over tests/conformance."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for path in sources.listed(root):
        shown = path.relative_to(root)
        if shown.parts[:2] != ("tests", "conformance") or path.suffix != ".cpp":
            continue
        for line in path.read_text(encoding="utf-8").splitlines():
            if (test := CPP_TEST.match(line)) and (case := CASE.match(test.group(2) or "")):
                found[case.group(1)][shown.as_posix()].append(".".join(test.groups()))
    return found


def ets_table(root):
    """The table of test cases, and the numbers that tests have but docs/ets.tsv has not."""
    found, body, known, met = cases(root), [], set(), 0
    listing = root / "docs" / "ets.tsv"
    if not listing.exists():
        return "", []
    for line in listing.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        number, title, waits = (line.split("\t") + [""])[:3]
        known.add(number)
        met += number in found
        shown = cell(found.get(number), "")
        body.append(f"| {number} | {title} | {shown if number in found or not waits else f'waits: {waits}'} |\n")
    head = ETS_HEAD.replace("\n| N |", f"\n{met} of {len(known)} cases have tests.\n\n| N |", 1)
    return head + "".join(body), sorted(set(found) - known)


def not_passed(root, results):
    """The tests that the page names and that `results` does not have as passed."""
    passed, failed = set(), set()
    for case in xml.etree.ElementTree.parse(results).getroot().iter("testcase"):
        # Suites of parameters stand before and behind the test's own name: Prefix/Suite.Name/Parameter.
        suite, _, name = case.get("name").partition(".")
        plain = f"{suite.rpartition('/')[2]}.{name.partition('/')[0]}"
        (passed if case.get("status") == "run" and case.find("failure") is None else failed).add(plain)
    named = {
        (file, name)
        for found in (tests(root), cases(root))
        for by_file in found.values()
        for file, names in by_file.items()
        if file.endswith(".cpp")
        for name in names
        if "." in name
    }
    return sorted(f"{file}: {name}" for file, name in named if name not in passed or name in failed)


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
    ets, unknown_cases = ets_table(root)
    unknown = sorted(set(found) - known) + [f"case {number}" for number in unknown_cases]
    return "".join(out + body) + ets, unknown


def main(argv):
    check = "--check" in argv[1:]
    if "--passed" in argv[1:]:
        missing = not_passed(sources.ROOT, argv[argv.index("--passed") + 1])
        for name in missing:
            print(f"docs/conformance.md names a test that did not pass: {name}")
        return 1 if missing else 0
    named = [argument for argument in argv[1:] if not argument.startswith("--")]
    root = pathlib.Path(named[0]).resolve() if named else sources.ROOT
    text, unknown = table(root)
    for identifier in unknown:
        print(f"tests name {identifier}, which docs/requirements.tsv and docs/ets.tsv do not have")
    page = root / "docs" / "conformance.md"
    if not check:
        page.write_text(text, encoding="utf-8")
    elif not page.exists() or page.read_text(encoding="utf-8") != text:
        print("docs/conformance.md is out of date: make conformance")
        return 1
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
