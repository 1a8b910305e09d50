"""Runs the benchmarks and prints the time of each operation, its ratio to the probe of the same run, the goal for that
ratio (for MEM_dense: for bytes per page) and the one beyond it, where there are such, and which was met: miss, pass, beyond.

  scripts/bench --filter 'W2_random|W9b'
  scripts/bench --instructions            counts instructions under callgrind instead (scripts/instructions)
  scripts/bench --accesses sort.accesses  translates a stream of scripts/record --accesses with each configuration of caches
  scripts/bench --history                 measures HEAD and keeps it: one JSON for a commit, in out/history
  scripts/bench --history HEAD~9..HEAD    measures these commits in turns; what was measured before stays
  scripts/bench --history --plot W2h_hot/x86_64_4 --html plot.html      over the commits, in git's order
  scripts/bench --history --add summary.json     adds the rates of scripts/fuzz --summary, or a result of Google Benchmark

Each commit of a history is built in a worktree, so what is not committed is not measured. Figures are named <workload>/<format>,
instructions/<operation> and fuzz/<build>/<target>. After Ctrl-C every process that had ended is in the history.

exit: 0, 1 when a count of instructions is above its limit, 2 bad input or benchmarks that do not run, 130 interrupted.
"""

import argparse
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pagetwin_lib import access_results, bench_results, builds, history_command
from pagetwin_lib.durations import positive, seconds
from pagetwin_lib.output_file import OutputFile
from pagetwin_lib.project import OK, ROOT, Failure, commit, cpu_model, run_command, shown

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
    parser.add_argument("--min-time", metavar="SECONDS", type=seconds, help="for each benchmark (default: its own; with --history 0.05)")
    parser.add_argument("--accesses", metavar="FILE", type=Path, help="measure this stream of accesses instead of the workloads")
    parser.add_argument("--instructions", action="store_true", help="count instructions and check their limits")
    of = parser.add_argument_group("history")
    of.add_argument("--history", metavar="REV", nargs="*", help="measure these commits (default HEAD), or ranges A..B of them; "
                    "with --plot, --list and --html only these are shown")
    of.add_argument("--plot", metavar="NAME", type=expression, help="show a figure over the commits; or a regular expression")
    of.add_argument("--html", metavar="FILE", type=Path, help="the same as a page with charts; without --plot all figures")
    of.add_argument("--list", action="store_true", help="the commits of the history, and what was measured of them")
    of.add_argument("--add", metavar="FILE", type=Path, nargs="+", help="add results that were measured already; REV is their "
                    "commit if they name none")
    of.add_argument("--rounds", metavar="N", type=positive, help="processes for each commit (default 5)")
    of.add_argument("--skip-existing", action="store_true", help="only commits of which nothing is known yet")
    return checked(parser, parser.parse_args())


MEASURING = ("filter", "min_time", "rounds", "skip_existing")
SHOWING = ("plot", "html", "list")


def checked(parser: argparse.ArgumentParser, args: argparse.Namespace) -> argparse.Namespace:
    """What does not go together is said, not passed over."""
    given = {name for name, value in vars(args).items() if value not in (None, False)}
    if args.history is None:
        if alone := given & {*SHOWING, "add", "rounds", "skip_existing"}:
            parser.error(f"{option(min(alone))} needs --history")
    elif strange := given & {"json", "instructions", "accesses"}:
        parser.error(f"--history and {option(min(strange))} do not go together")
    if args.instructions and (idle := given & {"filter", "min_time", "json", "accesses"}):
        parser.error(f"{option(min(idle))} is for times; --instructions counts all operations, and measures none")
    modes = [name for name in ("add", "list", "plot") if name in given]
    if len(modes) > 1 or ("html" in given and modes not in ([], ["plot"])):
        parser.error(f"{' and '.join(option(name) for name in [*modes, *given & {'html'}])} do not go together")
    if given & {*SHOWING, "add"} and (idle := given & set(MEASURING)):
        parser.error(f"{option(min(idle))} is for measuring; {option(min(given & {*SHOWING, 'add'}))} measures nothing")
    args.rounds = args.rounds or 5
    return args


def option(name: str) -> str:
    return "--" + name.replace("_", "-")


@dataclass(frozen=True)
class Goal:
    """What a figure must not exceed, what it had better not, where that is said, and the figure."""

    at_most: float
    beyond: float | None
    figure: float

    def word(self) -> str:
        if self.figure > self.at_most:
            return "miss"
        return "beyond" if self.beyond is not None and self.figure <= self.beyond else "pass"


def goal(entry: dict) -> Goal | None:
    for counter, suffix in (("ratio", ""), (bench_results.BYTES, "_bytes")):
        if f"at_most{suffix}" in entry and counter in entry:
            return Goal(entry[f"at_most{suffix}"], entry.get(f"beyond{suffix}"), entry[counter])
    return None


def figure(entry: dict) -> str:
    """What was measured: of memory, bytes; the time of such a benchmark is that of an empty loop."""
    time = bench_results.cpu_ns(entry)
    return f"{entry[bench_results.BYTES]:.2f} bytes" if time is None else bench_results.time_text(time)


def row(entry: dict) -> list[str]:
    ratio, aim = entry.get("ratio"), goal(entry)
    aims = ["", "", ""] if aim is None else [f"{aim.at_most:.4g}", "" if aim.beyond is None else f"{aim.beyond:.4g}", aim.word()]
    return [entry["name"], figure(entry), "" if ratio is None else f"{ratio:.3f}", *aims]


def summary(entries: list[dict]) -> str:
    aims = [(entry["name"], aim) for entry in entries if (aim := goal(entry)) is not None]
    missed = [name for name, aim in aims if aim.word() == "miss"]
    further = [aim.word() == "beyond" for _, aim in aims if aim.beyond is not None]
    beyond = f", and {sum(further)} of {len(further)} beyond" if further else ""
    return f"{len(aims) - len(missed)} of {len(aims)} goals met{beyond}" + "".join(f"\n  missed: {name}" for name in missed)


def show(entries: list[dict]) -> str:
    head = ["benchmark", "measured", "ratio", "at most", "beyond", "goal"]
    return bench_results.table(head, [row(entry) for entry in entries], False) + "\n" + summary(entries)


def check_choice(options: list[str], pattern: str | None) -> None:
    """Beforehand: without a benchmark the program would only leave an empty file, and a bad stream is no crash."""
    done = subprocess.run([str(builds.program(PRESET, PROGRAM)), "--benchmark_list_tests", *options], check=False,
                          capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise Failure(done.stderr.strip() or f"{PROGRAM} ended with {done.returncode}")
    if not done.stdout.strip():
        raise Failure(f"no benchmark matches --filter '{pattern}'")


def check_stream(path: Path) -> None:
    """Before the build, which may take minutes: whether there is a file to read. What is in it the program checks."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise Failure(f"--accesses: cannot read {path}: {error.strerror}") from error


def run(args: argparse.Namespace) -> dict:
    options = [f"--benchmark_filter={args.filter}"] if args.filter else []
    options += [f"--accesses={args.accesses}"] if args.accesses else []
    if options:
        check_choice(options, args.filter)
    options += [f"--benchmark_min_time={args.min_time}"] if args.min_time else []
    RESULT.unlink(missing_ok=True)
    done = subprocess.run([str(builds.program(PRESET, PROGRAM)), f"--benchmark_out={RESULT}", "--benchmark_out_format=json",
                           *options], check=False, stdout=sys.stderr)  # its own table is the progress
    if done.returncode != 0:
        raise Failure(f"{PROGRAM} ended with {done.returncode}")
    document = bench_results.load(RESULT)
    document.setdefault("context", {}).update(commit=commit(), cpu=cpu_model())
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return document


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
    if args.history is not None:
        return history_command.main(args)
    output = OutputFile(args.json, "--json") if args.json else None
    if args.accesses:
        check_stream(args.accesses)
    builds.build(PRESET, [PROGRAM])
    if args.instructions:
        return count_instructions()
    document = run(args)
    entries = [entry for entry in document["benchmarks"] if entry.get("run_type") != "aggregate"]
    if not entries:
        raise Failure(f"{PROGRAM} measured nothing")
    print("\n" + (access_results.show(entries) if args.accesses else show(entries)))
    if output:
        keep(output)
    return OK


if __name__ == "__main__":
    run_command("bench", main)
