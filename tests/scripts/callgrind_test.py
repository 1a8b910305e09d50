"""Counting instructions: an operation that a program of an older commit does not know, and removals that grow."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import callgrind  # noqa: E402
from pagetwin_lib.project import Failure  # noqa: E402

KNOWS = "lookup|map_one|loop_only"


def load_instructions():
    """scripts/instructions, whose name is no module's."""
    loader = importlib.machinery.SourceFileLoader("instructions", str(ROOT / "scripts" / "instructions"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("instructions", loader))
    loader.exec_module(module)
    return module


class OlderProgram(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.program = Path(folder.name) / "pagetwin_bench"
        self.program.write_text(f'#!/bin/sh\ncase "$2" in {KNOWS}) exit 0 ;; esac\nexit 2\n', encoding="utf-8")
        self.program.chmod(0o755)

    def test_only_what_it_knows_is_counted(self):
        with mock.patch.object(callgrind, "per_operation", lambda binary, name, operations: float(len(name))):
            self.assertEqual(callgrind.count_all(self.program), {"lookup": 6.0, "map_one": 7.0, "loop_only": 9.0})

    def test_limits_are_not_held_against_what_was_not_counted(self):
        instructions = load_instructions()
        with (mock.patch.object(callgrind, "per_operation", lambda *_: 1.0), mock.patch.object(callgrind, "is_missing", lambda: False),
              self.assertRaisesRegex(Failure, r"cannot count unmap_one, protect_one, lookup/aarch64_s1_4k, .*, fault_page, grant_page: is it of an older commit")):
            instructions.main(["--limits", "--binary", str(self.program)])


class Removals(unittest.TestCase):
    def costs(self, cost_of, limit: float = 1.1) -> list[float]:
        with mock.patch.object(callgrind, "per_mapping", lambda binary, name, number: cost_of(number)):
            return callgrind.removal(Path(), "unmap_wide", [10, 1000, 100000], limit)

    def test_what_costs_the_same_is_counted_among_all(self):
        self.assertEqual(self.costs(lambda number: 100.0 + 50 / number), [105.0, 100.05, 100.0005])
        self.assertLess(callgrind.growth([105.0, 100.05, 100.0005]), 1)

    def test_what_grows_is_not_counted_among_more(self):
        self.assertEqual(self.costs(lambda number: 100.0 + number), [110.0, 1100.0])
        self.assertEqual(callgrind.growth([110.0, 1100.0]), 10)

    def test_growth_is_by_the_cost_before_and_not_by_the_first(self):
        self.assertEqual(callgrind.growth([200.0, 100.0, 150.0]), 1.5)

    def test_a_removal_that_removes_nothing_costs_nothing_that_could_be_told(self):
        for printed, found in (("count unmap_wide operations=9 function=f result=9", 3.0), ("result=9", None),
                               ("count unmap_wide operations=9 function=f result=0", None)):
            with self.subTest(printed), mock.patch.object(callgrind, "run_counted", lambda *_, text=printed: (27, text)):
                if found:
                    self.assertEqual(callgrind.per_mapping(Path(), "unmap_wide", 9), found)
                else:
                    self.assertRaisesRegex(Failure, "of 9 removed no mapping", callgrind.per_mapping, Path(), "unmap_wide", 9)


class Limits(unittest.TestCase):
    COUNTS = dict.fromkeys((*callgrind.OPERATIONS, callgrind.LOOP), 1.0)

    def run_with(self, cost: float) -> tuple[int, str]:
        """Every removal costs 1 among few, and this among more."""
        of = load_instructions()
        said = io.StringIO()
        with (mock.patch.object(callgrind, "count_all", lambda *_: self.COUNTS), mock.patch.object(of, "check_tools"),
              mock.patch.object(callgrind, "can_count", lambda *_: True),
              mock.patch.object(callgrind, "removal", lambda *_: [1.0, cost]),
              contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said)):
            return of.main(["--limits"]), said.getvalue()

    def test_a_removal_that_grows_is_named(self):
        status, said = self.run_with(1.0)
        self.assertEqual((status, said.splitlines()[1:]), (0, []))
        status, said = self.run_with(1.25)
        self.assertEqual(status, 1)
        for name in callgrind.REMOVALS:
            self.assertRegex(said, rf"AddressSpaces::(unmap|flush) \({name}\) takes 1.2500 times .* limit of 1.02")

    def test_one_number_is_nothing_to_grow_between(self):
        of = load_instructions()
        limits = json.loads(of.LIMITS.read_text(encoding="utf-8"))
        limits["removals"]["flush_few"]["among"] = [1000, 1000]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "limits.json"
            path.write_text(json.dumps(limits), encoding="utf-8")
            self.assertRaisesRegex(Failure, "flush_few needs two numbers", of.read_limits, path)


if __name__ == "__main__":
    unittest.main()
