"""scripts/replay and scripts/minimize: which target a file belongs to, and which traces are seeds of a target."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import builds, replay_command, seeds, target_lookup  # noqa: E402
from pagetwin_lib.project import Failure  # noqa: E402

KNOWN = ["codec", "tiny", "x86"]
TRACE = "# a comment\npagetwin 1 table\ntarget x86   # the usual one\nset nodes=4\nmap va=0x1000\n"


class InAFolder(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.root = Path(self._folder.name)

    def write(self, name: str, content: bytes | str = b"\x01\x00bytes") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


class Lookup(InAFolder):
    def test_a_trace_says_it_itself(self):
        self.assertEqual(target_lookup.target_of(self.write("out/artifacts/tiny/a.ops", TRACE), KNOWN), "x86")

    def test_in_the_corpus_it_says_what_its_folder_says(self):
        for name in ("corpus/x86/seed/a.ops", "corpus/x86/regress/deep/a.ops", "corpus/traces/a.ops", "corpus/tiny/a.ops"):
            self.assertEqual(target_lookup.target_of(self.write(name, TRACE), KNOWN), "x86", name)
        for kind in ("seed", "regress"):
            path = self.write(f"corpus/tiny/{kind}/a.ops", TRACE)
            complaint = rf"/corpus/tiny/{kind}/a\.ops: its line 'target x86' is not that of its folder corpus/tiny/{kind}; " \
                        rf"move it to corpus/x86/{kind}, or mend the line$"
            with self.subTest(kind), self.assertRaisesRegex(Failure, complaint):
                target_lookup.target_of(path, KNOWN)
            self.assertEqual(target_lookup.find_target(path, "tiny", KNOWN), "tiny")

    def test_the_committed_traces_do(self):
        for path in sorted((ROOT / "corpus").glob("**/*.ops")):
            seeds.check_place(path)

    def test_otherwise_the_innermost_folder_does(self):
        for name in ("corpus/tiny/seed/a.ops", "out/artifacts/tiny/crash-1", "codec/out/corpus/tiny/0123"):
            self.assertEqual(target_lookup.target_of(self.write(name), KNOWN), "tiny", name)

    def test_the_files_own_name_is_no_folder(self):
        with self.assertRaisesRegex(Failure, r"/tiny: no target is known for it.*--target NAME to scripts/replay or scripts/minimize \(scripts/fuzz --list prints them\)$"):
            target_lookup.target_of(self.write("somewhere/tiny"), KNOWN)

    def test_a_target_that_does_not_exist(self):
        for name, hint in (("arm", "there are: codec, tiny, x86"), ("tinny", r"did you mean tiny\?"), ("86", r"did you mean x86\?")):
            with self.subTest(name), self.assertRaisesRegex(Failure, rf"/a\.ops:3:8: expected a target, found '{name}'; {hint}$"):
                target_lookup.target_of(self.write("tiny/a.ops", TRACE.replace("x86", name)), KNOWN)

    def test_what_is_no_trace_has_no_line(self):
        for content in (b"target x86\n", b"pagetwin 1 table\0\ntarget x86\n", b"", b"\xff\xfe" * 50, "pagetwin 1 table\nmap\n",
                        "pagetwin 1 table\n# target x86\n"):
            self.assertIsNone(seeds.target_line(self.write("a", content)), content)

    def test_a_text_trace_without_its_first_line_is_none(self):
        cases = (("", r"1:1: expected 'pagetwin 1 MACHINE' \(as 'pagetwin 1 table'\), found the end of the file"), ("# only\n", "1:1: .*end of the file"),
                 ("# c\n\nmap s=0\ntarget x86\n", "3:1: .*found 'map s=0'$"), ("page", "1:1: .*found 'page'$"),
                 ("pagetwin table\ntarget x86\n", "1:1: .*found 'pagetwin table'$"),
                 (b"\x00\xff\x1b" * 50, r"1:1: .*found '(\\x00\\xff\\x1b){13}\\x00' \.\.\.$"))
        for content, complaint in cases:
            with self.subTest(content), self.assertRaisesRegex(Failure, r"/a\.ops:" + complaint):
                target_lookup.target_of(self.write("a.ops", content), KNOWN)

    def test_a_byte_order_mark_is_named(self):
        for name, rest in (("a.ops", b"pagetwin 1 table\ntarget x86\n"), ("a", b"pagetwin 1 table\ntarget x86\n"),
                           ("a.ops", b"# c\r\npagetwin 1 table\r\n")):
            path = self.write(name, b"\xef\xbb\xbf" + rest)
            complaint = rf"/{name}:1:1: expected 'pagetwin 1 MACHINE' \(as 'pagetwin 1 table'\), found a byte-order mark"
            with self.subTest(name), self.assertRaisesRegex(Failure, complaint):
                target_lookup.target_of(path, KNOWN)

    def test_a_cut_target_line_is_the_news(self):
        cases = (("pagetwin 1 table\ntarget", "2:7: expected the name of a target, found the end of the line"),
                 ("# c\npagetwin 1 table\n\n  target  # x86\nmap\n", "4:9: expected the name of a target, found the end of the line"),
                 ("pagetwin 1 table\ntarg", "2:1: expected 'target NAME', found 'targ'"),
                 ("pagetwin 1 table\ntarget x", r"2:8: expected a target, found 'x'; did you mean x86\?"),
                 ("pagetwin 1 table\ntarget x-86\n", r"2:8: expected a target, found 'x-86'; did you mean x86\?"),
                 ("pagetwin 1 table\ntarget x86 tiny\n", "2:12: expected the end of the line, found 'tiny'"))
        for content, complaint in cases:
            for name in ("a.ops", "a"):
                with self.subTest(content), self.assertRaisesRegex(Failure, rf"/{name}:{complaint}$"):
                    target_lookup.target_of(self.write(name, content), KNOWN)

    def test_others_lack_a_target(self):
        for name, content in (("a", "map"), ("a", b"\x01\ntarget"), ("a.ops", "pagetwin 1 table\nmap\n")):
            with self.assertRaisesRegex(Failure, "no target is known"):
                target_lookup.target_of(self.write(name, content), KNOWN)

    def test_blanks_before_the_words(self):
        self.assertEqual(seeds.target_line(self.write("a", "  pagetwin 1 table\n\ttarget x86\n")), "x86")

    def test_line_ends_of_other_systems(self):
        self.assertEqual(seeds.target_line(self.write("a", TRACE.replace("   # the usual one", "").replace("\n", "\r\n"))), "x86")

    def test_files_are_grouped_and_folders_searched(self):
        one, two = self.write("corpus/tiny/seed/a.ops"), self.write("corpus/tiny/regress/deep/b.ops")
        three = self.write("corpus/traces/c.ops", TRACE)
        self.write("corpus/traces/README.md", "words")
        groups = target_lookup.by_target([self.root / "corpus"], None, KNOWN, target_lookup.give_up)
        self.assertEqual(groups, {"tiny": [two, one], "x86": [three]})
        self.assertEqual(target_lookup.by_target([three, one], "codec", KNOWN, target_lookup.give_up), {"codec": [three, one]})

    def test_what_belongs_to_none_does_not_hide_the_others(self):
        good, bad = self.write("tiny/a.ops", TRACE), self.write("b.ops", "pagetwin 1 table\ntarget\n")
        also, said = self.write("tiny/c"), []
        none = self.root / "none"
        groups = target_lookup.by_target([none, bad, self.root, also], None, KNOWN, said.append)
        self.assertEqual(groups, {"x86": [good], "tiny": [also, also]})
        self.assertEqual([str(failure).partition(":")[0] for failure in said], [str(path) for path in (none, bad, bad)])

    def test_what_is_not_there(self):
        (self.root / "empty").mkdir()
        for name, complaint in (("none", "expected a file or a folder"), ("empty", "expected files in this")):
            with self.assertRaisesRegex(Failure, complaint):
                target_lookup.by_target([self.root / name], None, KNOWN, target_lookup.give_up)

    def test_the_scripts_say_it_and_exit_2(self):
        for script in ("replay", "minimize"):
            done = subprocess.run([str(ROOT / "scripts" / script), str(self.root / "none")], capture_output=True, text=True,
                                  check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertRegex(done.stderr, rf"^{script}: .*/none: expected a file")

    def test_a_reader_that_leaves_ends_a_replay_quietly(self):
        for number, expected in ((signal.SIGPIPE, BrokenPipeError), (signal.SIGSEGV, None)):
            program = self.write("program", f"#!/bin/sh\nkill -{int(number)} $$\n")
            program.chmod(0o755)
            with mock.patch.object(builds, "replay_program", lambda *_: program), \
                    mock.patch.object(replay_command, "say") as said:
                if expected:
                    self.assertRaises(expected, replay_command.run_replay, "san", "a", [])
                else:
                    self.assertEqual(replay_command.run_replay("san", "a", []), 1)
            self.assertEqual(said.called, expected is None)


class Replaying(InAFolder):
    """With a program in place of the replay programs: it fails as the files' names say."""

    SCRIPT = '''#!/bin/sh
for file; do
  echo "run $(basename "$file")"
  case "$file" in *bad*) status=2;; *diverges*) status=$((status > 1 ? status : 1));; *crashes*) kill -6 $$;;
    *reports*) echo "$ASAN_OPTIONS" | sed 's/.*exitcode=\\([0-9]*\\).*/exit \\1/' >"$0.end"; . "$0.end";; esac
done
exit $((status))
'''

    def setUp(self):
        super().setUp()
        self.program = self.write("program", self.SCRIPT)
        self.program.chmod(0o755)

    def replay(self, *names: str) -> tuple[int, list[str], str]:
        files = [str(self.root / name) for name in names]
        for name in names:
            if name != "none":
                self.write(name, TRACE.replace("x86", "codec"))
        said = []
        with mock.patch.object(builds, "replay_program", lambda *_: self.program), \
                mock.patch.object(builds, "build"), mock.patch.object(sys, "argv", ["replay", *files]), \
                mock.patch.object(replay_command, "say", said.append), tempfile.TemporaryFile("w+") as printed, \
                mock.patch.object(replay_command.subprocess, "run", self.into(printed)):
            status = replay_command.main()
            printed.seek(0)
            return status, printed.read().replace("run ", "").split(), "\n".join(said)

    @staticmethod
    def into(printed):
        run = subprocess.run
        return lambda *args, **options: run(*args, stdout=printed, **options)

    def test_the_worst_that_happened_is_the_status(self):
        for names, expected in ((["a", "b"], 0), (["a", "diverges", "b"], 1), (["diverges", "bad", "a"], 2)):
            self.assertEqual(self.replay(*names), (expected, names, ""))

    def test_a_file_that_cannot_run_is_named_and_the_others_run(self):
        status, ran, said = self.replay("none", "a", "diverges")
        self.assertEqual((status, ran), (2, ["a", "diverges"]))
        self.assertRegex(said, r"^replay: .*/none: expected a file or a folder, found neither$")

    def test_behind_a_crash_the_others_still_run(self):
        status, ran, said = self.replay("a", "crashes", "b")
        self.assertEqual((status, ran), (1, ["a", "crashes", "a", "crashes", "b"]))
        self.assertEqual(said.splitlines(), ["codec: died with signal 6; its 3 files again, each by itself",
                                             "codec: died with signal 6"])

    def test_a_sanitizers_report_hides_nothing_either(self):
        status, ran, said = self.replay("reports", "b")
        self.assertEqual((status, ran), (1, ["reports", "reports", "b"]))
        self.assertEqual(said.splitlines(), ["codec: a sanitizer ended it; its 2 files again, each by itself",
                                             "codec: a sanitizer ended it"])


class Seeds(InAFolder):
    def test_are_the_targets_own_and_when_asked_the_recorded_ones_that_name_it(self):
        own = [self.write("corpus/x86/regress/b.ops", TRACE), self.write("corpus/x86/seed/a.ops", TRACE)]
        recorded = self.write("corpus/traces/gcc.ops", TRACE)
        self.write("corpus/traces/other.ops", TRACE.replace("x86", "tiny"))
        self.write("corpus/x86/seed/note.md", "words")
        self.assertEqual(seeds.own_traces("x86", self.root), own)
        self.assertEqual(seeds.recorded_traces("x86", self.root), [recorded])
        self.assertEqual([seeds.name_for(trace, self.root) for trace in [recorded, *own]],
                         ["traces-gcc", "x86-regress-b", "x86-seed-a"])

    def test_of_another_target_are_refused(self):
        self.write("corpus/tiny/seed/a.ops", TRACE.replace("x86", "tiny"))
        self.write("corpus/tiny/regress/b.ops", TRACE)
        with mock.patch.object(seeds, "own_traces", lambda target, own=seeds.own_traces: own(target, self.root)), \
                mock.patch.object(seeds, "name_for", lambda trace, name=seeds.name_for: name(trace, self.root)), \
                mock.patch.object(seeds, "convert") as convert:
            with self.assertRaisesRegex(Failure, "/corpus/tiny/regress/b.ops: its line 'target x86' is not that of its folder"):
                seeds.make_seeds("tiny", "san", mock.Mock(), self.root / "out")
            convert.assert_not_called()
            self.write("corpus/tiny/regress/b.ops", TRACE.replace("x86", "tiny"))
            seeds.make_seeds("tiny", "san", mock.Mock(), self.root / "out")
            self.assertEqual(convert.call_count, 2)

    def test_are_made_again_when_something_is_newer(self):
        made, source = self.write("made"), self.write("source")
        self.assertTrue(seeds.stale(self.root / "none", [source]))
        for seconds, expected in ((-5, False), (5, True)):
            time = made.stat().st_mtime + seconds
            os.utime(source, (time, time))
            self.assertEqual(seeds.stale(made, [source]), expected)


if __name__ == "__main__":
    unittest.main()
