"""Building the benchmarks of a commit in a worktree of its own, and running two of them in turns.

It refuses to judge results. Children end before their worktree is removed (children.py).
"""

import contextlib
import json
import os
import random
import shutil
import signal
import sys
from pathlib import Path

from pagetwin_lib import callgrind
from pagetwin_lib.bench_results import Unusable, samples
from pagetwin_lib.children import run

BINARY = Path("build") / "bench" / "bin" / "pagetwin_bench"


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


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


def run_once(binary: Path, options: list[str], out: Path) -> dict:
    """One fresh process."""
    command = [str(binary), "--benchmark_format=json", f"--benchmark_out={out}", "--benchmark_out_format=json", *options]
    code, output = run(command, timeout=900)
    if code != 0:
        raise Unusable(f"{binary.name} of {binary.parents[3].name} failed ({code}): {last_lines(output)}")
    wanted = [option.partition("=")[2] for option in options if option.startswith("--benchmark_filter=")]
    if wanted and out.is_file() and not out.read_bytes().strip():
        raise Unusable(f"no benchmark of {binary.parents[3].name} matches --filter '{wanted[0]}'")
    try:
        document = json.loads(out.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unusable(f"{binary.name} of {binary.parents[3].name} wrote no usable result: {error}") from error
    samples(document, f"{binary.parents[3].name}")
    return document


def interleaved(binaries: tuple[Path, Path], rounds: int, options: list[str], seed: int, scratch: Path) -> tuple[list, list]:
    """Fresh processes, both sides in each round, which side first by lot."""
    lots = random.Random(seed)
    results: tuple[list, list] = ([], [])
    for number in range(1, rounds + 1):
        for side in lots.sample((0, 1), 2):
            results[side].append(run_once(binaries[side], options, scratch))
        say(f"round {number} of {rounds}")
    return results


def instruction_counts(binaries: tuple[Path, Path]) -> tuple[list[tuple[str, float, float]], str | None]:
    """Per operation of both sides, and why nothing was counted."""
    if callgrind.is_missing():
        return [], callgrind.MISSING
    if not all(map(callgrind.can_count, binaries)):
        return [], "the two programs have no --count in common"
    say("counting instructions")
    counts = {binary: callgrind.count_all(binary) for binary in dict.fromkeys(binaries)}
    a, b = (counts[binary] for binary in binaries)
    return [(name, a[name], b[name]) for name in callgrind.OPERATIONS], None
