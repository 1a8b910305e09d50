"""Counting instructions: an operation that a program of an older commit does not know."""

import importlib.machinery
import importlib.util
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
        loader = importlib.machinery.SourceFileLoader("instructions", str(ROOT / "scripts" / "instructions"))
        instructions = importlib.util.module_from_spec(importlib.util.spec_from_loader("instructions", loader))
        loader.exec_module(instructions)
        with (mock.patch.object(callgrind, "per_operation", lambda *_: 1.0), mock.patch.object(callgrind, "is_missing", lambda: False),
              self.assertRaisesRegex(Failure, r"cannot count unmap_one, protect_one, lookup/aarch64_s1_4k, .*, fault_page, grant_page: is it of an older commit")):
            instructions.main(["--limits", "--binary", str(self.program)])


if __name__ == "__main__":
    unittest.main()
