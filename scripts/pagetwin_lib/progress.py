"""One line per target that fuzzes. A terminal shows them in place; a file gets a plain line now and then."""

import shutil
import sys
import time

from pagetwin_lib.campaign import Campaign
from pagetwin_lib.durations import show_duration

EVERY = 15.0  # seconds between plain lines of a target
LONGEST_PAUSE = 300.0


def number(value: int | None, word: str) -> str:
    return f"{'?' if value is None else format(value, ',')} {word}"


def line(campaign: Campaign, now: float, width: int = 0) -> str:
    of, found = campaign.snapshot(), len(campaign.findings)
    if campaign.started is None:
        return f"{campaign.target:<{width}}  {campaign.failure or 'preparing its seeds'}"
    spent = f"{show_duration(min(now - campaign.started, campaign.plan.seconds))}/{show_duration(campaign.plan.seconds)}"
    rate = of.rate
    if campaign.finished:
        rate = round(of.executions / of.cpu_seconds) if of.executions and of.cpu_seconds > 0 else None
    parts = (spent, number(of.executions, "exec"), number(rate, "exec/CPU s" if campaign.finished else "exec/s"),
             f"{found} DIVERGED" if found else "0 diverged", number(of.edges, "edges"), number(of.corpus, "inputs"),
             number(of.features, "features"))
    return f"{campaign.target:<{width}}  {campaign.plan.preset}  " + "  ".join(parts)


def early_end(campaign: Campaign) -> str:
    times = f"{show_duration(campaign.lasted)} of {show_duration(campaign.plan.seconds)}"
    return f"{campaign.target}: ended after {campaign.findings.seen} findings, {times}; mend them first"


class Board:
    def __init__(self, campaigns: list[Campaign]) -> None:
        self._campaigns = campaigns
        self._width = max(len(campaign.target) for campaign in campaigns)
        self._terminal = sys.stdout.isatty()
        self._drawn = 0
        self._said: dict[str, float] = {}
        self._closed: set[str] = set()

    def show(self) -> None:
        now = time.monotonic()
        if self._terminal:
            self._draw(now)
        else:
            self._say(now)

    def release(self) -> None:
        """What is drawn stays: something else is about to be printed below."""
        self._drawn = 0

    def _text(self, campaign: Campaign, now: float) -> str:
        return line(campaign, now, self._width)

    def _draw(self, now: float) -> None:
        """What is finished scrolls away; what runs is drawn over again."""
        columns = shutil.get_terminal_size().columns
        text = f"\x1b[{self._drawn}A" if self._drawn else ""
        for campaign in self._campaigns:
            if campaign.finished and campaign.target not in self._closed:
                self._closed.add(campaign.target)
                text += "\x1b[2K" + self._text(campaign, now) + "\n"
        running = [campaign for campaign in self._campaigns if campaign.started is not None and not campaign.finished]
        for campaign in running:
            text += "\x1b[2K" + self._text(campaign, now)[:columns - 1] + "\n"
        self._drawn = len(running)
        sys.stdout.write(text + "\x1b[J")
        sys.stdout.flush()

    def _say(self, now: float) -> None:
        for campaign in self._campaigns:
            said = self._said.get(campaign.target)
            if campaign.started is None and not campaign.finished or campaign.target in self._closed:
                continue
            if campaign.finished:
                self._closed.add(campaign.target)
            elif said is not None and now - said < self._interval(campaign, now):
                continue
            self._said[campaign.target] = now
            print(self._text(campaign, now), flush=True)

    def _interval(self, campaign: Campaign, now: float) -> float:
        """A night has not thousands of lines."""
        return min(LONGEST_PAUSE, max(EVERY, (now - campaign.started) / 10))
