"""The table of scripts/bench: goals, and whether they were met."""

import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import access_results, bench_command, builds  # noqa: E402
from pagetwin_lib.project import Failure  # noqa: E402


def entry(**counters: float) -> dict:
    return {"name": "W2_random/x86_64_4", "cpu_time": 2.5, "time_unit": "ns", **counters}


class Rows(unittest.TestCase):
    def test_say_whether_a_ratio_reaches_its_goal(self):
        self.assertEqual(bench_command.row(entry(ratio=0.954, at_most=1.15))[2:], ["0.954", "1.15", "", "pass"])
        self.assertEqual(bench_command.row(entry(ratio=1.16, at_most=1.15))[2:], ["1.160", "1.15", "", "miss"])

    def test_hold_memory_against_bytes_and_not_against_the_probe(self):
        self.assertEqual(bench_command.row(entry(ratio=1.0, bytes_per_page=8.2, at_most_bytes=8.1))[3:], ["8.1", "", "miss"])

    def test_say_whether_a_ratio_reaches_the_goal_beyond(self):
        self.assertEqual(bench_command.row(entry(ratio=1.0, at_most=1.15, beyond=1.0))[3:], ["1.15", "1", "beyond"])
        self.assertEqual(bench_command.row(entry(ratio=1.01, at_most=1.15, beyond=1.0))[3:], ["1.15", "1", "pass"])
        self.assertEqual(bench_command.row(entry(ratio=1.16, at_most=1.15, beyond=1.0))[3:], ["1.15", "1", "miss"])

    def test_leave_the_goal_empty_where_none_is(self):
        self.assertEqual(bench_command.row(entry(ratio=1.3))[3:], ["", "", ""])
        self.assertEqual(bench_command.row(entry())[2:], ["", "", "", ""])


class Summary(unittest.TestCase):
    def test_counts_what_has_a_goal_and_names_what_missed_it(self):
        entries = [entry(ratio=1.0, at_most=1.1), entry(ratio=1.2, at_most=1.1), entry(ratio=9.0)]
        self.assertEqual(bench_command.summary(entries), "1 of 2 goals met\n  missed: W2_random/x86_64_4")

    def test_counts_the_goals_beyond(self):
        entries = [entry(ratio=ratio, at_most=1.1, beyond=1.0) for ratio in (0.9, 1.05, 1.2)]
        self.assertEqual(bench_command.summary(entries),
                         "2 of 3 goals met, and 1 of 3 beyond\n  missed: W2_random/x86_64_4")


class Streams(unittest.TestCase):
    """The table of scripts/bench --accesses."""

    @staticmethod
    def stream(name: str, **counters: float) -> dict:
        return {"name": f"ACCESS_sort_{name}/x86_64_4", "cpu_time": 2.5, "time_unit": "ns", "ratio": 1.25, "translations": 12345,
                "pages": 700, "blocks": 0, **counters}

    def test_say_what_a_translation_costs_and_how_often_each_cache_hits(self):
        self.assertEqual(access_results.row(self.stream("both", cycles=6.51, tlb_hits=0.98765, walk_hits=0.5)),
                         ["sort_both/x86_64_4", "2.5 ns", "6.5", "1.250", "98.8 %", "50 %"])

    def test_leave_out_what_was_not_measured(self):
        self.assertEqual(access_results.row(self.stream("none")), ["sort_none/x86_64_4", "2.5 ns", "", "1.250", "", ""])

    def test_show_more_digits_the_fewer_misses_there_are(self):
        shares = [access_results.share({"tlb_hits": hits}, "tlb_hits") for hits in (0, 0.5, 0.951, 0.9951, 0.99951, 1)]
        self.assertEqual(shares, ["0 %", "50 %", "95.1 %", "99.51 %", "99.9510 %", "100.0000 %"])

    def test_name_the_size_of_the_stream(self):
        whole = self.stream("2m_none", pages=188, blocks=1)
        self.assertEqual(access_results.size([self.stream("none")]),
                         "12,345 translations, 700 pages of 4 KiB; no 2 MiB was touched as a whole")
        self.assertEqual(access_results.size([self.stream("none"), whole]),
                         "12,345 translations, 700 pages of 4 KiB; _2m: 1 whole 2 MiB as one leaf each")
        self.assertTrue(access_results.show([whole]).startswith("stream and caches"))

    def test_that_cannot_be_read_are_refused_before_the_build(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(builds, "build") as build:
            for path, why in ((folder, "Is a directory"), (f"{folder}/none", "No such file or directory")):
                with mock.patch.object(sys, "argv", ["bench", "--accesses", path]), self.assertRaisesRegex(Failure, why):
                    bench_command.main()
            build.assert_not_called()


if __name__ == "__main__":
    unittest.main()
