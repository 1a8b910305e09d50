"""Planted bugs: one patch each in fuzz/plants, applied to copies of the tree and never to the tree itself, built, and hunted
by the fuzzer from an empty corpus.

A patch is found in a file by its exact lines, wherever they have moved, and only if they are there once.
"""

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
from pagetwin_lib.processes import Processes
from pagetwin_lib.project import ROOT, Failure, git, shown

PLANTS = ROOT / "fuzz" / "plants"
WORK = ROOT / "build" / "plants"
BUILT_FROM = ("CMakeLists.txt", "CMakePresets.json", "cmake", "fuzz", "reference", "src")
FIELDS = ("bug", "class", "target", "budget", "shortest", "oracle")
OPERATIONS = 64  # of one input, at most
SLACK = 1  # operations that a minimised trace may have above the shortest that is known
MINIMISE_SECONDS = 300.0

Files = dict[str, str]  # by their path from the root


@dataclass(frozen=True)
class Hunk:
    path: str
    before: str  # the lines that must be there
    after: str


@dataclass(frozen=True)
class Plant:
    name: str
    bug: str
    kind: str  # class of bugs, as in the catalogue
    target: str
    budget: float  # CPU seconds
    shortest: int  # operations of the shortest known trace
    oracles: tuple[str, ...]  # that are expected to see it
    hunks: tuple[Hunk, ...]

    def applied(self, files: Files) -> Files:
        """The files that it changes, changed."""
        changed: Files = {}
        for hunk in self.hunks:
            text = changed.get(hunk.path, files.get(hunk.path, ""))
            lines = re.compile("^" + re.escape(hunk.before), re.MULTILINE)
            found = len(lines.findall(text))
            if found != 1:
                raise Failure(f"{self.name} does not apply to {hunk.path}: expected these lines once, found them {found} times:\n"
                              f"{hunk.before}")
            changed[hunk.path] = lines.sub(lambda _, after=hunk.after: after, text)
        return changed


def parse(name: str, text: str) -> Plant:
    header = dict(match.groups() for match in re.finditer(r"^# (\w+): (.+)$", text.split("\n--- ")[0], re.MULTILINE))
    missing = [field for field in FIELDS if field not in header]
    if missing:
        raise Failure(f"{name}: expected lines '# {missing[0]}: ...' before the diff, found none")
    for field in ("budget", "shortest"):
        if not header[field].isdigit():
            raise Failure(f"{name}: {field}: expected a number, found '{header[field]}'")
    hunks = parse_diff(text)
    if not hunks or not all(hunk.path.startswith("src/") for hunk in hunks):
        raise Failure(f"{name}: expected a unified diff of files in src, found {sorted({h.path for h in hunks}) or 'none'}")
    return Plant(name, header["bug"], header["class"], builds.check_target(header["target"]), float(header["budget"]),
                 int(header["shortest"]), tuple(header["oracle"].split()), hunks)


def parse_diff(text: str) -> tuple[Hunk, ...]:
    found: list[Hunk] = []
    for part in re.split(r"^--- ", text, flags=re.MULTILINE)[1:]:
        path = re.search(r"^\+\+\+ (?:[^/\s]+/)(\S+)", part, re.MULTILINE)
        if path is None:
            raise Failure(f"expected '+++ b/PATH' after '--- {part.splitlines()[0]}', found none")
        for body in re.split(r"^@@.*\n", part, flags=re.MULTILINE)[1:]:
            lines = body.splitlines()
            before = "".join(line[1:] + "\n" for line in lines if not line.startswith("+"))
            after = "".join(line[1:] + "\n" for line in lines if not line.startswith("-"))
            found.append(Hunk(path[1], before, after))
    return tuple(found)


def read_all(folder: Path = PLANTS) -> list[Plant]:
    return [parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.patch"))]


def choose(plants: list[Plant], names: list[str]) -> list[Plant]:
    """All of them, or those whose names begin with one of the names."""
    for name in names:
        if not any(plant.name.startswith(name) for plant in plants):
            raise Failure(f"expected the beginning of a plant's name (scripts/plants --list), found '{name}'")
    return [plant for plant in plants if not names or any(plant.name.startswith(name) for name in names)]


def sources() -> Files:
    """What plants may change, as it is now."""
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.hpp")}


def snapshot() -> Files:
    """What targets are built from: tracked files as they are now, and new ones."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *BUILT_FROM)
    if listed is None:
        raise Failure(f"expected a git clone in {ROOT}, found none")
    names = sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())
    return {name: (ROOT / name).read_text(encoding="utf-8") for name in names}


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
        return found + ("*" if self.signature and found.split()[0] not in self.plant.oracles else "")

    def as_json(self) -> dict:
        return {"plant": self.plant.name, "bug": self.plant.bug, "class": self.plant.kind, "target": self.plant.target,
                "verdict": self.verdict, "signature": self.signature, "executions": self.executions,
                "cpu_seconds": round(self.cpu_seconds, 2), "ops": self.ops, "shortest": self.plant.shortest,
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
                   f"-max_len={RECORD_BYTES * (OPERATIONS + 1)}", f"-max_total_time={2 * plant.budget:.0f}", f"-seed={seed}",
                   f"-artifact_prefix={folder}/", str(folder / "corpus")]
        with (folder / "log").open("w", encoding="utf-8") as file:
            def each_line(line: str) -> None:
                file.write(line)
                log.feed(line)
            ended = self._processes.run(command, each_line, str(folder), builds.environment(), 4 * plant.budget)
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
        if result.ops > plant.shortest + SLACK:
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
