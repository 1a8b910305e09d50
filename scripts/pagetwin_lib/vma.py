"""What one address space holds, as regions with rights and frames.

It refuses to know system calls and trace lines. A region may be out of the page table (no rights, or cut off by the
1 GiB limit) and still keep its frames, because a later mprotect brings the same memory back.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace

PAGE = 1 << 12
HUGE = 1 << 21
FIRST_FRAME = 1 << 32
NO_RIGHTS = "---"


def page_up(value: int) -> int:
    return (value + PAGE - 1) & -PAGE


class Frames:
    """Hands out frames in order above 4 GiB, congruent to the address modulo 2 MiB so that superpages fit."""

    def __init__(self) -> None:
        self._next = FIRST_FRAME

    def take(self, va: int, length: int) -> int:
        pa = self._next + (va - self._next) % HUGE
        self._next = pa + length
        return pa


@dataclass(frozen=True)
class Region:
    """[start, end) with one kind of rights; pa is None when it never had frames."""

    start: int
    end: int
    pa: int | None
    rights: str
    private: bool = True
    huge: bool = True
    clipped: bool = False

    @property
    def length(self) -> int:
        return self.end - self.start

    @property
    def mapped(self) -> bool:
        return self.pa is not None and self.rights != NO_RIGHTS and not self.clipped

    def part(self, lo: int, hi: int) -> "Region":
        lo, hi = max(lo, self.start), min(hi, self.end)
        return replace(self, start=lo, end=hi, pa=None if self.pa is None else self.pa + lo - self.start)

    def moved(self, delta: int) -> "Region":
        return replace(self, start=self.start + delta, end=self.end + delta)

    def continues(self, before: "Region") -> bool:
        """True when `before` and this one are one region."""
        joined = replace(before, end=self.end)
        return before.end == self.start and joined.part(self.start, self.end) == self


class AddressSpace:
    """The regions of one process, ascending, never overlapping; neighbours that are alike are one."""

    def __init__(self, regions: list[Region] | None = None, brk: int | None = None) -> None:
        self.regions = regions or []
        self.brk = brk

    def copy(self) -> "AddressSpace":
        return AddressSpace(list(self.regions), self.brk)

    def _touching(self, lo: int, hi: int) -> tuple[int, int]:
        first = bisect_left(self.regions, lo + 1, key=lambda r: r.end)
        last = bisect_left(self.regions, hi, key=lambda r: r.start)
        return first, max(first, last)

    def parts(self, lo: int, hi: int) -> list[Region]:
        first, last = self._touching(lo, hi)
        return [region.part(lo, hi) for region in self.regions[first:last]]

    def carve(self, lo: int, hi: int) -> list[Region]:
        """Removes [lo, hi) and returns what was there."""
        first, last = self._touching(lo, hi)
        removed = [region.part(lo, hi) for region in self.regions[first:last]]
        rest = [r.part(r.start, lo) for r in self.regions[first:last] if r.start < lo]
        rest += [r.part(hi, r.end) for r in self.regions[first:last] if r.end > hi]
        self.regions[first:last] = rest
        return removed

    def insert(self, region: Region) -> None:
        """The place must be free (carve first)."""
        at = bisect_left(self.regions, region.start, key=lambda r: r.start)
        if at < len(self.regions) and self.regions[at].continues(region):
            region = replace(region, end=self.regions.pop(at).end)
        if at > 0 and region.continues(self.regions[at - 1]):
            at -= 1
            region = replace(self.regions.pop(at), end=region.end)
        self.regions.insert(at, region)
