"""The inputs that a target keeps from night to night: counted, and reduced to those that matter when they are many."""

import shutil
from pathlib import Path

from pagetwin_lib.builds import environment
from pagetwin_lib.processes import Processes
from pagetwin_lib.project import ROOT

MANY = 4096
MERGE_SECONDS = 1800


def count(folder: Path) -> int | None:
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else None


def shrink(folder: Path, engine: Path, processes: Processes, many: int = MANY) -> bool:
    """Keeps a set of inputs with the same coverage. Whatever goes wrong, the folder stays complete."""
    files = count(folder)
    if files is None or files <= many or processes.stopped.is_set():
        return False
    merged, before = folder.with_name(folder.name + ".merged"), folder.with_name(folder.name + ".before")
    shutil.rmtree(merged, ignore_errors=True)
    merged.mkdir()
    # Half the files of -merge=1 at the same coverage.
    command = [str(engine), "-set_cover_merge=1", "-rss_limit_mb=2048", "-timeout=20", str(merged), str(folder)]
    ended = processes.run(command, lambda line: None, str(ROOT), environment(), MERGE_SECONDS)
    done = ended is not None and ended.status == 0 and count(merged) != 0
    if done:
        folder.rename(before)
        merged.rename(folder)
        shutil.rmtree(before, ignore_errors=True)
    shutil.rmtree(merged, ignore_errors=True)
    return done


def recover(folder: Path) -> None:
    """An interruption between the two renames leaves the old folder under its other name."""
    before = folder.with_name(folder.name + ".before")
    if before.is_dir() and not folder.exists():
        before.rename(folder)
