"""A repository of its own for a test, with our scripts and commits whose benchmark program is made up."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent.parent / "scripts"

FAKE_BENCH = '''#!/usr/bin/python3
import json, random, subprocess, sys
options = dict(a.split("=", 1) for a in sys.argv[1:] if "=" in a)
if len(sys.argv) > 1 and sys.argv[1] == "--count":
    sys.exit(1)
subprocess.run([sys.executable, "-c", "import sys, time; time.sleep(float(sys.argv[2]))", sys.argv[0], "SLEEP"])
rows = [{"name": n, "run_name": n, "run_type": "iteration", "iterations": 1, "time_unit": "ns", "real_time": 1.0,
         "cpu_time": 100 * f * (1 + abs(random.gauss(0, 0.001)))} for n, f in (("W1/tiny", 1), ("W2/tiny", FACTOR))]
json.dump({"context": {}, "benchmarks": rows}, open(options["--benchmark_out"], "w"))
'''
PRESETS = {"version": 6, "configurePresets": [{"name": "bench", "generator": "Ninja",
                                               "binaryDir": "${sourceDir}/build/bench"}],
           "buildPresets": [{"name": "bench", "configurePreset": "bench"}]}
CMAKE = """cmake_minimum_required(VERSION 3.25)
project(fake NONE)
add_custom_target(pagetwin_bench COMMAND install -D -m 755 ${CMAKE_SOURCE_DIR}/bench.py ${CMAKE_BINARY_DIR}/bin/pagetwin_bench)
"""


@unittest.skipUnless(shutil.which("cmake") and shutil.which("git"), "cmake or git is not installed")
class BenchRepository(unittest.TestCase):
    def setUp(self):
        self.repository = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.repository)
        (self.repository / "scripts").mkdir()
        for script in ("bench", "bench_compare", "bootstrap"):
            shutil.copy(SCRIPTS / script, self.repository / "scripts")
        shutil.copytree(SCRIPTS / "pagetwin_lib", self.repository / "scripts" / "pagetwin_lib",
                        ignore=shutil.ignore_patterns("__pycache__"))
        (self.repository / ".gitignore").write_text("/build/\n/out/\n")
        self.git("init", "-q", "-b", "main")
        self.commit("no benchmarks yet", {})

    def git(self, *args: str) -> str:
        env = {**os.environ, "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t",
               "GIT_COMMITTER_EMAIL": "t@t", "GIT_CONFIG_GLOBAL": os.devnull}
        return subprocess.run(["git", "-C", str(self.repository), *args], check=True, capture_output=True, text=True,
                              env=env).stdout

    def commit(self, message: str, files: dict[str, str]) -> None:
        for name, content in files.items():
            (self.repository / name).write_text(content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def bench_commit(self, factor: float, sleep: float = 0) -> None:
        bench = FAKE_BENCH.replace("FACTOR", str(factor)).replace("SLEEP", str(sleep))
        self.commit(f"factor {factor}", {"bench.py": bench, "CMakeLists.txt": CMAKE, "CMakePresets.json": json.dumps(PRESETS)})

    def interrupted(self, command: list[str], line_begins: str) -> tuple[int, str]:
        """The exit status, and what else it wrote, of a command that gets Ctrl-C when it has written such a line."""
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, cwd=self.repository) as running:
            for line in running.stderr:
                if line.startswith(line_begins):
                    break
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=30)
        return running.returncode, errors

    def assert_no_worktree_is_left(self):
        self.assertEqual(len(self.git("worktree", "list").splitlines()), 1)
        left = [path.name for path in (self.repository / "build" / "compare").iterdir() if path.is_dir()]
        self.assertEqual(left, [])

    def processes_of_the_repository(self) -> list[str]:
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                found += [line for line in [path.read_text(errors="replace")] if str(self.repository) in line]
        return found
