// Many derivations, deep and wide: nothing follows them on the stack, and an operation costs what it meets.
#include "src/arch/x86_64.hpp"
#include "tests/space/spaces.hpp"

namespace pagetwin::test {
namespace {

using S = Spaces<X86_64_4>;
constexpr std::uint64_t very_many = 100'000, many = 10'000;
constexpr Budget roomy{.pages = 2, .nodes = 1024, .mappings = very_many + 16};

// Page i + 1 of space 1 is derived from page i.
void chain(S& s, std::uint64_t length = many) {
  s.stop_auditing();
  s.map(0, 0, 1, 0);
  for (std::uint64_t i = 1; i < length; ++i)
    s.map(1, i - 1, 1, i);
  EXPECT_EQ(s.used()[1], length + 2);
}
TEST(Depth, AChainOfMappingsIsUnmappedAsAWhole) {
  S s(roomy);
  chain(s, very_many);
  EXPECT_TRUE(s.access(1, very_many - 1, AccessKind::write));
  EXPECT_EQ(s.unmap(1, 0), "aw");
  EXPECT_EQ(s.show(1), "0+1<0:0 rwx");
}
TEST(Depth, AChainLosesARightFromEndToEnd) {
  S s(roomy);
  chain(s);
  s.unmap(0, 0, 1, w);
  EXPECT_FALSE(s.access(1, many - 1, AccessKind::write));
  EXPECT_TRUE(s.access(1, many - 1, AccessKind::read));
  EXPECT_EQ(s.used()[1], many + 2);
}
TEST(Depth, TheEndOfAChainGoesAlone) {
  S s(roomy);
  chain(s);
  s.unmap(1, many - 2);
  EXPECT_EQ(s.used()[1], many + 1);
  s.flush(1, many / 2);
  EXPECT_EQ(s.used()[1], many / 2 + 2);
}
TEST(Depth, APageMappedManyTimesIsUnmappedAsAWhole) {
  S s(roomy);
  s.stop_auditing();
  for (std::uint64_t i = 0; i < many; ++i)
    s.map(0, 0, 1, i);
  s.map(0, 1, 2, 7);
  s.unmap(0, 0);
  EXPECT_EQ(s.show(1), "");
  EXPECT_EQ(s.show(2), "7+1<0:1 rwx");
}
TEST(Depth, ASpaceWithAChainIsDeleted) {
  S s(roomy);
  chain(s);
  EXPECT_EQ(s.destroy(1), Status::ok);
  EXPECT_EQ(s.used()[1], 2U);
}

} // namespace
} // namespace pagetwin::test
