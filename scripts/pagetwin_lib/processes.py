"""Children that can all be ended at once. Each runs in a session of its own, so that Ctrl-C reaches only the script, which
then lets every child write what it still has to write."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

GRACE = 10.0  # seconds between asking and killing


@dataclass(frozen=True)
class Ended:
    status: int  # as subprocess has it: negative for a signal
    cpu_seconds: float
    peak_rss_mib: float


class Processes:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen] = set()
        self.stopped = threading.Event()

    def run(self, command: list[str], each_line: Callable[[str], None], cwd: str, env: dict[str, str],
            timeout: float | None = None) -> Ended | None:
        """Hands over every line of both outputs; None when all is being stopped. Measured by the kernel (wait4)."""
        with self._lock:
            if self.stopped.is_set():
                return None
            child = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
            self._running.add(child)
        timer = threading.Timer(timeout or 0, self._kill, [child])
        timer.daemon = True
        if timeout:
            timer.start()
        try:
            for line in child.stdout:
                each_line(line)
            return self._reap(child)
        finally:
            timer.cancel()

    def _reap(self, child: subprocess.Popen) -> Ended:
        _, status, used = os.wait4(child.pid, 0)
        with self._lock:
            child.returncode = os.waitstatus_to_exitcode(status)
            self._running.discard(child)
        child.stdout.close()
        return Ended(child.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)

    def _kill(self, child: subprocess.Popen) -> None:
        self._signal([child], signal.SIGKILL)

    def _signal(self, children: list[subprocess.Popen], number: int) -> None:
        with self._lock:
            for child in children:
                if child.returncode is None and child in self._running:
                    os.killpg(child.pid, number)

    def stop(self) -> None:
        """Ends everything; what runs at the moment is asked first."""
        self.stopped.set()
        with self._lock:
            running = list(self._running)
        self._signal(running, signal.SIGINT)
        deadline = time.monotonic() + GRACE
        while self._running and time.monotonic() < deadline:
            time.sleep(0.05)
        self._signal(running, signal.SIGKILL)
