"""A history as people read it: a line and a table for the terminal, a page with a chart of each figure.

It refuses to read what was kept; series come with their values (history_series.py), commits in their order.
"""

import sys

from pagetwin_lib import page
from pagetwin_lib.bench_results import table
from pagetwin_lib.commits import Commit
from pagetwin_lib.comparison import THRESHOLD
from pagetwin_lib.history_series import Series

BLOCKS, PLAIN_BLOCKS = "▁▂▃▄▅▆▇█", "_.-=*#"
HEAD = ["commit", "date", "median", "lowest", "highest", "n", "change", ""]
STAR = "*"
FEWEST = 3  # values of a commit, else their spread says nothing
NOTE = (f"{STAR} more than {THRESHOLD * 100:g} % away, and the spreads of the two do not meet. They were not measured in turns:\n"
        "  scripts/bench_compare A B says whether they differ.")
# Of a chart, in pixels.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 280, 80, 20, 16, 92
NARROWEST = 0.05  # of the value: noise is not drawn as large as the chart
MOST_LABELS = 40


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def commits_of(series: Series, commits: list[Commit]) -> list[Commit]:
    return [commit for commit in commits if commit.name in series.values]


def sparkline(values: list[float], blocks: str) -> str:
    low, high = min(values), max(values)
    if high - low <= NARROWEST * high / 10:
        return blocks[0] * len(values)
    return "".join(blocks[round((value - low) / (high - low) * (len(blocks) - 1))] for value in values)


def blocks() -> str:
    return BLOCKS if "utf" in (sys.stdout.encoding or "").lower() else PLAIN_BLOCKS


def change(series: Series, before: Commit | None, commit: Commit) -> str:
    """In percent of what was before; a star where the two are hardly the same."""
    if before is None or not series.median(before.name):
        return ""
    share = series.median(commit.name) / series.median(before.name) - 1
    return f"{share * 100:+.1f} %{STAR if is_apart(series, before, commit, share) else ' '}"


def is_apart(series: Series, before: Commit, commit: Commit, share: float) -> bool:
    if series.figure.is_exact:
        return share != 0
    (low, high), (past_low, past_high) = series.spread(commit.name), series.spread(before.name)
    enough = min(len(series.values[commit.name]), len(series.values[before.name])) >= FEWEST
    return enough and abs(share) > THRESHOLD and (low > past_high or high < past_low)


def rows(series: Series, commits: list[Commit]) -> list[list[str]]:
    shown, lines = commits_of(series, commits), []
    for before, commit in zip([None, *shown], shown):
        low, high = series.spread(commit.name)
        lines.append([commit.short, commit.date, *map(number, (series.median(commit.name), low, high)),
                      str(len(series.values[commit.name])), change(series, before, commit), commit.subject])
    return lines


def heading(series: Series) -> str:
    better = "more" if series.figure.more_is_better else "less"
    return f"{series.figure.name}: {series.figure.unit} ({better} is better)"


def show(series: Series, commits: list[Commit]) -> str:
    lines = rows(series, commits)
    medians = [series.median(commit.name) for commit in commits_of(series, commits)]
    # The subject is text and stands last, so it is not put to the right.
    head, body = HEAD[:-1], [line[:-1] for line in lines]
    text = table(head, body, False).splitlines()
    width = max(map(len, text))
    beside = [text[0], *(f"{line.ljust(width)}  {of[-1]}".rstrip() for line, of in zip(text[1:], lines))]
    return "\n".join([heading(series), series.figure.where,
                      f"{sparkline(medians, blocks())}  {number(medians[0])} to {number(medians[-1])}", *beside])


def domain(series: list[Series], commits: list[Commit]) -> tuple[float, float]:
    values = [value for one in series for commit in commits_of(one, commits) for value in one.spread(commit.name)]
    low, high = min(values), max(values)
    least = NARROWEST * abs(high + low) / 2 or 1.0
    room = max(high - low, least) * 0.6
    middle = (high + low) / 2
    return max(middle - room, 0.0 if low >= 0 else middle - room), middle + room


def axes(commits: list[Commit], x: page.Scale, y: page.Scale) -> list[str]:
    parts = []
    for tick in page.ticks(y.low, y.high, 5):
        parts += [page.element("line", class_="axis", x1=LEFT, x2=WIDTH - RIGHT, y1=y(tick), y2=y(tick)),
                  page.text(number(tick), class_="faint", x=LEFT - 8, y=y(tick) + 4, text_anchor="end")]
    every = -(-len(commits) // MOST_LABELS)
    for place, commit in enumerate(commits):
        if place % every == 0:
            at = x(place)
            parts.append(page.text(commit.short[:8], class_="faint", text_anchor="end",
                                   transform=f"translate({at + 4},{HEIGHT - BOTTOM + 14}) rotate(-60)"))
    return parts


def line(series: Series, commits: list[Commit], kind: str, x: page.Scale, y: page.Scale) -> list[str]:
    places = [(x(place), commit) for place, commit in enumerate(commits) if commit.name in series.values]
    path = " ".join(f"{at},{y(series.median(commit.name))}" for at, commit in places)
    parts = [page.element("polyline", class_=f"path {kind}", points=path)]
    for at, commit in places:
        low, high = series.spread(commit.name)
        said = (f"{commit.short} {commit.date} {commit.subject}: {number(series.median(commit.name))} {series.figure.unit}, "
                f"{number(low)} to {number(high)} in {len(series.values[commit.name])} ({series.figure.where})")
        parts.append(page.element("g", page.title(said)
                                  + page.element("line", class_=kind, x1=at, x2=at, y1=y(high), y2=y(low))
                                  + page.element("circle", class_=f"dot {kind}", cx=at, cy=y(series.median(commit.name)), r=4)))
    return parts


def chart(series: list[Series], commits: list[Commit]) -> str:
    """Of one figure; several machines are several lines."""
    x = page.Scale(0, max(len(commits) - 1, 1), LEFT + 12, WIDTH - RIGHT - 12)
    y = page.Scale(*domain(series, commits), HEIGHT - BOTTOM, TOP)
    parts = axes(commits, x, y)
    for place, one in enumerate(series):
        parts += line(one, commits, f"series{place % page.SERIES}", x, y)
    return page.svg(WIDTH, HEIGHT, f"{heading(series[0])}, {len(commits)} commits", parts)


def section(series: list[Series], commits: list[Commit]) -> list[str]:
    among = [commit for commit in commits if any(commit.name in one.values for one in series)]
    parts = [page.element("h2", page.escape(heading(series[0]))), chart(series, among)]
    for place, one in enumerate(series):
        parts.append(f'<p>{page.mark(f"series{place % page.SERIES}")} {page.escape(one.figure.where)}</p>')
        cells = ([page.cell(value, "text" if value == row[-1] else "") for value in row] for row in rows(one, commits))
        parts.append(page.element("details", "<summary>figures</summary>" + page.table(HEAD, cells)))
    return parts


def as_page(series: list[Series], commits: list[Commit]) -> str:
    together: dict[tuple[str, str], list[Series]] = {}
    for one in series:
        together.setdefault((one.figure.name, one.figure.unit), []).append(one)
    said = ("Commits in git's order, the newest to the right. A dot is the median of a commit's processes, the line through it "
            "goes from the lowest to the highest.")
    return page.page(f"{len(commits)} commits: {commits[0].short} to {commits[-1].short}",
                     [page.paragraph(said, "faint"), *(part for of in together.values() for part in section(of, commits)),
                      page.paragraph(NOTE, "faint")])
