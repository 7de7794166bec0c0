# SPDX-License-Identifier: Apache-2.0
import pathlib

import check_licence
from tree import TreeTest

LINE = "SPDX-License-Identifier: Apache-2.0\n"


class Licence(TreeTest):
    def unlicensed(self):
        return [str(path) for path in check_licence.unlicensed(self.root)]

    def test_finds_every_kind_of_source_without_the_line(self):
        for name in ("a.cpp", "b.hpp", "c.py", "d.cmake", "e.yaml", "CMakeLists.txt", "Makefile"):
            self.write(name, "nothing\n")
        self.write("script", "#!/bin/sh\n")
        self.assertEqual(len(self.unlicensed()), 8)

    def test_accepts_the_line_after_a_shebang(self):
        self.write("script", "#!/bin/sh\n# " + LINE)
        self.write("a.cpp", "// " + LINE)
        self.assertEqual(self.unlicensed(), [])

    def test_does_not_accept_it_far_below(self):
        self.write("a.cpp", "\n\n\n// " + LINE)
        self.assertEqual(self.unlicensed(), ["a.cpp"])

    def test_asks_nothing_of_data_and_text(self):
        self.write("README.md", "text\n")
        self.write("seed", "\x01\x02")
        self.assertEqual(self.unlicensed(), [])

    def test_passes_over_what_git_ignores(self):
        self.write(".gitignore", "/build/\n")
        self.write("build/a.cpp", "nothing\n")
        self.assertEqual(self.unlicensed(), [])

    def test_a_fault_is_a_failing_exit(self):
        self.write("a.cpp", "nothing\n")
        self.assertEqual(check_licence.main(["", str(self.root)]), 1)
        (self.root / "a.cpp").write_text("// " + LINE)
        self.assertEqual(check_licence.main(["", str(pathlib.Path(self.root))]), 0)
