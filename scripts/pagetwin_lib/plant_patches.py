"""The patches of fuzz/plants: what each claims, and what it makes of the sources. They are never applied to the tree itself.

A patch is found in a file by its exact lines, wherever they have moved, and only if they are there once.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pagetwin_lib import builds
from pagetwin_lib.project import ROOT, Failure

PLANTS = ROOT / "fuzz" / "plants"
FIELDS = ("bug", "class", "target", "budget", "shortest", "oracle")

Files = dict[str, str]  # by their path from the root


@dataclass(frozen=True)
class Hunk:
    path: str
    before: str  # the lines that must be there
    after: str


@dataclass(frozen=True)
class Plant:
    name: str
    bug: str
    kind: str  # class of bugs, as in the catalogue
    target: str
    budget: float  # CPU seconds
    shortest: int  # operations of the shortest known trace
    oracles: tuple[str, ...]  # that are expected to see it; O1:5 where what that one sees takes five operations
    hunks: tuple[Hunk, ...]

    def expects(self, oracle: str) -> bool:
        return any(each.split(":")[0] == oracle for each in self.oracles)

    def shortest_of(self, oracle: str) -> int:
        """Operations of the shortest known trace that this oracle reports."""
        return next((int(each.split(":")[1]) for each in self.oracles if each.startswith(oracle + ":")), self.shortest)

    def applied(self, files: Files) -> Files:
        """The files that it changes, changed."""
        changed: Files = {}
        for hunk in self.hunks:
            text = changed.get(hunk.path, files.get(hunk.path, ""))
            lines = re.compile("^" + re.escape(hunk.before), re.MULTILINE)
            found = len(lines.findall(text))
            if found != 1:
                raise Failure(f"{self.name} does not apply to {hunk.path}: expected these lines once, found them {found} times:\n"
                              f"{hunk.before}")
            changed[hunk.path] = lines.sub(lambda _, after=hunk.after: after, text)
        return changed


def parse(name: str, text: str) -> Plant:
    header = dict(match.groups() for match in re.finditer(r"^# (\w+): (.+)$", text.split("\n--- ")[0], re.MULTILINE))
    missing = [field for field in FIELDS if field not in header]
    if missing:
        raise Failure(f"{name}: expected lines '# {missing[0]}: ...' before the diff, found none")
    for field in ("budget", "shortest"):
        if not header[field].isdigit():
            raise Failure(f"{name}: {field}: expected a number, found '{header[field]}'")
    for oracle in header["oracle"].split():
        if not re.fullmatch(r"[^:]+(:\d+)?", oracle):
            raise Failure(f"{name}: oracle: expected a name such as O1 or O1:5, found '{oracle}'")
    hunks = parse_diff(text)
    if not hunks or not all(hunk.path.startswith("src/") for hunk in hunks):
        raise Failure(f"{name}: expected a unified diff of files in src, found {sorted({h.path for h in hunks}) or 'none'}")
    return Plant(name, header["bug"], header["class"], builds.check_target(header["target"]), float(header["budget"]),
                 int(header["shortest"]), tuple(header["oracle"].split()), hunks)


def parse_diff(text: str) -> tuple[Hunk, ...]:
    found: list[Hunk] = []
    for part in re.split(r"^--- ", text, flags=re.MULTILINE)[1:]:
        path = re.search(r"^\+\+\+ (?:[^/\s]+/)(\S+)", part, re.MULTILINE)
        if path is None:
            raise Failure(f"expected '+++ b/PATH' after '--- {part.splitlines()[0]}', found none")
        for body in re.split(r"^@@.*\n", part, flags=re.MULTILINE)[1:]:
            lines = body.splitlines()
            before = "".join(line[1:] + "\n" for line in lines if not line.startswith("+"))
            after = "".join(line[1:] + "\n" for line in lines if not line.startswith("-"))
            found.append(Hunk(path[1], before, after))
    return tuple(found)


def read_all(folder: Path = PLANTS) -> list[Plant]:
    return [parse(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.patch"))]


def is_called(plant: Plant, name: str) -> bool:
    """A number is that plant alone; anything else is how its name begins."""
    number = plant.name.split("_")[0]
    if name.isdecimal() and number.isdecimal():
        return int(name) == int(number)
    return plant.name.startswith(name)


def choose(plants: list[Plant], names: list[str]) -> list[Plant]:
    """All of them, or those that one of the names means."""
    for name in names:
        if not any(is_called(plant, name) for plant in plants):
            raise Failure(f"expected the number or the beginning of the name of a plant (scripts/plants --list), found '{name}'")
    return [plant for plant in plants if not names or any(is_called(plant, name) for name in names)]


def sources() -> Files:
    """What plants may change, as it is now."""
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.hpp")}
