"""Builds and runs every test with clang under ASan and UBSan, and with gcc what takes none of the fuzzer's machines.

  scripts/test            clang's build and all its tests; gcc's of reference, twin, tlb, os, threads and bench; the tests of
                          several threads under ThreadSanitizer, too; the committed traces, the canary, two seconds of
                          fuzzing for each target; under 15 minutes on 2 cores
  scripts/test --all      gcc's whole build and all its tests, too; clang-tidy, the format, limits of instructions and
                          coverage besides; under 45 minutes

The last line says how many tests passed, failed and were skipped, as those of an emulator are that is not there. What a
step prints is shown as it comes. The summary has the time of each step, and in brackets that of all its processes.

exit: 0 everything passed, 1 something failed, 2 bad input or a missing tool.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pagetwin_lib import builds
from pagetwin_lib.ctest_log import Counts, Ctest, ctests, of_check
from pagetwin_lib.durations import positive, show_duration
from pagetwin_lib.project import FAILED, OK, ROOT, Failure, cores, run_command

SCRIPTS = ROOT / "scripts"
SMOKE = ROOT / "build" / "smoke"  # what the seconds of fuzzing leave
SMOKE_TIME, CANARY_TIME = "2s", "60s"
FEWEST_EDGES = 60  # of any target in that time; it was 175 to 1,240 on a busy machine, without seeds
# Of each suite, in the file that is read: ctest would keep a kilobyte.
WHOLE_OUTPUT = ("--test-output-size-passed", "100000000", "--test-output-size-failed", "100000000")
GCC_FOLDERS = ("reference", "twin", "tlb", "os", "threads", "bench")
COVERAGE = ("--swarm", "500", "--fail-under", "85", "--fail-under-branches", "75")

Step = Callable[[int], Counts]


def stream(command: list[str], env: dict[str, str] | None = None) -> tuple[int, str]:
    """The exit status and what was printed, which is shown at the same time."""
    print("+ " + " ".join(command), flush=True)
    printed: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, env=env, text=True, errors="replace", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as child:
        for line in child.stdout:
            printed.append(line)
            sys.stdout.write(line)
            sys.stdout.flush()
    return child.returncode, "".join(printed)


def check(*command: str) -> bool:
    return stream(list(command))[0] == 0


def built(preset: str, jobs: int, *more: str) -> bool:
    return check(*builds.configure_command(preset)) and check(*builds.build_command(preset, [], jobs), *more)


def run_tests(preset: str, jobs: int, *more: str) -> Counts:
    """Of all that ran; ctest knows suites only, so those who did not pass are named here. No test is no success."""
    junit = ROOT / "build" / preset / "ctest.xml"
    junit.unlink(missing_ok=True)
    status, _ = stream(["ctest", "--preset", preset, "--parallel", str(jobs), "--no-tests=error", "--output-junit", str(junit),
                        *WHOLE_OUTPUT, *more], builds.environment())
    ran = ctests(junit.read_text(encoding="utf-8", errors="replace")) if junit.exists() else []
    for ctest in ran:
        show_rest(ctest)
    total = sum((ctest.counts for ctest in ran), Counts())
    return total if status == OK and ran or total.failed else total + of_check(False)


def show_rest(ctest: Ctest) -> None:
    for name in ctest.skipped:
        print(f"skipped: {ctest.name}: {name}", flush=True)
    if ctest.counts.failed:
        print(f"failed: {ctest.name}: {ctest.counts}", flush=True)


def build_and_test(preset: str) -> Step:
    return lambda jobs: run_tests(preset, jobs) if built(preset, jobs) else of_check(False)


def gcc_part(jobs: int) -> Counts:
    """What takes none of the fuzzer's machines, which are most of the build: the whole of it is as long as that of `san`."""
    programs = [f"test_{folder}" for folder in GCC_FOLDERS]
    if not built("gcc", jobs, "--target", *programs):
        return of_check(False)
    return run_tests("gcc", jobs, "--tests-regex", f"^({'|'.join(GCC_FOLDERS)})[.]")


def threads(jobs: int) -> Counts:
    """Only the tests of several threads, which are seconds; in those of one ThreadSanitizer has nothing to see. One at a
    time: the threads of one test want the processors for themselves."""
    if not built("tsan", jobs, "--target", "test_threads"):
        return of_check(False)
    return run_tests("tsan", 1, "--tests-regex", "^threads[.]")


def instructions(jobs: int) -> Counts:
    """The ctest of the limits, with its figures shown; the other tests of that build would repeat those of `san`."""
    if not built("bench", jobs, "--target", "pagetwin_bench"):
        return of_check(False)
    return run_tests("bench", jobs, "--verbose", "--tests-regex", "^bench[.]")


def fuzz(*options: str) -> int:
    return stream([str(SCRIPTS / "fuzz"), "--seed", "1", "--out", str(SMOKE), *options])[0]


def smoke(jobs: int) -> Counts:
    """Every target runs, nothing diverges at once, and the engine sees what it reaches: a build that lost its counters
    fuzzes on without a word."""
    SMOKE.mkdir(parents=True, exist_ok=True)
    summary = SMOKE / "smoke.json"
    if fuzz("--time", SMOKE_TIME, "--jobs", str(jobs), "--summary", str(summary)) != OK:
        return of_check(False)
    blind = [target["name"] for target in json.loads(summary.read_text(encoding="utf-8"))["targets"]
             if (target["edges"] or 0) < FEWEST_EDGES]
    if blind:
        print(f"fewer than {FEWEST_EDGES} edges reached: {', '.join(blind)}", flush=True)
    return of_check(not blind)


def canary(_jobs: int) -> Counts:
    """The target that must fail does, and its finding arrives with a trace that fails again."""
    SMOKE.mkdir(parents=True, exist_ok=True)
    summary = SMOKE / "canary.json"
    summary.unlink(missing_ok=True)
    if fuzz("--first", "--time", CANARY_TIME, "--target", builds.CANARY, "--summary", str(summary)) != FAILED:
        return of_check(False)
    found = json.loads(summary.read_text(encoding="utf-8"))["targets"][0]["divergences"]
    return of_check(bool(found) and found[0]["trace"] is not None and fails_again(ROOT / found[0]["trace"]))


def fails_again(trace: Path) -> bool:
    status, _ = stream([str(SCRIPTS / "replay"), "--target", builds.CANARY, str(trace)])
    return status == FAILED


def traces(jobs: int) -> Counts:
    """Every committed trace replays, recorded programs too, with the outcomes that it expects."""
    del jobs
    return of_check(check(str(SCRIPTS / "replay"), "--quiet", str(ROOT / "corpus")))


def script(*command: str) -> Step:
    return lambda jobs: of_check(check(str(SCRIPTS / command[0]), *command[1:]))


def tidy(jobs: int) -> Counts:
    """Every file once, and nothing is compiled, which would take as long again. One run shows all findings."""
    return of_check(check(*builds.configure_command("tidy"))
                    and check("run-clang-tidy-19", "-quiet", "-p", str(ROOT / "build" / "tidy"), "-j", str(jobs)))


def groups_installed(_jobs: int) -> Counts:
    return of_check(check(str(SCRIPTS / "bootstrap"), "test", "all"))


GCC_PART: tuple[str, Step] = ("gcc: without the machines", gcc_part)
GCC_WHOLE: tuple[str, Step] = ("gcc: build and tests", build_and_test("gcc"))
STEPS: list[tuple[str, Step]] = [
    ("san: build and tests", build_and_test("san")),
    GCC_PART,
    ("tsan: threads", threads),
    ("committed traces", traces),
    ("canary", canary),
    ("smoke", smoke),
]
MORE_STEPS: list[tuple[str, Step]] = [  # with `--all`, which leaves out GCC_PART
    GCC_WHOLE,
    ("packages", groups_installed),
    ("format", script("check_format")),
    ("tidy", tidy),
    ("instructions", instructions),
    ("coverage", script("coverage", *COVERAGE)),
]


def processor_time() -> float:
    """Of all processes that were started and have ended: a busy machine makes a step long, but hardly this."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def chosen(everything: bool, parts: list[str] | None) -> list[tuple[str, Step]]:
    steps = [step for step in STEPS if step is not GCC_PART] + MORE_STEPS if everything else STEPS
    return [(name, step) for name, step in steps if not parts or any(part in name for part in parts)]


def run_steps(steps: list[tuple[str, Step]], jobs: int) -> Counts:
    total, table = Counts(), []
    for name, step in steps:
        print(f"== {name}", flush=True)
        started, worked = time.monotonic(), processor_time()
        found = step(jobs)
        taken, work = time.monotonic() - started, processor_time() - worked
        table.append(f"{name:<25} {found}   {show_duration(taken)} ({show_duration(work)})")
        total += found
    print("== summary\n" + "\n".join(table))
    print(total, flush=True)
    return total


def names(steps: list[tuple[str, Step]]) -> str:
    return ", ".join(name for name, _ in steps)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__,
                                     epilog=f"steps: {names(STEPS)}\nwith --all also: {names(MORE_STEPS)}, instead of {GCC_PART[0]}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="also all of gcc, clang-tidy, format, instructions, coverage")
    parser.add_argument("--jobs", metavar="N", type=positive, default=cores(), help="at a time (default: the number of cores)")
    parser.add_argument("--only", metavar="STEP", action="append", help="only the steps, of those below, whose name contains this")
    args = parser.parse_args()
    steps = chosen(args.all, args.only)
    if not steps:
        raise Failure(f"--only: expected a part of a step ({names(STEPS + MORE_STEPS)})")
    return FAILED if run_steps(steps, args.jobs).failed else OK


if __name__ == "__main__":
    run_command("test", main)
