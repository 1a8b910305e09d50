"""How many tests ctest says it ran, and how many had nothing to ask: who is skipped has not passed. It refuses to run ctest."""

import re
from dataclasses import dataclass

SUMMARY = re.compile(r"^\d+% tests passed, (?P<failed>\d+) tests failed out of (?P<total>\d+)", re.MULTILINE)
SKIPPED = re.compile(r"^\t\s*\d+ - .* \(Skipped\)$", re.MULTILINE)  # of the list below the summary


@dataclass(frozen=True)
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def counts(output: str) -> Counts | None:
    """None when ctest ran nothing: that is no success."""
    found = SUMMARY.search(output)
    if found is None or int(found["total"]) == 0:
        return None
    failed, skipped = int(found["failed"]), len(SKIPPED.findall(output, found.end()))
    return Counts(int(found["total"]) - failed - skipped, failed, skipped)


def of_check(good: bool) -> Counts:
    return Counts(1, 0) if good else Counts(0, 1)
