"""How long functions are: from the line of the opening brace to that of the closing one, both counted.

A scanner of braces, not a parser: it reads formatted code of this project. A lambda counts as a part of the function that
holds it; one in the initialiser of a variable is not seen.
"""

import re
import statistics
from dataclasses import dataclass

from pagetwin_lib.cxx_text import line_of, without_directives, without_literals

MOST_MEDIAN, MOST_LINES = 8, 70
TYPE = re.compile(r"^(?:export\s+)?(?:template\s*<.*>\s*)?(?:typedef\s+)?(?:class|struct|union|enum)\b", re.DOTALL)
NAMESPACE = re.compile(r'\bnamespace\b|^extern\s*"\s*"$')
# An = that is not part of an operator's name or of a comparison, outside of parentheses: an initialiser.
INITIALISER = re.compile(r"(?<!operator)(?<![=!<>+\-*/%&|^])=(?!=)")


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    lines: int


def closing(text: str, opening: int) -> int:
    """The place of the brace that closes the one there; the end of the text when none does."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(text, opening):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.start()
    return len(text)


def flat(head: str) -> str:
    """Without what stands in parentheses; each pair becomes ()."""
    result, depth = [], 0
    for character in head:
        if character == "(":
            if depth == 0:
                result.append("()")
            depth += 1
        elif character == ")":
            depth = max(depth - 1, 0)
        elif depth == 0:
            result.append(character)
    return "".join(result)


def without_attributes(head: str) -> str:
    text = re.sub(r"\[\[.*?\]\]", " ", head, flags=re.DOTALL)
    return re.sub(r"^(?:\s*(?:public|protected|private)\s*:(?!:))+", "", text).strip()


def kind(head: str, after: str) -> str:
    """What a brace opens, by what stands before it since the last statement and after its closing brace."""
    text = without_attributes(head)
    if NAMESPACE.search(text):
        return "namespace"
    outline = flat(text)
    if TYPE.match(re.sub(r"\balignas\s*\(.*?\)", "", text)) and not re.search(r"\(\)[^:]*$", re.sub(r"<.*>", "", outline)):
        return "type"
    template_free = re.sub(r"^template\s*<.*?>\s*(?=[\w:])", "", outline, flags=re.DOTALL)
    if "()" not in outline or INITIALISER.search(re.sub(r"<[^<>]*=[^<>]*>", "<>", template_free)):
        return "other"
    if re.search(r"\(\)[^:]*:(?!:)", outline) and after in (",", "{"):
        return "member"  # Class(int a) : a_{a} {...}
    return "function"


def name_of(head: str) -> str:
    """Of the function that this head declares: what stands before its parameters."""
    before = flat(without_attributes(head)).split("()")[0]
    found = re.search(r"((?:[\w~]+(?:<[^<>]*>)?::)*(?:operator\s*\S*|~?\w+))\s*$", before)
    if found and found[1] in ("TEST", "TEST_F", "TEST_P", "TYPED_TEST"):
        return " ".join(head.split())
    if found is None:
        return before.strip()[-40:]
    return found[1] + "()" if found[1].endswith("operator") else found[1]


def functions(source: str) -> list[Function]:
    text = without_directives(without_literals(source))
    found: list[Function] = []
    head_start, position = 0, 0
    while match := re.compile(r"[;{}]").search(text, position):
        position = match.end()
        if match[0] != "{":
            head_start = position
            continue
        head, end = text[head_start:match.start()], closing(text, match.start())
        opened = kind(head, text[end + 1:].lstrip()[:1])
        if opened == "function":
            first = line_of(text, match.start())
            found.append(Function(name_of(head), first, line_of(text, end) - first + 1))
        if opened in ("function", "other", "member"):
            position = end + 1
        if opened in ("function", "namespace", "type"):
            head_start = position
    return found


@dataclass(frozen=True)
class Figures:
    count: int
    median: float
    longest: int


def figures(lengths: list[int]) -> Figures:
    return Figures(len(lengths), statistics.median(lengths) if lengths else 0, max(lengths, default=0))
