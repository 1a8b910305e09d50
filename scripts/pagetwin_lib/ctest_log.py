"""How many tests ctest ran, and which had nothing to ask: who is skipped has not passed. It refuses to run ctest.

A ctest is a suite of GoogleTest or a single check. Of a suite its tests count, as it prints them: what a crash, the time
limit or an early exit kept from its end has failed."""

import re
import xml.etree.ElementTree as xml
from dataclasses import dataclass

RUNNING = re.compile(r"^\[==========\] Running (\d+) tests? from ", re.MULTILINE)
PASSED = re.compile(r"\[       OK \] \S+ \(\d+ ms\)$", re.MULTILINE)  # a test may have printed before it in the line
SKIPPED = re.compile(r"\[  SKIPPED \] (\S+) \(\d+ ms\)$", re.MULTILINE)


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


@dataclass(frozen=True)
class Ctest:
    name: str
    counts: Counts
    skipped: tuple[str, ...] = ()


def of_check(good: bool) -> Counts:
    return Counts(1, 0) if good else Counts(0, 1)


def of_suite(name: str, good: bool, output: str) -> Ctest:
    ran, skipped = RUNNING.search(output), tuple(SKIPPED.findall(output))
    if ran is None:
        return Ctest(name, of_check(good))
    passed = len(PASSED.findall(output))
    failed = max(int(ran[1]) - passed - len(skipped), 0 if good and int(ran[1]) else 1)
    return Ctest(name, Counts(passed, failed, len(skipped)), skipped)


def ctests(junit: str) -> list[Ctest]:
    """Of the file that `ctest --output-junit` writes."""
    return [of_suite(case.attrib["name"], case.attrib["status"] == "run", case.findtext("system-out", ""))
            for case in xml.fromstring(junit).iter("testcase")]
