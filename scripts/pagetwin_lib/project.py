"""What every command of the project shares: its root, how it fails, and how it is interrupted."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "out"  # what fuzzing leaves: corpora, artifacts, logs; git ignores it
OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
NOBODY_READS = 128 + signal.SIGPIPE  # as a shell has it


class Failure(Exception):
    """The command cannot do what it was asked; the text says why, for people."""


def say(message: str) -> None:
    """Progress; results go to standard output. One write, so that what threads say at the same time stays in lines."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def cores() -> int:
    return len(os.sched_getaffinity(0))


def shown(path: Path) -> str:
    """A path as people type it: relative to the root where it is inside."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def cpu_model() -> str:
    """As the kernel names it; '' where it does not."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else ""


def git(*args: str) -> str | None:
    """What git prints; None where this is no clone or git is missing. The owner of a mounted checkout does not matter."""
    try:
        done = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(ROOT), *args], capture_output=True, text=True,
                              check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def commit() -> str | None:
    described = git("describe", "--always", "--dirty", "--abbrev=12")
    return described.strip() if described else None


def _interrupt(_number, _frame) -> None:
    raise KeyboardInterrupt


def run_command(name: str, command: Callable[[], int]) -> None:
    """Ends the process with the command's exit status; never with a traceback for what the user did."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        status = command()
        sys.stdout.flush()  # here, where a reader that has left is no accident
        sys.exit(status)
    except Failure as failure:
        say(f"{name}: {failure}")
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        say(f"{name}: interrupted")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(NOBODY_READS)
