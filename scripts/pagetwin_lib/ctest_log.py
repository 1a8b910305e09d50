"""How many tests ctest says it ran. It refuses to run ctest."""

import re
from dataclasses import dataclass

SUMMARY = re.compile(r"^\d+% tests passed, (?P<failed>\d+) tests failed out of (?P<total>\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Counts:
    passed: int = 0
    failed: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.passed + other.passed, self.failed + other.failed)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"


def counts(output: str) -> Counts | None:
    """None when ctest ran nothing: that is no success."""
    found = SUMMARY.search(output)
    if found is None or int(found["total"]) == 0:
        return None
    return Counts(int(found["total"]) - int(found["failed"]), int(found["failed"]))


def of_check(good: bool) -> Counts:
    return Counts(1, 0) if good else Counts(0, 1)
