// The address spaces over formats of every kind: narrow words, duplicated descriptors, break-before-make,
// roots of several nodes, second stages. What is general is tested over the tiny format.
#include "fuzz/oracles/tiny_32_format.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/all.hpp"
#include "tests/space/spaces.hpp"

namespace pagetwin::test {
namespace {

template <class F>
class SpaceFormats : public testing::Test {
 protected:
  // Pages of the second smallest size, of which sigma0 has two.
  static constexpr std::uint64_t large = bytes_of(F::sizes[1].log2_bytes - F::page_shift);
  static constexpr Budget budget{.pages = 2 * large, .nodes = 256, .mappings = 3 * large + 16, .parts = 16};
  static std::string unit(std::uint64_t at, std::uint64_t pages, const std::string& from,
                          const std::string& rest = " rwx") {
    return std::to_string(at) + "+" + std::to_string(pages) + from + rest;
  }
};
using Formats = testing::Types<Tiny, TinyWide, Tiny32, X86_64_5, Ept4, Aarch64S1_4k, Aarch64S1_64k,
                               Aarch64S1_16kLpa2, Aarch64S2_4k, Armv7, RiscvSv39, RiscvSv48x4>;
TYPED_TEST_SUITE(SpaceFormats, Formats);

TYPED_TEST(SpaceFormats, PagesAreMappedAccessedAndTaken) {
  Spaces<TypeParam> s(this->budget);
  EXPECT_EQ(s.map(0, 1, 1, 5), 1U);
  EXPECT_EQ(s.map(1, 5, 2, 3, 1, rw), 1U);
  EXPECT_TRUE(s.access(1, 5, AccessKind::execute));
  EXPECT_TRUE(s.access(2, 3, AccessKind::write));
  EXPECT_FALSE(s.access(2, 3, AccessKind::execute));
  EXPECT_EQ(s.show(2), "3+1<1:5 rw- aw");
  EXPECT_EQ(s.unmap(0, 1, 1, w | x), "awx");
  EXPECT_FALSE(s.access(2, 3, AccessKind::write));
  EXPECT_TRUE(s.access(2, 3, AccessKind::read));
  EXPECT_EQ(s.grant(2, 3, 3, 7), 1U);
  EXPECT_EQ(s.show(1) + s.show(2) + s.show(3), "5+1<0:1 r-- a7+1<1:5 r--");
  EXPECT_EQ(s.flush(1, 5), "a");
  EXPECT_EQ(s.show(1) + s.show(3), "");
}
TYPED_TEST(SpaceFormats, LargerUnitsAreDerivedSplitAndMergedAgain) {
  Spaces<TypeParam> s(this->budget);
  const std::uint64_t n = this->large;
  EXPECT_EQ(s.map(0, 0, 1, 0, n), n);
  EXPECT_EQ(s.map(1, 0, 2, 0, n), n);
  const std::string small = this->unit(1, 1, "<2:1");
  s.map(2, 1, 3, 1);
  EXPECT_EQ(s.show(1) + s.show(2) + s.show(3), this->unit(0, n, "<0:0") + this->unit(0, n, "<1:0") + small);
  EXPECT_TRUE(s.access(2, n - 1, AccessKind::read));
  EXPECT_EQ(s.flush(1, 0), "a");
  EXPECT_EQ(s.used()[1], (s.show(0).size() > 20 ? 2U : 1U) + 2 * (n - 1) + 1);
  EXPECT_EQ(s.show(3), small);
  for (const unsigned space : {1U, 2U}) {
    EXPECT_EQ(s.map(space - 1, 0, space, 0), 1U);
    EXPECT_EQ(s.merge(space, 0, n), Status::ok);
  }
  EXPECT_EQ(s.show(1) + s.show(2) + s.show(3),
            this->unit(0, n, "<0:0") + this->unit(0, n, "<1:0", " rwx a") + small);
}

} // namespace
} // namespace pagetwin::test
