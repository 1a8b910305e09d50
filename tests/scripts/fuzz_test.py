"""scripts/fuzz: whole campaigns with an engine that is a few lines of Python, and the summary that comes of them."""

import argparse
import hashlib
import io
import json
import os
import signal
import sys
import tempfile
import threading
import time
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import builds, corpus_folder, findings, fuzz_command, progress  # noqa: E402
from pagetwin_lib.campaign import Campaign, Plan  # noqa: E402
from pagetwin_lib.output_file import OutputFile  # noqa: E402
from pagetwin_lib.processes import Processes  # noqa: E402
from pagetwin_lib.project import Failure  # noqa: E402

# What libFuzzer does, as far as the script sees it. MODE is replaced.
ENGINE = '''#!/usr/bin/python3
import hashlib, os, signal, sys, time
options = dict(word[1:].split("=", 1) for word in sys.argv[1:] if word.startswith("-"))
folders = [word for word in sys.argv[1:] if not word.startswith("-")]
def say(*lines):
    print(*lines, sep="\\n", file=sys.stderr, flush=True)
def end(executions, crash=None, signature=None):
    say(f"#{executions}\\tDONE   cov: 30 ft: 40 corp: 2/9b exec/s: 50 rss: 40Mb")
    if signature:
        say("pagetwin: diverged " + signature, "pagetwin: signature " + signature)
    if crash:
        path = options["artifact_prefix"] + "crash-" + hashlib.sha1(crash).hexdigest()
        open(path, "wb").write(crash)
        if signature:
            trace = options["artifact_prefix"] + "trace-1.ops"
            open(trace, "w").write("pagetwin 1 toy\\ntarget a\\nset n=1\\n# words\\nput k=1\\nget k=1 # why\\n\\n")
            say("pagetwin: trace " + trace)
        say("SUMMARY: libFuzzer: deadly signal", f"artifact_prefix='x'; Test unit written to {path}")
    say(f"stat::number_of_executed_units: {executions}", f"pagetwin: executions={executions} operations={executions * 4}")
    sys.exit(77 if crash else 0)
def held(content):
    return any(open(os.path.join(f, name), "rb").read() == content for f in folders for name in os.listdir(f))
MODE
'''
GOOD = 'open(folders[0] + "/new", "wb").write(b"new")\nend(100)'
FAILS_ONCE = '''mark = options["artifact_prefix"] + "../mark"
if os.path.exists(mark): end(100)
open(mark, "w")
end(10, b"bad", "T1 get: found")'''
ALWAYS = 'end(10, b"bad" + options["seed"].encode(), "T1 get: found")'
HELD = 'end(10, b"old", "T1 get: found") if held(b"old") else end(100)'
BROKEN = 'say("error while loading shared libraries"); sys.exit(127)'
SLOW = '''signal.signal(signal.SIGINT, lambda *_: (say("==1== libFuzzer: run interrupted; exiting",
    "stat::number_of_executed_units: 70"), os._exit(72)))
say("#64\\tpulse  cov: 3 ft: 4 corp: 1/1b exec/s: 5 rss: 40Mb")
time.sleep(60)'''
STUBBORN = '''signal.signal(signal.SIGINT, signal.SIG_IGN)
say("#8\\tpulse  cov: 3 ft: 4 corp: 1/1b exec/s: 5 rss: 40Mb")
time.sleep(60)'''
MERGES = 'open(folders[0] + "/one", "wb").write(b"1")\nend(5)'
MERGE_FAILS = 'open(folders[0] + "/one", "wb").write(b"1")\nsys.exit(1)'
KEYS = ["name", "build", "executions", "cpu_seconds", "exec_per_cpu_second", "ops_per_cpu_second", "edges", "features", "corpus",
        "peak_rss_mib", "divergences", "ended_early"]


class WithAnEngine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = Path(folder.name)
        self.processes = Processes()
        for name, place in (("program", self.out / "engine"), ("replay_program", self.out / "none")):
            patch = mock.patch.object(builds, name, lambda *_, place=place: place)
            patch.start()
            self.addCleanup(patch.stop)

    def campaign(self, mode: str, seconds: float = 5, **plan) -> Campaign:
        engine = self.out / "engine"
        engine.write_text(ENGINE.replace("MODE", mode), encoding="utf-8")
        engine.chmod(0o755)
        settings = {"workers": 1, "seed": 1, "out": self.out, **plan}
        return Campaign("a", Plan("san", seconds, **settings), self.processes)

    def run_one(self, mode: str, **plan) -> Campaign:
        one = self.campaign(mode, **plan)
        one.run()
        return one


class Campaigns(WithAnEngine):
    def test_a_good_run_is_measured_and_its_corpus_kept(self):
        result = self.run_one(GOOD).as_json()
        self.assertEqual(list(result), KEYS)
        rates = ("cpu_seconds", "exec_per_cpu_second", "ops_per_cpu_second", "peak_rss_mib")
        measured = {name: result.pop(name) for name in rates}
        self.assertEqual(result, {"name": "a", "build": "san", "executions": 100, "edges": 30, "features": 40, "corpus": 1,
                                  "divergences": [], "ended_early": False})
        self.assertGreater(min(measured.values()), 0)
        self.assertAlmostEqual(measured["exec_per_cpu_second"] * 4 / measured["ops_per_cpu_second"], 1, places=3)
        self.assertEqual((self.out / "corpus" / "a" / "new").read_bytes(), b"new")

    def test_it_goes_on_after_a_finding(self):
        result = self.run_one(FAILS_ONCE).as_json()
        artifacts = self.out / "artifacts" / "a"
        crash = artifacts / ("crash-" + hashlib.sha1(b"bad").hexdigest())
        self.assertEqual(result["executions"], 110)
        found = result["divergences"][0]
        self.assertEqual(len(result["divergences"]), 1)
        self.assertEqual(list(found), ["signature", "artifact", "trace", "ops"])
        self.assertEqual((found["signature"], found["ops"]), ("T1 get: found", 2))
        self.assertEqual([(ROOT / found[name]).resolve() for name in ("artifact", "trace")],
                         [crash.resolve(), (artifacts / "trace-1.ops").resolve()])
        self.assertEqual(crash.read_bytes(), b"bad")

    def test_one_signature_is_one_finding_and_restarts_are_bounded(self):
        one = self.run_one(ALWAYS, seconds=60, restarts=3)
        self.assertEqual([found["signature"] for found in one.as_json()["divergences"]], ["T1 get: found"])
        self.assertEqual(one.totals.executions, 40)
        crashes = {path.read_bytes() for path in (self.out / "artifacts" / "a").glob("crash-*")}
        self.assertEqual(crashes, {b"bad1", b"bad2", b"bad3", b"bad4"})

    def test_one_that_keeps_failing_ends_early_and_one_whose_time_is_over_does_not(self):
        for seconds, workers, early in ((60, 2, True), (0.5, 1, False)):
            one = self.run_one(ALWAYS, seconds=seconds, restarts=2, workers=workers)
            self.assertEqual((one.ended_early, one.as_json()["ended_early"]), (early, early))
        self.assertFalse(self.run_one(FAILS_ONCE, seconds=60, restarts=1).ended_early)

    def test_an_old_input_that_fails_now_does_not_end_every_start(self):
        corpus = self.out / "corpus" / "a"
        corpus.mkdir(parents=True)
        (corpus / "x").write_bytes(b"old")
        (corpus / "y").write_bytes(b"other")
        one = self.run_one(HELD)
        self.assertEqual(one.totals.executions, 110)
        self.assertEqual([path.name for path in corpus.iterdir()], ["y"])
        self.assertEqual((ROOT / one.as_json()["divergences"][0]["artifact"]).read_bytes(), b"old")

    def test_workers_share_the_corpus_and_have_seeds_of_their_own(self):
        one = self.run_one(ALWAYS, seconds=60, restarts=1, workers=2, seed=10)
        crashes = {path.read_bytes() for path in (self.out / "artifacts" / "a").glob("crash-*")}
        self.assertEqual(crashes, {b"bad10", b"bad11", b"bad12", b"bad13"})
        self.assertEqual(one.totals.executions, 40)

    def test_an_engine_that_does_not_run_is_no_success(self):
        one = self.run_one(BROKEN)
        self.assertRegex(one.failure, "the engine of a ended with 127 and named no divergence; see .*logs/a")
        self.assertIn("error while loading", (self.out / "logs" / "a.0.log").read_text(encoding="utf-8"))
        with mock.patch("builtins.print"), mock.patch.object(fuzz_command, "say"):
            self.assertEqual(fuzz_command.verdict([one], False), 2)

    def test_an_interruption_keeps_what_was_counted(self):
        for mode, executions in ((SLOW, 70), (STUBBORN, 8)):
            self.processes = Processes()
            one = self.campaign(mode, seconds=60)
            worker = threading.Thread(target=one.run)
            worker.start()
            until = time.monotonic() + 20
            while one.snapshot().executions is None and time.monotonic() < until:
                time.sleep(0.02)
            with mock.patch("pagetwin_lib.processes.GRACE", 0.5):
                self.processes.stop()
            worker.join(10)
            self.assertFalse(worker.is_alive())
            result = one.as_json()
            self.assertEqual((result["executions"], result["ops_per_cpu_second"], one.failure), (executions, None, None))

    def test_nothing_starts_after_an_interruption(self):
        self.processes.stop()
        self.assertIsNone(self.run_one(GOOD).as_json()["executions"])

    def test_the_command_line_of_the_engine(self):
        one = self.campaign(GOOD, operations=32)
        one.started = 0.0
        command = one._command(self.out / "seeds" / "a", 59.6, 7)
        for option in ("-len_control=0", "-max_len=528", "-max_total_time=60", "-seed=7", "-rss_limit_mb=2048"):
            self.assertIn(option, command)
        self.assertTrue([word for word in command if word.startswith("-artifact_prefix=")][0].endswith("/artifacts/a/"))
        self.assertEqual([(ROOT / word).resolve() for word in command[-2:]],
                         [(self.out / "corpus/a").resolve(), (self.out / "seeds/a").resolve()])


class Corpus(WithAnEngine):
    def fill(self) -> Path:
        folder = self.out / "corpus" / "a"
        folder.mkdir(parents=True)
        for number in range(5):
            (folder / f"{number}").write_bytes(b"%d" % number)
        return folder

    def shrink(self, mode: str, many: int) -> tuple[bool, list[str]]:
        folder = self.fill()
        self.campaign(mode)
        done = corpus_folder.shrink(folder, self.out / "engine", self.processes, many)
        self.assertEqual([path.name for path in folder.parent.iterdir()], ["a"])
        return done, sorted(path.name for path in folder.iterdir())

    def test_few_inputs_stay(self):
        self.assertEqual(self.shrink(MERGES, 5), (False, ["0", "1", "2", "3", "4"]))

    def test_many_inputs_are_merged(self):
        self.assertEqual(self.shrink(MERGES, 4), (True, ["one"]))

    def test_a_merge_that_fails_loses_nothing(self):
        self.assertEqual(self.shrink(MERGE_FAILS, 4), (False, ["0", "1", "2", "3", "4"]))

    def test_a_merge_without_a_result_loses_nothing(self):
        self.assertEqual(self.shrink("end(5)", 4), (False, ["0", "1", "2", "3", "4"]))

    def test_an_interrupted_exchange_is_undone(self):
        folder = self.fill()
        folder.rename(folder.with_name("a.before"))
        corpus_folder.recover(folder)
        self.assertEqual([path.name for path in folder.parent.iterdir()], ["a"])


class Output(WithAnEngine):
    def test_the_line_of_a_finished_target(self):
        one = self.run_one(GOOD)
        text = progress.line(one, one.started + 100, width=4)
        self.assertRegex(text, r"^a     san  5s/5s  100 exec  \d[\d,]* exec/CPU s  0 diverged  30 edges  1 inputs  40 features$")

    def test_the_line_of_one_that_has_not_said_anything(self):
        one = self.campaign(GOOD)
        self.assertEqual(progress.line(one, 0), "a  preparing its seeds")
        one.started = 0.0
        self.assertEqual(progress.line(one, 2),
                         "a  san  2s/5s  ? exec  ? exec/s  0 diverged  ? edges  ? inputs  ? features")

    def test_operations_are_lines_that_are_no_header_and_no_comment(self):
        self.assertEqual(findings.operations_of("# a\npagetwin 1 t\ntarget a\nset n=1\n\nput k=1 -> ok\n  # b\nget k=1\n"), 2)

    def test_the_summary_leaves_out_what_never_ran(self):
        ran, waits = self.run_one(GOOD), self.campaign(GOOD)
        with mock.patch.object(fuzz_command, "commit", lambda: "abc"), mock.patch.object(fuzz_command, "cpu_model", lambda: "M"):
            written = json.loads(json.dumps(fuzz_command.summary([ran, waits], ran.plan, 3, True)))
        self.assertEqual([target["name"] for target in written.pop("targets")], ["a"])
        self.assertEqual(written, {"commit": "abc", "cpu": "M", "seed": 1, "seconds": 5, "jobs": 3, "operations": ran.plan.operations,
                                   "interrupted": True})

    def test_a_summary_that_cannot_be_written_is_kept_elsewhere(self):
        for full, where in (("", "the summary is in .*/summary.json"), ("full", 'the summary:\n{\n "commit": "abc"\n}\n')):
            said, left = [], self.out / full / "summary.json"
            if full:
                left.parent.write_text("no folder")
            with mock.patch.object(fuzz_command, "say", said.append):
                output = OutputFile(Path("/dev/full"), "--summary")
                self.assertFalse(fuzz_command.keep_summary(output, {"commit": "abc"}, left.parent))
            self.assertEqual(said[0], "fuzz: --summary: /dev/full: cannot be written: No space left on device")
            self.assertRegex(said[1], where)
            if not full:
                self.assertEqual(json.loads(left.read_text()), {"commit": "abc"})
        self.assertTrue(fuzz_command.keep_summary(OutputFile(self.out / "s.json"), {}, self.out))

    def fuzz(self, mode: str, *words: str) -> int:
        self.campaign(mode)
        seeds = self.out / "seeds" / "codec"
        seeds.mkdir(parents=True, exist_ok=True)
        words = ("--target", "codec", "--time", "2", "--first", "--out", str(self.out), *words)
        with mock.patch.object(sys, "argv", ["fuzz", *words]), \
                mock.patch.object(builds, "build"), mock.patch("pagetwin_lib.campaign.seeds.make_seeds", return_value=seeds), \
                mock.patch.object(fuzz_command, "say"), redirect_stdout(io.StringIO()):
            return fuzz_command.main()

    def test_a_lost_summary_is_no_divergence_and_hides_none(self):
        self.assertEqual(self.fuzz(GOOD, "--summary", "/dev/full"), 2)
        self.assertEqual(self.fuzz(GOOD, "--summary", str(self.out / "s.json")), 0)
        self.assertEqual(self.fuzz(ALWAYS, "--summary", "/dev/full"), 1)

    def test_an_unusable_folder_or_seed_is_named_before_anything_runs(self):
        with self.assertRaisesRegex(Failure, "--out: expected a folder .*, found '/dev/null'"):
            fuzz_command.check_out(Path("/dev/null"))
        with self.assertRaisesRegex(argparse.ArgumentTypeError, "below 2\\^32, found '4294967296'"):
            fuzz_command.engine_seed("4294967296")
        self.assertEqual(fuzz_command.engine_seed("4294967295"), 4294967295)

    def test_help_lists_the_fields_of_the_summary(self):
        one = self.campaign(GOOD)
        for name in (*fuzz_command.summary([one], one.plan, 1, False), *KEYS):
            self.assertRegex(fuzz_command.FIELDS, rf"\b{name}\b")

    def test_a_target_without_its_option_is_told_of_it(self):
        with mock.patch.object(sys, "argv", ["fuzz", "codec"]), redirect_stderr(io.StringIO()) as said, \
                self.assertRaises(SystemExit):
            fuzz_command.main()
        self.assertTrue(said.getvalue().endswith("unrecognized arguments: codec; a target is chosen by --target codec\n"))

    def test_verdicts(self):
        good, bad = self.run_one(GOOD), self.run_one(ALWAYS, restarts=0)
        with mock.patch("builtins.print"):
            verdicts = [fuzz_command.verdict(of, interrupted) for of, interrupted in
                        (([good], False), ([good, bad], False), ([bad], True), ([good], True))]
        self.assertEqual(verdicts, [0, 1, 1, 130])

    def last_lines(self, one: Campaign, interrupted: bool) -> list[str]:
        printed = io.StringIO()
        with redirect_stdout(printed):
            fuzz_command.verdict([one], interrupted)
        return printed.getvalue().splitlines()[-2:]

    def test_an_early_end_and_an_interruption_are_said_after_the_findings(self):
        often = self.run_one(ALWAYS, seconds=60, restarts=2)
        early, last = self.last_lines(often, True)
        self.assertRegex(early, r"^a: ended after 3 findings, \d+s of 60s; mend them first$")
        self.assertEqual(last, "interrupted")
        self.assertEqual(self.last_lines(often, False)[1], early)
        asked = self.last_lines(self.run_one(ALWAYS, seconds=60, restarts=0), False)
        self.assertNotIn("ended after", "".join(asked))
        self.assertEqual(self.last_lines(self.run_one(GOOD), True), ["interrupted; until then nothing diverged"])


class Children(unittest.TestCase):
    def run_child(self, script: str, **options):
        lines = []
        ended = Processes().run([sys.executable, "-c", script], lines.append, "/", dict(os.environ), **options)
        return ended, lines

    def test_both_outputs_and_the_cpu_time_arrive(self):
        ended, lines = self.run_child("import sys\nprint('a', flush=True)\nprint('b', file=sys.stderr)\n"
                                      "sum(range(3_000_000))\nsys.exit(3)")
        self.assertEqual((ended.status, lines), (3, ["a\n", "b\n"]))
        self.assertGreater(ended.cpu_seconds, 0)
        self.assertGreater(ended.peak_rss_mib, 1)

    def test_one_that_takes_too_long_is_ended(self):
        started = time.monotonic()
        ended, _ = self.run_child("import time; time.sleep(60)", timeout=0.5)
        self.assertEqual(ended.status, -signal.SIGKILL)
        self.assertLess(time.monotonic() - started, 20)


if __name__ == "__main__":
    unittest.main()
