"""The table of scripts/bench: goals, and whether they were met."""

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import bench_command  # noqa: E402


def entry(**counters: float) -> dict:
    return {"name": "W2_random/x86_64_4", "cpu_time": 2.5, "time_unit": "ns", **counters}


class Rows(unittest.TestCase):
    def test_say_whether_a_ratio_reaches_its_goal(self):
        self.assertEqual(bench_command.row(entry(ratio=0.954, at_most=1.15))[2:], ["0.954", "1.15", "pass"])
        self.assertEqual(bench_command.row(entry(ratio=1.16, at_most=1.15))[2:], ["1.160", "1.15", "miss"])

    def test_hold_memory_against_bytes_and_not_against_the_probe(self):
        self.assertEqual(bench_command.row(entry(ratio=1.0, bytes_per_page=8.2, at_most_bytes=8.1))[3:], ["8.1", "miss"])

    def test_leave_the_goal_empty_where_none_is(self):
        self.assertEqual(bench_command.row(entry(ratio=1.3))[3:], ["", ""])
        self.assertEqual(bench_command.row(entry())[2:], ["", "", ""])


class Summary(unittest.TestCase):
    def test_counts_only_what_has_a_goal(self):
        entries = [entry(ratio=1.0, at_most=1.1), entry(ratio=1.2, at_most=1.1), entry(ratio=9.0)]
        self.assertEqual(bench_command.summary(entries), "1 of 2 goals met")


if __name__ == "__main__":
    unittest.main()
