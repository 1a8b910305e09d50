"""Times and numbers as people write and read them."""

import argparse
import re

TOO_MUCH = 1 << 64  # for the programs that are called
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> float | None:
    """Seconds; None when it is none. Units may be joined, as in 1h30m."""
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text) or None
    if not re.fullmatch(r"([0-9]+(\.[0-9]+)?[smhd])+", text):
        return None
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)([smhd])", text)
    return sum(float(number) * UNITS[unit] for number, unit in parts) or None


def duration(text: str) -> float:
    """For argparse."""
    seconds = parse_duration(text)
    if seconds is None:
        raise argparse.ArgumentTypeError(f"expected a time above zero such as 60s, 10m or 8h, found '{text}'")
    return seconds


def at_least(least: int, text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise argparse.ArgumentTypeError(f"expected a number of at least {least}, found '{text}'")
    if int(text) >= TOO_MUCH:
        raise argparse.ArgumentTypeError(f"expected a number below 2^64, found '{text}'")
    return int(text)


def count(text: str) -> int:
    """For argparse."""
    return at_least(0, text)


def positive(text: str) -> int:
    """For argparse."""
    return at_least(1, text)


def seconds(text: str) -> float:
    """For argparse; fractions too, and no unit."""
    return more_than_0("seconds", text)


def percent(text: str) -> float:
    """For argparse; the same."""
    return more_than_0("a percentage", text)


def more_than_0(what: str, text: str) -> float:
    found = parse_duration(text) if re.fullmatch(r"[0-9.]+", text) else None
    if found is None:
        raise argparse.ArgumentTypeError(f"expected {what}, more than 0, found '{text}'")
    return found


def counted(number: int, noun: str) -> str:
    """1 target, 2 targets."""
    return f"{number} {noun}{'s' * (number != 1)}"


def show_duration(seconds: float) -> str:
    """60 -> 60s, 600 -> 10m, 5400 -> 1h30m."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole}s"
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number)
