# SPDX-License-Identifier: Apache-2.0
import base64
import subprocess

import sources
from tree import TreeTest

# Stands for a libFuzzer program: keeps its arguments, and finds something when its first seed folder says so.
TARGET = r"""#!/bin/sh
printf '%s\n' "$@" >"$(dirname "$0")/arguments"
for word; do case "$word" in -artifact_prefix=*) found="${word#*=}";; esac; last="$word"; done
echo 'stat::number_of_executed_units: 7'
if [ -f "$last/crash" ]; then printf '\001\002bad' >"${found}crash-1"; echo 'deadly signal'; exit 77; fi
"""


class FuzzRun(TreeTest):
    def run_target(self):
        target = self.write("fuzz_x", TARGET)
        target.chmod(0o755)
        (self.root / "seeds").mkdir(exist_ok=True)
        return subprocess.run([str(sources.ROOT / "tests" / "fuzz" / "run"), str(target), "3", str(self.root / "seeds"),
                               str(self.root / "work")], capture_output=True, text=True, check=False)

    def test_a_run_that_finds_nothing_passes_within_its_bounds(self):
        run = self.run_target()
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("stat::number_of_executed_units: 7", run.stdout)
        arguments = (self.root / "arguments").read_text().splitlines()
        for wanted in ("-max_total_time=3", "-timeout=10", "-rss_limit_mb=2048"):
            self.assertIn(wanted, arguments)

    def test_new_inputs_go_to_the_work_folder_not_to_the_seeds(self):
        self.run_target()
        folders = [word for word in (self.root / "arguments").read_text().splitlines() if not word.startswith("-")]
        self.assertEqual(folders, [str(self.root / "work" / "corpus"), str(self.root / "seeds")])

    def test_a_finding_fails_and_can_be_replayed_from_the_log(self):
        self.write("seeds/crash", "")
        run = self.run_target()
        self.assertEqual(run.returncode, 1)
        self.assertIn("deadly signal", run.stdout)
        self.assertIn(base64.b64encode(b"\x01\x02bad").decode(), run.stdout)

    def test_a_finding_of_an_earlier_run_is_not_told_again(self):
        seed = self.write("seeds/crash", "")
        self.run_target()
        seed.unlink()
        self.assertEqual(self.run_target().returncode, 0)
        self.assertEqual(list((self.root / "work" / "found").iterdir()), [])
