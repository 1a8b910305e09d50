"""Runs the benchmarks and prints the time of each operation, its ratio to the probe of the same run, the goal for that
ratio (for MEM_dense: for bytes per page) where there is one, and whether it was met.

  scripts/bench --filter 'W2_random|W9b'
  scripts/bench --instructions            counts instructions under callgrind instead (scripts/instructions)

exit: 0, 1 when a count of instructions is above its limit, 2 bad input or benchmarks that do not run.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from pagetwin_lib import bench_results, builds
from pagetwin_lib.durations import seconds
from pagetwin_lib.output_file import OutputFile
from pagetwin_lib.project import OK, ROOT, Failure, run_command, shown

PRESET, PROGRAM = "bench", "pagetwin_bench"
RESULT = ROOT / "build" / PRESET / "last.json"
INSTRUCTIONS = ROOT / "scripts" / "instructions"


def expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"expected a regular expression, found '{text}' ({error})") from error
    return text


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", metavar="RE", type=expression, help="only benchmarks whose name <workload>/<format> matches")
    parser.add_argument("--json", metavar="FILE", type=Path, help="keep the result, in the format of Google Benchmark")
    parser.add_argument("--min-time", metavar="SECONDS", type=seconds, help="for each benchmark (default: its own)")
    parser.add_argument("--instructions", action="store_true", help="count instructions and check their limits")
    return parser.parse_args()


def goal(entry: dict) -> tuple[float, bool] | None:
    """The figure that must not be exceeded, and whether it was not."""
    for counter, limit in (("ratio", "at_most"), ("bytes_per_page", "at_most_bytes")):
        if limit in entry and counter in entry:
            return entry[limit], entry[counter] <= entry[limit]
    return None


def row(entry: dict) -> list[str]:
    ratio, aim = entry.get("ratio"), goal(entry)
    scale = bench_results.NANOSECONDS[entry.get("time_unit", "ns")]
    return [entry["name"], bench_results.time_text(entry["cpu_time"] * scale), "" if ratio is None else f"{ratio:.3f}",
            "" if aim is None else f"{aim[0]:.4g}", "" if aim is None else "pass" if aim[1] else "miss"]


def summary(entries: list[dict]) -> str:
    aims = [aim for aim in map(goal, entries) if aim is not None]
    return f"{sum(met for _, met in aims)} of {len(aims)} goals met"


def check_filter(pattern: str) -> None:
    """Beforehand: the program would only leave an empty file."""
    done = subprocess.run([str(builds.program(PRESET, PROGRAM)), "--benchmark_list_tests", f"--benchmark_filter={pattern}"],
                          check=False, capture_output=True)
    if done.returncode == 0 and not done.stdout.strip():
        raise Failure(f"no benchmark matches --filter '{pattern}'")


def run(args: argparse.Namespace) -> dict:
    if args.filter:
        check_filter(args.filter)
    options = [f"--benchmark_filter={args.filter}"] if args.filter else []
    options += [f"--benchmark_min_time={args.min_time}"] if args.min_time else []
    RESULT.unlink(missing_ok=True)
    done = subprocess.run([str(builds.program(PRESET, PROGRAM)), f"--benchmark_out={RESULT}", "--benchmark_out_format=json",
                           *options], check=False, stdout=sys.stderr)  # its own table is the progress
    if done.returncode != 0:
        raise Failure(f"{PROGRAM} ended with {done.returncode}")
    try:
        return bench_results.load(RESULT)
    except bench_results.Unusable as reason:
        raise Failure(str(reason)) from reason


def count_instructions() -> int:
    if not INSTRUCTIONS.is_file():
        raise Failure("expected scripts/instructions, found none")
    return subprocess.run([str(INSTRUCTIONS), "--limits"], check=False).returncode


def keep(output: OutputFile) -> None:
    try:
        output.write(RESULT.read_text(encoding="utf-8"))
    except Failure as failure:
        raise Failure(f"{failure}; the result is in {shown(RESULT)}") from failure


def main() -> int:
    args = arguments()
    output = OutputFile(args.json, "--json") if args.json else None
    builds.build(PRESET, [PROGRAM])
    if args.instructions:
        return count_instructions()
    document = run(args)
    entries = [entry for entry in document["benchmarks"] if entry.get("run_type") != "aggregate"]
    if not entries:
        raise Failure(f"{PROGRAM} measured nothing")
    print("\n" + bench_results.table(["benchmark", "time", "ratio", "at most", "goal"], [row(entry) for entry in entries], False))
    print(summary(entries))
    if output:
        keep(output)
    return OK


if __name__ == "__main__":
    run_command("bench", main)
