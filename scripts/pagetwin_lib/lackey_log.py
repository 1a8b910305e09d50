"""What valgrind's lackey prints with --trace-mem=yes: one line for each access to memory.

    I  0401ab70,3        an instruction of 3 bytes
     L 1fff000708,8      a load; S is a store, M a load and a store of the same bytes (modify)

It refuses to know what becomes of them. Valgrind's own messages stand between: ==pid==, --pid-- or **pid**, then text.
"""

import re
from collections.abc import Iterator

INSTRUCTION, LOAD, STORE, MODIFY = range(4)
KINDS = {b"I ": INSTRUCTION, b" L": LOAD, b" S": STORE, b" M": MODIFY}
LINE = re.compile(rb"(I | [LSM]) ([0-9a-fA-F]{1,16}),([1-9][0-9]{0,5})")
MESSAGE = re.compile(rb"(==|--|\*\*)\d+\1")

Access = tuple[int, int, int]  # kind, address, size


class BadLine(Exception):
    """A line that lackey does not print; the text says where and what was expected."""


def access(line: bytes) -> Access | None:
    """None for what is no access: a message, or an empty line, which a message may end with."""
    match = LINE.fullmatch(line)
    if match:
        return KINDS[match[1]], int(match[2], 16), int(match[3])
    if not line.strip() or MESSAGE.match(line):
        return None
    raise BadLine(f"expected an access as lackey prints it (' L 1fff000708,8') or a message of valgrind, "
                  f"found '{line[:60].decode(errors='replace')}'")


class Parser:
    """Lines without their ends. Remembers those that it has read, since programs are loops: a look-up is several times faster than parsing."""

    MOST_REMEMBERED = 1 << 19

    def __init__(self) -> None:
        self._known: dict[bytes, Access | None] = {}
        self.line = 0

    def accesses(self, lines: list[bytes]) -> Iterator[Access]:
        known = self._known
        for line in lines:
            self.line += 1
            if line in known:
                found = known[line]
            else:
                found = self._parse(line)
            if found is not None:
                yield found

    def _parse(self, line: bytes) -> Access | None:
        if len(self._known) >= self.MOST_REMEMBERED:
            self._known.clear()
        try:
            found = access(line)
        except BadLine as bad:
            raise BadLine(f"line {self.line}: {bad}") from bad
        self._known[line] = found
        return found
