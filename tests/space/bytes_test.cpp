// What a mapping takes of memory, where it takes most: each is derived from another page of a superpage, so
// that every list of derived units has one, and has an array's word to itself.
#include "src/arch/all.hpp"
#include "tests/space/spaces.hpp"

namespace pagetwin::test {
namespace {

template <class F>
class SpaceBytes : public testing::Test {};
using Formats = testing::Types<X86_64_4, X86_64_5, Aarch64S1_4k, Aarch64S1_16k, RiscvSv39, RiscvSv48>;
TYPED_TEST_SUITE(SpaceBytes, Formats);

TYPED_TEST(SpaceBytes, AMappingTakesNoMoreThan48WithItsShareOfTablesAndArrays) {
  constexpr std::uint64_t count = 1U << 15U;
  Spaces<TypeParam> s({.pages = count, .nodes = 256, .mappings = 2 * count, .parts = 1U << 13U, .spaces = 2});
  s.stop_auditing();
  const std::uint64_t before = s.bytes();
  for (std::uint64_t i = 0; i < count; ++i)
    EXPECT_EQ(s.map(0, i, 1, i), 1U);
  EXPECT_LE(static_cast<double>(s.bytes() - before) / static_cast<double>(count), 48.0);
  EXPECT_GT(s.bytes() - before, 40 * count);
}

} // namespace
} // namespace pagetwin::test
