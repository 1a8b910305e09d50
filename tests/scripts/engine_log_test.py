"""scripts/fuzz: what libFuzzer prints, read from lines that LLVM 19 has printed."""

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib.engine_log import EngineLog, crash_signature  # noqa: E402

QUIET = """INFO: Seed: 7
INFO:      600 files found in out/corpus/codec
#604\tINITED cov: 150 ft: 848 corp: 175/167Kb exec/s: 0 rss: 47Mb
#1318\tREDUCE cov: 150 ft: 848 corp: 175/167Kb lim: 4112 exec/s: 0 rss: 51Mb L: 96/4080 MS: 3 CustomCrossOver-Custom-
#32768\tpulse  cov: 150 ft: 849 corp: 176/162Kb lim: 4112 exec/s: 10922 rss: 120Mb
#47623\tDONE   cov: 151 ft: 850 corp: 177/162Kb lim: 4112 exec/s: 11905 rss: 193Mb
Done 47623 runs in 4 second(s)
stat::number_of_executed_units: 47623
stat::average_exec_per_sec:     11905
stat::peak_rss_mb:              193
pagetwin: executions=47624 operations=3397698
"""
DIVERGED = """#2\tINITED cov: 24 ft: 25 corp: 1/16b exec/s: 0 rss: 33Mb
pagetwin: diverged T1 get: get found
pagetwin: canary: T1 get: found a key that is not there, at operation 4 (get), address 0x0
pagetwin: signature T1 get: get found
pagetwin: trace out/artifacts/canary/trace-eb6f1bb623b0980e.ops
pagetwin: json {"target":"canary"}
pagetwin: executions=144 operations=2000
==7== ERROR: libFuzzer: deadly signal
    #0 0x55 in __sanitizer_print_stack_trace
SUMMARY: libFuzzer: deadly signal
artifact_prefix='out/artifacts/canary/'; Test unit written to out/artifacts/canary/crash-1984421d9ec34ccfe329d22ccec4638fefda9854
stat::number_of_executed_units: 143
"""
OVERFLOW = """#2\tINITED cov: 24 ft: 25 corp: 1/16b exec/s: 0 rss: 33Mb
==9==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x50 at pc 0x55
    #0 0x55 in bad_read /home/somebody/x/src/base/bad.hpp:5:10
SUMMARY: AddressSanitizer: heap-buffer-overflow /home/somebody/x/src/base/bad.hpp:5:10 in bad_read
artifact_prefix='out/artifacts/a/'; Test unit written to out/artifacts/a/crash-dd7aa6b62198a29bd494f29e8cfcb9b8a4308328
stat::number_of_executed_units: 55
"""


def read(text: str) -> EngineLog:
    log = EngineLog()
    for line in text.splitlines(keepends=True):
        log.feed(line)
    return log


class Reading(unittest.TestCase):
    def test_a_run_without_a_finding(self):
        self.assertEqual(read(QUIET), EngineLog(executions=47624, operations=3397698, edges=151, features=850, corpus=177,
                                                rate=11905))
        self.assertIsNone(read(QUIET).signature)

    def test_while_it_runs_the_last_line_counts(self):
        log = read("".join(QUIET.splitlines(keepends=True)[:5]))
        self.assertEqual((log.executions, log.rate, log.operations), (32768, 10922, None))

    def test_a_divergence_has_the_engines_signature_and_trace(self):
        log = read(DIVERGED)
        self.assertEqual(log.signature, "T1 get: get found")
        self.assertEqual(log.trace, "out/artifacts/canary/trace-eb6f1bb623b0980e.ops")
        self.assertEqual(log.artifact, "out/artifacts/canary/crash-1984421d9ec34ccfe329d22ccec4638fefda9854")
        self.assertEqual((log.executions, log.operations), (144, 2000))

    def test_a_divergence_whose_minimiser_dies_keeps_its_signature(self):
        log = read("pagetwin: diverged O3 ledger: leaked\nSUMMARY: libFuzzer: deadly signal\n")
        self.assertEqual(log.signature, "O3 ledger: leaked")

    def test_a_sanitizers_report_is_named_without_this_machines_paths(self):
        log = read(OVERFLOW)
        self.assertEqual(log.signature, "AddressSanitizer: heap-buffer-overflow src/base/bad.hpp:5 in bad_read")
        self.assertIsNone(log.trace)
        self.assertIsNone(log.operations)

    def test_timeouts_and_memory(self):
        self.assertEqual(crash_signature("libFuzzer: timeout"), "libFuzzer: timeout")
        self.assertEqual(crash_signature("libFuzzer: out-of-memory (malloc(2214592512))"), "libFuzzer: out-of-memory N")
        self.assertEqual(crash_signature("UndefinedBehaviorSanitizer: undefined-behavior fuzz/twin/a.cpp:3:9"),
                         "UndefinedBehaviorSanitizer: undefined-behavior fuzz/twin/a.cpp:3")
        self.assertEqual(crash_signature("AddressSanitizer: 48 byte(s) leaked in 2 allocation(s)."),
                         "AddressSanitizer: N leaked in N.")

    def test_an_artifact_without_a_report_is_a_finding(self):
        self.assertEqual(read("artifact_prefix='a/'; Test unit written to a/timeout-00ff\n").signature, "died without a report")

    def test_a_slow_unit_is_none(self):
        log = read("artifact_prefix='a/'; Test unit written to a/slow-unit-00ff\n")
        self.assertIsNone(log.signature)
        self.assertIsNone(log.artifact)

    def test_an_interruption_is_seen(self):
        self.assertTrue(read("==1== libFuzzer: run interrupted; exiting\n").interrupted)
        self.assertFalse(read(QUIET).interrupted)

    def test_noise_is_ignored(self):
        self.assertEqual(read("#\n#x\tNEW\n\0\xff\nstat::\npagetwin:\npagetwin: executions=x operations=1\n"), EngineLog())


if __name__ == "__main__":
    unittest.main()
