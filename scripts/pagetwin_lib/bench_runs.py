"""Running the programs of two commits in turns, until it is known how they compare.

It refuses to judge what was measured. Every process is a fresh one: where its memory lies, and what else the machine did
meanwhile, is another time another.
"""

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

from pagetwin_lib import bench_results, callgrind, comparison
from pagetwin_lib.bench_results import Unusable
from pagetwin_lib.children import run
from pagetwin_lib.project import say
from pagetwin_lib.worktrees import last_lines

REPETITIONS = 5  # of a benchmark in a process; their median counts


@dataclass(frozen=True)
class Plan:
    filter: str | None
    min_time: float  # seconds for each benchmark and process
    rounds: int  # at least
    max_rounds: int
    precision: float  # of B/A, as a share: what every benchmark should reach
    seed: int


def options(pattern: str | None, min_time: float) -> list[str]:
    chosen = [f"--benchmark_filter={pattern}"] if pattern else []
    return [f"--benchmark_min_time={min_time / REPETITIONS:g}", f"--benchmark_repetitions={REPETITIONS}", *chosen]


def exactly(names: list[str]) -> str:
    """The filter for these benchmarks and no others."""
    return "^(" + "|".join(re.sub(r"([.+*?()\[\]{}|^$\\])", r"\\\1", name) for name in names) + ")$"


def commit_of(binary: Path) -> str:
    """The worktree is named for it."""
    return binary.parents[3].name


def run_once(binary: Path, pattern: str | None, min_time: float, out: Path) -> dict:
    """One fresh process."""
    command = [str(binary), "--benchmark_format=json", f"--benchmark_out={out}", "--benchmark_out_format=json",
               *options(pattern, min_time)]
    try:
        code, output = run(command, timeout=7200)
        if code != 0:
            raise Unusable(f"{binary.name} of {commit_of(binary)} failed ({code}): {last_lines(output)}")
        return result(binary, pattern, out)
    finally:
        out.unlink(missing_ok=True)


def result(binary: Path, pattern: str | None, out: Path) -> dict:
    if pattern and out.is_file() and not out.read_bytes().strip():
        raise Unusable(f"no benchmark of {commit_of(binary)} matches --filter '{pattern}'")
    try:
        document = bench_results.load(out)
    except Unusable as error:
        raise Unusable(f"{binary.name} of {commit_of(binary)} wrote no usable result: {error}") from error
    bench_results.samples(document, commit_of(binary))
    return document


@dataclass
class Turns:
    """Both sides in each round, which side first by lot. Only complete rounds are kept. What is not known well enough
    after the least number of rounds goes on alone."""

    binaries: tuple[Path, Path]
    plan: Plan
    scratch: Path
    results: tuple[list[dict], list[dict]] = field(default_factory=lambda: ([], []))

    def run(self) -> None:
        lots, pattern = random.Random(self.plan.seed), self.plan.filter
        while len(self.results[0]) < self.plan.max_rounds:
            order = lots.sample((0, 1), 2)
            done = {side: run_once(self.binaries[side], pattern, self.plan.min_time, self.scratch) for side in order}
            for side, results in enumerate(self.results):
                results.append(done[side])
            if (missing := self._missing()) == []:
                return
            pattern = exactly(missing) if missing else self.plan.filter

    def _missing(self) -> list[str] | None:
        """The benchmarks that need more rounds; None while all do."""
        number, (a, b) = len(self.results[0]), map(bench_results.merged, self.results)
        a, b = bench_results.pairs(a, b, (commit_of(self.binaries[0]), commit_of(self.binaries[1])))
        among = len(comparison.common(a, b))
        least = max(self.plan.rounds, comparison.rounds_for(among))
        if least > self.plan.max_rounds:
            raise Unusable(f"{among} benchmarks need {least} rounds to tell anything at "
                           f"p < {comparison.ALPHA}: raise --max-rounds, or narrow --filter")
        if number < least:
            say(f"round {number} of at least {least}")
            return None
        missing = comparison.unsettled(a, b, comparison.PAIRS, self.plan.precision)
        say(f"round {number} of {self.plan.max_rounds} at most: B/A of {len(missing)} of {among} benchmarks is not yet "
            f"known to {self.plan.precision * 100:g} %" if missing else f"round {number}: done")
        return missing

    def merged(self, side: int, context: dict) -> dict:
        return bench_results.merged(self.results[side], context)


def instruction_counts(binaries: tuple[Path, Path]) -> tuple[dict[str, float], dict[str, float], str | None]:
    """Per operation of both sides, and why nothing was counted."""
    if callgrind.is_missing():
        return {}, {}, callgrind.MISSING
    if not all(map(callgrind.can_count, binaries)):
        return {}, {}, "the two programs have no --count in common"
    say("counting instructions")
    counts = {binary: callgrind.count_all(binary) for binary in dict.fromkeys(binaries)}
    a, b = (counts[binary] for binary in binaries)
    return a, b, None
