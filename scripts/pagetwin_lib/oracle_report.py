"""What the programs that ask foreign MMUs say, added up: one row per format and oracle, and a verdict over all of them.

It refuses to run anything. The programs print lines `pagetwin: oracle {...}`, `pagetwin: tlb {...}`,
`pagetwin: absent {...}` and `pagetwin: nobody {...}` (fuzz/machines/foreign/session.hpp).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from pagetwin_lib import foreign_mmus
from pagetwin_lib.project import BAD_INPUT, FAILED, OK

PREFIX = "pagetwin: "
# What the oracles walk past: an equal answer says nothing about it.
NOBODY_JUDGES = (
    "contiguous sets and NAPOT as such: that a TLB may hold one entry for all copies has no effect on a walk",
    "the order of stores and invalidations within one operation, cached table descriptors, and fetches through a TLB",
    "memory types, domains (all are clients'), global and software bits: no answer depends on them",
)


def _beginning(name: str, oracle: str) -> str:
    """Of a line of either table, so that both have the same columns."""
    return f"{name:<20} {oracle:<14}"


@dataclass
class Row:
    format: str
    oracle: str
    probes: int = 0
    damaged: int = 0
    not_judged: int = 0
    unexplained: int = 0
    restarts: int = 0  # of an oracle that could not go on; what it was asked then, it was asked again
    explained: dict[str, int] = field(default_factory=dict)  # by name of the deviation, those that were never met included


@dataclass
class TlbRow:
    """TLB truth: real accesses before an edit, after it, and after the invalidations that it owes."""
    format: str
    oracle: str
    edits: int = 0
    accesses: int = 0
    not_judged: int = 0
    stale: int = 0  # saw the old translation before it was invalidated, which is allowed
    wrong: int = 0


@dataclass
class Report:
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    tlbs: dict[tuple[str, str], TlbRow] = field(default_factory=dict)
    manuals: dict[tuple[str, str], str] = field(default_factory=dict)  # (oracle, deviation) -> who is right
    absent: dict[str, str] = field(default_factory=dict)  # oracle -> why
    formats: set[str] = field(default_factory=set)  # that some program is for
    statuses: dict[str, int] = field(default_factory=dict)  # of the programs, by target
    chosen: list[str] = field(default_factory=list)  # the only oracles that were to be asked; empty: all

    def read(self, lines: Iterable[str]) -> list[str]:
        """Takes in what is for this report; the other lines, for people, are returned."""
        others = []
        for line in lines:
            kind, _, text = line.removeprefix(PREFIX).partition(" ")
            take = {"oracle": self._oracle, "tlb": self._tlb, "absent": self._absent, "nobody": self._nobody}.get(kind)
            if take is None or not line.startswith(PREFIX) or not text.startswith("{"):
                others.append(line)
            else:
                take(json.loads(text))
        return others

    def _oracle(self, of: dict) -> None:
        self.formats.add(of["format"])
        row = self.rows.setdefault((of["format"], of["oracle"]), Row(of["format"], of["oracle"]))
        for name in ("probes", "damaged", "not_judged", "unexplained", "restarts"):
            setattr(row, name, getattr(row, name) + of[name])
        for entry in of["explained"]:
            row.explained[entry["name"]] = row.explained.get(entry["name"], 0) + entry["count"]
            self.manuals[of["oracle"], entry["name"]] = entry["manual"]

    def _tlb(self, of: dict) -> None:
        row = self.tlbs.setdefault((of["format"], of["oracle"]), TlbRow(of["format"], of["oracle"]))
        for name in ("edits", "accesses", "not_judged", "stale", "wrong"):
            setattr(row, name, getattr(row, name) + of[name])

    def _absent(self, of: dict) -> None:
        self.absent[of["oracle"]] = of["reason"]

    def _nobody(self, of: dict) -> None:
        self.formats.add(of["format"])

    def unused(self) -> list[tuple[str, str]]:
        """Deviations that explained nothing in any format: somebody mended the oracle, or the entry never was right."""
        met = {(row.oracle, name) for row in self.rows.values() for name, count in row.explained.items() if count}
        return sorted(set(self.manuals) - met)

    def not_judged(self) -> list[str]:
        return sorted(self.formats - {name for name, _ in self.rows})

    def unexplained(self) -> int:
        return sum(row.unexplained for row in self.rows.values()) + sum(row.wrong for row in self.tlbs.values())

    def never_stale(self) -> list[tuple[str, str]]:
        """TLBs that kept nothing, so that they could not have convicted anybody."""
        return sorted(key for key, row in self.tlbs.items() if not row.stale)

    def exit_status(self, complete: bool) -> int:
        """complete: everything was asked, often enough to meet every deviation."""
        if self.unexplained() or FAILED in self.statuses.values():
            return FAILED
        if not self.rows or (complete and (self.unused() or self.never_stale())) or any(status != OK for status in self.statuses.values()):
            return BAD_INPUT
        return OK

    def render(self, complete: bool) -> str:
        lines = [f"{_beginning('format', 'oracle')} {'probes':>12} {'damaged':>12} {'not judged':>12} {'unexplained':>12}"]
        for key in sorted(self.rows):
            lines += self._lines_of(self.rows[key])
        lines += self._tlb_lines()
        lines += [f"{name:<20} not judged: {self._why_not(name)}" for name in self.not_judged()]
        lines += [f"skipped: {oracle}: {reason}" for oracle, reason in sorted(self.absent.items())
                  if any(foreign_mmus.walks(oracle, name) for name in self.formats)]
        lines += [f"not judged: {what}" for what in NOBODY_JUDGES]
        if not self.rows and self.formats:  # without formats no program came so far
            lines.append("error: no oracle judged anything")
        if complete:
            lines += [f"error: {oracle}: the known deviation '{name}' was never met" for oracle, name in self.unused()]
            lines += [f"error: {oracle}: its TLB kept nothing of {name} that was stale" for name, oracle in self.never_stale()]
        return "\n".join(lines + self._failed())

    def _failed(self) -> list[str]:
        """Last: 0 unexplained answers beside exit status 1 is what a finding of our own oracles looks like, far above."""
        why = {FAILED: "diverged or died; the report is above the table"}
        return [f"error: {target}: {why.get(status, f'ended with status {status}; why is above the table')}"
                for target, status in sorted(self.statuses.items()) if status != OK]

    def _why_not(self, name: str) -> str:
        walkers = [oracle for oracle in foreign_mmus.WALKS if foreign_mmus.walks(oracle, name)]
        if missing := [oracle for oracle in walkers if oracle in self.absent]:
            return f"{' and '.join(missing)} would, but {'is' if len(missing) == 1 else 'are'} not here"
        if self.chosen and walkers:
            return f"{' and '.join(self.chosen)} {'does' if len(self.chosen) == 1 else 'do'} not judge this format"
        return "no oracle here walks this format"

    def _tlb_lines(self) -> list[str]:
        lines = [f"{_beginning('TLB truth', 'oracle')} {'edits':>12} {'accesses':>12} {'not judged':>12} {'stale before':>12} "
                 f"{'wrong after':>12}"]
        lines += [f"{_beginning(row.format, row.oracle)} {row.edits:>12,} {row.accesses:>12,} {row.not_judged:>12,} "
                  f"{row.stale:>12,} {row.wrong:>12,}" for _, row in sorted(self.tlbs.items())]
        return lines + [f"{_beginning(name, oracle)} not judged: no access of it goes through its TLB here"
                        for name, oracle in sorted(set(self.rows) - set(self.tlbs))]

    def _lines_of(self, row: Row) -> list[str]:
        lines = [f"{_beginning(row.format, row.oracle)} {row.probes:>12,} {row.damaged:>12,} {row.not_judged:>12,} "
                 f"{row.unexplained:>12,}"]
        if row.restarts:
            lines.append(f"{'':<20} {row.restarts:>12,} restarts: it died or was silent, and was asked again; why is above the table")
        return lines + [f"{'':<20} {count:>12,} explained: {name} ({self.manuals[row.oracle, name]})"
                        for name, count in row.explained.items() if count]
