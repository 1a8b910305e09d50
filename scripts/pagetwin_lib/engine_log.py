"""What a libFuzzer process of LLVM 19 prints to standard error, read line by line. It refuses to run anything.

The lines that start with `pagetwin:` are those of fuzz/twin/libfuzzer_main.cpp and report.cpp.
"""

import re
from dataclasses import dataclass

STATUS = re.compile(r"^#(?P<executions>\d+)\s+(?:[A-Z]\w*|pulse)\s(?:.*?\bcov: (?P<edges>\d+))?"
                    r"(?:.*?\bft: (?P<features>\d+))?(?:.*?\bcorp: (?P<corpus>\d+))?(?:.*?\bexec/s: (?P<rate>\d+))?")
STATISTIC = re.compile(r"^stat::(?P<name>\w+):\s+(?P<value>\d+)")
TOTALS = re.compile(r"^pagetwin: executions=(?P<executions>\d+) operations=(?P<operations>\d+)\s*$")
# A slow unit is written down too, but nothing is wrong with it.
ARTIFACT = re.compile(r"Test unit written to (?P<path>\S*(?:crash|timeout|oom|leak)-[0-9a-f]+)\s*$")
SUMMARY = re.compile(r"^SUMMARY: (?P<what>.*)")


@dataclass
class EngineLog:
    """What is known so far about one process. None: it did not say."""

    executions: int | None = None
    operations: int | None = None
    edges: int | None = None
    features: int | None = None
    corpus: int | None = None
    rate: int | None = None
    artifact: str | None = None
    trace: str | None = None  # that the engine has written, minimised
    _signature: str | None = None
    _diverged: str | None = None
    _summary: str | None = None
    _interrupted: bool = False

    def feed(self, line: str) -> None:
        line = line.rstrip("\r\n")
        for pattern, take in ((STATUS, self._status), (STATISTIC, self._statistic), (TOTALS, self._totals)):
            if match := pattern.match(line):
                take(match)
                return
        if match := ARTIFACT.search(line):
            self.artifact = match["path"]
        elif match := SUMMARY.match(line):
            self._summary = self._summary or match["what"]
        elif line.startswith("pagetwin: "):
            self._ours(line.removeprefix("pagetwin: "))
        elif "libFuzzer: run interrupted" in line:
            self._interrupted = True

    def _status(self, match: re.Match) -> None:
        self.executions = max(self.executions or 0, int(match["executions"]))
        for name in ("edges", "features", "corpus", "rate"):
            if match[name] is not None:
                setattr(self, name, int(match[name]))

    def _statistic(self, match: re.Match) -> None:
        if match["name"] == "number_of_executed_units":
            self.executions = max(self.executions or 0, int(match["value"]))

    def _totals(self, match: re.Match) -> None:
        self.operations = int(match["operations"])
        self.executions = max(self.executions or 0, int(match["executions"]))

    def _ours(self, text: str) -> None:
        for mark, name in (("signature ", "_signature"), ("diverged ", "_diverged"), ("trace ", "trace")):
            if text.startswith(mark) and getattr(self, name) is None:
                setattr(self, name, text.removeprefix(mark).strip())

    @property
    def interrupted(self) -> bool:
        return self._interrupted

    @property
    def signature(self) -> str | None:
        """What the failure is called; None when there was none. A sanitizer's is its summary without this machine's paths."""
        found = self._signature or self._diverged
        if found or (self._summary is None and self.artifact is None):
            return found
        return crash_signature(self._summary) if self._summary else "died without a report"


def crash_signature(summary: str) -> str:
    """'AddressSanitizer: heap-buffer-overflow /x/src/table/walk.hpp:12:3 in f' -> '... src/table/walk.hpp:12 in f'."""
    text = re.sub(r"(?:\S*/)?((?:src|reference|fuzz)/\S+?:\d+)(?::\d+)?", r"\1", summary)
    text = re.sub(r"\(malloc\(\d+\)\)|\b\d+ byte\(s\)|\d+ allocation\(s\)", "N", text)
    return text.strip()
