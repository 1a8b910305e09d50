"""Which fuzz target a file belongs to: what the command line says, else the trace's own line, else the folder it is in."""

import re
from pathlib import Path

from pagetwin_lib import seeds
from pagetwin_lib.project import Failure

SHOWN_BYTES = 40  # of what is no trace


def from_path(path: Path, known: list[str]) -> str | None:
    """The innermost folder that is named like a target, as in corpus/<target>/seed/x.ops."""
    return next((part for part in reversed(path.absolute().parts[:-1]) if part in known), None)


def target_of(path: Path, known: list[str]) -> str:
    """Of a file that exists."""
    said = seeds.target_line(path)
    if said is not None and said not in known:
        raise Failure(f"{path}: expected a target that exists ({', '.join(known)}), found 'target {said}'")
    found = said or from_path(path, known)
    if found is None:
        check_first_line(path)
        raise Failure(f"{path}: no target is known for it: it has no line 'target NAME', and it is not in a folder named like "
                      f"one; say --target NAME ({', '.join(known)})")
    return found


def check_first_line(path: Path) -> None:
    """Of a text trace: one without it is cut, or no trace at all, and then a missing target is not the news."""
    number, line = first_line(path)
    if path.suffix == ".ops" and not re.match(rb"pagetwin\s+\d", line):
        raise Failure(f"{path}:{number}:1: expected 'pagetwin 1 table', found {quoted(line)}")


def first_line(path: Path) -> tuple[int, bytes]:
    """That is neither empty nor a comment, with its number; nothing when there is none."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if words := line.partition(b"#")[0].strip():
                return number, words
    return 1, b""


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


def by_target(paths: list[Path], given: str | None, known: list[str]) -> dict[str, list[Path]]:
    """In the order in which the targets appear."""
    groups: dict[str, list[Path]] = {}
    for path in (inner for outer in paths for inner in files_of(outer)):
        check_readable(path)
        groups.setdefault(given or target_of(path, known), []).append(path)
    return groups


def check_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise Failure(f"{path}: cannot be read: {error.strerror}") from error
