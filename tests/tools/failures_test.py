# SPDX-License-Identifier: Apache-2.0
"""What failed tests said stands at the end of a run, and nothing of the others."""
import contextlib
import io
import sys
import tempfile
import unittest
from unittest import mock

import failures

RESULTS = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="(empty)" tests="2" failures="1">
  <testcase name="Good.Works" status="run"><system-out>all well</system-out></testcase>
  <testcase name="Bad.Breaks" status="fail"><failure message=""/><system-out>{}</system-out></testcase>
</testsuite>
"""


class Failures(unittest.TestCase):
    def printed(self, said):
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(RESULTS.format(said))
            file.flush()
            out = io.StringIO()
            with mock.patch.object(sys, "argv", ["failures", file.name]), contextlib.redirect_stdout(out):
                failures.main()
        return out.getvalue()

    def test_the_failed_test_is_named_with_what_it_said_and_the_others_are_not(self):
        self.assertEqual(self.printed("a\nb"), "\nBad.Breaks failed:\na\nb\n")

    def test_of_much_output_the_last_lines_are_shown(self):
        lines = [str(i) for i in range(1000)]
        self.assertEqual(self.printed("\n".join(lines)).splitlines()[2:], lines[-failures.LINES:])


if __name__ == "__main__":
    unittest.main()
