"""Fuzzes the targets: coverage-guided, with every oracle, until the time is over.

  scripts/fuzz                                  every target (canary excepted) for 60 seconds each
  scripts/fuzz --target page_table_tiny --time 10m
  scripts/fuzz --time 8h --jobs 4               overnight; goes on where the last night stopped

What is new goes to out/corpus/<target> and stays there; the committed traces of corpus/ are its seeds. What diverges or
crashes goes to out/artifacts/<target>, with the shortest trace that still does. Ctrl-C keeps all of it and writes the
summary.

While a target runs, its line says exec/s, by the clock; its last line says exec/CPU s, by the CPU time of its processes.

Whether --summary can be written is tried before anything runs. When it fails at the end all the same, it is kept as
out/summary.json, or else printed to standard error.

exit: 1 something diverged, also when interrupted; else 2 bad input, a target that does not run or a summary that could not be
written; else 130 interrupted; else 0.
"""

import argparse
import json
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pagetwin_lib import builds, corpus_folder
from pagetwin_lib.campaign import LONGEST_PROGRAM, MOST_FINDINGS, Campaign, Plan
from pagetwin_lib.durations import counted, duration, positive, show_duration
from pagetwin_lib.output_file import OutputFile
from pagetwin_lib.processes import Processes
from pagetwin_lib.progress import Board, early_end
from pagetwin_lib.project import BAD_INPUT, FAILED, INTERRUPTED, OK, OUT, Failure, commit, cpu_model, run_command, say, shown

LEFT_SUMMARY = "summary.json"  # in the folder of --out, when --summary cannot be written at the end

FIELDS = """the fields of --summary (null: not known):
  commit, cpu, seed    of the tree, of the machine, of the random numbers
  seconds, jobs        for each target, at a time, as asked
  operations           of one input, at most, as asked
  interrupted          true after Ctrl-C
  targets              of each one that was started:
    name, build        of the target; san or fast
    executions, cpu_seconds, exec_per_cpu_second, ops_per_cpu_second
                       of all its processes; ops are operations of the machine
    edges, features    that its inputs reach, as libFuzzer counts them
    corpus             how many inputs are kept
    peak_rss_mib       of its largest process
    divergences        one for each signature: signature, artifact (the input), trace (the shortest), ops (of the trace)
    ended_early        true when it found too much to go on until its time was over (with --first: anything)
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__, epilog=FIELDS,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", metavar="T", action="append", help="only this one; may be repeated")
    parser.add_argument("--time", metavar="TIME", type=duration, default=60.0,
                        help="for each target: 60s (default), 10m, 8h; without a unit it is seconds. A target that keeps "
                        f"failing ends after {MOST_FINDINGS} findings of each process, equal ones too")
    parser.add_argument("--jobs", metavar="N", type=positive, default=1,
                        help="how many processes fuzz at a time (default 1); when there are more than targets, several share one")
    parser.add_argument("--build", choices=builds.ENGINE_PRESETS, default="san",
                        help="san: ASan and UBSan (default); fast: coverage only, two to three times as many executions")
    parser.add_argument("--summary", metavar="FILE", type=Path, help="write what was done and found as JSON; fields below")
    parser.add_argument("--seed", metavar="N", type=engine_seed, help="of the engine's random numbers (default: another each time)")
    parser.add_argument("--out", metavar="DIR", type=Path, default=OUT, help="where corpora and artifacts are (default: out)")
    parser.add_argument("--ops", metavar="N", type=positive, default=LONGEST_PROGRAM,
                        help=f"operations in one input, at most (default {LONGEST_PROGRAM}; fewer are faster each)")
    parser.add_argument("--traces", action="store_true", help="start from corpus/traces too; that is slower")
    parser.add_argument("--first", action="store_true", help="end a target at its first finding")
    parser.add_argument("--list", action="store_true", help="print the targets")
    args, strange = parser.parse_known_args()
    if strange:
        hint = next((f"; a target is chosen by --target {word}" for word in strange if word in builds.targets()), "")
        parser.error(f"unrecognized arguments: {' '.join(strange)}{hint}")
    return args


def chosen(names: list[str] | None) -> list[str]:
    if names:
        return [builds.check_target(name) for name in dict.fromkeys(names)]
    found = [name for name in builds.targets() if name != builds.CANARY]
    if not found:
        raise Failure("expected targets in fuzz/targets, found none")
    return found


def engine_seed(text: str) -> int:
    """The engine keeps 32 bits of it."""
    seed = positive(text)
    if seed >= 1 << 32:
        raise argparse.ArgumentTypeError(f"expected a number below 2^32, found '{text}'")
    return seed


def check_out(folder: Path) -> None:
    """Nothing is lost by it: folders are only made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"--out: expected a folder to keep corpus and artifacts in, found '{folder}': {error.strerror}") from error


def summary(campaigns: list[Campaign], plan: Plan, jobs: int, interrupted: bool) -> dict:
    return {"commit": commit(), "cpu": cpu_model(), "seed": plan.seed, "seconds": plan.seconds, "jobs": jobs,
            "operations": plan.operations, "interrupted": interrupted,
            "targets": [campaign.as_json() for campaign in campaigns if campaign.started is not None]}


def keep_summary(output: OutputFile, document: dict, folder: Path) -> bool:
    """Whether it is where it was asked for; a night's summary is not lost because it cannot be there."""
    text = json.dumps(document, indent=1) + "\n"
    try:
        output.write(text)
        return True
    except Failure as failure:
        say(f"fuzz: {failure}")
    try:
        OutputFile(folder / LEFT_SUMMARY).write(text)
        say(f"fuzz: the summary is in {shown(folder / LEFT_SUMMARY)}")
    except Failure as failure:
        say(f"fuzz: {failure}\nfuzz: the summary:\n{text}")
    return False


def watch(campaigns: list[Campaign], jobs: int, processes: Processes) -> bool:
    """Whether it was interrupted."""
    board, interrupted = Board(campaigns), False
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        running = [pool.submit(campaign.run) for campaign in campaigns]
        try:
            while not all(one.done() for one in running):
                board.show()
                time.sleep(0.2)
        except KeyboardInterrupt:
            interrupted = True
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)  # impatience must not lose the summary
            board.release()
            say("interrupted; keeping corpus and artifacts")
            for one in running:
                one.cancel()
            processes.stop()
    board.show()
    for one in running:
        if not one.cancelled():
            one.result()
    return interrupted


def verdict(campaigns: list[Campaign], interrupted: bool) -> int:
    lines = [line for campaign in campaigns for line in campaign.findings.lines()]
    broken = [campaign.failure for campaign in campaigns if campaign.failure]
    for text in broken:
        say(f"fuzz: {text}")
    if lines:
        print(f"{counted(sum(len(campaign.findings) for campaign in campaigns), 'divergence')}:")
        print("\n".join(lines))
    for campaign in campaigns:
        if campaign.ended_early and campaign.plan.restarts:  # with --first it was asked to
            print(early_end(campaign))
    quiet = [] if lines or broken else ["until then nothing diverged" if interrupted else "nothing diverged"]
    if closing := ["interrupted"] * interrupted + quiet:
        print("; ".join(closing))
    return FAILED if lines else BAD_INPUT if broken else INTERRUPTED if interrupted else OK


def main() -> int:
    args = arguments()
    if args.list:
        print("\n".join(builds.targets()))
        return OK
    output = OutputFile(args.summary, "--summary") if args.summary else None  # before the night, not after it
    check_out(args.out)
    names, processes = chosen(args.target), Processes()
    builds.build(args.build, [program for name in names for program in (name, f"{name}_replay")])
    plan = Plan(args.build, args.time, max(1, args.jobs // len(names)), args.seed or random.randrange(1, 1 << 31),
                0 if args.first else MOST_FINDINGS - 1, args.ops, args.out.absolute(), args.traces)
    say(f"fuzzing {counted(len(names), 'target')} for {show_duration(args.time)} each, {args.jobs} at a time, seed {plan.seed}")
    campaigns = [Campaign(name, plan, processes) for name in names]
    for campaign in campaigns:
        corpus_folder.recover(campaign.corpus)
    interrupted = watch(campaigns, min(args.jobs, len(names)), processes)
    kept = output is None or keep_summary(output, summary(campaigns, plan, args.jobs, interrupted), plan.out)
    status = verdict(campaigns, interrupted)
    return status if kept or status == FAILED else BAD_INPUT


if __name__ == "__main__":
    run_command("fuzz", main)
