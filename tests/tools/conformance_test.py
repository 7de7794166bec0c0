# SPDX-License-Identifier: Apache-2.0
import conformance
from tree import TreeTest

ROWS = "# comment\n## Operations\nOP-1\tfirst\tTS 1\t\nOP-2\tsecond\tTS 2\tits second half\nOP-12\ttwelfth\tTS 3\t\n"


class Conformance(TreeTest):
    def setUp(self):
        super().setUp()
        self.write("docs/requirements.tsv", ROWS)

    def page(self):
        return conformance.table(self.root)[0]

    def row(self, identifier):
        return next(line for line in self.page().splitlines() if line.startswith(f"| {identifier} |"))

    def test_a_requirement_without_a_test_is_not_yet(self):
        self.assertEqual(self.row("OP-1"), "| OP-1 | first | TS 1 | not yet |")
        self.assertIn("0 of 3 requirements", self.page())

    def test_a_test_name_carries_the_id(self):
        self.write("tests/unit/a_test.cpp", "#include <x>\nTEST(Codec, OP_12_skips_missing) {}\n")
        self.assertIn("tests/unit/a_test.cpp: `Codec.OP_12_skips_missing`", self.row("OP-12"))
        self.assertIn("not yet", self.row("OP-1"))

    def test_a_comment_speaks_for_the_next_test_alone(self):
        self.write("tests/unit/a_test.cpp",
                   "#include <x>\n// Shows: OP-1, OP-12\nTEST_F(Codec,\n       one) {}\nTEST_F(Codec, two) {}\n")
        self.assertIn("`Codec.one`", self.row("OP-1"))
        self.assertIn("`Codec.one`", self.row("OP-12"))
        self.assertNotIn("two", self.page())

    def test_a_comment_above_the_includes_speaks_for_the_file(self):
        self.write("tests/interop/aiocoap_test.py", "# Shows: OP-1\nimport os\n\ndef test_reads():\n    pass\n")
        self.assertTrue(self.row("OP-1").endswith("| tests/interop/aiocoap_test.py |"))

    def test_what_is_outstanding_stays_visible(self):
        self.write("tests/e2e/a_test.py", "import os\ndef test_OP_2_half():\n    pass\n")
        self.assertIn("`test_OP_2_half`<br>not yet: its second half", self.row("OP-2"))

    def test_an_id_that_no_requirement_has_is_a_fault(self):
        self.write("tests/unit/a_test.cpp", "#include <x>\nTEST(Codec, OP_99_never) {}\n")
        self.assertEqual(conformance.main(["", str(self.root)]), 1)

    def test_a_page_out_of_date_is_a_fault(self):
        self.assertEqual(conformance.main(["", "--check", str(self.root)]), 1)
        self.assertEqual(conformance.main(["", str(self.root)]), 0)
        self.assertEqual(conformance.main(["", "--check", str(self.root)]), 0)
        self.write("tests/unit/a_test.cpp", "#include <x>\nTEST(Codec, OP_1_new) {}\n")
        self.assertEqual(conformance.main(["", "--check", str(self.root)]), 1)

    def test_test_cases_have_a_table_of_their_own(self):
        self.write("docs/ets.tsv", "# comment\n1\tBootstrap with PSK\tsecurity\n201\tPlain text\t\n203\tTLV\t\n")
        self.write("tests/conformance/a_test.cpp", "#include <x>\nTEST_P(Management, Int201_in_plain_text) {}\n")
        self.assertIn("1 of 3 cases have tests", self.page())
        self.assertEqual(self.row("1"), "| 1 | Bootstrap with PSK | waits: security |")
        self.assertIn("`Management.Int201_in_plain_text`", self.row("201"))
        self.assertEqual(self.row("203"), "| 203 | TLV | not yet |")
        self.write("tests/conformance/a_test.cpp", "#include <x>\nTEST_P(Management, Int999_none) {}\n")
        self.assertEqual(conformance.table(self.root)[1], ["case 999"])

    def test_a_named_test_that_did_not_pass_is_a_fault(self):
        self.write("docs/ets.tsv", "201\tPlain text\t\n")
        self.write("tests/conformance/a_test.cpp", "#include <x>\nTEST_P(Management, Int201_in_plain_text) {}\n")

        def run(*cases):
            lines = "".join(f'<testcase name="{name}" status="{status}">{inner}</testcase>' for name, status, inner in cases)
            self.write("results.xml", f"<testsuite>{lines}</testsuite>")
            return conformance.not_passed(self.root, self.root / "results.xml")

        name = "LightweightM2M/Management.Int201_in_plain_text"
        self.assertEqual(run((f"{name}/OurDevice", "run", ""), (f"{name}/OurServer", "run", "")), [])
        self.assertEqual(len(run((f"{name}/OurDevice", "run", ""), (f"{name}/OurServer", "fail", "<failure/>"))), 1)
        self.assertEqual(len(run(("Other.test", "run", ""))), 1)
