"""What each memory call does to an address space, and the trace lines that do the same to a page table.

It refuses to know processes. The meaning of the calls is that of mmap(2), mprotect(2), mremap(2), brk(2), madvise(2).
"""

from dataclasses import replace
from itertools import groupby

from pagetwin_lib.strace_log import Call, number
from pagetwin_lib.trace_writer import TraceWriter
from pagetwin_lib.vma import NO_RIGHTS, PAGE, AddressSpace, Frames, Region, page_up

USER_END = 1 << 47
CLIP = 1 << 30
# The places of addresses and of lengths among the arguments, and how many arguments there are at least.
SHAPES = {"mmap": ((), (1,), 4), "munmap": ((0,), (1,), 2), "mprotect": ((0,), (1,), 3), "pkey_mprotect": ((0,), (1,), 3),
          "mremap": ((0,), (1, 2), 4), "brk": ((), (), 1), "madvise": ((0,), (1,), 3)}
GIVES_ADDRESS = {"mmap", "mremap"}
ZERO_LENGTH_IS_FINE = {"mprotect", "pkey_mprotect", "madvise"}
# Advice after which private memory reads as new: the frames change.
DROPPING = {"MADV_DONTNEED", "MADV_DONTNEED_LOCKED", "MADV_FREE"}


def rights_of(prot: str) -> str:
    """rwx letters; x86 has no way to write or execute without reading."""
    flags = set(prot.split("|"))
    write, execute = "PROT_WRITE" in flags, "PROT_EXEC" in flags
    if not (write or execute or "PROT_READ" in flags):
        return NO_RIGHTS
    return "r" + ("w" if write else "-") + ("x" if execute else "-")


class MemoryCalls:
    """Applies calls to one space at a time; frames and the trace are shared by all spaces."""

    def __init__(self, trace: TraceWriter) -> None:
        self._trace = trace
        self._frames = Frames()
        self._calls = {"mmap": self._mmap, "munmap": self._munmap, "mprotect": self._mprotect,
                       "pkey_mprotect": self._mprotect, "mremap": self._mremap, "brk": self._brk,
                       "madvise": self._madvise}

    def knows(self, name: str) -> bool:
        return name in self._calls

    def apply(self, sid: int, space: AddressSpace, call: Call) -> None:
        if well_formed(call):
            self._calls[call.name](sid, space, call)
        else:
            self._trace.comment(f"{call.name} s={sid} with arguments that cannot be read")

    def copy_all(self, sid: int, space: AddressSpace) -> None:
        """Maps what a forked space starts with."""
        for region in space.regions:
            if region.mapped:
                self._trace.map_range(sid, region)

    # The calls.

    def _mmap(self, sid: int, space: AddressSpace, call: Call) -> None:
        length, va = self._length(call, 1), call.result
        flags = set(call.args[3].split("|"))
        if not self._in_user_half(call, va, length):
            return
        self._remove(sid, space, va, va + length)
        self._place(sid, space, Region(va, va + length, None, rights_of(call.args[2]),
                                       private="MAP_PRIVATE" in flags, huge="MAP_ANONYMOUS" in flags))

    def _munmap(self, sid: int, space: AddressSpace, call: Call) -> None:
        va, length = number(call.args[0]), self._length(call, 1)
        if not self._in_user_half(call, va, length):
            return
        if length <= CLIP:
            space.carve(va, va + length)
            self._trace.unmap(sid, va, length)
            return
        self._trace.comment(f"munmap of {length:#x} bytes at {va:#x}: clipped to what is mapped")
        self._remove(sid, space, va, va + length)

    def _mprotect(self, sid: int, space: AddressSpace, call: Call) -> None:
        va, length = number(call.args[0]), self._length(call, 1)
        rights = rights_of(call.args[2])
        if not self._in_user_half(call, va, length):
            return
        self._adopt(space, va, va + length)
        before = [part for region in space.carve(va, va + length) for part in self._split_at_limit(sid, region, rights)]
        after = [self._backed(replace(region, rights=rights)) for region in before]
        for region in after:
            space.insert(region)
        self._show_change(sid, before, after)

    def _mremap(self, sid: int, space: AddressSpace, call: Call) -> None:
        old, old_len, new_len = number(call.args[0]), self._length(call, 1), self._length(call, 2)
        new = call.result
        if not (self._in_user_half(call, old, old_len) and self._in_user_half(call, new, new_len)):
            return
        self._adopt(space, old, old + max(old_len, PAGE))
        kept = space.parts(old, old + min(old_len, new_len))
        template = space.parts(old, old + max(old_len, PAGE))[-1]
        if old_len == 0:
            kept = self._duplicate(space, old, new_len)
        if new == old:
            self._remove(sid, space, old + new_len, old + old_len)
        else:
            self._move(sid, space, kept, (old, old_len), (new, new_len))
        if new_len > old_len and old_len > 0:
            grown = replace(template, start=new + old_len, end=new + new_len, pa=None)
            self._remove(sid, space, grown.start, grown.end)
            self._place(sid, space, grown)
        if new != old and old_len > 0 and "MREMAP_DONTUNMAP" in call.args[3]:
            self._place(sid, space, replace(template, start=old, end=old + old_len, pa=None))

    def _brk(self, sid: int, space: AddressSpace, call: Call) -> None:
        before, after = space.brk, page_up(call.result)
        if not self._in_user_half(call, after, 0):
            return
        space.brk = after
        if before is None or before == after:
            return
        if after < before:
            self._remove(sid, space, after, before)
        else:
            self._remove(sid, space, before, after)
            self._place(sid, space, Region(before, after, None, "rw-"))

    def _madvise(self, sid: int, space: AddressSpace, call: Call) -> None:
        va, length, advice = number(call.args[0]), self._length(call, 1), call.args[2]
        if not self._in_user_half(call, va, length):
            return
        if advice not in DROPPING and advice != "MADV_REMOVE":
            self._trace.comment(f"madvise {advice} s={sid} va={va:#x} len={length:#x}")
            return
        for region in space.parts(va, va + length):
            self._renew(sid, space, region, advice)

    # Their steps.

    @staticmethod
    def _length(call: Call, index: int) -> int:
        return page_up(number(call.args[index]) or 0)

    def _in_user_half(self, call: Call, va: int, length: int) -> bool:
        if va + length <= USER_END:
            return True
        self._trace.comment(f"{call.name} at {va:#x} is not in the user half")
        return False

    def _adopt(self, space: AddressSpace, lo: int, hi: int) -> None:
        """A call that fails over holes succeeded, so what we do not know is memory that exec mapped, which no system
        call shows. It is not in the table yet: its first mprotect puts it there."""
        at = lo
        for region in [*space.parts(lo, hi), Region(hi, hi, None, NO_RIGHTS)]:
            if at < region.start:
                space.insert(Region(at, region.start, None, NO_RIGHTS, huge=False))
            at = region.end

    def _place(self, sid: int, space: AddressSpace, region: Region) -> None:
        """Maps a new region into a free place; what lies beyond 1 GiB stays out of the table."""
        if region.rights != NO_RIGHTS and region.length > CLIP:
            self._say_clipped(sid, region)
            space.insert(replace(region, start=region.start + CLIP, clipped=True))
            region = replace(region, end=region.start + CLIP)
        if region.length <= CLIP:
            region = replace(region, pa=self._frames.take(region.start, region.length))
        space.insert(region)
        if region.mapped:
            self._trace.map_range(sid, region)

    def _split_at_limit(self, sid: int, region: Region, rights: str) -> list[Region]:
        """A large reservation has no frames yet; when it gets rights, only its first 1 GiB enters the table."""
        if region.length <= CLIP or region.pa is not None or region.clipped or rights == NO_RIGHTS:
            return [region]
        self._say_clipped(sid, region)
        cut = region.start + CLIP
        return [replace(region, end=cut), replace(region, start=cut, clipped=True)]

    def _backed(self, region: Region) -> Region:
        """Frames for a reservation that gets rights."""
        if region.rights == NO_RIGHTS or region.pa is not None or region.clipped:
            return region
        return replace(region, pa=self._frames.take(region.start, region.length))

    def _say_clipped(self, sid: int, region: Region) -> None:
        self._trace.comment(f"clipped at 1 GiB: s={sid} va={region.start:#x} len={region.length:#x}")

    def _remove(self, sid: int, space: AddressSpace, lo: int, hi: int) -> None:
        """Empties [lo, hi); one unmap from the first to the last mapped byte, unless the holes between are huge."""
        gone = [region for region in space.carve(lo, hi) if region.mapped] if lo < hi else []
        if not gone:
            return
        if gone[-1].end - gone[0].start <= CLIP:
            self._trace.unmap(sid, gone[0].start, gone[-1].end - gone[0].start)
            return
        for region in gone:
            self._trace.unmap(sid, region.start, region.length)

    def _show_change(self, sid: int, before: list[Region], after: list[Region]) -> None:
        """One line for neighbours to which the same happens."""
        pairs = [(b, a) for b, a in zip(before, after) if b.mapped or a.mapped]
        for action, group in groupby(pairs, key=lambda pair: (pair[0].mapped, pair[1].mapped)):
            regions = [a for _, a in group]
            for run in runs(regions, joined_frames=not action[0]):
                self._show_run(sid, action, run)

    def _show_run(self, sid: int, action: tuple[bool, bool], run: Region) -> None:
        match action:
            case (True, True):
                self._trace.protect(sid, run.start, run.length, run.rights)
            case (True, False):
                self._trace.comment("PROT_NONE: a hole that keeps its frames")
                self._trace.unmap(sid, run.start, run.length)
            case _:
                self._trace.map_range(sid, run)

    def _duplicate(self, space: AddressSpace, old: int, length: int) -> list[Region]:
        """mremap with old size 0: a second place for shared memory."""
        return [region for region in space.parts(old, old + length) if not region.private]

    def _move(self, sid: int, space: AddressSpace, kept: list[Region], old: tuple[int, int],
              new: tuple[int, int]) -> None:
        self._remove(sid, space, old[0], old[0] + old[1])
        self._remove(sid, space, new[0], new[0] + new[1])
        for region in kept:
            moved = region.moved(new[0] - old[0])
            space.insert(moved)
            if moved.mapped:
                self._trace.map_range(sid, moved)

    def _renew(self, sid: int, space: AddressSpace, region: Region, advice: str) -> None:
        if region.pa is None or (advice in DROPPING and not region.private):
            self._trace.comment(f"madvise {advice} s={sid} va={region.start:#x} len={region.length:#x}: frames stay")
            return
        space.carve(region.start, region.end)
        if region.mapped:
            self._trace.unmap(sid, region.start, region.length)
        self._place(sid, space, replace(region, pa=None))


def well_formed(call: Call) -> bool:
    """A kernel that said yes was given pages; a log that was cut or edited may say anything."""
    addresses, lengths, least = SHAPES[call.name]
    if len(call.args) < least:
        return False
    places = [number(call.args[i]) for i in addresses] + [call.result] * (call.name in GIVES_ADDRESS)
    sizes = [number(call.args[i]) for i in lengths]
    if any(n is None or n < 0 for n in [*places, *sizes]) or any(place % PAGE for place in places):
        return False
    if call.name == "mremap":
        return sizes[1] > 0 and apart_or_equal(places[0], places[1], page_up(max(sizes)))
    return call.name in ZERO_LENGTH_IS_FINE or all(sizes)


def apart_or_equal(old: int, new: int, length: int) -> bool:
    """mremap moves to a place that overlaps nothing of the old one, or not at all."""
    return old == new or abs(old - new) >= length


def runs(regions: list[Region], joined_frames: bool) -> list[Region]:
    """Joins neighbours; where frames are shown they must continue as well."""
    result: list[Region] = []
    for region in regions:
        before = result[-1] if result else None
        touching = before is not None and before.end == region.start
        if touching and (region.continues(before) or not joined_frames):
            result[-1] = replace(before, end=region.end)
        else:
            result.append(region)
    return result
