"""Which fuzz target a file belongs to: what the command line says, else the trace's own line, else the folder it is in."""

import codecs
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from pagetwin_lib import seeds
from pagetwin_lib.names import choice
from pagetwin_lib.project import Failure

SHOWN_BYTES = 40  # of what is no trace
TARGET = b"target"
FIRST_LINE = "'pagetwin 1 MACHINE' (as 'pagetwin 1 table')"


def from_path(path: Path, known: list[str]) -> str | None:
    """The innermost folder that is named like a target, as in corpus/<target>/seed/x.ops."""
    return next((part for part in reversed(path.absolute().parts[:-1]) if part in known), None)


def target_of(path: Path, known: list[str]) -> str:
    """Of a file that exists."""
    said = seeds.target_line(path)
    found = said or from_path(path, known)
    if found not in known:
        check_first_line(path)
        if is_trace(path):
            check_target_line(path, known)
        raise Failure(f"{path}: no target is known for it: it has no line 'target NAME', and it is not in a folder named like "
                      "one; give it either, or say --target NAME to scripts/replay or scripts/minimize (scripts/fuzz --list prints them)")
    seeds.check_place(path)
    return found


def check_first_line(path: Path) -> None:
    """Of a text trace: one without it is cut, or no trace at all, and then a missing target is not the news."""
    number, line = first_line(path)
    if line.startswith(codecs.BOM_UTF8):
        raise Failure(f"{path}:1:1: expected {FIRST_LINE}, found a byte-order mark; save the file without one")
    if path.suffix == ".ops" and not is_trace(path):
        raise Failure(f"{path}:{number}:1: expected {FIRST_LINE}, found {quoted(line)}")


def is_trace(path: Path) -> bool:
    return re.match(rb"pagetwin\s+\d", first_line(path)[1]) is not None


def check_target_line(path: Path, known: list[str]) -> None:
    """Of a trace that belongs to no target: perhaps there is such a line, but it is cut or misspelt."""
    for number, line in lines(path):
        words = list(re.finditer(rb"\S+", line))
        if not TARGET.startswith(words[0][0]):
            continue
        if words[0][0] != TARGET:
            raise Failure(f"{path}:{number}:{words[0].start() + 1}: expected 'target NAME', found {quoted(words[0][0])}")
        if len(words) == 1:
            raise Failure(f"{path}:{number}:{len(line) + 1}: expected the name of a target, found the end of the line")
        name, column = words[1][0].decode("latin-1"), words[1].start() + 1
        if name not in known:
            raise Failure(f"{path}:{number}:{column}: expected a target, found {quoted(words[1][0])}; {choice(name, known)}")
        raise Failure(f"{path}:{number}:{words[2].start() + 1}: expected the end of the line, found {quoted(words[2][0])}")


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Those with words, without comments, from 1."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if words := line.partition(b"#")[0].rstrip():
                yield number, words


def first_line(path: Path) -> tuple[int, bytes]:
    number, line = next(lines(path), (1, b""))
    return number, line.strip()


def quoted(line: bytes) -> str:
    if not line:
        return "the end of the file"
    return ascii(line[:SHOWN_BYTES].decode("latin-1")) + (" ..." if len(line) > SHOWN_BYTES else "")


def files_of(path: Path) -> list[Path]:
    """The file itself, or all that the folder holds, however deep."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise Failure(f"{path}: expected a file or a folder, found neither")
    found = sorted(inner for inner in path.rglob("*") if inner.is_file() and inner.suffix != ".md")
    if not found:
        raise Failure(f"{path}: expected files in this folder, found none")
    return found


def by_target(paths: list[Path], given: str | None, known: list[str],
              complain: Callable[[Failure], None]) -> dict[str, list[Path]]:
    """In the order in which the targets appear. What belongs to none is complained about, and left out."""
    groups: dict[str, list[Path]] = {}
    for outer in paths:
        try:
            inside = files_of(outer)
        except Failure as failure:
            complain(failure)
            continue
        for path in inside:
            try:
                groups.setdefault(find_target(path, given, known), []).append(path)
            except Failure as failure:
                complain(failure)
    return groups


def give_up(failure: Failure) -> None:
    raise failure


def find_target(path: Path, given: str | None, known: list[str]) -> str:
    check_readable(path)
    return given or target_of(path, known)


def check_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise Failure(f"{path}: cannot be read: {error.strerror}") from error
