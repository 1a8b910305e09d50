"""scripts/plants: how patches are read and applied, what counts as killed, and that every patch of fuzz/plants still applies."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import plant_patches, plants  # noqa: E402
from pagetwin_lib.processes import Processes  # noqa: E402
from pagetwin_lib.project import Failure  # noqa: E402

HEADER = """# bug: PT-999 Something is wrong
# class: TLB
# target: tlb_x86_64
# budget: 60
# shortest: 2
# oracle: O6 O13
"""
DIFF = """--- a/src/a.hpp
+++ b/src/a.hpp
@@ -1,3 +1,3 @@
 one
-two
+2
 three
"""
CHANGED = {"src/a.hpp": "zero\none\n2\nthree\nfour\n"}
# The engine, as far as scripts/plants sees it: it has found something, or lets the time pass.
ENGINE = '''#!/usr/bin/python3
import sys
options = dict(word[1:].split("=", 1) for word in sys.argv[1:] if word.startswith("-"))
print("pagetwin: diverged SIGNATURE")
path = options["artifact_prefix"] + "trace-1.ops"
open(path, "w").write("# why\\npagetwin 1 toy\\ntarget a\\nset n=1\\n" + "put k=1 -> ok\\n" * OPS)
print("pagetwin: signature SIGNATURE", "pagetwin: trace " + path, "pagetwin: executions=10 operations=20", sep="\\n")
sys.exit(77)
'''
QUIET = "#!/bin/sh\necho 'pagetwin: executions=10 operations=20'\n"
BUSY = "#!/usr/bin/python3\nwhile True: pass\n"
# A clean program must not see what a faulty one had answered.
CLEAN = "#!/bin/sh\n! grep -q -e '->' \"$2\"\n"
FAILS = "#!/bin/sh\nexit 1\n"


def read(text: str) -> plant_patches.Plant:
    return plant_patches.parse("01_test", text)


class Patches(unittest.TestCase):
    def refused(self, text: str) -> str:
        with self.assertRaises(Failure) as caught:
            read(text)
        return str(caught.exception)

    def test_a_patch_says_what_it_plants_and_who_must_see_it(self):
        self.assertEqual(read(HEADER + DIFF), plant_patches.Plant(
            "01_test", "PT-999 Something is wrong", "TLB", "tlb_x86_64", 60.0, 2, ("O6", "O13"),
            (plant_patches.Hunk("src/a.hpp", "one\ntwo\nthree\n", "one\n2\nthree\n"),)))

    def test_what_is_missing_is_named(self):
        self.assertEqual(self.refused(HEADER.replace("# class: TLB\n", "") + DIFF),
                         "01_test: expected lines '# class: ...' before the diff, found none")

    def test_a_number_is_a_number(self):
        self.assertEqual(self.refused(HEADER.replace("60", "long") + DIFF), "01_test: budget: expected a number, found 'long'")

    def test_an_oracle_may_have_a_shortest_trace_of_its_own(self):
        plant = read(HEADER.replace("O6 O13", "O6 O13:5") + DIFF)
        self.assertTrue(plant.expects("O13") and plant.expects("O6"))
        self.assertFalse(plant.expects("O1"))
        self.assertEqual([plant.shortest_of(oracle) for oracle in ("O13", "O6", "O1")], [5, 2, 2])
        self.assertEqual(self.refused(HEADER.replace("O6 O13", "O6 O13:five") + DIFF),
                         "01_test: oracle: expected a name such as O1 or O1:5, found 'O13:five'")

    def test_the_target_exists(self):
        self.assertIn("found 'tlb_z80'", self.refused(HEADER.replace("tlb_x86_64", "tlb_z80") + DIFF))

    def test_only_src_is_planted(self):
        self.assertEqual(self.refused(HEADER + DIFF.replace("src/", "fuzz/")),
                         "01_test: expected a unified diff of files in src, found ['fuzz/a.hpp']")
        self.assertIn("found none", self.refused(HEADER))


class Applying(unittest.TestCase):
    plant = read(HEADER + DIFF)

    def refused(self, files: dict[str, str]) -> str:
        with self.assertRaises(Failure) as caught:
            self.plant.applied(files)
        return str(caught.exception)

    def test_lines_are_found_where_they_have_moved(self):
        self.assertEqual(self.plant.applied({"src/a.hpp": "zero\none\ntwo\nthree\nfour\n", "src/b.hpp": "one\n"}), CHANGED)

    def test_lines_that_changed_are_named(self):
        text = "01_test does not apply to src/a.hpp: expected these lines once, found them 0 times:\none\ntwo\nthree\n"
        self.assertEqual(self.refused({"src/a.hpp": "one\ntwo three\n"}), text)
        self.assertEqual(self.refused({"src/b.hpp": "one\ntwo\nthree\n"}), text)

    def test_lines_that_are_there_twice_are_refused(self):
        self.assertIn("found them 2 times", self.refused({"src/a.hpp": "one\ntwo\nthree\n" * 2}))

    def test_only_whole_lines_count(self):
        self.assertIn("found them 0 times", self.refused({"src/a.hpp": "someone\ntwo\nthree\n"}))

    def test_hunks_of_one_file_add_up(self):
        plant = read(HEADER + DIFF + "@@ -9 +9 @@\n-four\n+4\n")
        self.assertEqual(plant.applied({"src/a.hpp": "one\ntwo\nthree\nfour\n"}), {"src/a.hpp": "one\n2\nthree\n4\n"})


class Choosing(unittest.TestCase):
    def test_plants_are_named_by_how_their_names_begin(self):
        one, two = read(HEADER + DIFF), plant_patches.parse("02_other", HEADER + DIFF)
        self.assertEqual(plant_patches.choose([one, two], []), [one, two])
        self.assertEqual(plant_patches.choose([one, two], ["02"]), [two])
        with self.assertRaises(Failure):
            plant_patches.choose([one, two], ["01", "3"])

    def test_a_number_is_one_plant_and_not_those_whose_numbers_begin_so(self):
        short, long = plant_patches.parse("17_test", HEADER + DIFF), plant_patches.parse("170_test", HEADER + DIFF)
        self.assertEqual(plant_patches.choose([short, long], ["17"]), [short])
        self.assertEqual(plant_patches.choose([short, long], ["17_"]), [short])
        self.assertEqual(plant_patches.choose([short, long], ["170"]), [long])
        self.assertEqual(plant_patches.choose([read(HEADER + DIFF)], ["1"]), [read(HEADER + DIFF)])
        with self.assertRaises(Failure):
            plant_patches.choose([long], ["17"])


class Workshop:
    """A build that is there already."""

    def __init__(self, folder: Path, engine: str) -> None:
        self._folder, self._engine = folder, engine
        self.made: list[tuple] = []

    def make(self, changed: dict[str, str], programs: list[str]) -> None:
        self.made.append((changed, programs))
        self.write(self.program("tlb_x86_64"), self._engine)

    def program(self, name: str) -> Path:
        return self._folder / name

    @staticmethod
    def write(path: Path, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)


class Hunting(unittest.TestCase):
    def hunt(self, engine: str, clean: str = CLEAN, header: str = HEADER) -> plants.Result:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            shop = Workshop(folder, engine)
            shop.write(folder / "clean", clean)
            hunter = plants.Hunter(shop, lambda _: folder / "clean", folder / "runs", Processes())
            result = hunter.hunt(read(header + DIFF), {"src/a.hpp": "zero\none\ntwo\nthree\nfour\n"}, 7)
            self.assertEqual(shop.made, [(CHANGED, ["tlb_x86_64", "tlb_x86_64_replay"])])
            return result

    def engine(self, ops: int = 2, signature: str = "O6 tlb: fill line held") -> str:
        return ENGINE.replace("OPS", str(ops)).replace("SIGNATURE", signature)

    def test_found_in_time_and_short(self):
        result = self.hunt(self.engine(3))
        self.assertEqual((result.verdict, result.oracle, result.ops, result.executions), ("killed", "O6 tlb", 3, 10))
        self.assertTrue(result.good)

    def test_more_than_one_operation_too_many(self):
        self.assertEqual(self.hunt(self.engine(4)).verdict, "LONG")

    def test_an_oracle_that_takes_more_is_measured_by_its_own(self):
        header = HEADER.replace("O6 O13", "O6:3 O13")
        result = self.hunt(self.engine(4), header=header)
        self.assertEqual((result.verdict, result.oracle, result.shortest), ("killed", "O6 tlb", 3))
        self.assertEqual(self.hunt(self.engine(5), header=header).verdict, "LONG")
        self.assertEqual(self.hunt(self.engine(4, "O13 flush log: leaf"), header=header).verdict, "LONG")

    def test_an_oracle_that_nobody_expected_gets_a_star(self):
        result = self.hunt(self.engine(2, "O1 lookup: map mapped"))
        self.assertEqual((result.verdict, result.oracle), ("killed", "O1 lookup*"))

    def test_a_trace_that_fails_without_the_plant_proves_nothing(self):
        self.assertEqual(self.hunt(self.engine(), FAILS).verdict, "FAILS WITHOUT IT")

    def test_what_is_not_found_survives(self):
        result = self.hunt(QUIET)
        self.assertEqual((result.verdict, result.signature, result.ops, result.executions), ("SURVIVED", None, None, 10))

    def test_the_budget_is_cpu_time(self):
        result = self.hunt(BUSY, header=HEADER.replace("60", "1"))
        self.assertEqual(result.verdict, "SURVIVED")
        self.assertGreaterEqual(result.cpu_seconds, 0.9)
        self.assertLess(result.cpu_seconds, 3)

    def test_what_does_not_build_is_no_kill(self):
        class Broken(Workshop):
            def make(self, changed, programs):
                raise Failure("error: expected ';'")
        hunter = plants.Hunter(Broken(Path(), ""), lambda _: Path(), Path(), Processes())
        result = hunter.hunt(read(HEADER + DIFF), {"src/a.hpp": "one\ntwo\nthree\n"}, 1)
        self.assertEqual((result.verdict, result.note, result.good), ("NOT BUILT", "error: expected ';'", False))


class Locking(unittest.TestCase):
    def test_two_hunts_do_not_share_a_copy(self):
        with tempfile.TemporaryDirectory() as name:
            first = plants.lock(Path(name) / "plants")
            with self.assertRaises(Failure):
                plants.lock(Path(name) / "plants")
            os.close(first)
            os.close(plants.lock(Path(name) / "plants"))


class Committed(unittest.TestCase):
    def test_every_patch_applies_to_the_sources_of_now_and_changes_them(self):
        files = plant_patches.sources()
        for plant in plant_patches.read_all():
            with self.subTest(plant.name):
                for path, text in plant.applied(files).items():
                    self.assertNotEqual(text, files[path])

    def test_there_are_twenty_bugs_and_five_of_them_in_translation_caches(self):
        found = plant_patches.read_all()
        self.assertGreaterEqual(len({plant.bug.split()[0] for plant in found}), 20)
        self.assertGreaterEqual(sum(any(h.path.startswith("src/tlb/") for h in plant.hunks) for plant in found), 5)

    def test_the_command_line(self):
        def run(*words: str) -> subprocess.CompletedProcess:
            return subprocess.run([str(ROOT / "scripts" / "plants"), *words], capture_output=True, text=True, check=False)
        self.assertEqual(run("--check").returncode, 0)
        self.assertIn("01_", run("--list").stdout)
        refused = run("--list", "no_such_plant")
        self.assertEqual((refused.returncode, refused.stdout), (2, ""))
        self.assertIn("found 'no_such_plant'", refused.stderr)


if __name__ == "__main__":
    unittest.main()
