"""Results of Google Benchmark: reading them, comparing two sets, showing the comparison.

It refuses to know how they were measured. The JSON is that of Google Benchmark 1.7 with one entry per repetition, so its
own compare.py reads what is written here.
"""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from pagetwin_lib.significance import holm, mann_whitney, smallest_p

ALPHA = 0.01
SHIFT = 0.02
NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


class Unusable(Exception):
    """The measurement cannot answer; the message says why."""


@dataclass(frozen=True)
class Row:
    """One benchmark: medians in nanoseconds, B over A, the adjusted p, and what that means."""

    name: str
    a_ns: float
    b_ns: float
    ratio: float
    p: float
    verdict: str


def samples(document: dict, source: str) -> dict[str, list[float]]:
    """cpu_time in nanoseconds per benchmark, one value per repetition."""
    result: dict[str, list[float]] = {}
    try:
        for entry in document["benchmarks"]:
            if entry.get("run_type", "iteration") != "iteration":
                continue
            if entry.get("error_occurred"):
                raise Unusable(f"{source}: {entry['name']} failed: {entry.get('error_message', 'no message')}")
            name = entry.get("run_name", entry["name"])
            result.setdefault(name, []).append(float(entry["cpu_time"]) * NANOSECONDS[entry["time_unit"]])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unusable(f"{source} is not a result of Google Benchmark: {error!r}") from error
    return result


def load(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise Unusable(f"{path} is not JSON: {error}") from error


def merged(rounds: list[dict]) -> dict:
    """One document out of one per process, as if all had been repetitions of one run."""
    entries = [dict(entry, repetitions=len(rounds), repetition_index=index)
               for index, document in enumerate(rounds) for entry in document.get("benchmarks", [])
               if entry.get("run_type", "iteration") == "iteration"]
    names = {name: i for i, name in enumerate(dict.fromkeys(entry["name"] for entry in entries))}
    entries.sort(key=lambda entry: names[entry["name"]])
    return {"context": rounds[0].get("context", {}), "benchmarks": entries}


def verdict(ratio: float, p: float) -> str:
    if p >= ALPHA or abs(ratio - 1) <= SHIFT:
        return "same"
    return "slower" if ratio > 1 else "faster"


def compare(a: dict[str, list[float]], b: dict[str, list[float]]) -> list[Row]:
    """Rows for the benchmarks that both have, in A's order."""
    names = [name for name in a if name in b]
    if not names:
        raise Unusable("the two sides have no benchmark in common")
    demand_power(a, b, names)
    adjusted = holm([mann_whitney(a[name], b[name]) for name in names])
    return [row(name, median(a[name]), median(b[name]), p) for name, p in zip(names, adjusted)]


def row(name: str, a_ns: float, b_ns: float, p: float) -> Row:
    if a_ns <= 0:
        raise Unusable(f"{name}: its median cpu time is {a_ns} ns, so there is no ratio")
    return Row(name, a_ns, b_ns, b_ns / a_ns, p, verdict(b_ns / a_ns, p))


def demand_power(a: dict[str, list[float]], b: dict[str, list[float]], names: list[str]) -> None:
    """A test that could never reject would always say 'same'."""
    for name in names:
        if smallest_p(len(a[name]), len(b[name])) * len(names) >= ALPHA:
            raise Unusable(f"{name} has {len(a[name])} and {len(b[name])} repetitions: too few to see any difference among "
                           f"{len(names)} benchmarks at p < {ALPHA}; use --rounds (or --benchmark_repetitions)")


def only(a: dict, b: dict, pattern: str | None) -> tuple[dict, dict]:
    if pattern is None:
        return a, b
    a, b = ({name: values for name, values in side.items() if re.search(pattern, name)} for side in (a, b))
    if not a and not b:
        raise Unusable(f"no benchmark matches --filter '{pattern}'")
    return a, b


def time_text(ns: float) -> str:
    for unit in ("s", "ms", "us"):
        if ns >= NANOSECONDS[unit]:
            return f"{ns / NANOSECONDS[unit]:.3g} {unit}"
    return f"{ns:.3g} ns"


def table(head: list[str], rows: list[list[str]], markdown: bool) -> str:
    """The first column is text, the others are numbers."""
    widths = [max(len(line[i]) for line in [head, *rows]) for i in range(len(head))]
    def line(cells: list[str]) -> str:
        padded = [cells[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(cells[1:], widths[1:]))]
        return "| " + " | ".join(padded) + " |" if markdown else "  ".join(padded)
    rule = ["| " + " | ".join(["---", *["---:"] * (len(head) - 1)]) + " |"] if markdown else []
    return "\n".join([line(head), *rule, *map(line, rows)])


def show(rows: list[Row], markdown: bool) -> str:
    head = ["benchmark", "A", "B", "B/A", "p (Holm)", "verdict"]
    cells = [[r.name, time_text(r.a_ns), time_text(r.b_ns), f"{r.ratio:.3f}", f"{r.p:.2g}",
              f"**{r.verdict}**" if markdown and r.verdict != "same" else r.verdict] for r in rows]
    return table(head, cells, markdown)


def noise_floor(rows: list[Row]) -> str:
    shifts = sorted(abs(r.ratio - 1) * 100 for r in rows)
    wrong = sum(r.verdict != "same" for r in rows)
    return (f"noise floor over {len(rows)} benchmarks: median shift {median(shifts):.2f} %, "
            f"mean {sum(shifts) / len(shifts):.2f} %, largest {shifts[-1]:.2f} %; false verdicts: {wrong}")


def as_json(rows: list[Row]) -> list[dict]:
    return [asdict(r) for r in rows]
