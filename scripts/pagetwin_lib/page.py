"""A page of HTML that needs nothing but itself, readable in light and dark, and what drawings on it share.

It refuses to know what is shown. Colours are named for what they mean; a drawing takes them as classes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1d20; --faint: #62676e; --line: #d9dce0; --band: #eef0f3;
  --slower: #b3440c; --faster: #1b5fb8; --same: #62676e;
  --first: #1b5fb8; --second: #b3440c; --third: #62676e; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181b; --ink: #e4e6e9; --faint: #9aa0a8; --line: #3a3e44; --band: #24272c;
    --slower: #ff9a5c; --faster: #78b0ff; --same: #9aa0a8;
    --first: #78b0ff; --second: #ff9a5c; --third: #9aa0a8; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 66em;
  padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9em; font-variant-numeric: tabular-nums; }
th, td { padding: .15em .8em .15em 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
.faint { color: var(--faint); } .slower { color: var(--slower); } .faster { color: var(--faster); }
.verdict { font-size: 1.2em; }
svg { display: block; max-width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg.inline { display: inline; }
svg text { fill: var(--ink); } svg text.faint { fill: var(--faint); }
svg text.slower { fill: var(--slower); } svg text.faster { fill: var(--faster); }
svg .axis { stroke: var(--line); } svg .zero { stroke: var(--faint); } svg .band { fill: var(--band); }
svg .same { stroke: var(--same); fill: var(--same); } svg text.same { stroke: none; fill: var(--faint); }
svg .mark.slower, svg .bar.slower { stroke: var(--slower); fill: var(--slower); }
svg .mark.faster, svg .bar.faster { stroke: var(--faster); fill: var(--faster); }
svg .bar { stroke-width: 2; } svg .path { fill: none; stroke-width: 1.5; }
svg .series0 { stroke: var(--first); } svg .dot.series0 { fill: var(--first); }
svg .series1 { stroke: var(--second); } svg .dot.series1 { fill: var(--second); }
svg .series2 { stroke: var(--third); } svg .dot.series2 { fill: var(--third); }
"""
SERIES = 3  # as many colours; further ones begin again


@dataclass(frozen=True)
class Scale:
    """From values to places on the drawing."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.start + share * (self.end - self.start), 1)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers between the two."""
    if high <= low:
        return [low]
    rough = (high - low) / max(about, 1)
    power = 10 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    return [round(number * step, 12) for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def element(name: str, content: str = "", **attributes: object) -> str:
    """`class_` and the like lose the underscore at their end; others become hyphens. The content is markup."""
    said = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items())
    return f"<{name}{said}>{content}</{name}>" if content else f"<{name}{said}/>"


def text(content: str, **attributes: object) -> str:
    return element("text", escape(content) or " ", **attributes)


def title(content: str) -> str:
    """What a pointer that rests on the element around it reads."""
    return element("title", escape(content))


def svg(width: float, height: float, label: str, parts: Iterable[str]) -> str:
    drawing = element("svg", "\n".join(parts), xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width:g} {height:g}",
                      width=f"{width:g}", height=f"{height:g}", role="img", aria_label=label)
    return f'<div class="scroll">{drawing}</div>'


def mark(kind: str) -> str:
    """A dot inside a line of text, for a legend."""
    dot = element("circle", class_=f"dot {kind}", cx=6, cy=6, r=4)
    return f'<svg class="inline" width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">{dot}</svg>'


def cell(content: str, kind: str = "") -> str:
    return f'<td class="{kind}">{escape(content)}</td>' if kind else f"<td>{escape(content)}</td>"


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """Rows are lists of cells as `cell` makes them."""
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "\n".join(f"<tr>{''.join(cells)}</tr>" for cells in rows)
    return f'<div class="scroll"><table>\n<thead><tr>{names}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def paragraph(content: str, kind: str = "") -> str:
    return f'<p class="{kind}">{escape(content)}</p>' if kind else f"<p>{escape(content)}</p>"


def page(name: str, body: Iterable[str]) -> str:
    return "\n".join(['<!DOCTYPE html>', '<html lang="en">', "<head>", '<meta charset="utf-8">',
                      '<meta name="viewport" content="width=device-width, initial-scale=1">',
                      f"<title>{escape(name)}</title>", f"<style>{STYLE}</style>", "</head>", "<body>",
                      f"<h1>{escape(name)}</h1>", *body, "</body>", "</html>", ""])
