"""What was measured of each commit, kept: one JSON for a commit, with a run for each time something was measured of it.

Runs are added and never replaced; a run that is there already is not added twice. It refuses to know what the figures mean
(history_series.py). A run has a `kind`:
  benchmarks    a result of Google Benchmark: context and benchmarks
  instructions  per operation, as callgrind counts them: instructions
  fuzz          a summary of scripts/fuzz: summary
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pagetwin_lib.output_file import OutputFile
from pagetwin_lib.project import OUT, Failure, say, shown

FOLDER = OUT / "history"
PAYLOAD = {"benchmarks": ("benchmarks", list), "instructions": ("instructions", dict), "fuzz": ("summary", dict)}
DIGITS = 12  # of a commit, as names of files


@dataclass
class Record:
    """Of one commit, whose full name it has."""

    commit: str
    runs: list[dict]


def is_run(run: object) -> bool:
    if not isinstance(run, dict) or run.get("kind") not in PAYLOAD:
        return False
    key, kind = PAYLOAD[run["kind"]]
    return isinstance(run.get(key), kind)


def parse(text: str, path: Path) -> Record:
    try:
        document = json.loads(text)
        record = Record(document["commit"], document["runs"])
        if not isinstance(record.commit, str) or record.commit[:DIGITS] != path.stem or not all(map(is_run, record.runs)):
            raise ValueError("a run of no known kind, or of another commit")
    except (ValueError, KeyError, TypeError) as error:
        what = "nothing" if not text.strip() else f"no {error}" if isinstance(error, KeyError) else str(error)
        raise Failure(f"{shown(path)}: expected a record of the history, found {what}; nothing is added to it: move it "
                      "away to begin anew") from error
    return record


class History:
    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder

    def path(self, commit: str) -> Path:
        return self.folder / f"{commit[:DIGITS]}.json"

    def load(self, commit: str) -> Record:
        """Without runs where nothing is known."""
        path = self.path(commit)
        try:
            return parse(path.read_text(encoding="utf-8"), path)
        except FileNotFoundError:
            return Record(commit, [])
        except (OSError, UnicodeDecodeError) as error:
            raise Failure(f"{shown(path)}: cannot be read: {error}") from error

    def check(self, commit: str) -> None:
        """Before anything is measured: what is there can be read, and more can be written."""
        OutputFile(self.path(commit))
        self.load(commit)

    def add(self, commit: str, runs: list[dict]) -> int:
        """How many were new. The file is whole at any time, and two that add wait for each other."""
        with self._alone():
            record = self.load(commit)
            new = [run for number, run in enumerate(runs) if run not in record.runs and run not in runs[:number]]
            if new:
                whole = {"commit": commit, "runs": record.runs + new}
                OutputFile(self.path(commit)).write(json.dumps(whole, indent=1) + "\n")
        return len(new)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR, 0o666)
        except OSError as error:
            raise Failure(f"{shown(self.folder)}: cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def all(self) -> list[Record]:
        """Those that can be read; the others are named."""
        found = []
        for path in sorted(self.folder.glob("*.json")):
            try:
                found.append(self.load(path.stem))
            except Failure as failure:
                say(f"left out: {failure}")
        return found
