"""Runs inputs of the fuzzer and text traces again: every operation with its outcome, then ok, or the divergence and the walk.

  scripts/replay corpus/traces/gxx_compile.ops
  scripts/replay out/artifacts/page_table_tiny/crash-*
  scripts/replay --quiet --paranoid corpus

The target of a file is its line `target NAME`, else the folder it is in (corpus/NAME/..., out/artifacts/NAME/...).

exit: 0 nothing diverged, 1 something did, 2 bad input, 141 nobody reads its output any more.
"""

import argparse
import signal
import subprocess
from pathlib import Path

from pagetwin_lib import builds, target_lookup
from pagetwin_lib.project import BAD_INPUT, FAILED, OK, run_command, say

PRESETS = ("san", "gcc", "fast")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/replay", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="bytes or text; a folder means all in it")
    parser.add_argument("--target", metavar="T", help="run all of them with this one")
    parser.add_argument("--paranoid", action="store_true", help="compare everything after every operation")
    parser.add_argument("--quiet", action="store_true", help="one line per file")
    parser.add_argument("--stats", action="store_true", help="how often each verb had each outcome")
    parser.add_argument("--build", choices=PRESETS, default="san", help="which build runs it (default san)")
    return parser.parse_args()


def build_missing(preset: str, targets: list[str]) -> None:
    """Builds what is missing or older than its sources; that is quick when there is nothing to do."""
    builds.build(preset, [f"{target}_replay" for target in targets])


def run_replay(preset: str, target: str, options: list[str]) -> int:
    """The exit status as people know it: a sanitizer's report is a divergence too."""
    status = subprocess.run([str(builds.replay_program(preset, target)), *options], env=builds.environment(),
                            check=False).returncode
    if status in (OK, FAILED, BAD_INPUT):
        return status
    if status == -signal.SIGPIPE:
        raise BrokenPipeError  # nobody reads any more, as in `| head`
    say(f"{target}: died with " + (f"signal {-status}" if status < 0 else f"status {status}"))
    return FAILED


def combined(statuses: list[int]) -> int:
    """Bad input outweighs a divergence: the answer is not complete."""
    return max(statuses, default=OK)


def main() -> int:
    args = arguments()
    given = builds.check_target(args.target) if args.target else None
    groups = target_lookup.by_target(args.files, given, builds.targets())
    build_missing(args.build, list(groups))
    flags = [f"--{name}" for name in ("paranoid", "quiet", "stats") if getattr(args, name)]
    return combined([run_replay(args.build, target, [*flags, *map(str, files)]) for target, files in groups.items()])


if __name__ == "__main__":
    run_command("replay", main)
