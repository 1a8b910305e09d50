"""Times and numbers as people write them."""

import argparse
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib.durations import count, counted, parse_duration, positive, seconds, show_duration  # noqa: E402


class Durations(unittest.TestCase):
    def test_units_and_sums(self):
        written = {"60s": 60, "10m": 600, "8h": 28800, "1d": 86400, "90": 90, "0.5s": 0.5, "1h30m": 5400, "1m30s": 90}
        self.assertEqual({text: parse_duration(text) for text in written}, written)

    def test_what_is_no_time_above_zero(self):
        for text in ("", "s", "0", "0s", "-5s", "+5", "5x", "5 m", "1e3", "nan", "inf", "1.2.3s", "5s5", "٣s"):
            with self.subTest(text):
                self.assertIsNone(parse_duration(text))

    def test_shown_as_written(self):
        shown = {60: "60s", 119: "119s", 600: "10m", 28800: "8h", 5400: "1h30m", 3601: "1h1s", 0.4: "0s"}
        self.assertEqual({time: show_duration(time) for time in shown}, shown)


class Numbers(unittest.TestCase):
    def test_what_is_too_small_is_named_with_the_least(self):
        for read, least, wrong in ((count, 0, "-1"), (positive, 1, "0"), (count, 0, "1.5")):
            self.assertEqual(read(str(least)), least)
            with self.assertRaisesRegex(argparse.ArgumentTypeError, f"^expected a number of at least {least}, found '{wrong}'$"):
                read(wrong)
        for wrong in ("-1", "0", "1s", "."):
            self.assertRaises(argparse.ArgumentTypeError, seconds, wrong)
        self.assertEqual(seconds("0.5"), 0.5)

    def test_what_no_program_can_hold_is_refused(self):
        self.assertEqual(count(str(2**64 - 1)), 2**64 - 1)
        with self.assertRaisesRegex(argparse.ArgumentTypeError, f"^expected a number below 2\\^64, found '{2**64}'$"):
            count(str(2**64))

    def test_one_is_singular(self):
        self.assertEqual([counted(number, "target") for number in (0, 1, 2)], ["0 targets", "1 target", "2 targets"])


if __name__ == "__main__":
    unittest.main()
