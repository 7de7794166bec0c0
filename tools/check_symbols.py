#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when two objects of the given archives define the same strong symbol.

A linker takes the first it meets and says nothing, so that one of two functions with the same name
silently stands for both.
"""

import collections
import re
import subprocess
import sys

STRONG = "TDBR"
GENERATED = re.compile(r"__odr_asan|_GLOBAL__|__asan|__ubsan")


def definitions(archive):
    """The strong symbols that each object of an archive defines: (symbol, object)."""
    out = subprocess.run(["nm", "-A", "-g", "--defined-only", "-P", archive], check=True, capture_output=True, text=True)
    for line in out.stdout.splitlines():
        where, _, rest = line.partition(": ")
        symbol, kind = rest.split()[:2]
        if kind in STRONG and not GENERATED.search(symbol):
            yield symbol, where


def duplicates(archives):
    where = collections.defaultdict(set)
    for archive in archives:
        for symbol, place in definitions(archive):
            where[symbol].add(place)
    return {symbol: sorted(places) for symbol, places in where.items() if len(places) > 1}


def main(argv):
    found = duplicates(argv[1:])
    for symbol, places in sorted(found.items()):
        name = subprocess.run(["c++filt", symbol], check=True, capture_output=True, text=True).stdout.strip()
        print(f"{name}: defined in {' and '.join(places)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
