"""Who may include whom: the table of the design, and the rules of the tree that need no compiler.

It refuses to read anything but the text of the files. One row per folder; the longest folder that fits decides.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pagetwin_lib.cxx_text import line_of, source_files, without_comments

TABLE = ("src/base", "src/arch", "src/table")
USERS_OF_THE_TABLE = (*TABLE, "src/tlb")
BOTH_SIDES = ("src", "reference", "fuzz/twin", "fuzz/oracles", "fuzz/machines", "fuzz/emulators")

ALLOWED: dict[str, tuple[str, ...]] = {
    "reference": ("reference",),  # not even src/base: a shared helper is a shared mistake
    "src/base": ("src/base",),
    "src/arch": ("src/base", "src/arch"),
    "src/table": TABLE,
    "src/tlb": USERS_OF_THE_TABLE,
    "src/space": (*USERS_OF_THE_TABLE, "src/space"),
    "src/stage2": (*USERS_OF_THE_TABLE, "src/stage2"),
    "src/os": (*USERS_OF_THE_TABLE, "src/os"),
    "fuzz/twin": ("fuzz/twin",),  # the engine knows no page table
    "fuzz/oracles": BOTH_SIDES,
    "fuzz/machines": BOTH_SIDES,
    "fuzz/emulators": ("fuzz/twin", "fuzz/emulators"),
    # fuzz/twin/target.hpp is what a target defines, and the tiny ones are formats like those of src/arch.
    "fuzz/targets": ("fuzz/machines", "src/arch", "fuzz/twin", "fuzz/oracles/tiny_format.hpp",
                     "fuzz/oracles/tiny_32_format.hpp"),
    "tests": ("src", "reference", "fuzz", "tests"),
    "tests/bench": ("bench", "tests"),  # its readers; nothing else may depend on a benchmark
    "bench": ("src", "fuzz/twin", "bench"),
    "bench/models.cpp": ("src", "fuzz/twin", "fuzz/machines", "bench"),  # the one that measures the models
}
FOLDERS = ("reference", "src", "fuzz", "tests", "bench")
STANDARD_ONLY = ("reference", "src")  # as for what stands between < and >
STREAMS = {"iostream", "fstream", "sstream", "iomanip", "print"}  # a kernel lifts src


@dataclass(frozen=True)
class Violation:
    file: str
    line: int
    rule: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}"


def under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def row_of(file: str) -> str | None:
    """The row of the table that a file belongs to."""
    return max((row for row in ALLOWED if under(file, row)), key=len, default=None)


def quoted(file: str, target: str, root: Path) -> str | None:
    """What is wrong with `#include "target"` in that file."""
    if target.startswith(("/", ".")) or not (root / target).is_file():
        return f'"{target}" is no file from the root of the project; every include starts there'
    row = row_of(file)
    if row is None:
        return f"no row of the include rules fits this file: add its folder to {Path(__file__).name}"
    if not any(under(target, allowed) for allowed in ALLOWED[row]):
        return f'{row} may include {", ".join(ALLOWED[row])}; not "{target}"'
    return None


def angled(file: str, target: str) -> str | None:
    """What is wrong with `#include <target>` in that file."""
    if not file.startswith(STANDARD_ONLY):
        return None
    if not re.fullmatch(r"[a-z_0-9]+", target):
        return f"{file.split('/')[0]} includes headers of the C++ standard only; not <{target}>"
    if file.startswith("src/") and target in STREAMS:
        return f"src has no streams, so that a kernel can lift it; not <{target}>"
    return None


def check_text(file: str, source: str, root: Path) -> list[Violation]:
    text = without_comments(source)
    found = []
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]*)"|<([^>\n]*)>)', text, re.MULTILINE):
        rule = angled(file, match[2]) if match[1] is None else quoted(file, match[1], root)
        if rule:
            found.append(Violation(file, line_of(text, match.start()), rule))
    for match in re.finditer(r"^[ \t]*#[ \t]*(if\w*|el\w+)\b", text, re.MULTILINE):
        if file.startswith("src/"):
            found.append(Violation(file, line_of(text, match.start()), f"src has no #{match[1]}: variants are templates"))
    if file.endswith(".hpp") and not re.search(r"^#pragma once$", text, re.MULTILINE):
        found.append(Violation(file, 1, "a header has #pragma once"))
    return sorted(found, key=lambda violation: violation.line)


def check_tree(root: Path) -> tuple[int, list[Violation]]:
    """How many files there are, and what is wrong with them."""
    files = source_files(FOLDERS, root)
    found = []
    for path in files:
        found += check_text(str(path.relative_to(root)), path.read_text(encoding="utf-8", errors="replace"), root)
    return len(files), found
