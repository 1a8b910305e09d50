// Each row of the table of operations in docs/l4.md, page by page. Whole contents of spaces are compared, as
// Spaces::show writes them. x86-64, so that small memories are single pages.
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/space/spaces.hpp"

namespace pagetwin::test {
namespace {

using S = Spaces<X86_64_4>;

TEST(AddressSpaces, SigmaZeroMapsAllOfItsMemoryAndNothingIsDerivedFromIt) {
  S s({.pages = 3});
  EXPECT_EQ(s.show(0), "0+1=0 rwx, 1+1=1 rwx, 2+1=2 rwx");
  EXPECT_EQ(s.show(1), "");
}
TEST(AddressSpaces, CreateMakesAnEmptySpace) {
  S s({.pages = 1, .spaces = 2});
  EXPECT_FALSE(s.tested().exists(2));
  EXPECT_EQ(s.create(2), Status::ok);
  EXPECT_TRUE(s.tested().exists(2));
  EXPECT_EQ(s.show(2), "");
}
TEST(AddressSpaces, DeleteTakesWithItWhatIsDerivedFromTheSpace) {
  S s({.pages = 2});
  s.map(0, 0, 1, 8);
  s.map(1, 8, 2, 9);
  s.map(0, 1, 2, 10);
  EXPECT_EQ(s.destroy(1), Status::ok);
  EXPECT_FALSE(s.tested().exists(1));
  EXPECT_EQ(s.show(2), "10+1<0:1 rwx");
}
TEST(AddressSpaces, ASpaceThatIsCreatedAgainHasNothingOfWhatItHad) {
  S s({.pages = 2});
  s.map(0, 0, 1, 8);
  EXPECT_TRUE(s.access(1, 8, AccessKind::read));
  EXPECT_EQ(s.destroy(1), Status::ok);
  EXPECT_EQ(s.create(1), Status::ok);
  EXPECT_EQ(s.show(1), "");
  EXPECT_FALSE(s.access(1, 8, AccessKind::read));
}
TEST(AddressSpaces, MapDerivesAPageFromItsSource) {
  S s({.pages = 2});
  EXPECT_EQ(s.map(0, 1, 1, 5), 1U);
  EXPECT_EQ(s.map(1, 5, 2, 7), 1U);
  EXPECT_EQ(s.show(1), "5+1<0:1 rwx");
  EXPECT_EQ(s.show(2), "7+1<1:5 rwx");
}
TEST(AddressSpaces, MapGivesNoRightThatItsSourceLacks) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5, 1, rw);
  s.map(1, 5, 2, 7, 1, all_rights);
  s.map(1, 5, 3, 7, 1, rx);
  EXPECT_EQ(s.show(2), "7+1<1:5 rw-");
  EXPECT_EQ(s.show(3), "7+1<1:5 r--");
}
TEST(AddressSpaces, MapFlushesWhatWasAtItsDestination) {
  S s({.pages = 2});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 7);
  EXPECT_EQ(s.map(0, 1, 1, 5), 1U);
  EXPECT_EQ(s.show(1), "5+1<0:1 rwx");
  EXPECT_EQ(s.show(2), "");
}
TEST(AddressSpaces, MapOfAHoleDoesNothingAndFlushesNothing) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  EXPECT_EQ(s.map(0, 3, 1, 5), 0U);
  EXPECT_EQ(s.show(1), "5+1<0:0 rwx");
}
TEST(AddressSpaces, MapWithoutACommonRightDoesNothingAndFlushesNothing) {
  Spaces<Tiny> s({.pages = 1}); // which has writing without reading
  s.map(0, 0, 1, 5, 1, r);
  s.map(0, 0, 2, 6);
  EXPECT_EQ(s.map(1, 5, 2, 6, 1, w), 0U);
  EXPECT_EQ(s.grant(1, 5, 2, 6, 1, w), 0U);
  EXPECT_EQ(s.show(1), "5+1<0:0 r--");
  EXPECT_EQ(s.show(2), "6+1<0:0 rwx");
}
TEST(AddressSpaces, MappingAgainFromTheSameSourceBeginsAnew) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5, 1, r);
  s.map(1, 5, 2, 7);
  EXPECT_EQ(s.map(0, 0, 1, 5, 1, rw), 1U);
  EXPECT_EQ(s.show(1), "5+1<0:0 rw-");
  EXPECT_EQ(s.show(2), "");
}
TEST(AddressSpaces, GrantPassesOnWhatTheSourceIsDerivedFrom) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 7);
  EXPECT_EQ(s.grant(1, 5, 3, 9, 1, rw), 1U);
  EXPECT_EQ(s.show(1), "");
  EXPECT_EQ(s.show(2), "") << "derived from the source, which is gone";
  EXPECT_EQ(s.show(3), "9+1<0:0 rw-");
}
TEST(AddressSpaces, GrantOfSigmaZerosPagePassesOnTheFrame) {
  S s({.pages = 2});
  EXPECT_EQ(s.grant(0, 1, 1, 5), 1U);
  EXPECT_EQ(s.show(0), "0+1=0 rwx");
  EXPECT_EQ(s.show(1), "5+1=1 rwx");
}
TEST(AddressSpaces, UnmapTakesAllThatIsDerivedAndLeavesThePage) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  s.map(1, 5, 3, 6);
  s.map(3, 6, 3, 7);
  EXPECT_EQ(s.unmap(1, 5), "");
  EXPECT_EQ(s.show(1), "5+1<0:0 rwx");
  EXPECT_EQ(s.show(2) + s.show(3), "");
}
TEST(AddressSpaces, UnmapTakesSomeRightsFromAllThatIsDerived) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6, 1, rw);
  s.map(2, 6, 3, 7, 1, rw);
  s.unmap(0, 0, 1, w);
  EXPECT_EQ(s.show(0), "0+1=0 rwx");
  EXPECT_EQ(s.show(1), "5+1<0:0 r-x");
  EXPECT_EQ(s.show(2), "6+1<1:5 r--");
  EXPECT_EQ(s.show(3), "7+1<2:6 r--");
}
TEST(AddressSpaces, FlushTakesThePageToo) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  s.flush(1, 5);
  EXPECT_EQ(s.show(0), "0+1=0 rwx");
  EXPECT_EQ(s.show(1) + s.show(2), "");
}
TEST(AddressSpaces, FlushOfSomeRightsLeavesThePageWithTheOthers) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  s.flush(1, 5, 1, w | x);
  EXPECT_EQ(s.show(0), "0+1=0 rwx");
  EXPECT_EQ(s.show(1), "5+1<0:0 r--");
  EXPECT_EQ(s.show(2), "6+1<1:5 r--");
}
TEST(AddressSpaces, ARightThatWasTakenIsGoneFromTheTlbToo) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  EXPECT_TRUE(s.access(1, 5, AccessKind::write));
  s.unmap(0, 0, 1, w);
  EXPECT_FALSE(s.access(1, 5, AccessKind::write));
  EXPECT_TRUE(s.access(1, 5, AccessKind::read));
  s.unmap(0, 0);
  EXPECT_FALSE(s.access(1, 5, AccessKind::read));
}
TEST(AddressSpaces, LookupFindsTheFrameAndTheRights) {
  S s({.pages = 4});
  s.map(0, 3, 1, 5, 1, rw);
  const auto found = s.tested().lookup(1, VirtAddr{5 * S::page + 0x123});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pa(), PhysAddr{3 * S::page + 0x123});
  EXPECT_EQ(found->attributes().rights & all_rights, rw);
  EXPECT_FALSE(s.tested().lookup(1, VirtAddr{6 * S::page}));
  EXPECT_FALSE(s.tested().lookup(7, VirtAddr{5 * S::page})) << "no such space";
}
// Whatever became of its table's nodes.
TEST(AddressSpaces, LookupFindsNothingInASpaceThatWasDeleted) {
  S s({.pages = 4});
  const auto finds = [&s](unsigned space) {
    const auto found = s.tested().lookup(space, VirtAddr{5 * S::page});
    return found ? raw(found->pa()) / S::page : ~std::uint64_t{0};
  };
  s.map(0, 1, 1, 5);
  EXPECT_EQ(finds(1), 1U);
  EXPECT_EQ(s.destroy(1), Status::ok);
  EXPECT_EQ(finds(1), ~std::uint64_t{0});
  EXPECT_EQ(s.create(4), Status::ok);
  s.map(0, 2, 4, 5);
  EXPECT_EQ(finds(1), ~std::uint64_t{0}) << "its nodes are another space's";
  EXPECT_EQ(s.create(1), Status::ok);
  EXPECT_EQ(finds(1), ~std::uint64_t{0});
  s.map(0, 3, 1, 5);
  EXPECT_EQ(finds(1), 3U);
  EXPECT_EQ(finds(4), 2U);
  EXPECT_FALSE(s.tested().lookup(~0U, VirtAddr{0}));
  EXPECT_FALSE(s.tested().lookup(0, VirtAddr{bytes_of(47)})) << "not canonical";
}
TEST(AddressSpaces, AFlexpageCarriesAllThatIsMappedInIt) {
  S s({.pages = 4});
  s.flush(0, 1);
  EXPECT_EQ(s.map(0, 0, 1, 8, 4), 3U);
  EXPECT_EQ(s.show(1), "8+1<0:0 rwx, 10+1<0:2 rwx, 11+1<0:3 rwx");
}
TEST(AddressSpaces, AFlexpageOfHalfTheAddressesIsAFlexpage) {
  S s({.pages = 2});
  const std::uint64_t half = std::uint64_t{1} << (47 - 12);
  s.map(0, 0, 1, 5);
  EXPECT_EQ(s.map(1, 0, 2, 0, half), 1U);
  EXPECT_EQ(s.show(2), "5+1<1:5 rwx");
  EXPECT_EQ(s.flush(1, 0, half), "");
  EXPECT_EQ(s.show(1) + s.show(2), "");
}

} // namespace
} // namespace pagetwin::test
