"""A comparison of two commits as people read it: the table of the terminal and of a review, and the page with the picture.

It refuses to compare: rows come with their verdicts (comparison.py).
"""

import re
from dataclasses import dataclass, field

from pagetwin_lib import comparison, page
from pagetwin_lib.bench_results import table, time_text
from pagetwin_lib.callgrind import FORMATS, OPERATIONS
from pagetwin_lib.comparison import FASTER, SAME, SLOWER, THRESHOLD, Row

HEAD = ["benchmark", "A", "B", "B/A", "+-", "p (Holm)", "instr A", "instr B", "verdict"]
# Which operation that is counted a benchmark does, and nothing else.
COUNTED = {operation + form: f"^{workload}{form or '/x86_64_4'}$" for form in FORMATS for operation, workload in
           (("lookup", r"W[123][dh]*_\w+"), ("map_one", "W6_map_one"), ("unmap_one", "W9b_unmap_one"))}
ORDER = {SLOWER: 0, FASTER: 1, SAME: 2}
# Of the picture, in pixels.
WIDTH, RIGHT, LINE, TOP = 960, 130, 20, 34
LETTER, MARGIN = 7.5, 24  # of a name
WIDEST = 0.5  # no bar goes further; the arrow of one that would says so


@dataclass(frozen=True)
class Exact:
    """A figure that is the same in every run: instructions of an operation, bytes of tables for a page."""

    name: str
    a: float
    b: float

    @property
    def verdict(self) -> str:
        return SAME if abs(self.b - self.a) < 0.005 else "more" if self.b > self.a else "less"

    @property
    def ratio(self) -> str:
        return f"{self.b / self.a:.3f}" if self.a else ""


@dataclass
class Comparison:
    """All that a report says. A and B are shown as they were named; `about` has lines of how it was measured."""

    a: str
    b: str
    aa: bool
    rows: list[Row]
    instructions: tuple[dict[str, float], dict[str, float]] = field(default_factory=lambda: ({}, {}))
    memory: list[Exact] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    about: list[str] = field(default_factory=list)

    def exact(self) -> list[Exact]:
        a, b = self.instructions
        counted = [name for name in OPERATIONS if name in a and name in b]
        return [Exact(f"instructions of {name}", a[name], b[name]) for name in counted] + self.memory

    def number(self, verdict: str) -> int:
        return sum(row.verdict == verdict for row in self.rows)

    def counted(self, name: str) -> list[str]:
        """The instructions of the operation that this benchmark does, in A and B."""
        for operation, pattern in COUNTED.items():
            if re.search(pattern, name) and all(operation in side for side in self.instructions):
                return [f"{side[operation]:.2f}" for side in self.instructions]
        return ["", ""]

    def verdict(self) -> str:
        slower, faster, among = self.number(SLOWER), self.number(FASTER), len(self.rows)
        if self.aa and slower + faster:
            return "unusable: A differs from itself here; quieten the machine or use more --rounds"
        if slower:
            return f"regressed: {slower} of {among} benchmarks are slower, {faster} faster"
        return f"same: none of {among} benchmarks is slower, {faster} faster"

    def noise(self) -> list[str]:
        lines = [comparison.noise_floor(self.rows)] + ([comparison.shifts_of_nothing(self.rows)] if self.aa else [])
        if names := comparison.hidden(self.rows):
            shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            lines.append(f"too noisy to rule out a slowdown of {comparison.TO_BE_SEEN * 100:g} %: {shown}")
        return lines


def cells(of: Comparison, row: Row) -> list[str]:
    return [row.name, time_text(row.a_ns), time_text(row.b_ns), f"{row.ratio:.3f}", f"{row.noise * 100:.1f} %", f"{row.p:.2g}",
            *of.counted(row.name), row.verdict]


def exact_cells(figure: Exact) -> list[str]:
    return [figure.name, f"{figure.a:.2f}", f"{figure.b:.2f}", figure.ratio, "exact", "", "", "", figure.verdict]


def columns(of: Comparison, lines: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """Without those of instructions, where none were counted."""
    wanted = [i for i, name in enumerate(HEAD) if not name.startswith("instr") or of.instructions[0]]
    return [HEAD[i] for i in wanted], [[line[i] for i in wanted] for line in lines]


def show(of: Comparison, markdown: bool) -> str:
    lines = [cells(of, row) for row in of.rows] + [exact_cells(figure) for figure in of.exact()]
    if markdown:
        lines = [[*line[:-1], line[-1] if line[-1] == SAME else f"**{line[-1]}**"] for line in lines]
    head, body = columns(of, lines)
    return "\n".join([table(head, body, markdown), *of.missing, "", *of.noise(), "", of.verdict()])


def reach(rows: list[Row]) -> float:
    """How far from 1 the axis goes."""
    widest = max([2.5 * THRESHOLD, *(max(abs(row.shift.low - 1), abs(row.shift.high - 1)) for row in rows)])
    return min(widest * 1.05, WIDEST)


def axis(scale: page.Scale, height: int) -> list[str]:
    band = page.element("rect", class_="band", x=scale(1 - THRESHOLD), y=TOP - 4, height=height - TOP,
                        width=round(scale(1 + THRESHOLD) - scale(1 - THRESHOLD), 1))
    parts = [band]
    for tick in page.ticks((scale.low - 1) * 100, (scale.high - 1) * 100, 8):
        at = scale(1 + tick / 100)
        parts += [page.element("line", class_="zero" if tick == 0 else "axis", x1=at, x2=at, y1=TOP - 4, y2=height - 4),
                  page.text(f"{tick:+g} %" if tick else "same", class_="faint", x=at, y=TOP - 12, text_anchor="middle")]
    return parts


def names_end(rows: list[Row]) -> int:
    return round(max(len(row.name) for row in rows) * LETTER + MARGIN)


def bar(of: Comparison, row: Row, scale: page.Scale, y: int) -> str:
    low, at, high = (scale(min(max(value, scale.low), scale.high)) for value in (row.shift.low, row.ratio, row.shift.high))
    label = f"{(row.ratio - 1) * 100:+.1f} % {row.verdict}"
    parts = [page.title(", ".join(f"{name} {value}" for name, value in zip(HEAD, cells(of, row)) if value)),
             page.text(row.name, x=scale.start - 12, y=y + 4, text_anchor="end"),
             page.element("line", class_=f"bar {row.verdict}", x1=low, x2=max(high, low + 1), y1=y, y2=y),
             page.element("circle", class_=f"mark {row.verdict}", cx=at, cy=y, r=4),
             page.text(label, class_=row.verdict, x=WIDTH - RIGHT + 12, y=y + 4)]
    return page.element("g", "".join(parts))


def picture(of: Comparison, rows: list[Row], span: float) -> str:
    height = TOP + LINE * len(rows) + 8
    scale = page.Scale(1 - span, 1 + span, names_end(rows), WIDTH - RIGHT)
    bars = [bar(of, row, scale, TOP + LINE // 2 + LINE * number) for number, row in enumerate(rows)]
    return page.svg(WIDTH, height, f"time of B over time of A, {len(rows)} benchmarks", [*axis(scale, height), *bars])


def page_table(of: Comparison, rows: list[Row]) -> str:
    lines = [(cells(of, row), row.verdict) for row in rows] + [(exact_cells(one), one.verdict) for one in of.exact()]
    head, body = columns(of, [line for line, _ in lines])
    return page.table(head, ([page.cell(value, verdict if value == verdict else "") for value in line]
                             for line, (_, verdict) in zip(body, lines)))


def as_page(of: Comparison) -> str:
    rows = sorted(of.rows, key=lambda row: (ORDER[row.verdict], -abs(row.ratio - 1) if row.verdict != SAME else 0))
    kind = SLOWER if of.number(SLOWER) else FASTER if of.number(FASTER) else ""
    explained = (f"A dot is B/A, the bar around it holds the true value with 99 % confidence. Shaded: differences of up to "
                 f"{THRESHOLD * 100:g} %, which count as the same. Further right is slower.")
    return page.page(f"{of.a} against itself" if of.aa else f"{of.a} and {of.b}",
                     [page.paragraph(of.verdict(), f"verdict {kind}".strip()), *map(page.paragraph, of.noise()),
                      page.element("h2", "B/A"), page.paragraph(explained, "faint"), picture(of, rows, reach(rows)),
                      page.element("h2", "Figures"), page_table(of, rows), *map(page.paragraph, of.missing),
                      page.element("h2", "How it was measured"), *(page.paragraph(line) for line in of.about)])
