"""Whether two samples differ, and by how much: the Mann-Whitney U test for samples that were taken apart, Wilcoxon's signed
rank test for pairs that were taken together, the estimates of Hodges and Lehmann that belong to them, and Holm's correction
for asking many times.

It refuses to know what was measured. Up to 40 values a test is exact, over the ranks that were seen, ties included; beyond
that it is the normal approximation (Mann and Whitney 1947, Wilcoxon 1945, Hodges and Lehmann 1963, Holm 1979).
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement, groupby
from math import comb, erfc, exp, log, sqrt
from statistics import NormalDist, median

EXACT_UP_TO = 40
COUNT_BITS = 64  # C(40, 20) and 2^40 fit
CONFIDENCE = 0.99


@dataclass(frozen=True)
class Shift:
    """By which factor the second sample is more than the first, and the interval that holds it with CONFIDENCE: the
    factors that the test would not reject."""

    ratio: float
    low: float
    high: float

    @property
    def uncertainty(self) -> float:
        """How far the ratio may be off, as a share of it."""
        return (self.high - self.low) / 2 / self.ratio


def doubled_ranks(values: list[float]) -> list[int]:
    """The rank of each value, twice, so that the mean rank of a tie is a whole number."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, before = [0] * len(values), 0
    for _, group in groupby(order, key=values.__getitem__):
        tied = list(group)
        for index in tied:
            ranks[index] = 2 * before + len(tied) + 1
        before += len(tied)
    return ranks


def unpacked(polynomial: int, degree: int) -> tuple[int, ...]:
    """The coefficients of a polynomial that is kept in one long number."""
    mask = (1 << COUNT_BITS) - 1
    return tuple((polynomial >> (COUNT_BITS * s)) & mask for s in range(degree + 1))


@lru_cache(maxsize=256)
def rank_sum_counts(ranks: tuple[int, ...], chosen: int) -> tuple[int, ...]:
    """How many ways to choose that many ranks have each sum."""
    ways = [1] + [0] * chosen
    for rank in ranks:
        for k in range(chosen, 0, -1):
            ways[k] += ways[k - 1] << (COUNT_BITS * rank)
    return unpacked(ways[chosen], sum(ranks))


@lru_cache(maxsize=256)
def sign_counts(ranks: tuple[int, ...]) -> tuple[int, ...]:
    """How many ways to choose any of the ranks have each sum."""
    ways = 1
    for rank in ranks:
        ways += ways << (COUNT_BITS * rank)
    return unpacked(ways, sum(ranks))


def share_as_far(counts: tuple[int, ...], total: int, mean: float, found: int) -> float:
    """Of all sums, those that are as far from their mean as the one found."""
    distance = abs(found - mean) - 1e-9
    return sum(ways for number, ways in enumerate(counts) if abs(number - mean) >= distance) / total


def two_sided(distance: float, deviation: float) -> float:
    return erfc(distance / deviation / sqrt(2)) if deviation > 0 else 1.0


def exact_p(ranks: list[int], first: int) -> float:
    counts = rank_sum_counts(tuple(sorted(ranks)), first)
    return share_as_far(counts, comb(len(ranks), first), sum(ranks) * first / len(ranks), sum(ranks[:first]))


def normal_p(ranks: list[int], first: int) -> float:
    total, second = len(ranks), len(ranks) - first
    ties = sum(t ** 3 - t for t in (len(list(g)) for _, g in groupby(sorted(ranks))))
    variance = first * second / 12 * (total + 1 - ties / (total * (total - 1)))
    u = sum(ranks[:first]) / 2 - first * (first + 1) / 2
    return two_sided(max(0.0, abs(u - first * second / 2) - 0.5), sqrt(max(variance, 0.0)))


def mann_whitney(a: list[float], b: list[float]) -> float:
    """Two-sided p that both come from the same distribution."""
    ranks = doubled_ranks([*a, *b])
    return (exact_p if len(ranks) <= EXACT_UP_TO else normal_p)(ranks, len(a))


def exact_signed_p(ranks: list[int], positive: int) -> float:
    return share_as_far(sign_counts(tuple(sorted(ranks))), 2 ** len(ranks), sum(ranks) / 2, positive)


def normal_signed_p(ranks: list[int], positive: int) -> float:
    return two_sided(max(0.0, abs(positive - sum(ranks) / 2) - 1), sqrt(sum(rank * rank for rank in ranks) / 4))


def wilcoxon(a: list[float], b: list[float]) -> float:
    """Two-sided p that a pair's ratio is as often above one as below; pairs that are equal say nothing."""
    logs = [log(y / x) for x, y in zip(a, b, strict=True) if x != y]
    ranks = doubled_ranks([abs(value) for value in logs])
    positive = sum(rank for rank, value in zip(ranks, logs) if value > 0)
    return (exact_signed_p if len(ranks) <= EXACT_UP_TO else normal_signed_p)(ranks, positive)


def middle(estimates: list[float], deviation: float) -> tuple[float, float, float]:
    """The median of sorted estimates, and as many of them around it as the test would not reject."""
    cut = int(len(estimates) / 2 - NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * deviation)
    edge = min(max(cut, 0), (len(estimates) - 1) // 2)
    return median(estimates), estimates[edge], estimates[-1 - edge]


def shift_of_samples(a: list[float], b: list[float]) -> Shift:
    """All ratios of one of b to one of a. All values are above zero."""
    ratios = sorted(y / x for x in a for y in b)
    return Shift(*middle(ratios, sqrt(len(ratios) * (len(a) + len(b) + 1) / 12)))


def shift_of_pairs(a: list[float], b: list[float]) -> Shift:
    """The geometric means of the ratios of every two pairs. All values are above zero."""
    logs, count = [log(y / x) for x, y in zip(a, b, strict=True)], len(a)
    means = sorted((one + other) / 2 for one, other in combinations_with_replacement(logs, 2))
    return Shift(*map(exp, middle(means, sqrt(count * (count + 1) * (2 * count + 1) / 24))))


def holm(ps: list[float]) -> list[float]:
    """Adjusted p of each, in the order given."""
    adjusted, worst = [0.0] * len(ps), 0.0
    for place, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        worst = max(worst, min(1.0, (len(ps) - place) * ps[index]))
        adjusted[index] = worst
    return adjusted


def smallest_p_of_samples(a: int, b: int) -> float:
    """What the test says when the samples do not overlap at all."""
    return mann_whitney(list(range(a)), list(range(a, a + b)))


def smallest_p_of_pairs(a: int, b: int) -> float:
    """What the test says when every pair says the same."""
    return 2.0 ** (1 - min(a, b))
