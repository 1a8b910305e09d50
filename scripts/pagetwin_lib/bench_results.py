"""Results of Google Benchmark: reading them, joining those of several processes, what they say.

It refuses to know how they were measured, and to compare them. The JSON is that of Google Benchmark 1.7 with one entry per
repetition, so its own compare.py reads what is written here. What is ours besides: `process` of an entry, where several
processes were joined; `commit`, `cpu` and `comparison` of the context.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from pagetwin_lib.project import Failure

NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
BYTES, RATIO = "bytes_per_page", "ratio"  # counters; what has the first measures memory, and its time is that of an empty loop

Samples = dict[str, list[float]]
Value = Callable[[dict], float | None]  # what is asked of an entry; None where it has no such thing


class Unusable(Failure):
    """The measurement cannot answer; the message says why."""


def repetitions(document: dict, source: str) -> Iterator[tuple[str, dict]]:
    """Each one with the name of its benchmark; means and the like are left out."""
    try:
        for entry in document["benchmarks"]:
            if entry.get("run_type", "iteration") != "iteration":
                continue
            if entry.get("error_occurred"):
                raise Unusable(f"{source}: {entry['name']} failed: {entry.get('error_message', 'no message')}")
            yield entry.get("run_name", entry["name"]), entry
    except (KeyError, TypeError, AttributeError) as error:
        raise not_a_result(source, error) from error


def not_a_result(source: str, error: Exception, entry: object = None) -> Unusable:
    """By what is not there, or is another thing, and in which benchmark."""
    named = entry.get("name") if isinstance(entry, dict) else None
    what = f"no '{error.args[0]}'" if isinstance(error, KeyError) else str(error)
    return Unusable(f"{source} is not a result of Google Benchmark: {what}{f' in {named}' if named else ''}")


def cpu_ns(entry: dict) -> float | None:
    return None if BYTES in entry else float(entry["cpu_time"]) * NANOSECONDS[entry["time_unit"]]


def counter(name: str) -> Value:
    return lambda entry: float(entry[name]) if name in entry else None


def read(entry: dict, value: Value, source: str) -> float | None:
    try:
        return value(entry)
    except (KeyError, TypeError, ValueError) as error:
        raise not_a_result(source, error, entry) from error


def processes(document: dict, source: str, value: Value) -> dict[str, dict[int, float]]:
    """The value per benchmark and process: the median of the process's repetitions, which one burst of other work does not
    move. Where nothing was joined, each repetition stands for a process."""
    found: dict[str, dict[int, list[float]]] = {}
    for name, entry in repetitions(document, source):
        if (number := read(entry, value, source)) is not None:
            of = found.setdefault(name, {})
            of.setdefault(entry.get("process", len(of)), []).append(number)
    return {name: {number: median(values) for number, values in of.items()} for name, of in found.items()}


def samples(document: dict, source: str, value: Value = cpu_ns) -> Samples:
    """One value per process, or per repetition where nothing was joined; benchmarks without it are left out."""
    return {name: list(of.values()) for name, of in processes(document, source, value).items()}


def pairs(a: dict, b: dict, sources: tuple[str, str]) -> tuple[Samples, Samples]:
    """Of two documents that were measured in turns: the value of each process beside that of the same round."""
    sides = processes(a, sources[0], cpu_ns), processes(b, sources[1], cpu_ns)
    rounds = {name: sorted(of.keys() & sides[1].get(name, of).keys()) for name, of in (sides[1] | sides[0]).items()}
    return tuple({name: [of[number] for number in rounds[name]] for name, of in side.items()} for side in sides)


def parse(text: str, source: str) -> dict:
    if not text.strip():
        raise Unusable(f"{source} is empty: expected a result of Google Benchmark")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Unusable(f"{source} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise Unusable(f"{source} is not a result of Google Benchmark: expected an object, found {type(document).__name__}")
    return document


def load(path: Path) -> dict:
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise Unusable(f"{path} is not JSON: {error}") from error
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror}") from error


def merged(rounds: list[dict], context: dict | None = None) -> dict:
    """One document out of one per process, as if all had been repetitions of one run."""
    entries = [dict(entry, process=number) for number, document in enumerate(rounds)
               for entry in document.get("benchmarks", []) if entry.get("run_type", "iteration") == "iteration"]
    by_name: dict[str, list[dict]] = {}
    for entry in entries:
        by_name.setdefault(entry["name"], []).append(entry)
    joined = [dict(entry, repetitions=len(of), repetition_index=index)
              for of in by_name.values() for index, entry in enumerate(of)]
    return {"context": {**(rounds[0].get("context", {}) if rounds else {}), **(context or {})}, "benchmarks": joined}


def only(side: dict, pattern: str | None) -> dict:
    return side if pattern is None else {name: value for name, value in side.items() if re.search(pattern, name)}


def machine(context: dict) -> str:
    """What times depend on, in words; the names of hosts say nothing about that."""
    cpus, speed = context.get("num_cpus", "?"), context.get("mhz_per_cpu", "?")
    return f"{context.get('cpu') or 'unknown CPU'}, {cpus} x {speed} MHz"


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
        return "| " + " | ".join(padded) + " |" if markdown else "  ".join(padded).rstrip()
    rule = ["| " + " | ".join(["---", *["---:"] * (len(head) - 1)]) + " |"] if markdown else []
    return "\n".join([line(head), *rule, *map(line, rows)])
