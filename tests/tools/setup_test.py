# SPDX-License-Identifier: Apache-2.0
import os
import shutil
import subprocess

import sources
from tree import TreeTest

DPKG = """#!/bin/sh
for word; do case "$word" in -*) ;; absent*) ;; *) echo "installed $word";; esac; done
exit 1
"""
APT = """#!/bin/sh
echo "$@" >>"$(dirname "$0")/apt.log"
case "$*" in *install*broken*) exit 100;; esac
"""
SUDO = '#!/bin/sh\nexec "$@"\n'


class Setup(TreeTest):
    def set_up(self, packages):
        (self.root / "tools").mkdir(exist_ok=True)
        shutil.copy(sources.ROOT / "tools" / "setup", self.root / "tools" / "setup")
        self.write("tools/packages.txt", packages)
        for name, text in (("dpkg-query", DPKG), ("apt-get", APT), ("sudo", SUDO)):
            self.write(f"bin/{name}", text).chmod(0o755)
        path = f"{self.root / 'bin'}:{os.environ['PATH']}"
        run = subprocess.run([str(self.root / "tools" / "setup")], env={**os.environ, "PATH": path},
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        log = self.root / "bin" / "apt.log"
        calls = log.read_text().splitlines() if log.exists() else []
        return run, [call for call in calls if "install" in call]

    def test_nothing_missing_touches_nothing(self):
        run, calls = self.set_up("# tools\ng++\ncmake  # the build\n")
        self.assertEqual((run.returncode, run.stdout, calls), (0, "", []))

    def test_only_what_is_missing_is_installed(self):
        run, calls = self.set_up("g++\nabsent-one\nabsent-two\n")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(calls, ["-y -q install --no-install-recommends absent-one absent-two"])

    def test_what_cannot_be_installed_is_tried_again_with_fresh_lists_and_then_said(self):
        run, calls = self.set_up("absent-broken\n")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(len(calls), 2)
        self.assertIn("could not install: absent-broken", run.stderr)
