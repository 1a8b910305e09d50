"""Configuring and building the presets, and where their programs are. It refuses to know what the programs do."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from pagetwin_lib.names import choice
from pagetwin_lib.project import ROOT, Failure, cores, say

CANARY = "canary"  # the target that must always fail
SYMBOLIZER = "/usr/bin/llvm-symbolizer-19"
ENGINE_PRESETS = ("san", "fast")
SOON = 2.0  # seconds; what takes longer is worth a line


def targets() -> list[str]:
    """All of them; each file of fuzz/targets is one."""
    return sorted(path.stem for path in (ROOT / "fuzz" / "targets").glob("*.cpp"))


def check_target(name: str) -> str:
    if name not in targets():
        raise Failure(f"expected a target, found '{name}'; {choice(name, targets())}")
    return name


def program(preset: str, name: str) -> Path:
    return ROOT / "build" / preset / "bin" / name


def replay_program(preset: str, target: str) -> Path:
    return program(preset, f"{target}_replay")


def environment() -> dict[str, str]:
    """Reports with symbols and stacks; freed memory waits long enough, but a night stays small. What the user set stays."""
    asan = "symbolize=1:quarantine_size_mb=64:" + os.environ.get("ASAN_OPTIONS", "")
    ubsan = "print_stacktrace=1:" + os.environ.get("UBSAN_OPTIONS", "")
    found = {"ASAN_SYMBOLIZER_PATH": SYMBOLIZER} if os.access(SYMBOLIZER, os.X_OK) else {}
    return {**found, **os.environ, "ASAN_OPTIONS": asan.rstrip(":"), "UBSAN_OPTIONS": ubsan.rstrip(":")}


def configure_command(preset: str) -> list[str]:
    return ["cmake", "--preset", preset]


def build_command(preset: str, wanted: list[str], jobs: int | None) -> list[str]:
    names = ["--target", *wanted] if wanted else []
    return ["cmake", "--build", "--preset", preset, "--parallel", str(jobs or cores()), *names]


def build(preset: str, wanted: list[str], jobs: int | None = None) -> None:
    """Configures every time, because the commit that reports name is found then. Silent when there is nothing to do."""
    notice = threading.Timer(SOON, say, [f"building {preset}: {' '.join(wanted)}"])
    notice.daemon = True
    notice.start()
    started = time.monotonic()
    try:
        _run(configure_command(preset), preset, watched=False)
        _run(build_command(preset, wanted, jobs), preset, watched=sys.stderr.isatty())
    finally:
        notice.cancel()
    if time.monotonic() - started > SOON:
        say(f"building {preset}: done in {time.monotonic() - started:.0f} s")


def _run(command: list[str], preset: str, watched: bool) -> None:
    """A terminal sees ninja count; elsewhere the output is shown when it failed."""
    try:
        done = subprocess.run(command, cwd=ROOT, check=False, text=True, errors="replace",
                              stdout=sys.stderr if watched else subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError as error:
        raise Failure(f"{error.filename} is missing; scripts/bootstrap installs it") from error
    if done.returncode != 0:
        output = "\n".join([""] + (done.stdout or "").splitlines()[-60:])
        raise Failure(f"preset {preset} does not build: `{' '.join(command)}` failed{output}")
