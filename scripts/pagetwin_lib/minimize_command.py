"""Writes the shortest program that still fails in the same way, as a text trace.

  scripts/minimize out/artifacts/page_table_tiny/crash-0123 -o crash.ops

exit: 0 it is shorter now or cannot be shorter, 2 it does not fail, or bad input.
"""

import argparse
from pathlib import Path

from pagetwin_lib import builds, target_lookup
from pagetwin_lib.project import BAD_INPUT, Failure, run_command
from pagetwin_lib.replay_command import PRESETS, build_missing, run_replay


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/minimize", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="FILE", type=Path, help="bytes or text that diverges or crashes")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help="the trace (default: standard output)")
    parser.add_argument("--target", metavar="T", help="that it belongs to (default: as scripts/replay finds it)")
    parser.add_argument("--build", choices=PRESETS, default="san", help="which build runs it (default san)")
    return parser.parse_args()


def main() -> int:
    args = arguments()
    if not args.file.is_file():
        raise Failure(f"{args.file}: expected a file")
    given = builds.check_target(args.target) if args.target else None
    target = target_lookup.find_target(args.file, given, builds.targets())
    build_missing(args.build, [target])
    output = ["-o", str(args.output)] if args.output else []
    status = run_replay(args.build, target, ["--minimize", str(args.file), *output])
    if status == BAD_INPUT or args.output is None or args.output.is_file():
        return status
    raise Failure(f"{args.file}: could not be minimised")


if __name__ == "__main__":
    run_command("minimize", main)
