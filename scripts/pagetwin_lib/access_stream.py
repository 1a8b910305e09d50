"""Writes a stream of memory accesses in the format of docs/traces.md, "Access streams". It refuses to know where accesses
come from.

What is written stays whole: when the disk is full, the stream is cut back to what fits, and ends there.
"""

import os
import stat
from collections.abc import Iterable

from pagetwin_lib.lackey_log import INSTRUCTION, Access

HEAD = "pagetwin accesses 1"
SAME_PLACE, END = 0x20, 0xFF
LARGEST_LOG2 = 6  # sizes up to 64 are in the first byte
SIZE_FOLLOWS = 7
BLOCK = 1 << 16  # accesses between two writes


def varint(number: int) -> bytes:
    """Seven bits a byte, low ones first; the high bit says that more follow."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number: int) -> int:
    """Small in both directions."""
    return number * 2 if number >= 0 else -number * 2 - 1


def signed(number: int) -> int:
    """The difference of two addresses is one modulo 2^64."""
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


def record(kind: int, size: int, step: int) -> bytes:
    """step: from the end of the previous access of the same sort (instructions, data) to this one."""
    log2 = size.bit_length() - 1
    short = size == 1 << log2 and log2 <= LARGEST_LOG2
    first = kind | (log2 if short else SIZE_FOLLOWS) << 2 | (SAME_PLACE if step == 0 else 0)
    return bytes([first]) + (b"" if short else varint(size)) + (b"" if step == 0 else varint(zigzag(signed(step))))


class Full(Exception):
    """The rest could not be written; the text says why."""


class Writer:
    """Into a file that is open for writing, binary and without a buffer; `count` accesses are in it."""

    MOST_REMEMBERED = 1 << 19

    def __init__(self, file, comments: Iterable[str]) -> None:
        self._file = file
        self._ends = [0, 0]  # of the last instruction and of the last access to data
        self._records: dict[tuple[int, int, int], bytes] = {}
        self.count = self._bytes = 0
        head = "".join(f"{line}\n" for line in (HEAD, *comments)) + "\n"
        self._whole = [(0, 0), (0, 0)]  # offset and count where the stream could end: the last two
        self._write(head.encode())

    def add(self, accesses: Iterable[Access]) -> None:
        block, number = [], 0
        for access in accesses:
            block.append(self._record(access))
            number += 1
            if number == BLOCK:
                self._write(b"".join(block), number)
                block, number = [], 0
        self._write(b"".join(block), number)

    def _record(self, access: Access) -> bytes:
        kind, address, size = access
        sort = 0 if kind == INSTRUCTION else 1
        key = (kind, size, address - self._ends[sort])
        self._ends[sort] = address + size
        known = self._records.get(key)
        if known is None:
            if len(self._records) >= self.MOST_REMEMBERED:
                self._records.clear()
            known = self._records[key] = record(*key)
        return known

    def _write(self, data: bytes, accesses: int = 0) -> None:
        if not data:
            return
        try:
            self._write_all(data)
        except OSError as error:
            self._cut_back()
            raise Full(error.strerror) from error
        self.count += accesses
        self._bytes += len(data)
        self._whole = [self._whole[1], (self._bytes, self.count)]

    def _write_all(self, data: bytes) -> None:
        while data:
            data = data[self._file.write(data):]

    def _cut_back(self) -> None:
        """To the end before the last: so there is room for the end record."""
        offset, self.count = self._whole[0]
        if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
            os.ftruncate(self._file.fileno(), offset)
            self._file.seek(offset)

    def finish(self) -> None:
        """Nothing may be added after this. Raises OSError."""
        self._write_all(bytes([END]) + varint(self.count))
