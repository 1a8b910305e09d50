"""What diverged: one entry per signature, with the input that showed it first and its shortest trace.

Inputs that were found are never deleted. The engine minimises divergences itself; for crashes the replay program does it.
"""

import hashlib
import re
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from pagetwin_lib.builds import environment, replay_program
from pagetwin_lib.durations import counted
from pagetwin_lib.engine_log import EngineLog
from pagetwin_lib.processes import Processes
from pagetwin_lib.project import ROOT, shown

MINIMISE_SECONDS = 300
NOT_OPERATIONS = ("pagetwin", "target", "set")


@dataclass
class Finding:
    signature: str
    artifact: str | None
    trace: str | None
    ops: int | None


def operations_of(trace: str) -> int:
    """How many operations a text trace has."""
    lines = (re.sub(r"#.*", "", line).split() for line in trace.splitlines())
    return sum(1 for words in lines if words and words[0] not in NOT_OPERATIONS)


def is_copy_of(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha1(path.read_bytes()).hexdigest() == digest


def copies(artifact: Path, folder: Path) -> list[Path]:
    """The files of the folder that hold the same bytes."""
    size, digest = artifact.stat().st_size, hashlib.sha1(artifact.read_bytes()).hexdigest()
    return [path for path in folder.iterdir() if path.stat().st_size == size and is_copy_of(path, digest)]


class Findings:
    """Of one target; its workers share it."""

    def __init__(self, target: str, preset: str, processes: Processes) -> None:
        self._target, self._preset, self._processes = target, preset, processes
        self._lock = threading.Lock()
        self._found: dict[str, Finding] = {}
        self.seen = 0  # of all signatures, the same one as often as it came

    def __len__(self) -> int:
        return len(self._found)

    def add(self, log: EngineLog) -> bool:
        """Whether this is the first of its signature."""
        signature = log.signature or "unknown"
        with self._lock:
            self.seen += 1
            known = signature in self._found
            finding = self._found.setdefault(signature, Finding(signature, log.artifact, None, None))
        if not known:
            finding.trace = log.trace or (self._minimised(log.artifact) if log.artifact else None)
            finding.ops = self._count(finding.trace)
        return not known

    def _minimised(self, artifact: str) -> str | None:
        trace = artifact + ".ops"
        command = [str(replay_program(self._preset, self._target)), "--minimize", artifact, "-o", trace]
        self._processes.run(command, lambda line: None, str(ROOT), environment(), MINIMISE_SECONDS)
        return trace if (ROOT / trace).is_file() else None

    def _count(self, trace: str | None) -> int | None:
        if trace is None or not (ROOT / trace).is_file():
            return None
        return operations_of((ROOT / trace).read_text(encoding="utf-8", errors="replace"))

    def as_json(self) -> list[dict]:
        return [asdict(finding) for finding in self._found.values()]

    def lines(self) -> list[str]:
        """For people."""
        return [line for finding in self._found.values() for line in self._lines(finding)]

    def _lines(self, finding: Finding) -> list[str]:
        file = finding.trace or finding.artifact
        length = counted(finding.ops, "operation") if finding.ops is not None else "not minimised"
        where = [f"    scripts/replay {shown(Path(file))}"] if file else ["    no input was written"]
        return [f"  {self._target}: {finding.signature} ({length})", *where]
