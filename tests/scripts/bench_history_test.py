"""scripts/bench --history: what is kept, what is plotted, and whole runs in a repository of their own."""

import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from contextlib import redirect_stderr
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(ROOT / "scripts"), str(Path(__file__).parent)]

from bench_repository import BenchRepository  # noqa: E402
from compare_report_test import Reader  # noqa: E402
from pagetwin_lib import bench_command, history_report, history_series  # noqa: E402
from pagetwin_lib.bench_history import History, Record  # noqa: E402
from pagetwin_lib.commits import Commit  # noqa: E402
from pagetwin_lib.history_series import Figure, Series  # noqa: E402
from pagetwin_lib.project import Failure  # noqa: E402

NAME = "0123456789ab" + "c" * 28
CONTEXT = {"num_cpus": 2, "mhz_per_cpu": 2600, "cpu": "Slow"}


def run_of(*times: float, name: str = "W2_random/tiny", **more: object) -> dict:
    """A process that repeated a benchmark."""
    entries = [{"name": name, "cpu_time": time, "time_unit": "ns", "process": 0, **more} for time in times]
    return {"kind": "benchmarks", "context": CONTEXT, "benchmarks": entries}


FUZZ = {"commit": NAME[:12], "cpu": "Slow", "operations": 32,
        "targets": [{"name": "codec", "build": "san", "exec_per_cpu_second": 11215.5},
                    {"name": "ended", "build": "san", "exec_per_cpu_second": None}]}


class Kept(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.history = History(self.folder / "history")

    def test_runs_are_added_and_what_was_there_stays(self):
        self.assertEqual(self.history.add(NAME, [run_of(5.0)]), 1)
        self.assertEqual(self.history.add(NAME, [run_of(9.0), {"kind": "fuzz", "summary": FUZZ}]), 2)
        self.assertEqual([run["kind"] for run in self.history.load(NAME).runs], ["benchmarks", "benchmarks", "fuzz"])
        self.assertEqual(self.history.all(), [Record(NAME, self.history.load(NAME).runs)])

    def test_the_same_run_is_not_added_twice(self):
        self.history.add(NAME, [run_of(5.0)])
        self.assertEqual(self.history.add(NAME, [run_of(5.0), run_of(6.0), run_of(6.0)]), 1)
        self.assertEqual(len(self.history.load(NAME).runs), 2)

    def test_a_broken_record_is_named_and_left_as_it_is(self):
        path = self.history.path(NAME)
        path.parent.mkdir()
        for text in ('{"commit"', "[]", '{"commit": "other", "runs": []}', json.dumps({"commit": NAME, "runs": [{"kind": "x"}]}),
                     json.dumps({"commit": NAME, "runs": [{"kind": "fuzz"}]}), "\0"):
            with self.subTest(text):
                path.write_text(text)
                for act in (self.history.check, lambda commit: self.history.add(commit, [run_of(5.0)])):
                    with self.assertRaisesRegex(Failure, "0123456789ab.json: expected a record of the history, .*move it away"):
                        act(NAME)
                self.assertEqual(path.read_text(), text)

    def test_a_broken_record_does_not_hide_the_others(self):
        self.history.add(NAME, [run_of(5.0)])
        self.history.path("f" * 40).write_text("{")
        with redirect_stderr(io.StringIO()) as said:
            self.assertEqual([record.commit for record in self.history.all()], [NAME])
        self.assertIn(f"left out: {self.history.path('f' * 40)}", said.getvalue())

    def test_where_nothing_can_be_written_is_found_before(self):
        with self.assertRaisesRegex(Failure, "cannot be written"):
            History(Path("/proc/history")).check(NAME)


class Figures(unittest.TestCase):
    def collected(self, *runs: dict) -> dict[tuple[str, str], dict]:
        return {(one.figure.name, one.figure.unit): one.values for one in history_series.collect([Record(NAME, list(runs))])}

    def test_a_process_is_one_value(self):
        found = self.collected(run_of(5.0, 50.0, 6.0, ratio=0.9), run_of(7.0, ratio=0.8))
        self.assertEqual(found["W2_random/tiny", history_series.TIME], {NAME: [6.0, 7.0]})
        self.assertEqual(found["W2_random/tiny", history_series.TO_THE_PROBE], {NAME: [0.9, 0.8]})

    def test_memory_has_bytes_and_no_time(self):
        self.assertEqual(self.collected(run_of(0.3, name="MEM_dense/tiny", bytes_per_page=8.06, ratio=1.0)),
                         {("MEM_dense/tiny", history_series.MEMORY): {NAME: [8.06]}})

    def test_instructions_and_rates_have_names_of_their_own(self):
        found = self.collected({"kind": "instructions", "instructions": {"lookup": 50.0}}, {"kind": "fuzz", "summary": FUZZ})
        self.assertEqual(found, {("instructions/lookup", history_series.COUNT): {NAME: [50.0]},
                                 ("fuzz/san/codec", history_series.RATE): {NAME: [11215.5]}})

    def test_machines_are_kept_apart_and_lengths_of_programs_too(self):
        other = dict(run_of(9.0), context={**CONTEXT, "cpu": "Fast"})
        short = {"kind": "fuzz", "summary": {**FUZZ, "operations": 256}}
        series = history_series.collect([Record(NAME, [run_of(5.0), other, {"kind": "fuzz", "summary": FUZZ}, short])])
        self.assertEqual([one.figure.where for one in series],
                         ["Slow, 2 x 2600 MHz", "Fast, 2 x 2600 MHz", "Slow, programs of up to 32 operations",
                          "Slow, programs of up to 256 operations"])

    def test_a_whole_name_is_meant_before_an_expression(self):
        series = [Series(Figure(name, "ns", "")) for name in ("W2_random/x86_64_4", "W2_random/x86_64_4_hw")]
        self.assertEqual(history_series.chosen(series, "W2_random/x86_64_4"), series[:1])
        self.assertEqual(history_series.chosen(series, "^W2_"), series)

    def test_one_that_was_not_measured_is_told_with_what_was(self):
        with self.assertRaisesRegex(Failure, "no figure 'W2_randm/tiny' was measured; did you mean W2_random/tiny\\?"):
            history_series.chosen(history_series.collect([Record(NAME, [run_of(1.0)])]), "W2_randm/tiny")


COMMITS = [Commit(str(number) * 40, "2026-01-01", f"subject {number} <b>") for number in range(4)]


def series(*values: list[float], unit: str = "ns", where: str = "Slow") -> Series:
    return Series(Figure("W2/x", unit, where), {commit.name: of for commit, of in zip(COMMITS, values) if of})


class Shown(unittest.TestCase):
    def test_the_terminal_has_a_line_and_a_row_for_each_commit(self):
        with mock.patch.object(history_report, "blocks", lambda: history_report.BLOCKS):
            lines = history_report.show(series([5.0, 5.2, 5.1], [], [5.1] * 3, [6.0, 6.2, 6.1]), COMMITS).splitlines()
        self.assertEqual(lines[:3], ["W2/x: ns (less is better)", "Slow", "▁▁█  5.1 to 6.1"])
        self.assertRegex(lines[4], r"^000000000000  2026-01-01 +5.1 +5 +5.2 +3 +subject 0 <b>$")
        self.assertRegex(lines[5], r"^222222222222  2026-01-01 +5.1 +5.1 +5.1 +3 +\+0.0 %  +subject 2")
        self.assertRegex(lines[6], r"^333333333333  2026-01-01 +6.1 +6 +6.2 +3 +\+19.6 %\* +subject 3")

    def test_a_star_is_for_what_is_hardly_the_same(self):
        apart, before, after = history_report.is_apart, *COMMITS[:2]
        for first, then, unit, expected in (([5.0] * 3, [5.3] * 3, "ns", True), ([5.0] * 3, [4.7] * 3, "ns", True),
                                            ([5.0, 5.0, 5.4], [5.3] * 3, "ns", False), ([5.0] * 3, [5.05] * 3, "ns", False),
                                            ([5.0] * 2, [5.3] * 3, "ns", False), ([50.0], [50.1], "instructions", True),
                                            ([50.0], [50.0], "instructions", False)):
            one = series(first, then, unit=unit)
            share = one.median(after.name) / one.median(before.name) - 1
            self.assertEqual(apart(one, before, after, share), expected, (first, then, unit))

    def test_noise_is_not_drawn_as_large_as_a_change(self):
        self.assertEqual(history_report.sparkline([5.0, 5.01, 5.0], "ab"), "aaa")
        self.assertEqual(history_report.sparkline([1, 2, 3], "abc"), "abc")
        low, high = history_report.domain([series([5.0], [5.01])], COMMITS)
        self.assertGreater(high - low, 0.25)

    def test_more_is_better_for_rates(self):
        self.assertEqual(history_report.heading(series([1.0], unit=history_series.RATE)),
                         "W2/x: exec per CPU second (more is better)")

    def test_the_page_is_whole_with_a_line_for_each_machine(self):
        text = history_report.as_page([series([5.0], [6.0]), series([], [7.0], [8.0], where="Fast <b>"),
                                       series([0.9], unit="of the probe's time")], COMMITS)
        reader = Reader(text)
        self.assertEqual(reader.open, [])
        self.assertEqual(len(reader.of_class("path")), 3)
        self.assertEqual(len([tag for tag, _ in reader.all if tag == "h2"]), 2)
        self.assertIn("Fast <b>", "".join(reader.texts))
        self.assertNotIn("<b>", text)
        self.assertIsNone(re.search(r"(src|href)=|url\(|<script", text))

    def test_the_page_has_the_commits_in_their_order_and_slower_is_higher(self):
        reader = Reader(history_report.chart([series([5.0], [6.0], [5.5])], COMMITS[:3]))
        dots = [(float(attrs["cx"]), float(attrs["cy"])) for attrs in reader.of_class("dot")]
        self.assertEqual(dots, sorted(dots))
        self.assertLess(dots[1][1], dots[2][1])
        self.assertLess(dots[2][1], dots[0][1])


class Options(unittest.TestCase):
    def test_what_does_not_go_together_is_said(self):
        for line, expected in (("--instructions --filter x", "--filter is for times"),
                               ("--plot x", "--plot needs --history"), ("--skip-existing", "--skip-existing needs --history"),
                               ("--history --json f", "--history and --json do not go together"),
                               ("--history --list --plot x", "--list and --plot do not go together"),
                               ("--history --list --html f", "--list and --html do not go together"),
                               ("--history --plot x --rounds 3", "--rounds is for measuring; --plot measures nothing"),
                               ("--history --plot (", "expected a regular expression, found '('")):
            with self.subTest(line), mock.patch.object(sys, "argv", ["bench", *line.split()]), \
                    redirect_stderr(io.StringIO()) as said, self.assertRaises(SystemExit) as ended:
                bench_command.arguments()
            self.assertEqual(ended.exception.code, 2)
            self.assertIn(expected, said.getvalue())


class Runs(BenchRepository):
    def bench(self, *args: str) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(*args), capture_output=True, text=True, check=False, timeout=120, cwd=self.repository)

    def command(self, *args: str) -> list[str]:
        program = ("import sys; sys.path.insert(0, 'scripts'); from pagetwin_lib import bench_command, project; "
                   "project.run_command('bench', bench_command.main)")
        return [sys.executable, "-c", program, *args]

    def name(self, rev: str) -> str:
        return self.git("rev-parse", rev).strip()

    def runs(self, rev: str) -> list[dict]:
        return json.loads((self.repository / "out" / "history" / f"{self.name(rev)[:12]}.json").read_text())["runs"]

    def test_commits_are_measured_kept_and_plotted_in_gits_order(self):
        self.bench_commit(1)
        self.bench_commit(1.2)
        self.bench_commit(1.1)
        done = self.bench("--history", "HEAD~3..HEAD", "--rounds", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([len(self.runs(rev)) for rev in ("HEAD~2", "HEAD~1", "HEAD")], [3, 3, 3])
        self.assert_no_worktree_is_left()
        shown = self.bench("--history", "--plot", "W2/tiny", "--html", "plot.html")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        rows = [line.split()[0] for line in shown.stdout.splitlines() if "factor" in line]
        self.assertEqual(rows, [self.name(rev)[:12] for rev in ("HEAD~2", "HEAD~1", "HEAD")])
        self.assertRegex(shown.stdout, r"\+(19|20)\.\d %\* +factor 1.2\n.*-\d\.\d %\* +factor 1.1\n")
        self.assertIn("W2/tiny", (self.repository / "plot.html").read_text())

    def test_measuring_again_adds_and_what_is_there_can_be_passed_over(self):
        self.bench_commit(1)
        self.bench("--history", "--rounds", "1")
        self.bench("--history", "--rounds", "2")
        self.assertEqual(len(self.runs("HEAD")), 3)
        self.assertEqual(self.bench("--history", "--rounds", "2", "--skip-existing").returncode, 0)
        self.assertEqual(len(self.runs("HEAD")), 3)

    def test_a_commit_without_benchmarks_is_left_out_and_told(self):
        self.bench_commit(1)
        done = self.bench("--history", "HEAD~1", "HEAD", "--rounds", "1")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"left out: {self.name('HEAD~1')[:12]} has no benchmarks", done.stderr)
        self.assertEqual(len(self.runs("HEAD")), 1)

    def test_ctrl_c_loses_no_process_that_had_ended(self):
        self.bench_commit(1, sleep=0.2)
        status, errors = self.interrupted(self.command("--history", "--rounds", "100"), "round 2 ")
        self.assertEqual(status, 130, errors)
        self.assertGreaterEqual(len(self.runs("HEAD")), 2)
        self.assert_no_worktree_is_left()

    def test_results_are_added_to_the_commit_that_they_name(self):
        self.commit("one more", {})
        summary, result = self.repository / "out" / "s.json", self.repository / "out" / "b.json"
        summary.parent.mkdir()
        summary.write_text(json.dumps({**FUZZ, "commit": self.name("HEAD~1")[:12]}))
        result.write_text(json.dumps({"context": CONTEXT, "benchmarks": run_of(5.0)["benchmarks"]}))
        for text in ("added to", "is already in"):
            done = self.bench("--history", "--add", str(summary))
            self.assertIn(f"{summary}: {text} out/history/{self.name('HEAD~1')[:12]}.json", done.stdout, done.stderr)
        self.assertEqual(self.bench("--history", "HEAD", "--add", str(result)).returncode, 0)
        self.assertEqual([run["kind"] for rev in ("HEAD~1", "HEAD") for run in self.runs(rev)], ["fuzz", "benchmarks"])
        listed = self.bench("--history", "--list").stdout.splitlines()
        self.assertRegex(listed[0], rf"^{self.name('HEAD~1')[:12]}  \d{{4}}-\d\d-\d\d  1 x fuzz +no benchmarks yet$")
        self.assertRegex(self.bench("--history", "--plot", "fuzz/san/codec").stdout, r"11,216")

    def test_what_cannot_be_added_is_named_and_nothing_is_added(self):
        good = self.repository / "good.json"
        good.write_text(json.dumps({**FUZZ, "commit": self.name("HEAD")[:12]}))
        bad = self.repository / "bad.json"
        cases = (("{", "is not JSON"), ("[]", "expected an object"), ("{}", "expected a result of Google Benchmark or a summary"),
                 (json.dumps({**FUZZ, "commit": "abc-dirty"}), "measured with changes that no commit has"),
                 (json.dumps({**FUZZ, "commit": "0" * 12}), "is no commit of this repository"),
                 (json.dumps({**FUZZ, "commit": None}), "names no commit; name it"),
                 (json.dumps({**FUZZ, "targets": [{}]}), "is not a summary"),
                 (json.dumps({**FUZZ, "targets": []}), "nothing was measured"),
                 ('{"benchmarks": [{"name": 1}]}', "is not a result of Google"))
        for text, expected in cases:
            with self.subTest(expected):
                bad.write_text(text)
                done = self.bench("--history", "--add", str(good), str(bad))
                self.assertEqual(done.returncode, 2)
                self.assertIn(expected, done.stderr)
                self.assertIn("bad.json", done.stderr)
                self.assertNotIn("Traceback", done.stderr)
                self.assertFalse((self.repository / "out" / "history").exists())

    def test_what_was_measured_of_one_commit_is_not_added_to_another(self):
        self.commit("one more", {})
        result = self.repository / "result.json"
        result.write_text(json.dumps({**FUZZ, "commit": self.name("HEAD~1")[:12]}))
        done = self.bench("--history", "HEAD", "--add", str(result))
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"result.json: is of {self.name('HEAD~1')[:12]}, not of {self.name('HEAD')[:12]}", done.stderr)
        self.assertFalse((self.repository / "out" / "history").exists())

    def test_what_is_not_there_ends_with_2_before_anything_is_built(self):
        self.bench_commit(1)
        broken = self.repository / "out" / "history" / f"{self.name('HEAD')[:12]}.json"
        for args, expected in (((), "nothing was measured yet"), (("nosuch",), "'nosuch' is neither a commit"),
                               (("HEAD..HEAD",), "no commit is in HEAD..HEAD")):
            with self.subTest(expected):
                done = self.bench("--history", *args, *(() if args else ("--plot", "W1/tiny")))
                self.assertEqual((done.returncode, expected in done.stderr), (2, True), done.stderr)
        broken.parent.mkdir(parents=True)
        broken.write_text("{")
        done = self.bench("--history")
        self.assertEqual((done.returncode, "expected a record" in done.stderr), (2, True), done.stderr)
        self.assertFalse((self.repository / "build").exists())
        refused = self.bench("--history", "--plot", "x", "--html", "/proc/x.html")
        self.assertEqual((refused.returncode, refused.stderr.strip()),
                         (2, "bench: --html: /proc/x.html: cannot be written: /proc: No such file or directory"))


if __name__ == "__main__":
    unittest.main()
