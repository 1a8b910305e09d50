"""The figures of a history: which there are, and the values that each commit has of them.

It refuses to know how they are shown. Times of different machines are different series, as are rates of programs of different
lengths: they do not compare.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from pagetwin_lib import bench_results
from pagetwin_lib.bench_history import Record
from pagetwin_lib.names import choice
from pagetwin_lib.project import Failure

TIME, TO_THE_PROBE, MEMORY, COUNT, RATE = "ns", "of the probe's time", "bytes per page", "instructions", "exec per CPU second"


@dataclass(frozen=True)
class Figure:
    """`where` says of what machine and kind of run it is."""

    name: str
    unit: str
    where: str

    @property
    def is_exact(self) -> bool:
        """The same in every run."""
        return self.unit in (COUNT, MEMORY)

    @property
    def more_is_better(self) -> bool:
        return self.unit == RATE


@dataclass
class Series:
    figure: Figure
    values: dict[str, list[float]] = field(default_factory=dict)  # by commit, one for each process

    def median(self, commit: str) -> float:
        return median(self.values[commit])

    def spread(self, commit: str) -> tuple[float, float]:
        return min(self.values[commit]), max(self.values[commit])


def of_benchmarks(run: dict, source: str) -> Iterator[tuple[Figure, list[float]]]:
    where = bench_results.machine(run.get("context") or {})
    values = {TIME: bench_results.cpu_ns, TO_THE_PROBE: bench_results.counter(bench_results.RATIO),
              MEMORY: bench_results.counter(bench_results.BYTES)}
    for unit, value in values.items():
        for name, of in bench_results.samples(run, source, value).items():
            if unit != TO_THE_PROBE or not name.startswith("MEM"):  # nothing is raced there
                yield Figure(name, unit, where), of


def of_instructions(run: dict, source: str) -> Iterator[tuple[Figure, list[float]]]:
    del source
    for name, count in run["instructions"].items():
        yield Figure(f"instructions/{name}", COUNT, "callgrind"), [float(count)]


def of_fuzz(run: dict, source: str) -> Iterator[tuple[Figure, list[float]]]:
    summary = run["summary"]
    where = f"{summary.get('cpu') or 'unknown CPU'}, programs of up to {summary.get('operations', '?')} operations"
    try:
        for target in summary["targets"]:
            if target["exec_per_cpu_second"] is not None:
                yield Figure(f"fuzz/{target['build']}/{target['name']}", RATE, where), [float(target["exec_per_cpu_second"])]
    except (KeyError, TypeError, ValueError) as error:
        raise Failure(f"{source} is not a summary of scripts/fuzz: {error!r}") from error


READERS = {"benchmarks": of_benchmarks, "instructions": of_instructions, "fuzz": of_fuzz}


def figures_of(run: dict, source: str) -> list[tuple[Figure, list[float]]]:
    return list(READERS[run["kind"]](run, source))


def collect(records: list[Record]) -> list[Series]:
    found: dict[Figure, Series] = {}
    for record in records:
        for run in record.runs:
            for figure, values in figures_of(run, f"a run of {record.commit[:12]}"):
                found.setdefault(figure, Series(figure)).values.setdefault(record.commit, []).extend(values)
    return list(found.values())


def chosen(series: list[Series], wanted: str) -> list[Series]:
    """By the whole name of a benchmark; else a regular expression that is found in the names."""
    exact = [one for one in series if one.figure.name == wanted]
    found = exact or [one for one in series if re.search(wanted, one.figure.name)]
    if not found:
        names = sorted({one.figure.name for one in series})
        raise Failure(f"--plot: no figure '{wanted}' was measured; {choice(wanted, names)}" if names else
                      "--plot: nothing was measured yet; scripts/bench --history measures HEAD")
    return found
