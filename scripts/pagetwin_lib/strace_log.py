"""A log of strace -f as a list of completed calls.

It refuses to know what a call means for memory; it only joins interrupted lines, drops failures and says who called
and when the call began and ended. The line format is that of strace 4.26 and later (strace(1)).
"""

import re
from dataclasses import dataclass

LINE = re.compile(r"^(?:\[pid\s+(?P<a>\d+)\]\s+|(?P<b>\d+)\s+)?(?:\d+[:.][\d:.]*\s+)?(?P<body>\S.*)$")
CALL = re.compile(r"^(?P<name>\w+)\((?P<args>.*)\)\s+=\s+(?P<result>\S+)", re.DOTALL)
RESUMED = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>\s?(?P<rest>.*)$")
SUPERSEDED = re.compile(r"^\+\+\+ superseded by execve in pid (?P<by>\d+) \+\+\+")
UNFINISHED = "<unfinished ...>"
ENDED = ("+++ exited with", "+++ killed by")
# What these calls take away is gone from the moment they begin: another thread may be given the same addresses
# before the log shows that they returned.
AT_START = frozenset({"munmap", "mremap", "exit", "exit_group"})


@dataclass(frozen=True)
class Call:
    """One successful system call, or name == "ended" for the end of a thread."""

    pid: int
    name: str
    args: tuple[str, ...]
    result: int
    order: int


def split_args(text: str) -> tuple[str, ...]:
    """Split at the commas that are in no bracket and no string."""
    parts, depth, quoted, begin = [], 0, False, 0
    for i, c in enumerate(text):
        if c == '"' and (i == 0 or text[i - 1] != "\\"):
            quoted = not quoted
        elif quoted:
            continue
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[begin:i].strip())
            begin = i + 1
    parts.append(text[begin:].strip())
    return tuple(part for part in parts if part)


def number(text: str) -> int | None:
    """A number as strace prints it; NULL is 0, a name is nothing."""
    if text == "NULL":
        return 0
    try:
        return int(text, 0)
    except ValueError:
        return None


class LogParser:
    """Feeds on lines, collects calls; pending calls wait for their second half."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.recognised = 0
        self._pending: dict[int, tuple[int, str]] = {}

    def feed(self, order: int, line: str) -> None:
        match = LINE.match(line.rstrip("\n"))
        if match is None:
            return
        pid = int(match["a"] or match["b"] or 0)
        self._body(order, pid, match["body"])

    def _body(self, order: int, pid: int, body: str) -> None:
        superseded = SUPERSEDED.match(body)
        resumed = RESUMED.match(body)
        if body.startswith(ENDED):
            self._pending.pop(pid, None)
            self._add(Call(pid, "ended", (), 0, order))
        elif superseded:
            self._hand_over(int(superseded["by"]), pid)
        elif body.endswith(UNFINISHED):
            self._unfinished(order, pid, body[: -len(UNFINISHED)])
        elif resumed:
            start, head = self._pending.pop(pid, (order, ""))
            self._complete(start, order, pid, head + resumed["rest"])
        else:
            self._complete(order, order, pid, body)

    def _hand_over(self, thread: int, leader: int) -> None:
        # A thread that is not the leader and calls exec returns from it under the leader's number.
        if thread in self._pending:
            self._pending[leader] = self._pending.pop(thread)

    def _unfinished(self, order: int, pid: int, head: str) -> None:
        name = head.split("(", 1)[0]
        if name in ("exit", "exit_group"):
            self._add(Call(pid, name, (), 0, order))
        else:
            self._pending[pid] = (order, head)

    def _complete(self, start: int, end: int, pid: int, text: str) -> None:
        match = CALL.match(text)
        if match is None:
            return
        name = match["name"]
        result = 0 if name in ("exit", "exit_group") else number(match["result"])
        self.recognised += 1
        if result is None or result < 0:
            return
        self._add(Call(pid, name, split_args(match["args"]), result, start if name in AT_START else end))

    def _add(self, call: Call) -> None:
        self.recognised += 1
        self.calls.append(call)


def parse(lines) -> tuple[list[Call], int]:
    """The calls in the order in which they took effect, and how many lines were understood."""
    parser = LogParser()
    for order, line in enumerate(lines):
        parser.feed(order, line)
    return sorted(parser.calls, key=lambda call: call.order), parser.recognised
