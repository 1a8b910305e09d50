"""scripts/oracles: what it makes of what the programs say, and how it ends."""

import io
import json
import re
import signal
import subprocess
import sys
import threading
import time
import unittest
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import foreign_mmus, oracles_command  # noqa: E402
from pagetwin_lib.oracle_report import Report  # noqa: E402
from pagetwin_lib.project import BAD_INPUT, FAILED, INTERRUPTED, OK, Failure  # noqa: E402

LATE = {"name": "late", "manual": "section 4", "count": 3}
NEVER = {"name": "never", "manual": "section 5", "count": 0}


def oracle(form="sv39", name="qemu", probes=10, unexplained=0, explained=(), restarts=0) -> str:
    return "pagetwin: oracle " + json.dumps({"format": form, "oracle": name, "probes": probes, "damaged": 4, "not_judged": 1,
                                             "unexplained": unexplained, "restarts": restarts,
                                             "explained": list(explained)}) + "\n"


def tlb(form="sv39", name="qemu", stale=7, wrong=0) -> str:
    return "pagetwin: tlb " + json.dumps({"format": form, "oracle": name, "edits": 5, "accesses": 1_234, "not_judged": 2,
                                          "stale": stale, "wrong": wrong}) + "\n"


ABSENT = 'pagetwin: absent {"oracle":"kvm","reason":"there is no /dev/kvm"}\n'
NO_LA57 = 'pagetwin: absent {"oracle":"kvm-la57","reason":"a guest cannot set CR4.LA57"}\n'
NOBODY = 'pagetwin: nobody {"format":"ept_4"}\n'


def report(*lines: str, **statuses: int) -> Report:
    made = Report(statuses=statuses)
    made.read(lines)
    return made


class Reading(unittest.TestCase):
    def test_what_several_programs_say_of_one_format_is_added_up(self):
        row = report(oracle(explained=[LATE]), oracle(probes=5, explained=[LATE])).rows["sv39", "qemu"]
        self.assertEqual((row.probes, row.damaged, row.explained), (15, 8, {"late": 6}))

    def test_what_is_said_of_a_tlb_is_added_up(self):
        row = report(tlb(), tlb(stale=0, wrong=1)).tlbs["sv39", "qemu"]
        self.assertEqual((row.edits, row.accesses, row.not_judged, row.stale, row.wrong), (10, 2_468, 4, 7, 1))

    def test_lines_for_people_are_handed_on(self):
        finding = ["pagetwin: page_table_x: qemu: user read\n", "\n", "pagetwin: json {}\n", "pagetwin: oracle of what\n"]
        self.assertEqual(Report().read([*finding, oracle(), NOBODY]), finding)


class Ending(unittest.TestCase):
    def test_agreement_is_success(self):
        self.assertEqual(report(oracle(explained=[LATE]), ABSENT, NOBODY, a=OK).exit_status(complete=True), OK)

    def test_an_unexplained_disagreement_is_failure_also_beside_an_unused_deviation(self):
        self.assertEqual(report(oracle(unexplained=1, explained=[NEVER]), a=FAILED).exit_status(complete=True), FAILED)

    def test_a_program_that_failed_is_failure_whatever_it_printed(self):
        self.assertEqual(report(oracle(), a=FAILED, b=OK).exit_status(complete=False), FAILED)

    def test_a_program_that_could_not_run_is_an_error(self):
        self.assertEqual(report(oracle(), a=BAD_INPUT, b=OK).exit_status(complete=False), BAD_INPUT)

    def test_an_unused_deviation_is_an_error_of_a_complete_run_only(self):
        made = report(oracle(explained=[LATE, NEVER]), a=OK)
        self.assertEqual(made.exit_status(complete=True), BAD_INPUT)
        self.assertEqual(made.exit_status(complete=False), OK)

    def test_a_deviation_that_was_met_in_one_format_is_used(self):
        met = dict(NEVER, count=1)
        self.assertEqual(report(oracle(explained=[NEVER]), oracle("sv48", explained=[met]), a=OK).unused(), [])

    def test_the_same_name_of_two_oracles_is_two_deviations(self):
        made = report(oracle(explained=[LATE]), oracle(name="kvm", explained=[dict(LATE, count=0)]))
        self.assertEqual(made.unused(), [("kvm", "late")])

    def test_an_access_that_is_wrong_after_all_invalidations_is_failure(self):
        self.assertEqual(report(oracle(), tlb(wrong=1), a=FAILED).exit_status(complete=False), FAILED)
        self.assertEqual(report(oracle(), tlb(wrong=1), a=OK).exit_status(complete=False), FAILED)

    def test_a_tlb_that_never_kept_anything_is_an_error_of_a_complete_run_only(self):
        made = report(oracle(), tlb(), tlb("sv48", stale=0), a=OK)
        self.assertEqual(made.exit_status(complete=True), BAD_INPUT)
        self.assertEqual(made.exit_status(complete=False), OK)

    def test_no_oracle_at_all_is_an_error(self):
        self.assertEqual(report(ABSENT, NOBODY, a=OK).exit_status(complete=False), BAD_INPUT)


class Printing(unittest.TestCase):
    def test_everything_has_its_line(self):
        text = report(oracle(probes=1_000_000, explained=[LATE, NEVER]), oracle("x86_64_4"), ABSENT, NOBODY).render(complete=True)
        for line in (r"sv39 +qemu +1,000,000 +4 +1 +0", r"3 explained: late \(section 4\)",
                     r"ept_4 +not judged: no oracle here walks this format", r"skipped: kvm: there is no /dev/kvm",
                     r"error: qemu: the known deviation 'never' was never met"):
            self.assertRegex(text, line)
        self.assertIn("not judged: contiguous sets", text)

    def test_an_oracle_that_was_started_again_is_told(self):
        made = report(oracle(restarts=2), oracle(restarts=1), a=OK)
        self.assertRegex(made.render(complete=False), r"sv39 +qemu +20 .*\n +3 restarts: it died or was silent")
        self.assertEqual(made.exit_status(complete=False), OK)
        self.assertNotIn("restarts", report(oracle()).render(complete=False))

    def test_an_oracle_is_skipped_where_a_format_could_use_it(self):
        text = report(oracle("x86_64_4"), ABSENT, NO_LA57).render(complete=False)
        self.assertIn("skipped: kvm: there is no /dev/kvm", text)
        self.assertNotIn("kvm-la57", text)
        self.assertIn("skipped: kvm-la57", report(oracle("x86_64_5"), NO_LA57).render(complete=False))

    def test_why_a_format_is_not_judged(self):
        nobody = 'pagetwin: nobody {"format":"x86_64_5"}\n'
        for chosen, lines, why in (([], [NOBODY], "ept_4 +not judged: no oracle here walks this format"),
                                   (["kvm"], [NOBODY], "ept_4 +not judged: no oracle here walks this format"),
                                   (["kvm"], [nobody], "x86_64_5 +not judged: kvm does not judge this format"),
                                   (["kvm", "unicorn"], [nobody], "not judged: kvm and unicorn do not judge this format"),
                                   ([], [NO_LA57, nobody], "x86_64_5 +not judged: kvm-la57 would, but is not here")):
            made = report(*lines)
            made.chosen = chosen
            self.assertRegex(made.render(complete=False), why)

    def test_a_tlb_has_a_line_of_its_own(self):
        text = report(oracle(), tlb(), tlb("sv48", stale=0)).render(complete=True)
        for line in (r"TLB truth +oracle +edits +accesses +not judged +stale before +wrong after",
                     r"sv39 +qemu +5 +1,234 +2 +7 +0", r"error: qemu: its TLB kept nothing of sv48 that was stale"):
            self.assertRegex(text, line)

    def test_the_columns_of_a_tlb_stand_below_their_names(self):
        text = report(oracle(name="qemu-riscv64-g"), tlb(name="qemu-riscv64-g")).render(complete=False)
        head, row, *_ = text[text.index("TLB truth"):].splitlines()
        self.assertEqual(len(row), len(head))

    def test_what_failed_is_named_at_the_end(self):
        text = report(oracle(), page_table_a=OK, page_table_b=FAILED, page_table_c=BAD_INPUT).render(complete=False)
        self.assertEqual(text.splitlines()[-2:], ["error: page_table_b: diverged or died; the report is above the table",
                                                  "error: page_table_c: ended with status 2; why is above the table"])
        self.assertNotIn("error", report(oracle(), page_table_a=OK).render(complete=False))

    def test_an_oracle_that_shows_no_tlb_is_named(self):
        self.assertRegex(report(oracle(), tlb("sv48")).render(complete=False), r"sv39 +qemu +not judged: no access of it goes")

    def test_a_format_that_one_oracle_judges_is_judged(self):
        self.assertEqual(report(oracle("ept_4"), NOBODY).not_judged(), [])

    def test_an_incomplete_run_does_not_speak_of_unused_deviations(self):
        self.assertNotIn("error", report(oracle(explained=[NEVER])).render(complete=False))


class Choosing(unittest.TestCase):
    def setUp(self):
        patch = mock.patch.object(oracles_command.builds, "targets",
                                  return_value=["codec", "page_table_ept", "page_table_riscv_sv39"])
        patch.start()
        self.addCleanup(patch.stop)

    def test_all_targets_that_have_tables(self):
        self.assertEqual(oracles_command.chosen([]), ["page_table_ept", "page_table_riscv_sv39"])

    def test_a_format_is_a_target_without_its_prefix(self):
        self.assertEqual(oracles_command.chosen(["riscv_sv39", "riscv_sv39"]), ["page_table_riscv_sv39"])

    def test_a_format_that_does_not_exist_is_named(self):
        for name, hint in (("sv40", "there are: ept, riscv_sv39"), ("sv39", r"did you mean riscv_sv39\?"),
                           ("page_table_ept", r"did you mean ept\?")):
            with self.assertRaisesRegex(Failure, f"--format: expected a format, found '{name}'; {hint}"):
                oracles_command.chosen([name])

    def test_a_trace_of_something_else_is_refused(self):
        of_ept = ROOT / "corpus" / "descriptor_ept" / "seed" / "memory_types_that_are_none.ops"
        for words, wanted in (((), r"a target page_table_\.\.\."), (("--format", "ept"), "page_table_ept")):
            with mock.patch.object(sys, "argv", ["oracles", *words, str(of_ept)]):
                args = oracles_command.arguments()
            with mock.patch.object(oracles_command.builds, "targets", return_value=["page_table_ept", "descriptor_ept"]), \
                    self.assertRaisesRegex(Failure, f"none.ops: expected a trace of {wanted}, found one of descriptor_ept"):
                oracles_command.traces(args, oracles_command.chosen(args.format))

    def test_an_oracle_that_does_not_exist_is_named_before_anything_is_built(self):
        for name, hint in (("qemu-x86", r"did you mean qemu-x86_64\?"), ("bochs", "there are: unicorn, qemu-aarch64, .*kvm-la57")):
            with mock.patch.object(sys, "argv", ["oracles", "--oracle", name]), \
                    self.assertRaisesRegex(Failure, f"^--oracle: expected an oracle, found '{name}'; {hint}$"):
                oracles_command.main()

    def test_an_oracle_that_walks_none_of_the_formats(self):
        with self.assertRaisesRegex(Failure, "^--oracle: kvm does not judge ept or armv7$"):
            foreign_mmus.check(["kvm"], ["ept", "armv7"])
        foreign_mmus.check(["kvm", "qemu-armv7"], ["plain", "armv7"])

    def test_the_oracles_are_those_of_the_sources_and_the_documents(self):
        document = (ROOT / "docs" / "emulators.md").read_text(encoding="utf-8")
        table = document[document.index("| oracle | what walks"):].split("\n\n")[0]
        described = [name for row in table.splitlines()[2:] for name in row.split("|")[1].replace(",", " ").split()]
        self.assertEqual(described, list(foreign_mmus.WALKS))
        sources = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "fuzz" / "emulators").glob("*.cpp")))
        for name in foreign_mmus.WALKS:
            self.assertIn(f'"{name}"', sources)
        for name in set(re.findall(r'\{"((?:aarch64|x86_64|riscv)_\w+)"', sources)):
            self.assertTrue(any(foreign_mmus.walks(oracle, name) for oracle in foreign_mmus.WALKS), name)


class Documents(unittest.TestCase):
    def test_every_known_deviation_is_in_them_by_its_name(self):
        document = (ROOT / "docs" / "emulators.md").read_text(encoding="utf-8")
        lists = sorted((ROOT / "fuzz" / "emulators").glob("*deviations.[ch]pp"))
        names = [name for path in lists for name in
                 re.findall(r'Deviation(?: \w+)?\{\s*"([^"]+)"', path.read_text(encoding="utf-8"))]
        self.assertGreater(len(names), 10)
        self.assertEqual([name for name in names if f"`{name}`" not in document], [])
        table = document[document.index("| oracle | deviation |"):].split("\n\n")[0]
        self.assertEqual(sorted(set(re.findall(r"`([^`]+)`", table)) - set(names)), [])


class Interrupted(unittest.TestCase):
    """After one of two formats."""

    def setUp(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.said, self.last = [], []

    def run_one(self, processes, target, _command):
        if target == "page_table_riscv_sv39":
            return self.first
        while not any("finished" in line for line in self.said):
            time.sleep(0.01)
        # For this thread: the wait of the main one goes on, as after a signal that came just before it began.
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        self.stopped = processes.stopped.wait(20)
        return FAILED, self.last

    def interrupt(self, status: int, *lines: str) -> tuple[int, str]:
        self.first = status, list(lines)
        with mock.patch.object(sys, "argv", ["oracles"]), mock.patch.object(oracles_command.builds, "build"), \
                mock.patch.object(oracles_command.builds, "targets", return_value=["page_table_ept", "page_table_riscv_sv39"]), \
                mock.patch.object(oracles_command, "traces", return_value={"page_table_riscv_sv39": [], "page_table_ept": []}), \
                mock.patch.object(oracles_command, "run_one", self.run_one), \
                mock.patch.object(oracles_command, "cores", lambda: 2), \
                mock.patch.object(oracles_command, "say", self.said.append), redirect_stdout(io.StringIO()) as printed:
            return oracles_command.main(), printed.getvalue()

    def test_what_is_finished_is_printed(self):
        status, printed = self.interrupt(OK, oracle())
        self.assertEqual(status, INTERRUPTED)
        self.assertTrue(self.stopped, "not before 20 s")
        self.assertRegex(printed, r"sv39 +qemu +10 +4 +1 +0")
        self.assertTrue(printed.endswith("\ninterrupted: 1 of 2 formats finished; not asked to the end: ept\n"), printed)
        self.assertEqual(self.said, ["riscv_sv39: finished, 1 format left"])

    def test_a_disagreement_is_not_hidden(self):
        self.assertEqual(self.interrupt(FAILED, oracle(unexplained=1))[0], FAILED)

    def test_what_was_found_where_it_was_not_finished_is_not_lost(self):
        self.last = ["pagetwin: page_table_ept: liar: user read\n", "pagetwin: json {}\n", "half of ano", "died with signal 2\n"]
        status, printed = self.interrupt(OK, oracle())
        self.assertEqual(status, FAILED)
        self.assertTrue(printed.startswith("pagetwin: page_table_ept: liar: user read\npagetwin: json {}\nformat "), printed)
        self.assertRegex(printed, "error: page_table_ept: diverged.*\ninterrupted: 1 of 2 formats finished; .*: ept\n$")


class CommandLine(unittest.TestCase):
    def run_it(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run([str(ROOT / "scripts" / "oracles"), *words], capture_output=True, text=True, check=False)

    def test_help_names_what_it_exits_with(self):
        done = self.run_it("--help")
        self.assertEqual(done.returncode, OK)
        for line in ("0 all agree", "130 interrupted", "stale before", "0: the corpus only"):
            self.assertIn(line, done.stdout)

    def test_what_it_does_not_know_is_bad_usage(self):
        for words in (("--format", "sv40"), ("--probes", "many"), ("--probes", "-1"), ("--oracle", "qemu"), ("--build", "none"),
                      ("missing.ops",)):
            done = self.run_it(*words)
            self.assertEqual((done.returncode, done.stdout), (BAD_INPUT, ""), words)


if __name__ == "__main__":
    unittest.main()
