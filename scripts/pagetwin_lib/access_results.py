"""The table of scripts/bench --accesses: what a translation of a recorded stream costs with each configuration of caches.

It refuses to know how it was measured; names and counters are those of bench/accesses.cpp.
"""

from pagetwin_lib import bench_results

HEAD = ["stream and caches", "time", "cycles", "ratio", "TLB hits", "walk hits"]
PREFIX = "ACCESS_"


def share(entry: dict, counter: str) -> str:
    """Two digits of the part that misses: 99.98 % and 99 % differ by much."""
    if counter not in entry:
        return ""
    missed = 100 * (1 - entry[counter])
    return f"{100 - missed:.{0 if missed >= 10 else 1 if missed >= 1 else 2 if missed >= 0.1 else 4}f} %"


def row(entry: dict) -> list[str]:
    scale = bench_results.NANOSECONDS[entry.get("time_unit", "ns")]
    return [entry["name"].removeprefix(PREFIX), bench_results.time_text(entry["cpu_time"] * scale),
            f"{entry['cycles']:.1f}" if "cycles" in entry else "", f"{entry['ratio']:.3f}" if "ratio" in entry else "",
            share(entry, "tlb_hits"), share(entry, "walk_hits")]


def size(entries: list[dict]) -> str:
    """How large the stream is. Blocks are mapped in other entries than the pages that they replace."""
    first = entries[0]
    blocks = max(int(entry.get("blocks", 0)) for entry in entries)
    pages = max(int(entry.get("pages", 0)) for entry in entries)
    return (f"{int(first.get('translations', 0)):,} translations, {pages:,} pages of 4 KiB; "
            + (f"_2m: {blocks:,} whole 2 MiB as one leaf each" if blocks else "no 2 MiB was touched as a whole"))


def show(entries: list[dict]) -> str:
    return bench_results.table(HEAD, [row(entry) for entry in entries], False) + "\n" + size(entries)
