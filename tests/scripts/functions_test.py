"""scripts/check_functions: the scanner on samples whose functions are known."""

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

from pagetwin_lib.functions import Figures, Function, figures, functions  # noqa: E402

SAMPLE = r'''#include "src/base/address.hpp"
#define BODY(x) { x; } \
  void not_a_function() {
namespace a::b {
namespace {
int one() { return 1; }
}
// void commented() {
//}
/* void commented() { } */
constexpr std::array<int, 2> table{{1, 2}};
constexpr Schema schema{.name = "a{b", .take = make<3>(),
                        .next = {f(1)}};
const auto lambda = [](int x) {
  return x;
};
enum class Kind : unsigned { a, b };
struct Point {
  int x{0};
  int sum() const noexcept { return x; }
  friend bool operator==(const Point&, const Point&) = default;
  bool operator<(const Point& o) const {
    return x < o.x;
  }
  int operator()(int v) const {
    return v;
  }
};
template <typename T, int N = (3 > 2)>
class Box : public Point {
 public:
  explicit Box(int v) : Point{v}, a_{v}, b_(v) {
    a_ = 1;
  }
  Box(int v, int w)
      : a_{v},
        b_{w} {}
  ~Box() {
  }
  template <typename F>
    requires std::invocable<F, int>
  auto each(F f, std::string_view end = "}") -> decltype(f(1)) {
    if (end == "{") {
      for (char c : {'{', '}', '\''}) {
        f(c);
      }
    }
    const auto inner = [&](int) {
      return 1'000'000;
    };
    return f(inner(2));
  }
 private:
  int a_ = 0;
  int b_ = f(2);
};
std::optional<std::pair<int, int>> Outer::Inner::find(
    const std::map<int, int>& m) {
  return std::nullopt;
}
[[nodiscard]] struct Point make_point() {
  return Point{};
}
const char* help() {
  return R"(
  } { )" "}";
}
TEST(Box, IsASentence) {
  EXPECT_EQ(1, 1);
}
}
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return 0;
}
extern "C" {
void plain() {}
}
'''
EXPECTED = [("one", 1), ("sum", 1), ("operator<", 3), ("operator()", 3), ("Box", 3), ("Box", 1), ("~Box", 2), ("each", 11),
            ("Outer::Inner::find", 3), ("make_point", 3), ("help", 4), ("TEST(Box, IsASentence)", 3),
            ("LLVMFuzzerTestOneInput", 3), ("plain", 1)]


class Scanner(unittest.TestCase):
    maxDiff = None

    def test_finds_exactly_the_functions_of_the_sample(self):
        self.assertEqual([(function.name, function.lines) for function in functions(SAMPLE)], EXPECTED)

    def test_says_where_the_body_begins(self):
        self.assertEqual(functions("\n\nint f(int a,\n      int b)\n{\n\n}\n"), [Function("f", 5, 3)])

    def test_a_long_function_is_seen_whatever_it_holds(self):
        body = "  if (x) {\n    y({1, 2});\n  }\n" * 30
        self.assertEqual(functions("void g() {\n" + body + "}\nint after() { return 1; }\n"),
                         [Function("g", 1, 92), Function("after", 93, 1)])

    def test_a_file_that_ends_early(self):
        self.assertEqual([function.name for function in functions("void f() {\n  if (a) {\n")], ["f"])
        self.assertEqual(functions(""), [])

    def test_figures(self):
        self.assertEqual(figures([1, 2, 3, 70]), Figures(4, 2.5, 70))
        self.assertEqual(figures([]), Figures(0, 0, 0))


if __name__ == "__main__":
    unittest.main()
