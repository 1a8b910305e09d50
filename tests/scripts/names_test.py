"""A misspelt name comes back with those that were probably meant."""

import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import names  # noqa: E402

KNOWN = ["descriptor_tiny", "descriptor_x86_64_4", "page_table_tiny", "page_table_x86_64_4", "page_table_x86_64_5"]


class Names(unittest.TestCase):
    def test_those_that_look_alike_are_named(self):
        for name, expected in (("page_table_x86", KNOWN[4:2:-1]), ("page_tabel_tiny", KNOWN[2:3]),
                               ("x86", [KNOWN[1], *KNOWN[3:]]), ("descriptor_", KNOWN[:1]), ("", []), ("zzz", [])):
            self.assertEqual(names.closest(name, KNOWN), expected, name)

    def test_where_none_is_close_all_are(self):
        self.assertEqual(names.choice("page_tabel_tiny", KNOWN), "did you mean page_table_tiny?")
        self.assertEqual(names.choice("tiny", KNOWN), "did you mean descriptor_tiny or page_table_tiny?")
        self.assertEqual(names.choice("arm", ["a", "b"]), "there are: a, b")

    def test_of_too_many_names_the_first_are_listed(self):
        listed = names.choice("arm", [f"W{number}" for number in range(names.MOST_LISTED + 7)])
        self.assertIn(f"W{names.MOST_LISTED - 1}, and 7 more", " ".join(listed.split()))
        self.assertNotIn(f"W{names.MOST_LISTED},", listed)

    def test_many_names_have_lines_of_their_own(self):
        head, *rest = names.choice("zzz", [f"page_table_{number}" for number in range(40)]).splitlines()
        self.assertEqual((head, rest[0][:16]), ("there are:", "  page_table_0, "))
        self.assertGreater(len(rest), 2)
        self.assertLessEqual(max(map(len, rest)), 100)

    def test_every_script_that_takes_a_target_says_them(self):
        for script in ("replay", "minimize", "fuzz"):
            option = ["--target", "page_table_x86"] if script == "fuzz" else ["--target", "page_table_x86", __file__]
            done = subprocess.run([str(ROOT / "scripts" / script), *option], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), script)
            self.assertRegex(done.stderr, rf"^{script}: expected a target, found 'page_table_x86'; "
                                          r"did you mean page_table_x86_64_\d or page_table_x86_64_\d or l4_page_table_x86_64\?\n$")


if __name__ == "__main__":
    unittest.main()
