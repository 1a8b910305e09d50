"""scripts/check_layers: each rule with a file that breaks it and one that does not."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib import layers  # noqa: E402

HEADERS = ("src/base/address.hpp", "src/arch/format.hpp", "src/table/walk.hpp", "src/tlb/tlb.hpp", "src/space/space.hpp",
           "src/stage2/s2.hpp", "src/os/os.hpp", "reference/flat_map.hpp", "fuzz/twin/op.hpp", "fuzz/oracles/ledger.hpp",
           "fuzz/machines/table.hpp", "fuzz/emulators/emulator.hpp", "fuzz/targets/t.hpp", "tests/table/dice.hpp",
           "bench/raw.hpp")
FOLDER = {header: header.rsplit("/", 1)[0] for header in HEADERS}
BOTH = {"src/base", "src/arch", "src/table", "src/tlb", "src/space", "src/stage2", "src/os", "reference", "fuzz/twin",
        "fuzz/oracles", "fuzz/machines", "fuzz/emulators"}
TABLE = {"src/base", "src/arch", "src/table"}
# The table of the design, written a second time by folder: who sees exactly whom.
SEES = {
    "reference": {"reference"},
    "reference/mmu": {"reference"},
    "src/base": {"src/base"},
    "src/arch": {"src/base", "src/arch"},
    "src/table": TABLE,
    "src/tlb": TABLE | {"src/tlb"},
    "src/space": TABLE | {"src/tlb", "src/space"},
    "src/stage2": TABLE | {"src/tlb", "src/stage2"},
    "src/os": TABLE | {"src/tlb", "src/os"},
    "fuzz/twin": {"fuzz/twin"},
    "fuzz/oracles": BOTH,
    "fuzz/machines": BOTH,
    "fuzz/emulators": {"fuzz/twin", "fuzz/emulators"},
    "fuzz/targets": {"fuzz/machines", "src/arch", "fuzz/twin"},
    "tests/table": set(FOLDER.values()) - {"bench"},
    "tests/bench": {"bench", "tests/table"},
    "bench": {"bench", "fuzz/twin", *(folder for folder in FOLDER.values() if folder.startswith("src/"))},
}


class Layers(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.root = Path(self._folder.name)
        for header in HEADERS:
            self.write(header, "#pragma once\n")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def check(self, name: str, text: str) -> list[str]:
        return [str(violation) for violation in layers.check_text(name, text, self.root)]

    def test_every_folder_sees_exactly_what_the_design_says(self):
        for folder, allowed in SEES.items():
            seen = {FOLDER[header] for header in HEADERS if not self.check(f"{folder}/new.cpp", f'#include "{header}"\n')}
            self.assertEqual(seen, allowed, folder)

    def test_of_the_oracles_a_target_sees_the_tiny_format_only(self):
        self.write("fuzz/oracles/tiny_format.hpp", "#pragma once\n")
        self.assertEqual(self.check("fuzz/targets/tiny.cpp", '#include "fuzz/oracles/tiny_format.hpp"\n'), [])

    def test_one_benchmark_measures_the_models(self):
        self.assertEqual(self.check("bench/models.cpp", '#include "fuzz/machines/table.hpp"\n'), [])
        self.assertEqual(len(self.check("bench/models.cpp", '#include "reference/flat_map.hpp"\n')), 1)

    def test_a_violation_names_file_line_and_rule(self):
        text = "// \"x\"\n/*\n#include \"reference/flat_map.hpp\"\n*/\n#  include \"reference/flat_map.hpp\"\n"
        self.assertEqual(self.check("src/table/a.cpp", text), [
            'src/table/a.cpp:5: src/table may include src/base, src/arch, src/table; not "reference/flat_map.hpp"'])

    def test_includes_start_at_the_root_and_exist(self):
        for target in ("walk.hpp", "../base/address.hpp", "./src/base/address.hpp", "/src/base/address.hpp", "src/base/none.hpp"):
            with self.subTest(target):
                self.assertIn("every include starts there", self.check("src/table/a.cpp", f'#include "{target}"\n')[0])

    def test_src_and_reference_include_the_standard_only(self):
        self.assertEqual(self.check("src/base/a.cpp", "#include <cstdint>\n#include <optional>\n"), [])
        for file, header in (("src/base/a.cpp", "sys/mman.h"), ("reference/a.cpp", "stdint.h"), ("src/base/a.cpp", "iostream")):
            self.assertEqual(len(self.check(file, f"#include <{header}>\n")), 1, header)
        self.assertEqual(self.check("fuzz/twin/a.cpp", "#include <sys/wait.h>\n"), [])
        self.assertEqual(self.check("reference/a.cpp", "#include <ostream>\n#include <map>\n"), [])

    def test_src_has_no_conditional_compilation(self):
        self.assertEqual(self.check("src/base/a.cpp", "#ifdef X\n#else\n#endif\n"), [
            "src/base/a.cpp:1: src has no #ifdef: variants are templates",
            "src/base/a.cpp:2: src has no #else: variants are templates"])
        self.assertEqual(self.check("fuzz/oracles/a.cpp", "#if X\n#endif\n"), [])

    def test_a_header_is_included_once(self):
        self.assertEqual(self.check("src/base/a.hpp", "// #pragma once\n"), ["src/base/a.hpp:1: a header has #pragma once"])
        self.assertEqual(self.check("src/base/a.cpp", ""), [])

    def test_a_folder_without_a_row_is_no_loophole(self):
        self.assertIn("no row of the include rules", self.check("src/new/a.cpp", '#include "src/base/address.hpp"\n')[0])

    def test_the_script_on_a_good_and_a_bad_tree(self):
        self.assertEqual(self.run_script(), (0, f"{len(HEADERS)} files, 0 violations\n"))
        self.write("reference/bad.cpp", '#include "src/base/address.hpp"\n')
        self.assertEqual(self.run_script(), (1, "reference/bad.cpp:1: reference may include reference; not "
                                                f'"src/base/address.hpp"\n{len(HEADERS) + 1} files, 1 violations\n'))

    def test_the_script_without_a_tree(self):
        self.root = self.root / "nothing"
        self.assertEqual(self.run_script()[0], 2)

    def run_script(self) -> tuple[int, str]:
        done = subprocess.run([str(ROOT / "scripts" / "check_layers"), "--root", str(self.root)], capture_output=True, text=True,
                              check=False)
        return done.returncode, done.stdout


if __name__ == "__main__":
    unittest.main()
