"""Writes the shortest program that still fails in the same way, as a text trace.

  scripts/minimize out/artifacts/page_table_tiny/crash-0123 -o crash.ops

exit: 0 it is shorter now or cannot be shorter, 2 it does not fail, or bad input. What -o names is replaced only by a whole trace.
"""

import argparse
from pathlib import Path

from pagetwin_lib import builds, target_lookup
from pagetwin_lib.output_file import OutputFile, output_file
from pagetwin_lib.project import BAD_INPUT, OK, Failure, run_command
from pagetwin_lib.replay_command import PRESETS, build_missing, run_replay


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/minimize", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", metavar="FILE", type=Path, help="bytes or text that diverges or crashes")
    parser.add_argument("-o", "--output", metavar="OUT", help="the trace (default: standard output)")
    parser.add_argument("--target", metavar="T", help="that it belongs to (default: as scripts/replay finds it)")
    parser.add_argument("--build", choices=PRESETS, default="san", help="which build runs it (default san)")
    return parser.parse_args()


def minimise(preset: str, target: str, file: Path, output: OutputFile | None) -> int:
    try:
        status = run_replay(preset, target, ["--minimize", str(file), *(["-o", str(output.part)] if output else [])])
        if status == OK and output:
            output.finish()
    finally:
        if output:
            output.discard()
    if status not in (OK, BAD_INPUT):
        raise Failure(f"{file}: could not be minimised")
    return status


def main() -> int:
    args = arguments()
    if not args.file.is_file():
        raise Failure(f"{args.file}: expected a file")
    given = builds.check_target(args.target) if args.target else None
    target = target_lookup.find_target(args.file, given, builds.targets())
    output = output_file(args.output)
    build_missing(args.build, [target])
    return minimise(args.build, target, args.file, output)


if __name__ == "__main__":
    run_command("minimize", main)
