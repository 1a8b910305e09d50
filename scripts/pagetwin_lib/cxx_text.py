"""C++ source as text whose comments and literals are blanked, so that simple scanners do not trip over them.

Positions and line numbers stay. It refuses to be a parser: macros are not expanded.
"""

import re
from pathlib import Path

from pagetwin_lib.project import ROOT, git

SUFFIXES = (".cpp", ".hpp")
# A digit separator is not a character literal: hence the look-behind.
TOKENS = re.compile(
    r'//[^\n]*|/\*.*?(?:\*/|\Z)|R"(?P<d>[^\s()\\]{0,16})\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def without_comments(source: str) -> str:
    return TOKENS.sub(lambda match: _blank(match[0]) if match[0].startswith(("//", "/*")) else match[0], source)


def without_literals(source: str) -> str:
    """Neither comments nor what is between quotes; the quotes of strings stay."""
    def blank(match: re.Match) -> str:
        inner = _blank(match[0])
        return '"' + inner[1:-1] + '"' if match[0].startswith('"') else inner
    return TOKENS.sub(blank, source)


def without_directives(source: str) -> str:
    """Preprocessor lines, with those that they continue on, are blanked too."""
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda match: _blank(match[0]), source, flags=re.MULTILINE)


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def source_files(folders: tuple[str, ...], root: Path = ROOT) -> list[Path]:
    """All C++ files under these folders of the root, sorted."""
    found = (path for folder in folders for path in (root / folder).rglob("*") if path.suffix in SUFFIXES)
    return sorted(path for path in found if path.is_file())


def project_files() -> list[Path]:
    """Tracked and untracked C++ files of the tree; what git ignores is not ours."""
    listed = git("ls-files", "-co", "--exclude-standard", "--", "*.cpp", "*.hpp")
    if listed is None:
        return source_files(("src", "reference", "fuzz", "bench", "tests"))
    return sorted(path for path in {ROOT / line for line in listed.splitlines()} if path.is_file())
