"""Runs inputs of the fuzzer and text traces again: every operation with its outcome, then ok, or the divergence and the walk.

  scripts/replay corpus/traces/gxx_compile.ops
  scripts/replay out/artifacts/page_table_tiny/crash-*
  scripts/replay --quiet --paranoid corpus

The target of a file is its line `target NAME`, else the folder it is in (corpus/NAME/..., out/artifacts/NAME/...).

A file that cannot be run is named, and the others run all the same.

exit: 2 some file could not be run (unreadable, no trace, no target), else 1 something diverged or crashed, else 0;
141 nobody reads its output any more.
"""

import argparse
import signal
import subprocess
import sys
from pathlib import Path

from pagetwin_lib import builds, target_lookup
from pagetwin_lib.project import BAD_INPUT, FAILED, OK, Failure, run_command, say

PRESETS = ("san", "gcc", "fast")
STATUSES = (OK, FAILED, BAD_INPUT)  # any other is a death
DEATH = 77


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/replay", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="bytes or text; a folder means all in it")
    parser.add_argument("--target", metavar="T", help="run all of them with this one")
    parser.add_argument("--paranoid", action="store_true", help="compare everything after every operation")
    parser.add_argument("--event-log", metavar="FILE", help="write what one trace did to memory, as casemate reads it (docs/traces.md)")
    parser.add_argument("--quiet", action="store_true", help="one line per file")
    parser.add_argument("--stats", action="store_true", help="how often each verb had each outcome")
    parser.add_argument("--build", choices=PRESETS, default="san", help="which build runs it (default san)")
    return parser.parse_args()


def build_missing(preset: str, targets: list[str]) -> None:
    """Builds what is missing or older than its sources; that is quick when there is nothing to do."""
    builds.build(preset, [f"{target}_replay" for target in targets])


def ended(preset: str, target: str, options: list[str]) -> int:
    env = builds.environment()
    for sanitizer in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):  # their own status of a death is 1, a divergence's
        env[sanitizer] = f"exitcode={DEATH}:{env[sanitizer]}"
    sys.stdout.flush()
    status = subprocess.run([str(builds.replay_program(preset, target)), *options], env=env, check=False).returncode
    if status == -signal.SIGPIPE:
        raise BrokenPipeError  # nobody reads any more, as in `| head`
    return status


def of_death(status: int) -> str:
    if status == DEATH:
        return "a sanitizer ended it"
    return f"died with signal {-status}" if status < 0 else f"died with status {status}"


def run_replay(preset: str, target: str, options: list[str]) -> int:
    """The exit status as people know it: a sanitizer's report is a divergence too."""
    status = ended(preset, target, options)
    if status in STATUSES:
        return status
    say(f"{target}: {of_death(status)}")
    return FAILED


def replay_files(preset: str, target: str, flags: list[str], files: list[Path]) -> int:
    """A file that crashes takes the program with it, so that those behind it need another."""
    if len(files) == 1:
        return run_replay(preset, target, [*flags, str(files[0])])
    status = ended(preset, target, [*flags, *map(str, files)])
    if status in STATUSES:
        return status
    say(f"{target}: {of_death(status)}; its {len(files)} files again, each by itself")
    return combined([replay_files(preset, target, flags, [file]) for file in files])


def combined(statuses: list[int]) -> int:
    """Bad input outweighs a divergence: the answer is not complete."""
    return max(statuses, default=OK)


def main() -> int:
    args = arguments()
    given = builds.check_target(args.target) if args.target else None
    refused: list[Failure] = []
    groups = target_lookup.by_target(args.files, given, builds.targets(), refused.append)
    if groups:
        build_missing(args.build, list(groups))
    flags = [f"--{name}" for name in ("paranoid", "quiet", "stats") if getattr(args, name)]
    flags += ["--event-log", args.event_log] if args.event_log else []
    status = combined([replay_files(args.build, target, flags, files) for target, files in groups.items()])
    for failure in refused:  # last, where they are seen
        say(f"replay: {failure}")
    return BAD_INPUT if refused else status


if __name__ == "__main__":
    run_command("replay", main)
