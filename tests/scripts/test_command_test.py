"""scripts/test, scripts/coverage and scripts/bootstrap: what they read and how they count."""

import io
import os
import subprocess
import sys
import tempfile
import unittest
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import coverage_report, test_command  # noqa: E402
from pagetwin_lib.coverage_report import Row, Share  # noqa: E402
from pagetwin_lib.ctest_log import Counts, ctests, of_suite  # noqa: E402
from pagetwin_lib.project import commit, git, say  # noqa: E402

GOOD_SUITE = """Running main() from gtest_main.cc
Note: Google Test filter = Walk.*
[==========] Running 3 tests from 1 test suite.
[ RUN      ] Walk.A
[       OK ] Walk.A (0 ms)
[ RUN      ] Walk.B/x86_64_4
printed without an end of line[       OK ] Walk.B/x86_64_4 (12 ms)
[ RUN      ] Walk.C
[       OK ] Walk.C (0 ms)
[==========] 3 tests from 1 test suite ran. (13 ms total)
[  PASSED  ] 3 tests.
"""
SUITE_WITH_ALL = """[==========] Running 4 tests from 1 test suite.
[ RUN      ] Kvm.A
[  SKIPPED ] Kvm.A (0 ms)
[ RUN      ] Kvm.B
[  FAILED  ] Kvm.B (0 ms)
[ RUN      ] Kvm.C/5
[  FAILED  ] Kvm.C/5, where GetParam() = 5 (0 ms)
[ RUN      ] Kvm.D
[       OK ] Kvm.D (0 ms)
[==========] 4 tests from 1 test suite ran. (13 ms total)
[  PASSED  ] 1 test.
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] Kvm.A
[  FAILED  ] 2 tests, listed below:
[  FAILED  ] Kvm.B
[  FAILED  ] Kvm.C/5, where GetParam() = 5
"""
CRASHED = """[==========] Running 3 tests from 1 test suite.
[ RUN      ] Walk.A
[       OK ] Walk.A (0 ms)
[ RUN      ] Walk.B
==1==ERROR: AddressSanitizer: heap-use-after-free
"""
NO_TESTS = """[==========] Running 0 tests from 0 test suites.
[==========] 0 tests from 0 test suites ran. (0 ms total)
[  PASSED  ] 0 tests.
"""
JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="(empty)" tests="4">
	<testcase name="reference.Walk" status="run"><system-out>[==========] Running 1 test from 1 test suite.
[       OK ] Walk.A (0 ms)
</system-out></testcase>
	<testcase name="rules.layers" status="run"><system-out>755 files &lt;&gt;</system-out></testcase>
	<testcase name="table_NOT_BUILT" status="notrun"><skipped message="Unable to find executable"/><system-out/></testcase>
	<testcase name="scripts" status="fail"><failure message="Timeout"/><system-out/></testcase>
</testsuite>
"""


def suite(good: bool, output: str) -> Counts:
    return of_suite("f.Suite", good, output).counts


class Counting(unittest.TestCase):
    def test_the_tests_of_a_suite_count(self):
        self.assertEqual(suite(True, GOOD_SUITE), Counts(3, 0))

    def test_who_is_skipped_has_not_passed_and_is_named(self):
        found = of_suite("emulators.Kvm", False, SUITE_WITH_ALL)
        self.assertEqual((found.counts, found.skipped), (Counts(1, 2, 1), ("Kvm.A",)))
        self.assertEqual(str(Counts(1, 1, 2) + Counts(4)), "5 passed, 1 failed, 2 skipped")

    def test_what_a_crash_kept_from_its_end_has_failed(self):
        self.assertEqual(suite(False, CRASHED), Counts(1, 2))

    def test_what_an_early_exit_kept_from_its_end_has_failed(self):
        self.assertEqual(suite(True, CRASHED), Counts(1, 2))

    def test_a_program_that_fails_after_its_tests_is_a_failure(self):
        self.assertEqual(suite(False, GOOD_SUITE), Counts(3, 1))

    def test_a_suite_without_tests_is_a_failure(self):
        self.assertEqual(suite(True, NO_TESTS), Counts(0, 1))

    def test_what_is_no_suite_is_one_check(self):
        self.assertEqual([found.counts for found in ctests(JUNIT)], [Counts(1, 0), Counts(1, 0), Counts(0, 1), Counts(0, 1)])
        self.assertEqual([found.name for found in ctests(JUNIT)][:2], ["reference.Walk", "rules.layers"])

    def test_the_last_line_is_the_sum(self):
        printed = io.StringIO()
        with redirect_stdout(printed):
            total = test_command.run_steps([("a", lambda jobs: Counts(jobs, 0)), ("b", lambda _: Counts(1, 2))], 5)
        self.assertEqual(total, Counts(6, 2))
        self.assertEqual(printed.getvalue().splitlines()[-1], "6 passed, 2 failed")

    def test_what_is_printed_is_shown_and_kept(self):
        printed = io.StringIO()
        with redirect_stdout(printed):
            status, output = test_command.stream([sys.executable, "-c", "import sys; print('x'); sys.exit(4)"])
        self.assertEqual((status, output), (4, "x\n"))
        self.assertTrue(printed.getvalue().endswith("\nx\n"))


class Helping(unittest.TestCase):
    def test_the_help_names_every_step(self):
        shown = subprocess.run([str(ROOT / "scripts" / "test"), "--help"], capture_output=True, text=True, check=False).stdout
        for name, _ in test_command.STEPS + test_command.MORE_STEPS:
            self.assertIn(name, shown)


@contextmanager
def ctest_that_writes(junit: str, status: int = 0):
    """Nothing is run; what a run before has written is not read."""
    def stream(command: list[str], *_rest) -> tuple[int, str]:
        if junit and command[0] == "ctest":
            Path(command[command.index("--output-junit") + 1]).write_text(junit, encoding="utf-8")
        return status if command[0] == "ctest" else 0, ""

    with tempfile.TemporaryDirectory() as folder, mock.patch.object(test_command, "ROOT", Path(folder)), \
            mock.patch.object(test_command, "stream", side_effect=stream) as ran, redirect_stdout(io.StringIO()):
        for preset in ("san", "gcc", "tsan"):
            built = Path(folder) / "build" / preset
            built.mkdir(parents=True)
            (built / "ctest.xml").write_text(JUNIT, encoding="utf-8")
        yield ran


class Building(unittest.TestCase):
    def test_a_build_is_configured_first(self):
        with mock.patch.object(test_command, "stream", return_value=(0, "")) as ran:
            self.assertTrue(test_command.built("gcc", 3))
        (configure,), (build,) = (call.args for call in ran.call_args_list)
        self.assertEqual(configure, ["cmake", "--preset", "gcc"])
        self.assertEqual(build, ["cmake", "--build", "--preset", "gcc", "--parallel", "3"])

    def test_tidy_looks_at_all_files_of_its_preset_and_compiles_none(self):
        with mock.patch.object(test_command, "stream", return_value=(0, "")) as ran:
            self.assertEqual(test_command.tidy(3), Counts(1, 0))
        (configure,), (look,) = (call.args for call in ran.call_args_list)
        self.assertEqual(configure, ["cmake", "--preset", "tidy"])
        self.assertEqual([look[0], *look[-2:]], ["run-clang-tidy-19", "-j", "3"])
        self.assertTrue(look[look.index("-p") + 1].endswith("build/tidy"))

    def test_threads_are_run_under_threadsanitizer_and_nothing_else_is(self):
        with ctest_that_writes(JUNIT) as ran:
            self.assertEqual(test_command.threads(3), Counts(2, 2))
        (_, build, tests) = (call.args[0] for call in ran.call_args_list)
        self.assertEqual(build[-4:], ["--parallel", "3", "--target", "test_threads"])
        self.assertEqual(tests[:5], ["ctest", "--preset", "tsan", "--parallel", "1"])
        self.assertEqual(tests[-2:], ["--tests-regex", "^threads[.]"])

    def test_gcc_builds_what_it_runs(self):
        with ctest_that_writes(JUNIT) as ran:
            test_command.gcc_part(3)
        (_, build, tests) = (call.args[0] for call in ran.call_args_list)
        programs = build[build.index("--target") + 1:]
        self.assertEqual(tests[-1], f"^({'|'.join(program.removeprefix('test_') for program in programs)})[.]")

    def test_no_test_is_no_success(self):
        for written in ("", "<testsuite/>"):
            with ctest_that_writes(written):
                self.assertEqual(test_command.run_tests("san", 1), Counts(0, 1))

    def test_a_ctest_that_fails_without_a_test_that_does_is_a_failure(self):
        good = JUNIT.replace('"notrun"', '"run"').replace('"fail"', '"run"')
        with ctest_that_writes(good, status=8):
            self.assertEqual(test_command.run_tests("san", 1), Counts(4, 1))

    def test_threads_that_cannot_be_built_count_as_failed(self):
        with mock.patch.object(test_command, "stream", side_effect=[(0, ""), (1, "error")]):
            self.assertEqual(test_command.threads(1), Counts(0, 1))

    def test_tidy_counts_a_finding(self):
        with mock.patch.object(test_command, "stream", side_effect=[(0, ""), (1, "warning")]):
            self.assertEqual(test_command.tidy(1), Counts(0, 1))


class Coverage(unittest.TestCase):
    @staticmethod
    def file(name: str, lines: tuple[int, int], branches: tuple[int, int]) -> dict:
        shares = {kind: {"covered": covered, "count": count} for kind, (covered, count) in
                  (("lines", lines), ("branches", branches))}
        return {"filename": name, "summary": shares}

    def test_rows_and_their_sum(self):
        files = [self.file("/p/src/b.hpp", (9, 10), (1, 4)), self.file("/p/src/a.hpp", (30, 30), (0, 0))]
        rows = coverage_report.rows({"data": [{"files": files}]}, Path("/p"))
        self.assertEqual(rows, [Row("src/a.hpp", Share(30, 30), Share(0, 0)), Row("src/b.hpp", Share(9, 10), Share(1, 4))])
        total = coverage_report.total("src", rows)
        self.assertEqual(total, Row("src", Share(39, 40), Share(1, 4)))
        self.assertEqual((total.lines.percent, total.branches.percent), (97.5, 25.0))

    def test_the_table(self):
        self.assertEqual(coverage_report.table([Row("src/b.hpp", Share(9, 10), Share(1, 4))]),
                         "file                   lines           branches\n"
                         "src/b.hpp    90.0 % of    10    25.0 % of     4")


class Bootstrap(unittest.TestCase):
    def run_script(self, *args: str) -> subprocess.CompletedProcess:
        return subprocess.run(["/bin/sh", str(ROOT / "scripts" / "bootstrap"), *args], capture_output=True, text=True,
                              check=False)

    def test_every_package_has_a_group_and_a_reason(self):
        done = self.run_script("--list")
        rows = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
        self.assertEqual(done.returncode, 0)
        self.assertEqual({len(row) for row in rows}, {3})
        self.assertEqual({row[0] for row in rows}, {"test", "all", "oracles"})
        names = [row[1] for row in rows]
        self.assertEqual(len(names), len(set(names)))
        self.assertLessEqual({"clang-19", "libclang-rt-19-dev", "g++", "cmake", "python3", "strace"}, set(names))

    def test_one_group(self):
        self.assertEqual(self.run_script("--list", "all").stdout.split()[:2], ["all", "clang-format-19"])

    def test_what_is_optional_is_installed_only_on_demand(self):
        self.assertIn("libunicorn-dev", self.run_script("--list", "oracles").stdout)
        for group in ("test", "all"):
            self.assertNotIn("unicorn", self.run_script("--list", group).stdout)

    def test_an_unknown_group(self):
        for before in ((), ("--oracles",)):
            done = self.run_script(*before, "everything")
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("expected a group (test, all, oracles), found 'everything'", done.stderr)


class Help(unittest.TestCase):
    def test_every_script_is_called_as_people_call_it(self):
        scripts = [path for path in sorted((ROOT / "scripts").iterdir()) if path.is_file()]
        self.assertGreater(len(scripts), 10)
        for path in scripts:
            done = subprocess.run([str(path), "--help"], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, path.name)
            self.assertRegex(done.stdout, rf"^[Uu]sage: scripts/{path.name} ")


class Project(unittest.TestCase):
    def run_command(self, command: str, stdout: int) -> subprocess.CompletedProcess:
        script = f"import sys\nfrom pagetwin_lib.project import run_command\nrun_command('x', lambda: {command})"
        return subprocess.run([sys.executable, "-B", "-c", script], stdout=stdout, stderr=subprocess.PIPE, text=True,
                              check=False, env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")})

    def test_a_reader_that_leaves_is_no_accident(self):
        reader, writer = os.pipe()
        os.close(reader)
        self.addCleanup(os.close, writer)
        for command in ("print('few')", "print('many' * 100000)"):
            done = self.run_command(command, writer)
            self.assertEqual((done.returncode, done.stderr), (141, ""))

    def test_a_line_of_progress_is_one_write(self):
        writes = []  # threads say where they are; between two writes another's line can come
        with mock.patch("sys.stderr") as stderr:
            stderr.write = writes.append
            say("armv7: started")
        self.assertEqual(writes, ["armv7: started\n"])

    def test_a_commit_is_named_where_there_is_one(self):
        has_one = git("rev-parse", "--verify", "HEAD") is not None
        self.assertEqual(commit() is not None, has_one)


if __name__ == "__main__":
    unittest.main()
