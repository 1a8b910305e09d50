"""Two sets of measurements held against each other: a row for each benchmark, with a verdict, and the noise of all.

It refuses to know how they were measured and how they are shown.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median

from pagetwin_lib import significance
from pagetwin_lib.bench_results import Samples, Unusable

ALPHA = 0.01
THRESHOLD = 0.02  # what differs less is the same
TO_BE_SEEN = 0.05  # the slowdown that a comparison should not miss
SAME, SLOWER, FASTER = "same", "slower", "faster"


@dataclass(frozen=True)
class Design:
    """How the samples of the two sides belong together, and the statistics for that."""

    p: Callable[[list[float], list[float]], float]
    shift: Callable[[list[float], list[float]], significance.Shift]
    smallest_p: Callable[[int, int], float]


APART = Design(significance.mann_whitney, significance.shift_of_samples, significance.smallest_p_of_samples)
PAIRS = Design(significance.wilcoxon, significance.shift_of_pairs, significance.smallest_p_of_pairs)


@dataclass(frozen=True)
class Row:
    """One benchmark: medians in nanoseconds, B over A, the adjusted p, what that means."""

    name: str
    a_ns: float
    b_ns: float
    shift: significance.Shift
    rounds: int
    p: float
    verdict: str

    @property
    def ratio(self) -> float:
        return self.shift.ratio

    @property
    def noise(self) -> float:
        """How far B/A may be off, as a share."""
        return self.shift.uncertainty

    @property
    def may_hide(self) -> bool:
        """The same, as far as anybody can tell; but a slowdown worth seeing could be in the noise."""
        return self.verdict == SAME and self.shift.high > 1 + TO_BE_SEEN


def verdict(ratio: float, p: float) -> str:
    if p >= ALPHA or abs(ratio - 1) <= THRESHOLD:
        return SAME
    return SLOWER if ratio > 1 else FASTER


def common(a: Samples, b: Samples) -> list[str]:
    names = [name for name in a if name in b]
    if not names:
        raise Unusable("the two sides have no benchmark in common")
    return names


def compare(a: Samples, b: Samples, design: Design = APART) -> list[Row]:
    """Rows for the benchmarks that both have, in A's order."""
    names = common(a, b)
    for name in names:
        demand_ratios(name, a[name] + b[name])
        demand_power(name, len(a[name]), len(b[name]), design, len(names))
    adjusted = significance.holm([design.p(a[name], b[name]) for name in names])
    return [row(name, a[name], b[name], p, design) for name, p in zip(names, adjusted)]


def row(name: str, a: list[float], b: list[float], p: float, design: Design) -> Row:
    found = design.shift(a, b)
    return Row(name, median(a), median(b), found, min(len(a), len(b)), p, verdict(found.ratio, p))


def rounds_for(questions: int) -> int:
    """How many pairs it takes to answer, and two more, so that not every one of them has to agree."""
    pairs = 1
    while PAIRS.smallest_p(pairs, pairs) * max(questions, 1) >= ALPHA:
        pairs += 1
    return pairs + 2


def demand_ratios(name: str, values: list[float]) -> None:
    if min(values) <= 0:
        raise Unusable(f"{name}: a cpu time of {min(values)} ns was measured, so there is no ratio")


def demand_power(name: str, a: int, b: int, design: Design, questions: int) -> None:
    """A test that could never reject would always say 'same'."""
    if design.smallest_p(a, b) * questions >= ALPHA:
        raise Unusable(f"{name} has {a} and {b} repetitions: too few to see any difference among {questions} benchmarks "
                       f"at p < {ALPHA}; use --rounds (or --benchmark_repetitions)")


def unsettled(a: Samples, b: Samples, design: Design, precision: float) -> list[str]:
    """The benchmarks whose B/A is not yet known that well. Whether it differs from 1 is not asked: rounds that go on until
    something differs would find a difference in the end."""
    for name in common(a, b):
        demand_ratios(name, a[name] + b[name])
    return [name for name in common(a, b) if design.shift(a[name], b[name]).uncertainty > precision]


def noise_floor(rows: list[Row]) -> str:
    worst = max(rows, key=lambda r: r.noise)
    return (f"noise floor: B/A of {len(rows)} benchmarks is known to within {median(r.noise for r in rows) * 100:.2f} % "
            f"(median), {worst.noise * 100:.2f} % at worst ({worst.name})")


def shifts_of_nothing(rows: list[Row]) -> str:
    """What the comparison of something with itself says of the machine."""
    shifts = sorted(abs(r.ratio - 1) * 100 for r in rows)
    wrong = sum(r.verdict != SAME for r in rows)
    return (f"A against itself, {len(rows)} benchmarks: median shift {median(shifts):.2f} %, "
            f"mean {sum(shifts) / len(shifts):.2f} %, largest {shifts[-1]:.2f} %; false verdicts: {wrong}")


def hidden(rows: list[Row]) -> list[str]:
    return [r.name for r in rows if r.may_hide]


def as_json(rows: list[Row]) -> list[dict]:
    """B/A and its interval are fields of the row."""
    return [{key: value for key, value in (asdict(r) | asdict(r.shift)).items() if key != "shift"} for r in rows]
