#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what each failed test of a CTest run said last, from the JUnit file that the run wrote.

    tools/failures.py RESULTS.xml

In the log of a whole run they stand among thousands of tests that passed.
"""

import sys
import xml.etree.ElementTree as xml

LINES = 60  # of each: a traceback, the report of a sanitizer


def main() -> None:
    for case in xml.parse(sys.argv[1]).getroot().iter("testcase"):
        if case.get("status") == "fail":
            said = (case.findtext("system-out") or "").splitlines()
            print(f"\n{case.get('name')} failed:")
            print("\n".join(said[-LINES:]))


if __name__ == "__main__":
    main()
