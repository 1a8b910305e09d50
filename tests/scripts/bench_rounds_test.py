"""How many rounds bench_compare takes and what it makes of them: on made-up processes, and on those of a busy machine."""

import json
import random
import sys
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import bench_results, bench_runs, comparison, significance, worktrees  # noqa: E402

RECORDED = json.loads((Path(__file__).parent / "recorded_rounds.json").read_text(encoding="utf-8"))
A, B = (Path(name) / worktrees.BINARY for name in "ab")


def process(times: dict[str, float]) -> dict:
    return {"benchmarks": [{"name": name, "cpu_time": time, "time_unit": "ns"} for name, time in times.items()]}


def run_turns(times: dict[Path, list[dict[str, float]]], **changes: object) -> bench_runs.Turns:
    """As if the programs had taken these times, one process after the other."""
    plan = bench_runs.Plan(**{"filter": None, "min_time": 1.0, "rounds": 10, "max_rounds": 100, "precision": 0.015, "seed": 1,
                              **changes})
    queues = {binary: iter(of) for binary, of in times.items()}

    def run_once(binary, pattern, _min_time, _out):
        return process(bench_results.only(next(queues[binary]), pattern))
    turns = bench_runs.Turns((A, B), plan, Path("unused"))
    with mock.patch.object(bench_runs, "run_once", run_once), mock.patch.object(bench_runs, "say", lambda _: None):
        turns.run()
    return turns


def rows(turns: bench_runs.Turns) -> list[comparison.Row]:
    a, b = bench_results.pairs(turns.merged(0, {}), turns.merged(1, {}), ("a", "b"))
    return comparison.compare(a, b, comparison.PAIRS)


def replayed(name: str, side: str, start: int, factor: float = 1.0) -> str:
    """The verdict on the rounds from there on."""
    of = {A: [{name: time} for time in RECORDED[name]["base"][start:]],
          B: [{name: time * factor} for time in RECORDED[name][side][start:]]}
    row, = rows(run_turns(of))
    return row.verdict


class Recorded(unittest.TestCase):
    """Ten comparisons each, of other rounds. What was injected is 4 to 6 % of the time of these two benchmarks."""

    def test_a_slowed_lookup_is_slower_ten_times_of_ten(self):
        for name in ("W1_sequential/x86_64_4", "W2h_hot/x86_64_4"):
            self.assertEqual([replayed(name, "slowed", start) for start in range(0, 80, 8)], ["slower"] * 10, name)

    def test_5_percent_of_waiting_for_memory_are_slower_ten_times_of_ten(self):
        name = "W2_random/x86_64_4"
        self.assertEqual([replayed(name, "again", start, 1.05) for start in range(0, 40, 4)], ["slower"] * 10)

    def test_the_same_again_is_the_same_ten_times_of_ten(self):
        for name in ("W1_sequential/x86_64_4", "W2h_hot/x86_64_4", "W2_random/x86_64_4"):
            self.assertEqual([replayed(name, "again", start) for start in range(0, 40, 4)], ["same"] * 10, name)


def noisy(seed: int, noise: float, factor: float = 1.0) -> list[float]:
    lots = random.Random(seed)
    return [100 * factor * (1 + lots.gauss(0, noise)) for _ in range(100)]


class Rounds(unittest.TestCase):
    def test_only_what_is_not_known_goes_on(self):
        sides = {binary: [{"calm": calm, "noisy": wild} for calm, wild in zip(noisy(seed, 0.001), noisy(seed + 9, 0.03))]
                 for binary, seed in ((A, 1), (B, 2))}
        turns = run_turns(sides)
        calm, wild = rows(turns)
        self.assertEqual(calm.rounds, 11)  # two questions take one more than one
        self.assertGreater(wild.rounds, 20)
        self.assertLessEqual(wild.noise, 0.015)

    def test_the_last_round_ends_it(self):
        sides = {binary: [{"x": time} for time in noisy(seed, 0.2)] for binary, seed in ((A, 1), (B, 2))}
        turns = run_turns(sides, max_rounds=14)
        self.assertEqual(rows(turns)[0].rounds, 14)

    def test_noise_that_may_hide_a_slowdown_is_told(self):
        sides = {binary: [{"x": time} for time in noisy(seed, 0.1)] for binary, seed in ((A, 3), (B, 4))}
        row, = rows(run_turns(sides, max_rounds=10))
        self.assertEqual((row.verdict, row.may_hide), ("same", True))

    def test_many_benchmarks_take_more_rounds_and_say_so_when_they_may_not(self):
        times = [{f"x{i}": 100.0 + i for i in range(400)}] * 30
        self.assertEqual(len(run_turns({A: times, B: times}).results[0]), 19)
        with self.assertRaisesRegex(bench_results.Unusable, "^400 benchmarks need 19 rounds .*: raise --max-rounds, or narrow"):
            run_turns({A: times, B: times}, max_rounds=18)

    def test_sides_with_nothing_in_common_end_it_at_once(self):
        with self.assertRaisesRegex(bench_results.Unusable, "no benchmark in common"):
            run_turns({A: [{"x": 1.0}], B: [{"y": 1.0}]})

    def test_a_time_of_nothing_has_no_ratio(self):
        with self.assertRaisesRegex(bench_results.Unusable, "^x: a cpu time of 0.0 ns was measured"):
            run_turns({A: [{"x": 1.0}] * 10, B: [{"x": 0.0}] * 10})

    def test_a_process_counts_once_by_the_median_of_its_repetitions(self):
        rounds = [{"benchmarks": [{"name": "x", "cpu_time": time, "time_unit": "us"} for time in (1, 9, 2)]}] * 2
        self.assertEqual(bench_results.samples(bench_results.merged(rounds), "s"), {"x": [2000.0, 2000.0]})
        self.assertEqual(bench_results.samples(rounds[0], "s"), {"x": [1000.0, 9000.0, 2000.0]})

    def test_pairs_are_of_one_round_and_what_one_side_lacks_stays_visible(self):
        both = bench_results.merged([process({"x": 1, "old": 5}), process({"x": 2})])
        less = bench_results.merged([process({"new": 7}), process({"x": 4})])
        a, b = bench_results.pairs(both, less, ("a", "b"))
        self.assertEqual((a, b), ({"x": [2.0], "old": [5.0]}, {"x": [4.0], "new": [7.0]}))

    def test_a_filter_for_names_takes_them_literally(self):
        self.assertEqual(bench_runs.exactly(["W2_x/a.b", "c(1)"]), r"^(W2_x/a\.b|c\(1\))$")


class SignedRanks(unittest.TestCase):
    def test_exact_p_is_that_of_counting_every_sign(self):
        lots = random.Random(3)
        for _ in range(10):
            ranks = [lots.randrange(2, 12) for _ in range(8)]
            sums = [sum(rank for bit, rank in enumerate(ranks) if signs >> bit & 1) for signs in range(256)]
            found, mean = lots.choice(sums), sum(ranks) / 2
            expected = sum(abs(one - mean) >= abs(found - mean) for one in sums) / 256
            self.assertAlmostEqual(significance.exact_signed_p(ranks, found), expected)

    def test_known_values(self):
        self.assertAlmostEqual(significance.wilcoxon([1] * 10, [2 + i / 100 for i in range(10)]), 2 / 1024)
        self.assertEqual(significance.wilcoxon([3, 3], [3, 3]), 1.0)

    def test_the_normal_approximation_joins_the_exact_test(self):
        lots = random.Random(6)
        logs = [lots.gauss(0.3, 1) for _ in range(40)]
        ranks = significance.doubled_ranks([abs(value) for value in logs])
        positive = sum(rank for rank, value in zip(ranks, logs) if value > 0)
        self.assertAlmostEqual(significance.normal_signed_p(ranks, positive), significance.exact_signed_p(ranks, positive),
                               delta=0.002)

    def test_a_burst_that_both_sides_saw_does_not_hide_a_shift(self):
        weather = [1, 1.5, 1, 2, 1.2, 3, 1, 1, 1.7, 1.1, 1, 2.5]
        a, b = [100 * w for w in weather], [105 * w * (1 + i / 5000) for i, w in enumerate(weather)]
        self.assertLess(significance.wilcoxon(a, b), 0.001)
        self.assertGreater(significance.mann_whitney(a, b), 0.1)
        self.assertAlmostEqual(significance.shift_of_pairs(a, b).ratio, 1.0511, delta=0.001)

    def test_intervals_hold_the_true_factor_as_often_as_they_say(self):
        for shift in (significance.shift_of_pairs, significance.shift_of_samples):
            found = [shift(noisy(seed, 0.03)[:15], noisy(seed + 5000, 0.03, 1.05)[:15]) for seed in range(400)]
            held = sum(one.low <= 1.05 <= one.high for one in found)
            self.assertGreaterEqual(held, 388, shift)
            self.assertLess(held, 400, shift)


if __name__ == "__main__":
    unittest.main()
