"""scripts/bench_compare: the statistics on made-up data, result files, and whole runs in a repository of their own."""

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from argparse import Namespace
from itertools import combinations
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = ROOT / "scripts"
sys.dont_write_bytecode = True
sys.path[:0] = [str(SCRIPTS), str(Path(__file__).parent)]

from bench_repository import CMAKE, BenchRepository  # noqa: E402
from pagetwin_lib import bench_command, bench_results, bench_runs, builds, comparison, significance, worktrees  # noqa: E402
from pagetwin_lib.project import Failure  # noqa: E402

NAMES = [f"W{i}/x86_64_4" for i in range(1, 28)] + [f"W{i}/tiny" for i in range(1, 28)]


def made_up(seed: int, factor: float = 1.0, repetitions: int = 10, slow: str | None = None) -> dict[str, list[float]]:
    """Noise of 1 %, skewed to the slow side as real runs are; `slow` alone is multiplied by the factor."""
    lots = random.Random(seed)
    return {name: [100 * (factor if name == slow else 1) * (1 + abs(lots.gauss(0, 0.01))) for _ in range(repetitions)]
            for name in NAMES}


def document(values: dict[str, list[float]], unit: str = "ns") -> dict:
    entries = [{"name": name, "run_name": name, "run_type": "iteration", "repetitions": len(times), "repetition_index": i,
                "iterations": 1, "real_time": time, "cpu_time": time, "time_unit": unit}
               for name, times in values.items() for i, time in enumerate(times)]
    return {"context": {}, "benchmarks": entries}


def run(script: Path, *args: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run([str(script), *args], capture_output=True, text=True, check=False, timeout=120, cwd=cwd)


class Statistics(unittest.TestCase):
    def test_exact_p_is_that_of_counting_every_split(self):
        lots = random.Random(3)
        for _ in range(20):
            values = [lots.randrange(6) for _ in range(9)]
            ranks = significance.doubled_ranks(values)
            mean = sum(ranks) * 4 / 9
            far = abs(sum(ranks[:4]) - mean)
            splits = [abs(sum(split) - mean) >= far - 1e-9 for split in combinations(ranks, 4)]
            self.assertAlmostEqual(significance.mann_whitney(values[:4], values[4:]), sum(splits) / len(splits), places=12)

    def test_known_values(self):
        self.assertAlmostEqual(significance.mann_whitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]), 2 / 252)
        self.assertEqual(significance.mann_whitney([1, 1, 1], [1, 1, 1]), 1.0)
        self.assertEqual(significance.doubled_ranks([5, 1, 5, 9]), [5, 2, 5, 8])

    def test_the_normal_approximation_joins_the_exact_test(self):
        lots = random.Random(5)
        values = [lots.gauss(0, 1) for _ in range(20)] + [lots.gauss(0.6, 1) for _ in range(20)]
        ranks = significance.doubled_ranks(values)
        self.assertAlmostEqual(significance.normal_p(ranks, 20), significance.exact_p(ranks, 20), delta=0.003)

    def test_the_normal_approximation_allows_for_ties(self):
        lots = random.Random(4)
        values = [lots.choice([0, 0, 0, 1, 2, 3]) for _ in range(20)] + [lots.choice([0, 0, 1, 2, 3, 4]) for _ in range(20)]
        ranks = significance.doubled_ranks(values)
        self.assertAlmostEqual(significance.normal_p(ranks, 20), significance.exact_p(ranks, 20), delta=0.001)
        self.assertEqual(significance.mann_whitney([1] * 30, [1] * 30), 1.0)

    def test_holm_multiplies_by_what_is_left_and_never_decreases(self):
        adjusted = significance.holm([0.01, 0.04, 0.03, 0.005])
        for value, expected in zip(adjusted, [0.03, 0.06, 0.06, 0.02]):
            self.assertAlmostEqual(value, expected)
        self.assertEqual(significance.holm([0.7, 0.9]), [1.0, 1.0])


class Verdicts(unittest.TestCase):
    def test_an_injected_shift_of_5_percent_is_found_ten_times_of_ten(self):
        for seed in range(10):
            rows = comparison.compare(made_up(seed), made_up(seed + 100, 1.05, slow="W7/tiny"))
            self.assertEqual([r.name for r in rows if r.verdict != "same"], ["W7/tiny"])
            self.assertEqual({r.verdict for r in rows if r.name == "W7/tiny"}, {"slower"})

    def test_a_against_a_is_the_same_ten_times_of_ten(self):
        for seed in range(10):
            rows = comparison.compare(made_up(seed), made_up(seed + 200))
            self.assertEqual([r for r in rows if r.verdict != "same"], [])

    def test_a_shift_that_is_certain_but_below_2_percent_is_the_same(self):
        a = {"x": [100 + i / 1000 for i in range(10)]}
        b = {"x": [101.5 + i / 1000 for i in range(10)]}
        row, = comparison.compare(a, b)
        self.assertLess(row.p, 1e-4)
        self.assertEqual(row.verdict, "same")

    def test_less_time_is_faster(self):
        row, = comparison.compare({"x": [100 + i for i in range(10)]}, {"x": [50 + i for i in range(10)]})
        self.assertEqual(row.verdict, "faster")


class ResultFiles(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def file(self, name: str, values: dict[str, list[float]], unit: str = "ns") -> str:
        path = self.folder / name
        path.write_text(json.dumps(document(values, unit)))
        return str(path)

    def compare(self, *args: str) -> subprocess.CompletedProcess:
        return run(SCRIPTS / "bench_compare", *args)

    def test_a_regression_ends_with_1_and_is_named(self):
        slower = self.file("b.json", made_up(2, 1.05, slow="W3/tiny"))
        done = self.compare(self.file("a.json", made_up(1)), slower, "--markdown")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual([line.split("|")[1].strip() for line in done.stdout.splitlines() if "**slower**" in line], ["W3/tiny"])
        self.assertIn("regressed: 1 of 54 benchmarks are slower, 0 faster", done.stdout)

    def test_the_filter_leaves_the_others_out(self):
        files = self.file("a.json", made_up(1)), self.file("b.json", made_up(2, 1.05, slow="W3/tiny"))
        done = self.compare(*files, "--filter", "x86")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("same: none of 27 benchmarks is slower", done.stdout)

    def test_units_are_converted_and_the_json_holds_the_rows(self):
        out = self.folder / "out.json"
        done = self.compare(self.file("a.json", {"x": [1.0 + i / 1e6 for i in range(10)]}, "us"),
                            self.file("b.json", {"x": [1000.0 + i / 1e3 for i in range(10)]}), "--json", str(out))
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(out.read_text())
        self.assertEqual((report["verdict"], report["aa"], len(report["benchmarks"])), ("same", False, 1))
        self.assertAlmostEqual(report["benchmarks"][0]["ratio"], 1.0, places=6)

    def test_benchmarks_of_one_side_only_are_listed(self):
        both = [100.0 + i for i in range(10)]
        done = self.compare(self.file("a.json", {"x": both, "old": both}), self.file("b.json", {"x": both, "new": both}))
        self.assertEqual(done.returncode, 0)
        self.assertIn("only in A, not compared: old\nonly in B, not compared: new\n", done.stdout)

    def test_aa_of_a_file_prints_the_noise_floor(self):
        done = self.compare(self.file("a.json", made_up(1, repetitions=20)), "--aa")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"A against itself, 54 benchmarks: median shift \d\.\d\d %, .* false verdicts: 0")
        self.assertIn("every other measurement of A is on each side\n", done.stdout)

    def test_a_full_disk_takes_one_file_and_not_the_other(self):
        good, page = self.file("a.json", made_up(1)), self.folder / "page.html"
        done = self.compare(good, self.file("b.json", made_up(2)), "--json", "/dev/full", "--html", str(page))
        self.assertEqual(done.returncode, 2)
        self.assertIn("--json: /dev/full: cannot be written: No space left on device; the results are in", done.stderr)
        self.assertIn("same: none of 54", done.stdout)
        self.assertIn("same: none of 54", page.read_text())

    def test_what_cannot_be_answered_ends_with_2_and_says_why(self):
        good = self.file("a.json", made_up(1))
        few = self.file("few.json", made_up(1, repetitions=4))
        other = self.file("other.json", {"y": [1.0] * 10})
        failed = Path(self.file("failed.json", {"x": [1.0] * 10}))
        broken = document({"x": [1.0] * 10})
        broken["benchmarks"][0].update(error_occurred=True, error_message="out of nodes")
        failed.write_text(json.dumps(broken))
        text = self.folder / "text.json"
        text.write_text("hello")
        nothing = self.folder / "nothing.json"
        nothing.write_text("\n")
        bare = self.folder / "bare.json"
        bare.write_text("{}")
        foreign = self.folder / "foreign.json"
        foreign.write_text('{"benchmarks": [1]}')
        cases = [((good, few), "too few"), ((good, other), "no benchmark in common"), ((good, str(text)), "is not JSON"),
                 ((good, str(failed)), "x failed: out of nodes"), ((good, str(foreign)), "not a result of Google"),
                 ((good, self.file("empty.json", {})), "no benchmark in common"), ((good, str(bare)), "no 'benchmarks'"),
                 ((good, "HEAD"), "both commits or both"), ((good,), "B is missing"),
                 ((good, good, "--filter", "("), "not a regular expression"),
                 ((good, good, "--filter", "nosuch"), "no benchmark matches --filter 'nosuch'"),
                 ((good, good, "--rounds", "3"), "at least 10"), ((good, str(nothing)), "nothing.json is empty"),
                 ((good, good, "--rounds", "12"), "--rounds is for measuring"),
                 ((good, good, "--precision", "abc"), "expected a percentage, more than 0, found 'abc'"),
                 ((good, str(self.folder / "none.json")), "none.json: no such file")]
        for args, expected in cases:
            with self.subTest(expected):
                done = self.compare(*args)
                self.assertEqual(done.returncode, 2)
                self.assertIn(expected, done.stderr)


# What Google Benchmark does when nothing matches.
EMPTY_BENCH = """#!/bin/sh
for option; do case $option in --benchmark_out=*) : > "${option#*=}" ;; esac; done
echo "Failed to match any benchmarks against regex: nosuch" >&2
"""


class NothingMatches(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.binary = Path(folder.name) / "abc" / worktrees.BINARY
        self.binary.parent.mkdir(parents=True)
        self.binary.write_text(EMPTY_BENCH)
        self.binary.chmod(0o755)

    def test_bench_says_only_that(self):
        with mock.patch.object(builds, "program", lambda *_: self.binary), \
                self.assertRaisesRegex(Failure, "^no benchmark matches --filter 'nosuch'$"):
            bench_command.run(Namespace(filter="nosuch", min_time=None, accesses=None))

    def test_bench_compare_says_of_which_commit(self):
        with self.assertRaisesRegex(bench_results.Unusable, "^no benchmark of abc matches --filter 'nosuch'$"):
            bench_runs.run_once(self.binary, "nosuch", 0.05, self.binary.parent / "out.json")


class Commits(BenchRepository):
    """The script compares commits of the repository that it lies in, so each test has one of its own."""

    def compare(self, *args: str) -> subprocess.CompletedProcess:
        return run(self.repository / "scripts" / "bench_compare", *args, cwd=self.repository)

    def test_a_slower_commit_is_found_and_the_results_are_kept(self):
        self.bench_commit(1)
        self.bench_commit(1.05)
        done = self.compare("HEAD~1", "HEAD", "--html", "report.html", "--json", "report.json")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("regressed: 1 of 2 benchmarks are slower, 0 faster", done.stdout)
        # All eleven pairs agree, and two questions were asked.
        rows = json.loads((self.repository / "report.json").read_text())["benchmarks"]
        self.assertEqual([(row["name"], row["rounds"], row["p"]) for row in rows if row["verdict"] == "slower"],
                         [("W2/tiny", 11, 2 * 2 ** -10)])
        page = (self.repository / "report.html").read_text()
        self.assertIn("regressed: 1 of 2 benchmarks are slower, 0 faster", page)
        self.assertIn(self.git("rev-parse", "HEAD").strip()[:12], page)
        self.assertIn("instructions: skipped", done.stdout)
        self.assert_no_worktree_is_left()
        kept = sorted((self.repository / "build" / "compare").glob("*.json"))
        self.assertEqual({path.stem for path in kept}, {self.git("rev-parse", rev).strip()[:12] for rev in ("HEAD", "HEAD~1")})
        for path in kept:
            entries = json.loads(path.read_text())["benchmarks"]
            self.assertEqual([(e["name"], e["repetitions"], e["repetition_index"], e["process"]) for e in entries],
                             [(name, 11, i, i) for name in ("W1/tiny", "W2/tiny") for i in range(11)])

    def test_what_was_kept_can_be_compared_again_with_the_same_answer(self):
        self.bench_commit(1)
        self.bench_commit(1.05)
        first = self.compare("HEAD~1", "HEAD")
        again = self.compare(*(f"build/compare/{self.git('rev-parse', rev).strip()[:12]}.json" for rev in ("HEAD~1", "HEAD")))
        self.assertEqual(again.returncode, 1, again.stderr)
        self.assertEqual(again.stdout, first.stdout.partition("instructions: skipped")[0])

    def test_ctrl_c_keeps_the_complete_rounds_beside_what_was_whole(self):
        self.bench_commit(1, sleep=0.2)
        kept = self.repository / "build" / "compare" / f"{self.git('rev-parse', 'HEAD').strip()[:12]}.a.json"
        kept.parent.mkdir(parents=True)
        kept.write_text("whole")
        status, errors = self.interrupted([str(self.repository / "scripts" / "bench_compare"), "HEAD", "--aa"], "round 2 ")
        self.assertEqual(status, 130, errors)
        self.assertIn("the rounds so far are in build/compare/", errors)
        for side in "ab":
            entries = json.loads(kept.with_name(f"{kept.name[:12]}.{side}.interrupted.json").read_text())["benchmarks"]
            self.assertGreaterEqual({entry["process"] for entry in entries}, {0, 1})
        self.assertEqual(kept.read_text(), "whole")
        self.assert_no_worktree_is_left()

    def test_aa_of_a_commit_is_the_same(self):
        self.bench_commit(1)
        done = self.compare("HEAD", "--aa")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("A against itself, 2 benchmarks", done.stdout)
        self.assert_no_worktree_is_left()

    def test_commits_that_cannot_be_measured_end_with_2(self):
        self.bench_commit(1)
        self.commit("broken", {"CMakeLists.txt": CMAKE.replace("install -D", "false")})
        for args, expected in ((("HEAD~2", "HEAD~1"), "no preset 'bench'"), (("HEAD~1", "HEAD"), "does not build"),
                               (("HEAD", "no_such_rev"), "'no_such_rev' is neither a commit")):
            with self.subTest(expected):
                done = self.compare(*args)
                self.assertEqual(done.returncode, 2)
                self.assertIn(expected, done.stderr)
                self.assert_no_worktree_is_left()

    def test_ctrl_c_removes_the_worktrees_and_ends_what_was_running(self):
        self.bench_commit(1, sleep=60)
        with subprocess.Popen([str(self.repository / "scripts" / "bench_compare"), "HEAD", "--aa"], stderr=subprocess.PIPE,
                              text=True) as running:
            deadline = time.monotonic() + 30
            while not list(self.repository.glob("build/compare/*/build/bench/bin/pagetwin_bench")):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.1)
            time.sleep(0.5)
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=30)
        self.assertEqual(running.returncode, 130, errors)
        self.assertIn("interrupted", errors)
        self.assert_no_worktree_is_left()
        self.assertEqual(self.processes_of_the_repository(), [])


if __name__ == "__main__":
    unittest.main()
