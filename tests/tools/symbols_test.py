# SPDX-License-Identifier: Apache-2.0
import subprocess

import check_symbols
from tree import TreeTest


class Symbols(TreeTest):
    def archive(self, name, code):
        source = self.write(f"{name}.cpp", code)
        subprocess.run(["g++", "-std=c++20", "-c", str(source), "-o", str(source.with_suffix(".o"))], check=True)
        archive = self.root / f"lib{name}.a"
        subprocess.run(["ar", "rc", str(archive), str(source.with_suffix(".o"))], check=True)
        return str(archive)

    def test_the_same_function_in_two_archives_is_a_fault(self):
        found = check_symbols.duplicates([self.archive("a", "int same() { return 1; }"),
                                          self.archive("b", "int same() { return 2; }")])
        self.assertEqual(list(found), ["_Z4samev"])
        self.assertEqual(check_symbols.main(["", str(self.root / "liba.a"), str(self.root / "libb.a")]), 1)

    def test_inline_functions_and_private_ones_may_share_a_name(self):
        code = "inline int shared() { return 1; } namespace { int own() { return shared(); } }\n"
        archives = [self.archive("a", code + "int a() { return own(); }"), self.archive("b", code + "int b() { return own(); }")]
        self.assertEqual(check_symbols.main(["", *archives]), 0)
