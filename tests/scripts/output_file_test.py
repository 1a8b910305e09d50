"""What -o of scripts/record and scripts/minimize promises: asked first, replaced last and whole."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import builds, minimize_command  # noqa: E402
from pagetwin_lib.output_file import OutputFile, output_file  # noqa: E402
from pagetwin_lib.project import Failure  # noqa: E402


class InAFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.old = self.root / "old.ops"
        self.old.write_text("old\n")

    def holds(self, *names: str) -> None:
        """And nothing else, above all nothing half done."""
        self.assertEqual(sorted(path.name for path in self.root.rglob("*")), sorted(names))


class Files(InAFolder):
    def test_a_result_replaces_the_old_one_and_keeps_its_mode_and_links(self):
        self.old.chmod(0o640)
        (self.root / "link").symlink_to("old.ops")
        OutputFile(self.root / "link").write("new\n")
        self.assertEqual((self.old.read_text(), self.old.stat().st_mode & 0o777), ("new\n", 0o640))
        self.assertTrue((self.root / "link").is_symlink())
        self.holds("link", "old.ops")

    def test_folders_are_made_at_the_end(self):
        output = OutputFile(self.root / "a" / "b" / "new.ops")
        self.holds("old.ops")
        output.write("new\n")
        self.holds("old.ops", "a", "b", "new.ops")

    def test_what_cannot_be_written_is_refused_at_once(self):
        for path, why in ((self.root, "expected a file to write, found a folder"), (self.old / "new.ops", "is a file, not a folder"),
                          (Path("/proc/new.ops"), "No such file")):
            with self.subTest(why), self.assertRaisesRegex(Failure, rf"^{path}: .*{why}"):
                OutputFile(path)
        self.holds("old.ops")

    @unittest.skipUnless(os.getuid(), "root may write everywhere")
    def test_permissions_count(self):
        self.old.chmod(0o400)
        self.root.chmod(0o500)
        self.addCleanup(self.root.chmod, 0o700)
        for path in (self.old, self.root / "new.ops"):
            self.assertRaisesRegex(Failure, "ermission denied", OutputFile, path)

    def test_a_write_that_fails_leaves_the_old_result(self):
        with mock.patch.object(Path, "write_text", side_effect=OSError(28, "No space left on device")), \
                self.assertRaisesRegex(Failure, "old.ops: cannot be written: No space left on device"):
            OutputFile(self.old).write("new\n")
        self.assertEqual(self.old.read_text(), "old\n")
        self.holds("old.ops")

    def test_a_name_that_is_too_long_is_refused_at_once(self):
        for path in (self.root / ("a" * 256), self.root / ("a" * 252), self.root / ("b" * 300) / "c", Path("a/" * 4000 + "b")):
            with self.subTest(path), self.assertRaisesRegex(Failure, r": cannot be written: File name too long$"):
                OutputFile(path)
        self.holds("old.ops")

    def test_the_option_that_has_the_name_is_named(self):
        for path, why in (("/proc/x.json", "/proc: No such file or directory"), ("a" * 300, "File name too long")):
            with self.subTest(path), self.assertRaisesRegex(Failure, rf"^--json: {path}: cannot be written: {why}$"):
                OutputFile(Path(path), "--json")
        with self.assertRaisesRegex(Failure, "^--json: /dev/full: cannot be written: No space left on device$"):
            OutputFile(Path("/dev/full"), "--json").write("new\n")

    def test_devices_and_standard_output_are_not_replaced(self):
        OutputFile(Path(os.devnull)).write("new\n")
        self.assertFalse(Path(os.devnull).is_file())
        self.assertIsNone(output_file("-"))
        self.assertIsNone(output_file(None))

    def test_a_pipe_is_written_to(self):  # its link in /dev/fd leads to a name that is no file's
        read, write = os.pipe()
        with open(read, encoding="utf-8") as end:
            with open(write, "wb"):
                OutputFile(Path(f"/dev/fd/{write}")).write("new\n")
            self.assertEqual(end.read(), "new\n")


class Scripts(InAFolder):
    def run_script(self, *args: str) -> tuple[int, str]:
        done = subprocess.run([str(ROOT / "scripts" / args[0]), *args[1:]], capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout, "")
        return done.returncode, done.stderr

    def test_record_asks_before_the_program_runs(self):
        touched = self.root / "touched"
        status, errors = self.run_script("record", "-o", str(self.old / "a.ops"), "--", "touch", str(touched))
        self.assertEqual(status, 2)
        self.assertRegex(errors, r"^record: .*/old.ops/a.ops: cannot be written: .*is a file, not a folder\n$")
        self.holds("old.ops")

    def test_record_leaves_what_was_there_when_it_fails(self):
        log = self.root / "log"
        log.write_text("hello\n")
        for args in (["--from-strace", str(log)], ["--", "no_such_program_anywhere"]):
            self.assertEqual(self.run_script("record", "-o", str(self.old), *args)[0], 2)
            self.assertEqual(self.old.read_text(), "old\n")

    def test_the_others_ask_before_they_work(self):
        for script, option, *rest in (("fuzz", "--summary", "--target", "codec"), ("bench", "--json"),
                                      ("bench_compare", "--json", "HEAD", "HEAD"),
                                      ("bench_compare", "--html", "HEAD", "HEAD"), ("instructions", "--json"),
                                      ("plants", "--out")):
            with self.subTest(script), mock.patch.dict(os.environ, {"PATH": "/usr/bin:/bin"}):
                done = self.run_script(script, option, "/proc/x.json", *rest)
                why = "/proc/x.json: cannot be written: /proc: No such file or directory"
                self.assertEqual(done, (2, f"{script}: {option}: {why}\n"))

    def test_minimize_asks_before_it_builds(self):
        trace = self.root / "a.ops"
        trace.write_text("pagetwin 1 table\ntarget codec\n")
        status, errors = self.run_script("minimize", str(trace), "-o", str(self.old / "a.ops"))
        self.assertEqual(status, 2)
        self.assertRegex(errors, r"^minimize: .*/old.ops/a.ops: cannot be written: .*is a file, not a folder\n$")

    def minimise(self, script: str) -> int:
        program = self.root / "program"
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(0o755)
        with mock.patch.object(builds, "replay_program", lambda *_: program):
            return minimize_command.minimise("san", "codec", Path("a.ops"), OutputFile(self.old))

    def test_minimize_replaces_only_with_a_whole_trace(self):
        self.assertEqual(self.minimise('echo half >"$4"; exit 2\n'), 2)
        self.assertRaisesRegex(Failure, "a.ops: could not be minimised", self.minimise, 'echo half >"$4"; kill -9 $$\n')
        self.assertEqual(self.old.read_text(), "old\n")
        self.holds("old.ops", "program")
        self.assertEqual(self.minimise('echo whole >"$4"\n'), 0)
        self.assertEqual(self.old.read_text(), "whole\n")
        self.holds("old.ops", "program")


if __name__ == "__main__":
    unittest.main()
