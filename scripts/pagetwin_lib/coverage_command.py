"""Says which lines and branches of src and reference the corpus reaches.

It runs the committed corpus, the recorded traces, what scripts/fuzz has kept in out/corpus, and with --swarm random programs.
HTML with every line is in build/coverage/html.

exit: 0, 1 when less is reached than --fail-under asks for or a program of the corpus diverges, 2 bad input.
"""

import argparse
import json
import os
import shutil
import subprocess
from pathlib import Path

from pagetwin_lib import builds, coverage_report, seeds
from pagetwin_lib.durations import count
from pagetwin_lib.project import FAILED, OK, OUT, ROOT, Failure, run_command, say, shown

PRESET = "coverage"
PROFILES = ROOT / "build" / PRESET / "profiles"
FOLDERS = ("src", "reference")
REPLAY_SECONDS = 1200


def percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"expected a percentage, found '{text}'")
    return value


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/coverage", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--html", metavar="DIR", type=Path, default=ROOT / "build" / PRESET / "html",
                        help="where the pages go (default build/coverage/html)")
    parser.add_argument("--swarm", metavar="N", type=count, default=0, help="run N random programs of each target too")
    parser.add_argument("--fail-under", metavar="PERCENT", type=percent, default=0.0, help="of lines, for src and reference each")
    parser.add_argument("--fail-under-branches", metavar="PERCENT", type=percent, default=0.0, help="the same for branches")
    return parser.parse_args()


def inputs(target: str) -> list[Path]:
    folders = [folder for folder in (ROOT / "corpus" / target, OUT / "corpus" / target) if folder.is_dir()]
    return [*folders, *seeds.recorded_traces(target)]


def run(command: list[str], target: str) -> bool:
    env = {**builds.environment(), "LLVM_PROFILE_FILE": str(PROFILES / f"{target}-%p.profraw")}
    try:
        done = subprocess.run(command, env=env, check=False, capture_output=True, text=True, errors="replace",
                              timeout=REPLAY_SECONDS)
    except subprocess.TimeoutExpired:
        say(f"{target}: took longer than {REPLAY_SECONDS} s")
        return False
    if done.returncode != 0:
        say(f"{target}: ended with {done.returncode}\n" + "\n".join((done.stdout + done.stderr).splitlines()[-20:]))
    return done.returncode == 0


def collect(targets: list[str], swarm: int) -> bool:
    """Whether nothing diverged."""
    shutil.rmtree(PROFILES, ignore_errors=True)
    PROFILES.mkdir(parents=True)
    good = True
    for target in targets:
        files, replay = inputs(target), str(builds.replay_program(PRESET, target))
        say(f"{target}: {len(files)} folders and traces, {swarm} random programs")
        if files:
            good = run([replay, "--quiet", *map(str, files)], target) and good
        if swarm:
            good = run([replay, "--quiet", "--swarm", str(swarm), "--seed", "1"], target) and good
    return good


def tool(name: str, *args: str) -> str:
    if shutil.which(name) is None:
        raise Failure(f"{name} is missing; scripts/bootstrap test installs it (package llvm-19)")
    done = subprocess.run([name, *args], check=False, capture_output=True, text=True, cwd=ROOT)
    if done.returncode != 0:
        raise Failure(f"{name} {args[0]} failed: {done.stderr.strip()}")
    return done.stdout


def merged_profile() -> Path:
    raw = sorted(str(path) for path in PROFILES.glob("*.profraw"))
    if not raw:
        raise Failure("nothing was run: the corpus is empty")
    profile = PROFILES / "all.profdata"
    tool("llvm-profdata-19", "merge", "-sparse", "-o", str(profile), *raw)
    return profile


def judge(parts: list[coverage_report.Row], args: argparse.Namespace) -> bool:
    good = True
    for part in parts:
        for kind, share, least in (("lines", part.lines, args.fail_under), ("branches", part.branches, args.fail_under_branches)):
            if share.percent < least:
                print(f"{part.name}: {share.percent:.1f} % of {kind} are reached; at least {least:g} % are expected")
                good = False
    return good


def main() -> int:
    args = arguments()
    targets = [name for name in builds.targets() if name != builds.CANARY]
    if not targets:
        raise Failure("expected targets in fuzz/targets, found none")
    builds.build(PRESET, [f"{target}_replay" for target in targets])
    passed = collect(targets, args.swarm)
    programs = [str(builds.replay_program(PRESET, target)) for target in targets]
    common = [f"-instr-profile={merged_profile()}", programs[0], *(f"-object={name}" for name in programs[1:]),
              *(str(ROOT / folder) for folder in FOLDERS)]
    tool("llvm-cov-19", "show", "-format=html", f"-output-dir={args.html}", "-show-branches=count", *common)
    files = coverage_report.rows(json.loads(tool("llvm-cov-19", "export", "-summary-only", *common)), ROOT)
    parts = [coverage_report.total(folder, [row for row in files if row.name.startswith(folder + os.sep)]) for folder in FOLDERS]
    print(coverage_report.table(files + parts))
    print(f"pages: {shown(args.html.absolute())}/index.html")
    return OK if judge(parts, args) and passed else FAILED


if __name__ == "__main__":
    run_command("coverage", main)
