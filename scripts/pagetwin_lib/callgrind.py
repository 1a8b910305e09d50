"""Instructions that one operation of the page table or of stage 2 takes, as valgrind's callgrind counts them.

It refuses to judge them. Each operation is run N and 2N times in a function of its own (pagetwin_bench --count); the
difference divided by N is exact and the same in every run with the same compiler. A removal of L4 is run once, and N
is how much there is besides what one mapping costs; that is divided by the mappings that went.
"""

import itertools
import re
import shutil
from pathlib import Path

from pagetwin_lib.children import run
from pagetwin_lib.project import Failure

OF_TABLES = ("lookup", "map_one", "unmap_one", "protect_one")
FORMATS = ("", "/aarch64_s1_4k", "/aarch64_s2_4k", "/riscv_sv48")  # "": x86-64 with four levels
OPERATIONS = (*(name + form for form in FORMATS for name in OF_TABLES), "fault_page", "grant_page")
REMOVALS = ("unmap_wide", "unmap_deep", "flush_wide", "flush_deep", "flush_few", "unmap_beside")
LOOP = "loop_only"
AT_A_TIME = 65536  # N
MISSING = "valgrind is missing: install it with scripts/bootstrap (Debian package valgrind)"
LONGEST = 600.0  # seconds of one run; it takes two


def is_missing() -> bool:
    return shutil.which("valgrind") is None


def can_count(binary: Path, name: str = LOOP) -> bool:
    """Programs of old commits cannot, or not every operation."""
    return run([str(binary), "--count", name, "--operations", "1"], timeout=60)[0] == 0


def run_counted(binary: Path, name: str, operations: int) -> tuple[int, str]:
    """The instructions, and what was printed."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=pagetwin_count_*",
               str(binary), "--count", name, "--operations", str(operations)]
    status, printed = run(command, LONGEST)
    found = re.search(r"Collected : (\d+)", printed)
    if status != 0 or not found or int(found[1]) == 0:
        last = "\n".join(printed.splitlines()[-8:])
        raise Failure(f"counting {name} failed (exit {status}): {' '.join(command)}\n{last}")
    return int(found[1]), printed


def collected(binary: Path, name: str, operations: int) -> int:
    return run_counted(binary, name, operations)[0]


def per_operation(binary: Path, name: str, operations: int) -> float:
    once = collected(binary, name, operations)
    twice = collected(binary, name, 2 * operations)
    return (twice - once) / operations


def count_all(binary: Path, operations: int = AT_A_TIME) -> dict[str, float]:
    """Per operation that the program can count; the loop around it is included, and counted by itself under LOOP."""
    return {name: per_operation(binary, name, operations) for name in (*OPERATIONS, LOOP) if can_count(binary, name)}


def per_mapping(binary: Path, name: str, number: int) -> float:
    """Of a removal among so many."""
    instructions, printed = run_counted(binary, name, number)
    removed = re.search(r"^count .* result=(\d+)$", printed, re.MULTILINE)
    if not removed or int(removed[1]) == 0:
        raise Failure(f"{name} of {number} removed no mapping: {printed.splitlines()[-1]}")
    return instructions / int(removed[1])


def growth(costs: list[float]) -> float:
    """How many times the cost before a cost is, at most."""
    return max(after / before for before, after in itertools.pairwise(costs))


def removal(binary: Path, name: str, among: list[int], limit: float) -> list[float]:
    """Not among still more once it has grown above the limit: what is quadratic would take hours there."""
    costs = [per_mapping(binary, name, among[0])]
    for number in among[1:]:
        costs.append(per_mapping(binary, name, number))
        if growth(costs) > limit:
            break
    return costs
