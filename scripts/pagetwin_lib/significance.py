"""Whether two samples differ: the Mann-Whitney U test, and Holm's correction for asking many times.

It refuses to know what was measured. Up to 40 values the test is exact, over the ranks that were seen, ties included;
beyond that it is the normal approximation with tie and continuity correction (Mann and Whitney 1947, Holm 1979).
"""

from functools import lru_cache
from itertools import groupby
from math import comb, erfc, sqrt

EXACT_UP_TO = 40
COUNT_BITS = 64  # C(40, 20) fits


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


@lru_cache(maxsize=256)
def rank_sum_counts(ranks: tuple[int, ...], chosen: int) -> tuple[int, ...]:
    """How many ways to choose that many ranks have each sum. One long number per count holds a whole polynomial."""
    ways = [1] + [0] * chosen
    for rank in ranks:
        for k in range(chosen, 0, -1):
            ways[k] += ways[k - 1] << (COUNT_BITS * rank)
    mask = (1 << COUNT_BITS) - 1
    return tuple((ways[chosen] >> (COUNT_BITS * s)) & mask for s in range(sum(ranks) + 1))


def exact_p(ranks: list[int], first: int) -> float:
    mean = sum(ranks) * first / len(ranks)
    distance = abs(sum(ranks[:first]) - mean)
    counts = rank_sum_counts(tuple(sorted(ranks)), first)
    extreme = sum(ways for total, ways in enumerate(counts) if abs(total - mean) >= distance - 1e-9)
    return extreme / comb(len(ranks), first)


def normal_p(ranks: list[int], first: int) -> float:
    total, second = len(ranks), len(ranks) - first
    ties = sum(t ** 3 - t for t in (len(list(g)) for _, g in groupby(sorted(ranks))))
    variance = first * second / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    u = sum(ranks[:first]) / 2 - first * (first + 1) / 2
    z = max(0.0, abs(u - first * second / 2) - 0.5) / sqrt(variance)
    return erfc(z / sqrt(2))


def mann_whitney(a: list[float], b: list[float]) -> float:
    """Two-sided p that both come from the same distribution."""
    ranks = doubled_ranks([*a, *b])
    return (exact_p if len(ranks) <= EXACT_UP_TO else normal_p)(ranks, len(a))


def holm(ps: list[float]) -> list[float]:
    """Adjusted p of each, in the order given."""
    adjusted, worst = [0.0] * len(ps), 0.0
    for place, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        worst = max(worst, min(1.0, (len(ps) - place) * ps[index]))
        adjusted[index] = worst
    return adjusted


def smallest_p(a: int, b: int) -> float:
    """What the test says when the samples do not overlap at all."""
    return mann_whitney(list(range(a)), list(range(a, a + b)))
