"""scripts/bench --history: measuring commits for the history, adding results to it, and plotting it."""

import argparse
import random
from pathlib import Path

from pagetwin_lib import bench_results, bench_runs, callgrind, history_report, history_series
from pagetwin_lib.bench_history import History
from pagetwin_lib.commits import Commit, full_name, in_order, meant
from pagetwin_lib.durations import counted
from pagetwin_lib.output_file import OutputFile
from pagetwin_lib.project import BAD_INPUT, OK, ROOT, Failure, cpu_model, say, shown
from pagetwin_lib.worktrees import Worktrees

MIN_TIME = 0.05  # seconds for each benchmark and process


def main(args: argparse.Namespace) -> int:
    history = History()
    if args.add:
        return add(history, args.history, args.add)
    if args.list or args.plot or args.html:
        return show(history, args)
    return measure(history, args)


def measure(history: History, args: argparse.Namespace) -> int:
    """One process of each commit in turn, in another order each round; each result is kept at once."""
    commits = meant(args.history or ["HEAD"])
    if args.skip_existing:
        commits = [commit for commit in commits if not is_measured(history, commit)]
    for commit in commits:
        history.check(commit)
    with Worktrees(ROOT) as trees:
        programs = built(trees, commits)
        for commit, program in programs.items():
            history.add(commit, instructions(program))
        lots = random.Random(1)
        for number in range(1, args.rounds + 1):
            for commit in lots.sample(list(programs), len(programs)):
                document = bench_runs.run_once(programs[commit], args.filter, args.min_time or MIN_TIME,
                                               trees.folder / "process.json")
                history.add(commit, [run_of(document)])
            say(f"round {number} of {args.rounds}")
    for commit in programs:
        print(f"{shown(history.path(commit))}: {counted(len(history.load(commit).runs), 'run')}")
    return OK if len(programs) == len(commits) else BAD_INPUT


def is_measured(history: History, commit: str) -> bool:
    return any(run["kind"] == "benchmarks" for run in history.load(commit).runs)


def built(trees: Worktrees, commits: list[str]) -> dict[str, Path]:
    """What does not build is told and left out."""
    programs: dict[str, Path] = {}
    for commit in commits:
        try:
            programs[commit] = trees.build(commit[:12])
        except bench_results.Unusable as reason:
            say(f"left out: {reason}")
    return programs


def instructions(program: Path) -> list[dict]:
    if callgrind.is_missing():
        say(f"instructions are not counted: {callgrind.MISSING}")
        return []
    return [{"kind": "instructions", "instructions": callgrind.count_all(program)}] if callgrind.can_count(program) else []


def run_of(document: dict) -> dict:
    """Of one process: what it repeated is one value."""
    return {"kind": "benchmarks", **bench_results.merged([document], {"cpu": cpu_model()})}


def add(history: History, revs: list[str], paths: list[Path]) -> int:
    """All files are read before the first is added."""
    if len(named := meant(revs)) > 1:
        raise Failure(f"--add: expected at most one commit for the files, found {len(named)}")
    found = [(path, *run_of_file(path, named[0] if named else None)) for path in paths]
    for _, commit, runs in found:
        history.check(commit)
    for path, commit, runs in found:
        new = history.add(commit, runs)
        print(f"{path}: {'added to' if new else 'is already in'} {shown(history.path(commit))}")
    return OK


def run_of_file(path: Path, named: str | None) -> tuple[str, list[dict]]:
    """The commit that was measured, and its runs: a result of Google Benchmark or a summary of scripts/fuzz."""
    document = bench_results.load(path)
    runs = runs_of(document, path)
    said = document.get("commit") if "targets" in document else (document.get("context") or {}).get("commit")
    if named is None and said is None:
        raise Failure(f"--add: {path}: names no commit; name it: scripts/bench --history COMMIT --add {path}")
    if named is None and str(said).endswith("-dirty"):
        raise Failure(f"--add: {path}: {said} was measured with changes that no commit has")
    if named is not None and said is not None and (other := full_name(str(said))) not in (None, named):
        raise Failure(f"--add: {path}: is of {other[:12]}, not of {named[:12]}")
    commit = named or full_name(str(said))
    if commit is None:
        raise Failure(f"--add: {path}: is of {said}, which is no commit of this repository")
    return commit, runs


def runs_of(document: dict, path: Path) -> list[dict]:
    if "targets" in document:
        runs = [{"kind": "fuzz", "summary": document}]
    elif "benchmarks" in document:
        runs = [{"kind": "benchmarks", "context": document.get("context") or {}, "benchmarks": document["benchmarks"]}]
        if counts := document.get("instructions"):
            runs.append({"kind": "instructions", "instructions": counts})
    else:
        raise Failure(f"--add: {path}: expected a result of Google Benchmark or a summary of scripts/fuzz, found neither")
    if not any([history_series.figures_of(run, str(path)) for run in runs]):
        raise Failure(f"--add: {path}: nothing was measured in it")
    return runs


def show(history: History, args: argparse.Namespace) -> int:
    output = OutputFile(args.html, "--html") if args.html else None
    records = history.all()
    commits, strange = in_order([record.commit for record in records])
    if strange:
        say(f"left out: {', '.join(name[:12] for name in strange)}: not in this repository")
    among = set(meant(args.history)) if args.history else None
    commits = [commit for commit in commits if among is None or commit.name in among]
    if not commits:
        raise Failure(f"nothing was measured{' of these commits' if among else ' yet'}; scripts/bench --history measures HEAD")
    names = {commit.name for commit in commits}
    records = [record for record in records if record.commit in names]
    if args.list:
        show_list(history, commits)
        return OK
    return plot(history_series.chosen(history_series.collect(records), args.plot or ""), commits, args.plot, output)


def show_list(history: History, commits: list[Commit]) -> None:
    for commit in commits:
        kinds = [run["kind"] for run in history.load(commit.name).runs]
        held = ", ".join(f"{kinds.count(kind)} x {kind}" for kind in dict.fromkeys(kinds))
        print(f"{commit.short}  {commit.date}  {held:<40}  {commit.subject}")


def plot(series: list[history_series.Series], commits: list[Commit], wanted: str | None, output: OutputFile | None) -> int:
    if wanted:
        shown = "\n\n".join(history_report.show(one, commits) for one in series)
        print(shown + (f"\n\n{history_report.NOTE}" if history_report.STAR in shown else ""))
    if output:
        output.write(history_report.as_page(series, commits))
    return OK
