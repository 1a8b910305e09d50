"""Commits checked out and their benchmarks built, each in a worktree of its own.

Nothing that is not committed is built. It refuses to run what it builds. Children end before their worktree is removed
(children.py).
"""

import contextlib
import json
import os
import shutil
import signal
from pathlib import Path

from pagetwin_lib.bench_results import Unusable
from pagetwin_lib.children import run
from pagetwin_lib.project import say

BINARY = Path("build") / "bench" / "bin" / "pagetwin_bench"


class Worktrees:
    """Checks commits out under build/compare and takes the worktrees away again, whatever happens."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.folder = root / "build" / "compare"
        self._made: list[Path] = []

    def __enter__(self) -> "Worktrees":
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_exc) -> None:
        # A second, impatient Ctrl-C must not leave half of a worktree behind.
        before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
        for path in self._made:
            self._remove(path)
        for number, handler in before.items():
            signal.signal(number, handler)

    def _git(self, *args: str) -> tuple[int, str]:
        return run(["git", "-C", str(self._root), *args], timeout=120)

    def _remove(self, path: Path) -> None:
        self._git("worktree", "remove", "--force", str(path))
        shutil.rmtree(path, ignore_errors=True)
        self._git("worktree", "prune")

    def commit(self, rev: str) -> str:
        code, output = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", rev + "^{commit}")
        if code != 0:
            raise Unusable(f"'{rev}' is neither a commit of this repository nor a .json file that exists")
        return output.strip()[:12]

    def build(self, commit: str) -> Path:
        """The benchmark program of that commit."""
        tree = self.folder / commit
        if tree in self._made:
            return tree / BINARY
        self._remove(tree)  # what an earlier, killed run left
        self._made.append(tree)
        code, output = self._git("worktree", "add", "--detach", "--force", str(tree), commit)
        if code != 0:
            raise Unusable(f"cannot check out {commit}: {last_lines(output)}")
        if "bench" not in configure_presets(tree):
            raise Unusable(f"{commit} has no benchmarks: its CMakePresets.json has no preset 'bench'")
        for step in (["cmake", "--preset", "bench"],
                     ["cmake", "--build", "--preset", "bench", "--target", "pagetwin_bench"]):
            say(f"{commit}: {' '.join(step)}")
            code, output = run(step, timeout=1800, cwd=tree)
            if code != 0:
                raise Unusable(f"{commit} does not build its benchmarks: `{' '.join(step)}` failed:\n{last_lines(output)}")
        if not os.access(tree / BINARY, os.X_OK):
            raise Unusable(f"{commit} has no benchmarks: its build makes no {BINARY}")
        return tree / BINARY


def last_lines(text: str, count: int = 15) -> str:
    return "\n".join(text.strip().splitlines()[-count:])


def configure_presets(tree: Path) -> set[str]:
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        presets = json.loads((tree / "CMakePresets.json").read_text(encoding="utf-8"))
        return {preset["name"] for preset in presets["configurePresets"]}
    return set()
