"""Examples of the documents that are compiled: what a reader copies is what a test runs."""

import re
import textwrap
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def example_of_test(path: str) -> str:
    """What is between the two marks."""
    found = re.search(r"^ *// docs: begin\n(.*?)^ *// docs: end$", (ROOT / path).read_text(encoding="utf-8"),
                      re.MULTILINE | re.DOTALL)
    return textwrap.dedent(found[1])


class Examples(unittest.TestCase):
    def test_each_is_the_one_that_is_compiled(self):
        for document, test in (("table.md", "tests/threads/example_test.cpp"), ("sekvm.md", "tests/stage2/example_test.cpp"),
                               ("l4.md", "tests/space/example_test.cpp"), ("hvisor.md", "tests/os/example_test.cpp")):
            blocks = re.findall(r"^```cpp\n(.*?)^```$", (ROOT / "docs" / document).read_text(encoding="utf-8"),
                                re.MULTILINE | re.DOTALL)
            with self.subTest(document):
                self.assertEqual(blocks, [example_of_test(test)])


if __name__ == "__main__":
    unittest.main()
