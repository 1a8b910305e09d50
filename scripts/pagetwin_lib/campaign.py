"""Fuzzing one target for its time: the engine is started, and started again after each finding, until the time is over."""

import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from pagetwin_lib import builds, corpus_folder, findings, seeds
from pagetwin_lib.engine_log import EngineLog
from pagetwin_lib.processes import Ended, Processes
from pagetwin_lib.project import OUT, ROOT, Failure

MOST_FINDINGS = 20  # of a worker: a target that fails at once is not worth a night
RECORD_BYTES = 16  # of the codec: a header, then one per operation
LONGEST_PROGRAM = 256
# Which edges a program reaches, not how often: operations come by the dozen anyway, and with counters the engine kept
# ten times as many programs, chose the slowest ones and found planted bugs later. Entropic schedules by such counts too.
ENGINE_OPTIONS = ("-use_counters=0", "-entropic=0", "-len_control=0", "-use_value_profile=0", "-rss_limit_mb=2048", "-timeout=20",
                  "-report_slow_units=10", "-print_final_stats=1")


@dataclass
class Totals:
    """Of all processes of a target; None where no process said."""

    executions: int | None = None
    operations: int | None = None
    edges: int | None = None
    features: int | None = None
    corpus: int | None = None
    cpu_seconds: float = 0.0
    peak_rss_mib: float | None = None
    counted_seconds: float = 0.0  # of the processes that said how many operations they ran
    rate: int | None = None  # of now, for the progress line

    def add(self, log: EngineLog, ended: Ended) -> None:
        self.cpu_seconds += ended.cpu_seconds
        self.peak_rss_mib = max(self.peak_rss_mib or 0.0, ended.peak_rss_mib)
        self.executions = plus(self.executions, log.executions)
        self.operations = plus(self.operations, log.operations)
        if log.operations is not None:
            self.counted_seconds += ended.cpu_seconds
        self.see(log)

    def see(self, log: EngineLog) -> None:
        self.edges = largest(self.edges, log.edges)
        self.features = largest(self.features, log.features)
        self.corpus = largest(self.corpus, log.corpus)


def plus(one: int | None, other: int | None) -> int | None:
    return one if other is None else (one or 0) + other


def largest(one: int | None, other: int | None) -> int | None:
    return one if other is None else max(one or 0, other)


@dataclass(frozen=True)
class Plan:
    """What is the same for all targets."""

    preset: str
    seconds: float
    workers: int  # per target
    seed: int
    restarts: int = MOST_FINDINGS - 1  # of a worker, each after a finding
    operations: int = LONGEST_PROGRAM  # in one input, at most
    out: Path = OUT
    recorded: bool = False  # start from the recorded traces too


@dataclass
class Campaign:
    target: str
    plan: Plan
    processes: Processes
    totals: Totals = field(default_factory=Totals)
    started: float | None = None
    lasted: float | None = None  # seconds, of its workers
    gave_up: int = 0  # workers, because they found too much
    finished: bool = False
    failure: str | None = None

    def __post_init__(self) -> None:
        self.findings = findings.Findings(self.target, self.plan.preset, self.processes)
        self.corpus = self.plan.out / "corpus" / self.target
        self.artifacts = self.plan.out / "artifacts" / self.target
        self.logs = self.plan.out / "logs"
        self._running: dict[int, EngineLog] = {}
        self._lock = threading.Lock()

    def run(self) -> None:
        try:
            for folder in (self.corpus, self.artifacts, self.logs):
                folder.mkdir(parents=True, exist_ok=True)
            seed_folder = seeds.make_seeds(self.target, self.plan.preset, self.processes, self.plan.out,
                                           self.plan.recorded)
            self.started = time.monotonic()
            self._run_workers(seed_folder)
            corpus_folder.shrink(self.corpus, self._program(), self.processes)
        except Failure as failure:
            self.failure = str(failure)
        finally:
            self.totals.corpus = corpus_folder.count(self.corpus)
            self.finished = True

    def _run_workers(self, seed_folder: Path) -> None:
        threads = [threading.Thread(target=self._work, args=(number, seed_folder)) for number in range(self.plan.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.lasted = time.monotonic() - self.started

    def _program(self) -> Path:
        return builds.program(self.plan.preset, self.target)

    def _work(self, worker: int, seed_folder: Path) -> None:
        deadline = self.started + self.plan.seconds
        for attempt in range(self.plan.restarts + 1):
            left = deadline - time.monotonic()
            if (attempt > 0 and left < 1) or self.processes.stopped.is_set() or self.failure:
                return
            seed = (self.plan.seed + worker + attempt * self.plan.workers) % (1 << 32) or 1
            if not self._run_once(worker, self._command(seed_folder, left, seed)):
                return
        with self._lock:
            self.gave_up += deadline - time.monotonic() >= 1

    def _command(self, seed_folder: Path, seconds: float, seed: int) -> list[str]:
        # Relative paths: reports name them, and people type them.
        places = [os.path.relpath(path, ROOT) for path in (self.artifacts, self.corpus, seed_folder)]
        return [str(self._program()), *ENGINE_OPTIONS, f"-max_len={RECORD_BYTES * (self.plan.operations + 1)}",
                f"-max_total_time={max(1, round(seconds))}", f"-seed={seed}", f"-artifact_prefix={places[0]}/", *places[1:]]

    def _run_once(self, worker: int, command: list[str]) -> bool:
        """Whether it found something, so that another start makes sense."""
        log = EngineLog()
        with self._lock:
            self._running[worker] = log
        with (self.logs / f"{self.target}.{worker}.log").open("w", encoding="utf-8") as file:
            file.write(" ".join(command) + "\n")

            def each_line(line: str) -> None:
                file.write(line)
                log.feed(line)
            ended = self.processes.run(command, each_line, str(ROOT), builds.environment())
        with self._lock:
            del self._running[worker]
            if ended is not None:
                self.totals.add(log, ended)
        return ended is not None and not log.interrupted and self._judge(log, ended)

    def _judge(self, log: EngineLog, ended: Ended) -> bool:
        if log.signature is not None:
            self.findings.add(log)
            self._put_aside(log)
            return True
        if ended.status != 0 and not self.processes.stopped.is_set():
            self.failure = (f"the engine of {self.target} ended with {ended.status} and named no divergence; see "
                            f"{os.path.relpath(self.logs, ROOT)}/{self.target}.*.log")
        return False

    def _put_aside(self, log: EngineLog) -> None:
        """An input that was there before would end every start of the engine; its bytes are among the artifacts now."""
        if log.artifact is not None and (ROOT / log.artifact).is_file():
            for folder in (self.corpus, self.plan.out / "seeds" / self.target):
                for copy in findings.copies(ROOT / log.artifact, folder):
                    copy.unlink(missing_ok=True)

    def snapshot(self) -> Totals:
        """With what the processes of now have said so far."""
        with self._lock:
            now = Totals(**vars(self.totals))
            for log in self._running.values():
                now.executions = plus(now.executions, log.executions)
                now.rate = plus(now.rate, log.rate)
                now.see(log)
        return now

    @property
    def ended_early(self) -> bool:
        """It kept failing until the last of its workers gave up."""
        return self.gave_up == self.plan.workers

    def as_json(self) -> dict:
        of = self.totals
        return {"name": self.target, "build": self.plan.preset, "executions": of.executions,
                "cpu_seconds": round(of.cpu_seconds, 3), "exec_per_cpu_second": per(of.executions, of.cpu_seconds),
                "ops_per_cpu_second": per(of.operations, of.counted_seconds), "edges": of.edges, "features": of.features,
                "corpus": of.corpus, "peak_rss_mib": None if of.peak_rss_mib is None else round(of.peak_rss_mib, 1),
                "divergences": self.findings.as_json(), "ended_early": self.ended_early}


def per(count: int | None, seconds: float) -> float | None:
    return None if count is None or seconds <= 0 else round(count / seconds, 1)
