"""Commits of this repository: which are meant, in which order they are, what they say."""

from dataclasses import dataclass

from pagetwin_lib.project import Failure, git


@dataclass(frozen=True)
class Commit:
    name: str  # whole
    date: str
    subject: str

    @property
    def short(self) -> str:
        return self.name[:12]


def full_name(rev: str) -> str | None:
    found = git("rev-parse", "--verify", "--quiet", "--end-of-options", rev + "^{commit}")
    return found.strip() if found else None


def meant(revs: list[str]) -> list[str]:
    """By names of commits, or ranges A..B, the oldest first in each."""
    found: list[str] = []
    for rev in revs:
        lines = git("rev-list", "--topo-order", "--reverse", "--end-of-options", rev) if ".." in rev else full_name(rev)
        if lines is None:
            raise Failure(f"'{rev}' is neither a commit of this repository nor a range A..B of commits")
        found += lines.split()
    if revs and not found:
        raise Failure(f"no commit is in {' '.join(revs)}")
    return list(dict.fromkeys(found))


def in_order(names: list[str]) -> tuple[list[Commit], list[str]]:
    """As git orders them, parents first; and those that are not in this repository."""
    known = [name for name in names if full_name(name)]
    lines = git("log", "--topo-order", "--reverse", "--format=%H%x09%cs%x09%s", "HEAD", *known) if known else ""
    if lines is None:
        raise Failure("git does not list the commits: is this a clone?")
    wanted = set(known)
    commits = [Commit(*(line.split("\t", 2) + ["", ""])[:3]) for line in lines.splitlines()]
    return [one for one in commits if one.name in wanted], [name for name in names if name not in wanted]
