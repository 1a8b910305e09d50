"""Lines of a text trace: one operation a line, all fields, a header that is counted from the operations.

It refuses to know where the operations come from. The format is that of corpus/*/seed/*.ops.
"""

from pagetwin_lib.vma import Region

MAX_SPACES = 8
MAX_NODES = 1 << 16
LONGEST = 1 << 30
TARGET = "page_table_x86_64_4"
# Room for the header, which is written last, and for the comment that says that the trace was cut.
RESERVED_BYTES = 256


def attrs(rights: str) -> str:
    return rights + "u"


def pieces(va: int, length: int) -> list[tuple[int, int]]:
    """No operation is longer than 1 GiB, even when neighbours became one region."""
    return [(va + at, min(LONGEST, length - at)) for at in range(0, length, LONGEST)]


def nodes_for(touched: int) -> int:
    """A power of two of at least twice the nodes that were ever touched: an edit reserves before it stores."""
    nodes = 64
    while nodes < 2 * (touched + MAX_SPACES) and nodes < MAX_NODES:
        nodes *= 2
    return nodes


class TraceWriter:
    """Collects the lines of one system call and keeps them together, or not at all when the limit is reached."""

    def __init__(self, comments: list[str], limit: int | None = None) -> None:
        self.full = False
        self._comments = [f"# {text}" for text in comments]
        self._limit = limit
        self._bytes = RESERVED_BYTES + sum(len(c.encode()) + 1 for c in self._comments)
        self._lines: list[str] = []
        self._open: list[str] = []
        self._nodes: set[tuple[int, int, int]] = set()
        self._open_nodes: set[tuple[int, int, int]] = set()

    def comment(self, text: str) -> None:
        self._open.append(f"# {text}")

    def create(self, space: int) -> None:
        self._open.append(f"create s={space}")

    def destroy(self, space: int) -> None:
        self._open.append(f"destroy s={space}")

    def clear(self, space: int) -> None:
        self._open.append(f"clear s={space}")

    def map_range(self, space: int, region: Region) -> None:
        size = "2M" if region.huge else "4K"
        for va, length in pieces(region.start, region.length):
            self._open.append(f"map_range s={space} va={va:#x} pa={region.pa + va - region.start:#x} len={length:#x}"
                              f" size={size} attrs={attrs(region.rights)}")
        for shift in (21, 30, 39):
            last = (region.end - 1) >> shift
            self._open_nodes |= {(space, shift, i) for i in range(region.start >> shift, last + 1)}

    def unmap(self, space: int, va: int, length: int) -> None:
        self._open += [f"unmap s={space} va={a:#x} len={n:#x}" for a, n in pieces(va, length)]

    def protect(self, space: int, va: int, length: int, rights: str) -> None:
        self._open += [f"protect s={space} va={a:#x} len={n:#x} attrs={attrs(rights)}" for a, n in pieces(va, length)]

    def end_call(self) -> None:
        """Everything since the last one belongs together."""
        size = sum(len(line.encode()) + 1 for line in self._open)
        if self._limit is not None and self._bytes + size > self._limit:
            self.full = True
        if not self.full:
            self._lines += self._open
            self._bytes += size
            self._nodes |= self._open_nodes
        self._open, self._open_nodes = [], set()

    def text(self) -> str:
        header = [*self._comments, "pagetwin 1 table", f"target {TARGET}",
                  f"set nodes={nodes_for(len(self._nodes))} spaces={self._used_spaces()} tlb=0"]
        tail = [f"# cut here: the limit is {self._limit} bytes"] if self.full else []
        return "\n".join([*header, *self._lines, *tail]) + "\n"

    def _used_spaces(self) -> int:
        created = [int(line[len("create s="):]) for line in self._lines if line.startswith("create ")]
        return max([0, *created]) + 1

