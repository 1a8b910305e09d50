"""What llvm-cov says about the files of src and reference, as one table. It refuses to run programs."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Share:
    covered: int
    count: int

    def __add__(self, other: "Share") -> "Share":
        return Share(self.covered + other.covered, self.count + other.count)

    @property
    def percent(self) -> float:
        return 100.0 * self.covered / self.count if self.count else 100.0

    def __str__(self) -> str:
        return f"{self.percent:6.1f} % of {self.count:>5}"


@dataclass(frozen=True)
class Row:
    name: str
    lines: Share
    branches: Share


def rows(document: dict, root: Path) -> list[Row]:
    """Of `llvm-cov export -summary-only`: a row per file."""
    found = []
    for entry in document["data"][0]["files"]:
        path, of = Path(entry["filename"]), entry["summary"]
        shares = [Share(of[kind]["covered"], of[kind]["count"]) for kind in ("lines", "branches")]
        found.append(Row(str(path.relative_to(root)) if path.is_relative_to(root) else str(path), *shares))
    return sorted(found, key=lambda row: row.name)


def total(name: str, of: list[Row]) -> Row:
    nothing = Share(0, 0)
    return Row(name, sum((row.lines for row in of), nothing), sum((row.branches for row in of), nothing))


def table(of: list[Row]) -> str:
    width = max([len(row.name) for row in of] + [len("file")])
    head = f"{'file':<{width}}  {'lines':>17}  {'branches':>17}"
    return "\n".join([head, *(f"{row.name:<{width}}  {row.lines!s:>17}  {row.branches!s:>17}" for row in of)])
