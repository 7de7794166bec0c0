# SPDX-License-Identifier: Apache-2.0
import json
import pathlib
import shutil
import unittest.mock

import sources
import tidy
from tree import TreeTest


class Tidy(TreeTest):
    def setUp(self):
        super().setUp()
        shutil.copy(sources.ROOT / ".clang-tidy", self.root)
        self.header = self.write("src/linnet/base/a.hpp", "#pragma once\ninline int one() { return 1; }\n")
        self.source = self.write("src/linnet/base/a.cpp", '#include "a.hpp"\nint two() { return one() + 1; }\n')
        command = f"c++ -std=c++20 -o a.o -c {self.source}"
        entry = {"directory": str(self.root), "command": command, "file": str(self.source)}
        self.write("build/compile_commands.json", json.dumps([entry]))
        for patch in (unittest.mock.patch.object(sources, "ROOT", self.root),
                      unittest.mock.patch.dict("os.environ", LINNET_TIDY_CACHE=str(self.root / "build" / "cache"))):
            patch.start()
            self.addCleanup(patch.stop)

    def run_tidy(self):
        """(exit status, how many units were looked at)."""
        tidy.digest.cache_clear()
        looked = []

        def look(path, *rest):
            looked.append(path)
            return original(path, *rest)

        original = tidy.look
        with unittest.mock.patch.object(tidy, "look", look):
            return tidy.main(["", str(self.root / "build")]), len(looked)

    def test_a_clean_unit_is_looked_at_once(self):
        self.assertEqual(self.run_tidy(), (0, 1))
        self.assertEqual(self.run_tidy(), (0, 0))

    def test_a_defect_fails_again_and_again(self):
        self.source.write_text('#include "a.hpp"\nint BadName() { return one(); }\n')
        self.assertEqual(self.run_tidy(), (1, 1))
        self.assertEqual(self.run_tidy(), (1, 1))

    def test_a_defect_in_a_header_is_found_though_the_source_is_the_same(self):
        self.assertEqual(self.run_tidy(), (0, 1))
        self.header.write_text("#pragma once\ninline int one() { return 1; }\ninline int BadName() { return 2; }\n")
        self.assertEqual(self.run_tidy(), (1, 1))

    def test_another_configuration_looks_at_everything(self):
        self.assertEqual(self.run_tidy(), (0, 1))
        config = pathlib.Path(self.root / ".clang-tidy")
        config.write_text(config.read_text() + "# changed\n")
        self.assertEqual(self.run_tidy(), (0, 1))

    def test_what_does_not_compile_fails(self):
        self.source.write_text("int two( {\n")
        self.assertEqual(self.run_tidy(), (1, 1))
