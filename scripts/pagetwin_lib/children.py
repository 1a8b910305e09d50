"""One child at a time, in a session of its own: it and what it started end together, whatever ends the wait for it."""

import os
import signal
import subprocess
from pathlib import Path


def run(command: list[str], timeout: float, cwd: Path | None = None) -> tuple[int, str]:
    """The exit code and everything it printed; -1 when it took too long or could not start."""
    try:
        child = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 errors="replace", start_new_session=True)
    except OSError as error:
        return -1, f"cannot run {command[0]}: {error.strerror}"
    try:
        output, _ = child.communicate(timeout=timeout)
        return child.returncode, output
    except subprocess.TimeoutExpired:
        return -1, f"took longer than {timeout:.0f} s"
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
