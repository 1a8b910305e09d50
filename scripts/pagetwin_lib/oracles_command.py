"""Has foreign MMUs walk the tables of the committed corpus, and those of random programs until enough was asked.

  scripts/oracles                              everything, a million probes for each format and oracle
  scripts/oracles --probes 20000 --format aarch64_s1_4k
  scripts/oracles out/artifacts/page_table_aarch64_s1_4k/trace-*.ops

A probe is one address and one kind of access, judged by reference/mmu and by the oracle over the same bytes. TLB truth is real
accesses before an edit of a table, after it and after the invalidations that it owes.

  probes        that were judged: answers that were compared. --probes N is the least: the corpus is asked whole, however many
                probes it has, and random programs follow until each oracle has judged N. 0 means no random programs
  damaged       of these probes, over tables where bits were flipped first
  not judged    beside the probes: what the oracle could not be asked, or what led out of the table's memory
  unexplained   answers, and words written back, that differ and that no known deviation explains; those below it are explained
  edits         operations that replaced a word in use, and were shown to a TLB
  accesses      that were judged, each made three times; "not judged" ones are beside them again
  stale before  of these, how many still saw the old translation before its invalidation, which is allowed: evidence that the
                TLB keeps something. It depends on timing: the same run again may have another number
  wrong after   neither old nor new, or old after all invalidations: a table that owes too little

What an oracle is known to do wrong is listed in fuzz/emulators/*_deviations.cpp; in a complete run (no file, no --format, a
million probes) an entry that was never met is an error, and so is a TLB that never was stale. docs/emulators.md has the rest;
scripts/bootstrap --oracles installs the emulators.

Ctrl-C prints the rows of the formats that are finished, what was found in the others until then, and their names.

exit: 1 somebody disagrees and nothing explains it, also when interrupted; else 130 interrupted; else 2 an unused deviation or
TLB, no oracle at all, or bad usage; 0 all agree.
"""

import argparse
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from pagetwin_lib import builds, foreign_mmus, target_lookup
from pagetwin_lib.durations import count, counted
from pagetwin_lib.names import choice
from pagetwin_lib.oracle_report import Report
from pagetwin_lib.processes import Processes
from pagetwin_lib.project import FAILED, INTERRUPTED, OK, OUT, ROOT, Failure, cores, run_command, say

PRESETS = ("san", "gcc", "fast")
PROBES = 1_000_000
FINDING_ENDS = "pagetwin: json "  # how the last line of a report begins
LOOK = 0.5  # seconds between looks for an interrupt
WITH_TABLES = "page_table_"  # what begins the names of targets whose tables can be walked


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/oracles", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", metavar="FILE", nargs="*", type=Path, help="only these traces, and no random programs")
    parser.add_argument("--probes", metavar="N", type=count,
                        help=f"at least, for each format and oracle (default {PROBES:,}; 0: the corpus only)")
    parser.add_argument("--format", metavar="F", action="append", default=[], help="only this one, as aarch64_s1_4k; repeatable")
    parser.add_argument("--oracle", metavar="O", action="append", default=[], help="only this one, as unicorn; repeatable")
    parser.add_argument("--seed", metavar="S", type=count, default=1, help="of the first random program (default 1)")
    parser.add_argument("--build", choices=PRESETS, default="gcc", help="which build asks (default gcc: twice as fast as san)")
    return parser.parse_args()


def chosen(formats: list[str]) -> list[str]:
    """The targets to ask about."""
    known = [name for name in builds.targets() if name.startswith(WITH_TABLES)]
    for name in formats:
        if WITH_TABLES + name not in known:
            raise Failure(f"--format: expected a format, found '{name}'; {choice(short(name), list(map(short, known)))}")
    return [WITH_TABLES + name for name in dict.fromkeys(formats)] or known


def short(target: str) -> str:
    """As --format has it."""
    return target.removeprefix(WITH_TABLES)


def program(target: str) -> str:
    return f"{target}_oracles"


def command(args: argparse.Namespace, target: str, files: list[Path]) -> list[str]:
    save = OUT / "artifacts" / target
    save.mkdir(parents=True, exist_ok=True)
    oracles = [word for name in args.oracle for word in ("--oracle", name)]
    probes = args.probes if args.probes is not None else 0 if args.files else PROBES
    return [str(builds.program(args.build, program(target))), "--probes", str(probes), "--seed", str(args.seed),
            "--die-with-parent", "--save", str(save), *oracles, *map(str, files)]


def traces(args: argparse.Namespace, targets: list[str]) -> dict[str, list[Path]]:
    """What each target replays: the files given, or its part of the corpus."""
    groups = target_lookup.by_target(args.files or [ROOT / "corpus"], None, builds.targets(), target_lookup.give_up)
    if not args.files:
        return {target: groups.get(target, []) for target in targets}
    for target in groups:
        if target not in targets:
            wanted = ", ".join(targets) if args.format else f"a target {WITH_TABLES}..."
            raise Failure(f"{groups[target][0]}: expected a trace of {wanted}, found one of {target}")
    return groups


def ask(args: argparse.Namespace, groups: dict[str, list[Path]]) -> tuple[Report, list[str]]:
    """And the targets that were not finished when it was interrupted."""
    report, processes, left = Report(chosen=args.oracle), Processes(), dict.fromkeys(groups)
    with ThreadPoolExecutor(max_workers=cores()) as pool:
        jobs = {pool.submit(run_one, processes, target, command(args, target, files)): target for target, files in groups.items()}
        try:
            for job in as_they_end(jobs):
                take(report, jobs[job], *job.result())
                del left[jobs[job]]
                say(f"{short(jobs[job])}: finished, {counted(len(left), 'format')} left")
        except KeyboardInterrupt:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # impatience must not lose the rows
            for job in jobs:
                job.cancel()
            processes.stop()
        except BaseException:
            processes.stop()
            raise
    for job, target in jobs.items():
        if target in left and not job.cancelled():
            take_findings(report, target, job.result()[1])
    return report, list(left)


def as_they_end(jobs: Iterable[Future]) -> Iterator[Future]:
    """Never waits long: a signal that comes just before a wait begins does not end it, and Python would only see it after it."""
    left = set(jobs)
    while left:
        done, left = wait(left, LOOK, FIRST_COMPLETED)
        yield from done


def take(report: Report, target: str, status: int, lines: list[str]) -> None:
    report.statuses[target] = status
    print("".join(report.read(lines)), end="", flush=True)


def take_findings(report: Report, target: str, lines: list[str]) -> None:
    """Of a program that was stopped: its rows are not known, but what it found by then is found."""
    ends = [number for number, line in enumerate(lines, 1) if line.startswith(FINDING_ENDS)]
    if ends:
        take(report, target, FAILED, lines[:ends[-1]])


def run_one(processes: Processes, target: str, words: list[str]) -> tuple[int, list[str]]:
    lines: list[str] = []
    say(f"{short(target)}: started")
    ended = processes.run(words, lines.append, str(ROOT), builds.environment())
    if ended is None:
        return FAILED, lines
    if ended.status < 0:
        lines.append(f"pagetwin: {words[0]} died with signal {-ended.status}\n")
    return (FAILED if ended.status < 0 else ended.status), lines


def interrupted(report: Report, left: list[str], all_of_them: int) -> int:
    if report.statuses:
        print(report.render(complete=False))
    print(f"interrupted: {all_of_them - len(left)} of {counted(all_of_them, 'format')} finished; "
          f"not asked to the end: {', '.join(map(short, left))}")
    return FAILED if report.exit_status(complete=False) == FAILED else INTERRUPTED


def main() -> int:
    args = arguments()
    targets = chosen(args.format)
    foreign_mmus.check(args.oracle, list(map(short, targets)))
    groups = traces(args, targets)
    builds.build(args.build, [program(target) for target in groups])
    report, left = ask(args, groups)
    if left:
        return interrupted(report, left, len(groups))
    complete = not args.files and not args.format and (args.probes is None or args.probes >= PROBES)
    print(report.render(complete))
    missing = [name for name in args.oracle if name not in {oracle for _, oracle in report.rows}]
    status = report.exit_status(complete)
    if missing and status == OK:
        raise Failure(f"{missing[0]} judged nothing here")
    return status


if __name__ == "__main__":
    run_command("oracles", main)
