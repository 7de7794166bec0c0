#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over the project's translation units, several at once, and only where something changed.

tidy.py BUILD_DIR [FILE ...]: the units of BUILD_DIR/compile_commands.json below src/, apps/, examples/
and ports/, or only those named. A unit that was clean is remembered in build/tidy-cache (or
LINNET_TIDY_CACHE) with the files it was made of; it is looked at again when the tool, the
configuration, the command line or the content of one of these files differs.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

import sources

TIDY = "clang-tidy-19"
CLANG = "clang++-19"
FOLDERS = ("src", "apps", "examples", "ports")
# What GCC understands and clang does not is no concern of this check.
EXTRA = ["-Wno-unknown-warning-option", "-Wno-ignored-optimization-argument"]
TIME_LIMIT = 600


@functools.lru_cache(maxsize=None)
def digest(path):
    try:
        return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    except OSError:
        return "absent"


def combined(parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def units(build_dir, named):
    """The entries of the compile database to look at, one for each file."""
    chosen = {}
    for entry in json.loads((build_dir / "compile_commands.json").read_text()):
        path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        if any(sources.ROOT / folder in path.parents for folder in FOLDERS) and (not named or path in named):
            chosen.setdefault(path, entry)
    return sorted(chosen.items())


def dependencies(entry):
    """The files that a unit is made of, as clang's preprocessor finds them."""
    command = shlex.split(entry["command"])
    kept = [word for word, before in zip(command[1:], command) if word not in ("-c", "-o") and before != "-o"]
    out = subprocess.run([CLANG, *kept, "-w", "-M", "-MT", "unit"], cwd=entry["directory"], check=True,
                         capture_output=True, text=True, timeout=TIME_LIMIT).stdout
    names = out.replace("\\\n", " ").split()[1:]
    return sorted({str((pathlib.Path(entry["directory"]) / name).resolve()) for name in names})


class Cache:
    """Stamps of clean units: a file for each unit and command, holding its files and their digest."""

    def __init__(self, folder, config):
        self.folder = folder
        self.config = config
        folder.mkdir(parents=True, exist_ok=True)

    def stamp(self, entry):
        return self.folder / combined([self.config, entry["directory"], entry["command"]])

    def holds(self, entry):
        try:
            content, *files = self.stamp(entry).read_text().splitlines()
        except (OSError, ValueError):
            return False
        return content == combined(map(digest, files))

    def keep(self, entry, files, content):
        self.stamp(entry).write_text("\n".join([content, *files]) + "\n")


def look(path, entry, build_dir, cache):
    """(clean, what clang-tidy said)."""
    try:
        files = dependencies(entry)
        content = combined(map(digest, files))
        run = subprocess.run([TIDY, "--quiet", "-p", str(build_dir), *(f"--extra-arg={flag}" for flag in EXTRA), str(path)],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT)
    except subprocess.CalledProcessError as error:
        return False, error.stderr
    except subprocess.TimeoutExpired:
        return False, f"{path}: no answer within {TIME_LIMIT} s\n"
    if run.returncode == 0:
        cache.keep(entry, files, content)
        return True, ""
    return False, run.stdout + (run.stderr if not run.stdout else "")


def main(argv):
    build_dir = pathlib.Path(argv[1]).resolve()
    named = {pathlib.Path(name).resolve() for name in argv[2:]}
    version = subprocess.run([TIDY, "--version"], check=True, capture_output=True, text=True).stdout
    config = combined([version, digest(sources.ROOT / ".clang-tidy"), *EXTRA])
    cache = Cache(pathlib.Path(os.environ.get("LINNET_TIDY_CACHE", sources.ROOT / "build" / "tidy-cache")), config)

    found = units(build_dir, named)
    changed = [(path, entry) for path, entry in found if not cache.holds(entry)]
    print(f"tidy: {len(found)} translation units, {len(changed)} to look at", flush=True)
    dirty = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", os.cpu_count() or 1))) as pool:
        jobs = [pool.submit(look, path, entry, build_dir, cache) for path, entry in changed]
        for job in concurrent.futures.as_completed(jobs):
            clean, said = job.result()
            if not clean:
                dirty += 1
                print(said, flush=True)
    return 1 if dirty else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
