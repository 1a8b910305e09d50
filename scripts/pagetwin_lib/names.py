"""Names that a person has to type: what was probably meant by one that is not known."""

import difflib
import textwrap

MOST_NAMED, ALIKE = 4, 0.8  # most names share a long beginning
SHORT, WIDTH = 160, 100  # of a list
MOST_LISTED = 80  # more names help nobody


def closest(name: str, known: list[str]) -> list[str]:
    """Those that look alike; else those that hold the name."""
    return difflib.get_close_matches(name, known, MOST_NAMED, ALIKE) or [one for one in known if name and name in one][:MOST_NAMED]


def choice(name: str, known: list[str]) -> str:
    """For an error message: the closest names, or all when none is close."""
    close = closest(name, known)
    return f"did you mean {' or '.join(close)}?" if close else f"there are:{listed(known)}"


def listed(names: list[str]) -> str:
    """Behind a colon: in the same line, or in lines of their own when they are many; of too many the first ones."""
    rest = len(names) - MOST_LISTED
    line = f" {', '.join(names[:MOST_LISTED])}" + (f", and {rest} more" if rest > 0 else "")
    return line if len(line) <= SHORT else "\n" + textwrap.fill(line.strip(), WIDTH, initial_indent="  ", subsequent_indent="  ")
