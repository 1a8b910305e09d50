"""Which process has which address space: fork copies, exec empties, the last exit destroys.

It refuses to know what a memory call does (memory_calls.py). The meaning of the calls is that of clone(2), vfork(2),
execve(2), exit_group(2).
"""

import re
from dataclasses import dataclass, field

from pagetwin_lib.memory_calls import MemoryCalls
from pagetwin_lib.strace_log import Call
from pagetwin_lib.trace_writer import MAX_SPACES, TraceWriter
from pagetwin_lib.vma import AddressSpace

FORKS = {"clone", "clone3", "fork", "vfork"}
EXECS = {"execve", "execveat"}
FLAGS = re.compile(r"flags=([A-Z0-9_|x]+)")


@dataclass(eq=False)
class Owner:
    """An address space and its number in the trace; sid is None when there was no number left."""

    sid: int | None
    memory: AddressSpace = field(default_factory=AddressSpace)
    dropped: int = 0


@dataclass(eq=False)
class Task:
    """A thread: its process and the space that it runs in."""

    group: object
    owner: Owner


class Recorder:
    """Turns calls into trace lines. Process numbers are only names here, so a trace does not depend on them."""

    def __init__(self, trace: TraceWriter) -> None:
        self._trace = trace
        self._memory = MemoryCalls(trace)
        self._tasks: dict[int, Task] = {}
        self._dead: set[int] = set()
        self._started: set[Call] = set()
        self._used: set[int] = set()
        self._begun = False

    def run(self, calls: list[Call]) -> None:
        births: dict[int, list[Call]] = {}
        for call in calls:
            if call.name in FORKS:
                births.setdefault(call.result, []).append(call)
        for call in calls:
            if self._trace.full:
                return
            self._step(call, births)
            self._trace.end_call()

    def _step(self, call: Call, births: dict[int, list[Call]]) -> None:
        if call.pid in self._dead:
            self._dead -= {call.pid} if call.name == "ended" else set()
            return
        if not self._begun:
            self._begun = True
            self._used.add(0)
            self._tasks[call.pid] = Task(object(), Owner(0))
        if call.pid not in self._tasks and not self._born_early(call.pid, births):
            return
        self._dispatch(call)

    def _born_early(self, pid: int, births: dict[int, list[Call]]) -> bool:
        """A child may speak before its parent's clone returns."""
        for birth in births.get(pid, []):
            if birth not in self._started and birth.pid in self._tasks:
                self._fork(birth)
                return True
        return False

    def _dispatch(self, call: Call) -> None:
        task = self._tasks[call.pid]
        if call.name in FORKS:
            self._fork(call)
        elif call.name in EXECS:
            self._exec(call.pid, task)
        elif call.name == "exit_group":
            self._end([pid for pid, other in self._tasks.items() if other.group is task.group])
        elif call.name in ("exit", "ended"):
            self._end([call.pid], silent=call.name == "ended")
        elif task.owner.sid is None:
            task.owner.dropped += 1
        elif self._memory.knows(call.name):
            self._memory.apply(task.owner.sid, task.owner.memory, call)
        else:
            self._trace.comment(f"{call.name} s={task.owner.sid} is not modelled")

    def _fork(self, call: Call) -> None:
        if call in self._started:
            return
        self._started.add(call)
        parent = self._tasks[call.pid]
        found = FLAGS.search(" ".join(call.args))
        flags = set(found[1].split("|")) if found else set()
        shares = call.name == "vfork" or "CLONE_VM" in flags
        group = parent.group if "CLONE_THREAD" in flags else object()
        self._dead.discard(call.result)
        self._tasks[call.result] = Task(group, parent.owner if shares else self._copy(parent.owner))

    def _copy(self, parent: Owner) -> Owner:
        if parent.sid is None:
            return Owner(None, parent.memory.copy())
        child = Owner(self._new_sid(f"fork of s={parent.sid}"), parent.memory.copy())
        if child.sid is not None:
            self._memory.copy_all(child.sid, child.memory)
        return child

    def _new_sid(self, reason: str) -> int | None:
        free = [sid for sid in range(MAX_SPACES) if sid not in self._used]
        if not free:
            self._trace.comment(f"{reason}: {MAX_SPACES} spaces live already, this process is not followed")
            return None
        self._used.add(free[0])
        self._trace.comment(reason)
        if free[0] != 0:
            self._trace.create(free[0])
        return free[0]

    def _exec(self, pid: int, task: Task) -> None:
        """The other threads of the process end; a space that a vforked child borrowed stays with its parent."""
        for other in [p for p, t in self._tasks.items() if t.group is task.group and p != pid]:
            del self._tasks[other]
        if any(t.owner is task.owner for p, t in self._tasks.items() if p != pid):
            task.owner = Owner(self._new_sid("exec of a child that shared its parent's space"))
            return
        owner = task.owner
        if owner.sid is None:
            self._say_dropped(owner)
            task.owner = Owner(self._new_sid("exec of a process that had no space"))
            return
        if owner.memory.regions:
            self._trace.comment("exec")
            self._trace.clear(owner.sid)
        owner.memory = AddressSpace()

    def _end(self, pids: list[int], silent: bool = False) -> None:
        """silent: no further line of these threads will come."""
        owners = {id(self._tasks[pid].owner): self._tasks[pid].owner for pid in pids}
        for pid in pids:
            del self._tasks[pid]
            self._dead |= set() if silent else {pid}
        for owner in owners.values():
            if not any(task.owner is owner for task in self._tasks.values()):
                self._release(owner)

    def _release(self, owner: Owner) -> None:
        if owner.sid is None:
            self._say_dropped(owner)
            return
        self._used.discard(owner.sid)
        if owner.sid == 0:
            self._trace.clear(0)
        else:
            self._trace.destroy(owner.sid)

    def _say_dropped(self, owner: Owner) -> None:
        if owner.dropped:
            self._trace.comment(f"{owner.dropped} calls of a process that is not followed were dropped")


def convert(calls: list[Call], comments: list[str], limit: int | None) -> TraceWriter:
    """The whole way from calls to a trace."""
    trace = TraceWriter(comments, limit)
    Recorder(trace).run(calls)
    return trace
