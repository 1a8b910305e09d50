"""Hunting planted bugs: each is put into a copy of the tree, built, and looked for by the fuzzer from an empty corpus."""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pagetwin_lib import builds
from pagetwin_lib.campaign import ENGINE_OPTIONS, RECORD_BYTES
from pagetwin_lib.engine_log import EngineLog
from pagetwin_lib.findings import operations_of
from pagetwin_lib.plant_patches import Files, Plant
from pagetwin_lib.processes import Processes
from pagetwin_lib.project import ROOT, Failure, git, shown

WORK = ROOT / "build" / "plants"
BUILT_FROM = ("CMakeLists.txt", "CMakePresets.json", "cmake", "fuzz", "reference", "src")
OPERATIONS = 64  # of one input, at most
SLACK = 1  # operations that a minimised trace may have above the shortest that is known
MINIMISE_SECONDS = 300.0
CROWDED = 8  # the budget is CPU time: of a machine with so many processes for each core it takes so much longer


def snapshot() -> Files:
    """What targets are built from: tracked files as they are now, and new ones."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *BUILT_FROM)
    if listed is None:
        raise Failure(f"expected a git clone in {ROOT}, found none")
    names = sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in names}


def lock(folder: Path) -> int:
    """Of the copies there, until the process ends: two hunts in one copy would hunt each other's bugs."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise Failure(f"expected {shown(folder)} to be free, but another scripts/plants works there") from error
    return descriptor


class Workshop:
    """A copy of the tree with a build of its own. Files that stay the same keep their time, so little is built again."""

    def __init__(self, folder: Path, preset: str, clean: Files) -> None:
        self._tree, self._preset, self._clean = folder, preset, clean

    def make(self, changed: Files, programs: list[str]) -> None:
        self._write({**self._clean, **changed})
        self._run(["cmake", "--preset", self._preset, "-DPAGETWIN_TESTS=OFF"])
        self._run(["cmake", "--build", "--preset", self._preset, "--parallel", "1", "--target", *programs])

    def program(self, name: str) -> Path:
        return self._tree / "build" / self._preset / "bin" / name

    def _write(self, files: Files) -> None:
        for part in BUILT_FROM:
            for path in (self._tree / part).rglob("*") if (self._tree / part).is_dir() else ():
                if path.is_file() and str(path.relative_to(self._tree)) not in files:
                    path.unlink()
        for name, text in files.items():
            path = self._tree / name
            if path.is_file() and path.read_text(encoding="utf-8") == text:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def _run(self, command: list[str]) -> None:
        try:
            done = subprocess.run(command, cwd=self._tree, check=False, text=True, errors="replace", stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        except FileNotFoundError as error:
            raise Failure(f"{error.filename} is missing; scripts/bootstrap installs it") from error
        if done.returncode != 0:
            raise Failure("\n".join([f"`{' '.join(command)}` failed in {shown(self._tree)}", *done.stdout.splitlines()[-40:]]))


@dataclass
class Result:
    plant: Plant
    verdict: str  # killed, SURVIVED or what else is wrong
    signature: str | None = None
    executions: int | None = None
    cpu_seconds: float = 0.0
    ops: int | None = None
    trace: str | None = None
    note: str | None = None  # why it could not be tried

    @property
    def good(self) -> bool:
        return self.verdict == "killed"

    @property
    def oracle(self) -> str:
        """With a star when nobody expected it of this one."""
        found = (self.signature or "-").split(":")[0]
        return found + ("*" if self.signature and not self.plant.expects(found.split()[0]) else "")

    @property
    def shortest(self) -> int:
        """Operations of the shortest trace that is known, of the oracle that found it."""
        return self.plant.shortest_of((self.signature or "-").split()[0])

    def as_json(self) -> dict:
        return {"plant": self.plant.name, "bug": self.plant.bug, "class": self.plant.kind, "target": self.plant.target,
                "verdict": self.verdict, "signature": self.signature, "executions": self.executions,
                "cpu_seconds": round(self.cpu_seconds, 2), "ops": self.ops, "shortest": self.shortest,
                "trace": self.trace and shown(Path(self.trace)), "note": self.note}


class Hunter:
    """Looks for one planted bug after the other, in a workshop of its own; `clean` knows programs without any plant."""

    def __init__(self, workshop: Workshop, clean: Callable[[str], Path], runs: Path, processes: Processes) -> None:
        self._workshop, self._clean, self._runs, self._processes = workshop, clean, runs, processes

    def hunt(self, plant: Plant, files: Files, seed: int) -> Result:
        try:
            self._workshop.make(plant.applied(files), [plant.target, f"{plant.target}_replay"])
        except Failure as failure:
            return Result(plant, "NOT BUILT", note=str(failure))
        result = self._fuzz(plant, seed)
        if result.signature is None:
            return result
        result.ops = None if result.trace is None else operations_of(Path(result.trace).read_text(encoding="utf-8"))
        result.verdict = self._judge(plant, result)
        return result

    def _fuzz(self, plant: Plant, seed: int) -> Result:
        """Until the first finding, or until the kernel ends it because the budget is spent."""
        folder = self._runs / plant.name
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "corpus").mkdir(parents=True)
        log = EngineLog()
        # Minimising counts too, so what is found in time is minimised in time.
        command = ["prlimit", f"--cpu={plant.budget:.0f}", str(self._workshop.program(plant.target)), *ENGINE_OPTIONS,
                   f"-max_len={RECORD_BYTES * (OPERATIONS + 1)}", f"-max_total_time={CROWDED * plant.budget:.0f}", f"-seed={seed}",
                   f"-artifact_prefix={folder}/", str(folder / "corpus")]
        with (folder / "log").open("w", encoding="utf-8") as file:
            def each_line(line: str) -> None:
                file.write(line)
                log.feed(line)
            ended = self._processes.run(command, each_line, str(folder), builds.environment(), 2 * CROWDED * plant.budget)
        if ended is None:
            return Result(plant, "interrupted")
        trace = log.trace or self._minimised(plant, log.artifact)
        return Result(plant, "SURVIVED", log.signature, log.executions, ended.cpu_seconds, None, trace)

    def _minimised(self, plant: Plant, artifact: str | None) -> str | None:
        """Of a crash: the engine had no time to."""
        if artifact is None:
            return None
        trace = artifact + ".ops"
        self._processes.run([str(self._workshop.program(f"{plant.target}_replay")), "--minimize", artifact, "-o", trace],
                            lambda line: None, str(ROOT), builds.environment(), MINIMISE_SECONDS)
        return trace if Path(trace).is_file() else None

    def _judge(self, plant: Plant, result: Result) -> str:
        if result.cpu_seconds > plant.budget:
            return "SURVIVED"
        if result.ops is None or result.trace is None:
            return "NOT MINIMISED"
        if result.ops > result.shortest + SLACK:
            return "LONG"
        if not self._passes_clean(plant.target, Path(result.trace)):
            return "FAILS WITHOUT IT"
        return "killed"

    def _passes_clean(self, target: str, trace: Path) -> bool:
        """What was found is the plant's fault only if the trace, without its expected outcomes, passes without the plant."""
        bare = trace.with_suffix(".bare.ops")
        bare.write_text(re.sub(r"\s*->.*", "", trace.read_text(encoding="utf-8")), encoding="utf-8")
        ended = self._processes.run([str(self._clean(target)), "--quiet", str(bare)], lambda line: None, str(ROOT),
                                    builds.environment(), MINIMISE_SECONDS)
        return ended is not None and ended.status == 0
