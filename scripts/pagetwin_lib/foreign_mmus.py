"""The foreign MMUs by name, and whose tables each can walk, before anything is built. The programs know it for certain
(`judges` in fuzz/emulators/*.cpp); docs/emulators.md describes them. It refuses to know which of them are here.
"""

import re

from pagetwin_lib.names import choice
from pagetwin_lib.project import Failure

WALKS = {  # oracle -> names of formats
    "unicorn": r"aarch64_s1_(4|16|64)k",
    "qemu-aarch64": r"aarch64_s[12]_\w+",
    "qemu-armv7": r"armv7",
    "qemu-riscv64": r"riscv_sv\d+",
    "qemu-riscv64-g": r"riscv_sv\d+x4",
    "qemu-x86_64": r"x86_64_[45]",
    "kvm": r"x86_64_4",
    "kvm-la57": r"x86_64_5",
}
SAME_FORMAT = {"plain": "x86_64_4"}  # of targets that are not named like theirs


def walks(oracle: str, name: str) -> bool:
    """One that is not in the table may walk anything."""
    return re.fullmatch(WALKS.get(oracle, r".*"), SAME_FORMAT.get(name, name)) is not None


def check(oracles: list[str], formats: list[str]) -> None:
    """That each oracle exists, and walks one of the formats."""
    for oracle in oracles:
        if oracle not in WALKS:
            raise Failure(f"--oracle: expected an oracle, found '{oracle}'; {choice(oracle, list(WALKS))}")
        if not any(walks(oracle, name) for name in formats):
            raise Failure(f"--oracle: {oracle} does not judge {' or '.join(formats)}")
