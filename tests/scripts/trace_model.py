"""A dumb model of a trace: sorted intervals per space. It says what is wrong with a line, or nothing.

It shares no code with scripts/record, so that both would have to be wrong in the same way.
"""

import re

PAGE = 4096
USER_END = 1 << 47
GIB = 1 << 30
SIZES = {"4K", "2M", "1G"}
FIELDS = {"create": ("s",), "destroy": ("s",), "clear": ("s",), "unmap": ("s", "va", "len"),
          "protect": ("s", "va", "len", "attrs"), "map_range": ("s", "va", "pa", "len", "size", "attrs")}
HEADER = re.compile(r"set nodes=(\d+) spaces=([1-8]) tlb=0")


class TraceError(ValueError):
    """A line that no table could follow."""


class TraceModel:
    """space -> {page: frame}; pages, not regions, because that cannot be wrong."""

    def __init__(self) -> None:
        self.spaces = {0: {}}
        self.rights = {0: {}}
        self.declared = 0

    def run(self, text: str) -> "TraceModel":
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        if lines[:2] != ["pagetwin 1 table", "target page_table_x86_64_4"]:
            raise TraceError(f"bad head {lines[:2]}")
        header = HEADER.fullmatch(lines[2])
        if header is None or int(header[1]) & (int(header[1]) - 1) or int(header[1]) > 65536:
            raise TraceError(f"bad header {lines[2]}")
        self.declared = int(header[2])
        for line in lines[3:]:
            self._line(line)
        return self

    def _line(self, line: str) -> None:
        verb, *words = line.split(" ")
        fields = dict(word.split("=") for word in words)
        if tuple(fields) != FIELDS.get(verb):
            raise TraceError(f"unknown verb or fields: {line}")
        space = int(fields["s"])
        if not (0 <= space < self.declared) or (verb == "create") == (space in self.spaces):
            raise TraceError(f"space is not declared, not live or live already: {line}")
        if problem := getattr(self, verb)(space, fields):
            raise TraceError(f"{problem}: {line}")

    def _pages(self, fields: dict[str, str]) -> range:
        va, length = int(fields["va"], 16), int(fields["len"], 16)
        if va % PAGE or length % PAGE or length == 0 or va + length > USER_END or length > GIB:
            raise TraceError(f"range is empty, misaligned, too long or out of the user half: {fields}")
        return range(va // PAGE, (va + length) // PAGE)

    def create(self, space: int, _fields) -> None:
        self.spaces[space], self.rights[space] = {}, {}

    def destroy(self, space: int, _fields) -> str | None:
        del self.spaces[space], self.rights[space]
        return "space 0 lives for ever" if space == 0 else None

    def clear(self, space: int, _fields) -> None:
        self.create(space, _fields)

    def unmap(self, space: int, fields) -> None:
        for page in self._pages(fields):
            self.spaces[space].pop(page, None)
            self.rights[space].pop(page, None)

    def protect(self, space: int, fields) -> str | None:
        pages = self._pages(fields)
        for page in pages:
            if page in self.spaces[space]:
                self.rights[space][page] = fields["attrs"]
        return None if re.fullmatch(r"r[w-][x-]u", fields["attrs"]) else "bad attributes"

    def map_range(self, space: int, fields) -> str | None:
        frame = int(fields["pa"], 16)
        if frame % PAGE or frame < 1 << 32 or frame >= 1 << 51 or fields["size"] not in SIZES:
            return "bad frame or size"
        for i, page in enumerate(self._pages(fields)):
            if page in self.spaces[space]:
                return f"{page * PAGE:#x} is mapped already"
            self.spaces[space][page] = frame // PAGE + i
            self.rights[space][page] = fields["attrs"]
        return None if re.fullmatch(r"r[w-][x-]u", fields["attrs"]) else "bad attributes"
