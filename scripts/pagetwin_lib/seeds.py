"""Text traces as inputs of the engine: out/seeds/<target> is made from corpus, and made again only for what changed."""

import re
from pathlib import Path

from pagetwin_lib.builds import environment, replay_program
from pagetwin_lib.processes import Processes
from pagetwin_lib.project import OUT, ROOT, Failure, shown

HEAD_BYTES = 1 << 16
CONVERSION_SECONDS = 600
CORPUS = "corpus"
KINDS = ("seed", "regress")  # folders of corpus/<target>


def target_line(path: Path) -> str | None:
    """What a text trace says about its target; None for bytes, and for a trace that says nothing."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES).decode("utf-8", errors="replace")
    if "\0" in head or not re.search(r"^[ \t]*pagetwin\s+\d", head, re.MULTILINE):
        return None
    found = re.search(r"^[ \t]*target\s+([A-Za-z0-9_]+)\s*(?:#.*)?$", head, re.MULTILINE)
    return found[1] if found else None


def check_place(path: Path) -> None:
    """Refuses a trace of the corpus that names another target than its folder: it would be one's seed and the other's test."""
    said, folders = target_line(path), path.absolute().parts[:-1]
    for corpus, target, kind in zip(folders, folders[1:], folders[2:]):
        if corpus == CORPUS and kind in KINDS and said not in (None, target):
            raise Failure(f"{shown(path)}: its line 'target {said}' is not that of its folder {CORPUS}/{target}/{kind}; "
                          f"move it to {CORPUS}/{said}/{kind}, or mend the line")


def own_traces(target: str, root: Path = ROOT) -> list[Path]:
    """What people wrote for the target, and what it once failed on."""
    return sorted(path for kind in KINDS for path in (root / CORPUS / target / kind).glob("**/*.ops"))


def recorded_traces(target: str, root: Path = ROOT) -> list[Path]:
    """Of real programs. As seeds they make fuzzing several times slower: they map a lot, and so does what comes of them."""
    return sorted(path for path in (root / CORPUS / "traces").glob("*.ops") if target_line(path) == target)


def stale(made: Path, sources: list[Path]) -> bool:
    return not made.exists() or any(made.stat().st_mtime_ns < source.stat().st_mtime_ns for source in sources)


def name_for(trace: Path, root: Path = ROOT) -> str:
    """Unique: the folders are a part of it."""
    return "-".join(trace.relative_to(root / CORPUS).with_suffix("").parts)


def make_seeds(target: str, preset: str, processes: Processes, out: Path = OUT, recorded: bool = False) -> Path:
    """The folder of the seeds, as they are for the traces of now."""
    folder, converter = out / "seeds" / target, replay_program(preset, target)
    folder.mkdir(parents=True, exist_ok=True)
    traces = own_traces(target) + (recorded_traces(target) if recorded else [])
    for trace in traces:
        check_place(trace)
    wanted = {name_for(trace): trace for trace in traces}
    for old in folder.iterdir():
        if old.name not in wanted:
            old.unlink()
    for name, trace in wanted.items():
        if stale(folder / name, [trace, converter]):
            convert(converter, trace, folder / name, processes)
    return folder


def convert(converter: Path, trace: Path, made: Path, processes: Processes) -> None:
    part = made.with_name("." + made.name)
    said: list[str] = []
    command = [str(converter), "--to-bytes", str(trace), "-o", str(part)]
    ended = processes.run(command, said.append, str(ROOT), environment(), CONVERSION_SECONDS)
    if ended is None:
        return
    if ended.status != 0:
        raise Failure(f"{shown(trace)} cannot be a seed: " + "".join(said[-5:]).strip())
    part.replace(made)
