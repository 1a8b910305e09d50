"""What bench_compare shows: the one table, and the page with the picture."""

import re
import sys
import unittest
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import compare_report, page  # noqa: E402
from pagetwin_lib.compare_report import Comparison, Exact  # noqa: E402
from pagetwin_lib.comparison import Row  # noqa: E402
from pagetwin_lib.significance import Shift  # noqa: E402

ROWS = [Row("W2_random/x86_64_4", 5.0, 5.25, Shift(1.05, 1.04, 1.06), 12, 1e-4, "slower"),
        Row("W6_map_one/x86_64_4", 2.0, 1.8, Shift(0.9, 0.89, 0.91), 12, 1e-4, "faster"),
        Row("W5<b>/tiny", 1000.0, 1001.0, Shift(1.001, 0.9, 1.1), 100, 0.7, "same")]
COUNTS = ({"lookup": 50.0, "map_one": 34.75, "protect_one": 24.0, "loop_only": 5.0},
          {"lookup": 52.5, "map_one": 31.0, "protect_one": 24.0, "loop_only": 5.0})


def comparison(rows: list[Row] | None = None, **changes: object) -> Comparison:
    return Comparison("old", "new", False, ROWS if rows is None else rows, **{"instructions": COUNTS, **changes})


class Reader(HTMLParser):
    """Every element closed, and what is between them."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.all, self.texts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.all.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.all.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise ValueError(f"</{tag}> closes another element")

    def handle_data(self, data):
        self.texts.append(data)

    def of_class(self, name: str) -> list[dict]:
        return [attrs for _, attrs in self.all if name in (attrs.get("class") or "").split()]


class Table(unittest.TestCase):
    def test_has_times_noise_instructions_and_verdicts_in_one(self):
        lines = compare_report.show(comparison(), False).splitlines()
        self.assertRegex(lines[0], r"^benchmark +A +B +B/A +\+- +p \(Holm\) +instr A +instr B +verdict$")
        self.assertRegex(lines[1], r"^W2_random/x86_64_4 +5 ns +5.25 ns +1.050 +1.0 % +0.0001 +50.00 +52.50 +slower$")
        self.assertRegex(lines[3], r"^W5<b>/tiny +1 us +1 us +1.001 +10.0 % +0.7 +same$")
        self.assertRegex(lines[4], r"^instructions of lookup +50.00 +52.50 +1.050 +exact +more$")
        self.assertRegex(lines[6], r"^instructions of protect_one +24.00 +24.00 +1.000 +exact +same$")
        self.assertEqual(lines[7], "")

    def test_says_the_noise_floor_and_what_it_may_hide(self):
        shown = compare_report.show(comparison(), False)
        self.assertIn("noise floor: B/A of 3 benchmarks is known to within 1.11 % (median), 9.99 % at worst (W5<b>/tiny)", shown)
        self.assertIn("too noisy to rule out a slowdown of 5 %: W5<b>/tiny\n", shown)
        self.assertTrue(shown.endswith("\nregressed: 1 of 3 benchmarks are slower, 1 faster"))

    def test_leaves_out_the_columns_of_instructions_where_none_were_counted(self):
        shown = compare_report.show(comparison(instructions=({}, {})), False)
        self.assertNotIn("instr", shown)

    def test_memory_stands_beside_as_exact(self):
        shown = compare_report.show(comparison(memory=[Exact("bytes per page of MEM_dense/tiny", 8.06, 8.5)]), True)
        self.assertRegex(shown, r"\| bytes per page of MEM_dense/tiny +\| +8.06 \| +8.50 \| +1.055 \| +exact \|.* \*\*more\*\* \|")

    def test_only_benchmarks_that_do_what_is_counted_have_a_count(self):
        for name, counted in (("W2hd_hot_dependent/x86_64_4", True), ("W1_sequential/x86_64_5", False),
                              ("W4_superpages/x86_64_4", False), ("W2_random/x86_64_4_hw", False), ("W6_map_one/x86_64_4", True)):
            self.assertEqual(comparison().counted(name) != ["", ""], counted, name)

    def test_each_format_has_its_own_count(self):
        counts = {"unmap_one": 19.0, "unmap_one/riscv_sv48": 22.0}
        of = comparison(instructions=(counts, counts))
        self.assertEqual(of.counted("W9b_unmap_one/riscv_sv48"), ["22.00", "22.00"])
        self.assertEqual(of.counted("W9b_unmap_one/x86_64_4"), ["19.00", "19.00"])
        self.assertEqual(of.counted("W9b_unmap_one/aarch64_s1_4k"), ["", ""])


class Page(unittest.TestCase):
    def test_is_whole_and_needs_nothing_else(self):
        text = compare_report.as_page(comparison())
        self.assertEqual(Reader(text).open, [])
        self.assertIsNone(re.search(r"(src|href)=|@import|url\(|<script", text))
        self.assertIn("prefers-color-scheme: dark", text)

    def test_draws_every_benchmark_with_its_interval(self):
        reader = Reader(compare_report.as_page(comparison()))
        marks = [attrs["class"] for attrs in reader.of_class("mark")]
        self.assertEqual(marks, ["mark slower", "mark faster", "mark same"])
        bars = reader.of_class("bar")
        for bar, mark in zip(bars, reader.of_class("mark")):
            self.assertLess(float(bar["x1"]), float(mark["cx"]))
            self.assertLess(float(mark["cx"]), float(bar["x2"]))
        self.assertLess(float(reader.of_class("mark")[1]["cx"]), float(reader.of_class("mark")[2]["cx"]))

    def test_begins_with_the_largest_change_for_the_worse(self):
        small, large = (Row(name, 1.0, by, Shift(by, by - 0.01, by + 0.01), 12, 1e-4, "slower") for name, by in (("x", 1.1), ("y", 1.2)))
        reader = Reader(compare_report.as_page(comparison([ROWS[2], ROWS[1], small, large])))
        names = [text for text in reader.texts if text in ("x", "y", ROWS[1].name, ROWS[2].name)]
        self.assertEqual(names[:4], ["y", "x", ROWS[1].name, ROWS[2].name])

    def test_stays_inside_when_a_ratio_is_far_away(self):
        rows = [Row("x", 1.0, 9.0, Shift(9.0, 8.0, 10.0), 12, 1e-4, "slower")]
        reader = Reader(compare_report.as_page(comparison(rows)))
        self.assertLessEqual(float(reader.of_class("mark")[0]["cx"]), compare_report.WIDTH - compare_report.RIGHT)

    def test_names_are_text_and_not_markup(self):
        text = compare_report.as_page(comparison(missing=["only in A, not compared: <b>"]))
        self.assertIn("W5<b>/tiny", Reader(text).texts)
        self.assertIn("only in A, not compared: <b>", Reader(text).texts)
        self.assertNotIn("<b>", text)


class Ticks(unittest.TestCase):
    def test_are_round_and_inside(self):
        self.assertEqual(page.ticks(-6, 6, 8), [-6, -4, -2, 0, 2, 4, 6])
        self.assertEqual(page.ticks(5.01, 5.39, 4), [5.1, 5.2, 5.3])
        self.assertEqual(page.ticks(3, 3, 4), [3])


if __name__ == "__main__":
    unittest.main()
