// The edge cases of transfers: sources and destinations that are each other's ancestors, or the same.
#include "src/arch/x86_64.hpp"
#include "tests/space/spaces.hpp"

namespace pagetwin::test {
namespace {

using S = Spaces<X86_64_4>;

TEST(EdgeCases, MapOfAPageOntoItselfFlushesIt) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  EXPECT_EQ(s.map(1, 5, 1, 5), 0U);
  EXPECT_EQ(s.show(1) + s.show(2), "");
}
TEST(EdgeCases, GrantOfAPageToItselfFlushesIt) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  EXPECT_EQ(s.grant(1, 5, 1, 5), 0U);
  EXPECT_EQ(s.show(1) + s.show(2), "");
}
TEST(EdgeCases, MapOntoAnAncestorEndsWithBothUnmapped) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  s.map(2, 6, 3, 7);
  EXPECT_EQ(s.map(3, 7, 1, 5), 0U);
  EXPECT_EQ(s.show(1) + s.show(2) + s.show(3), "");
}
TEST(EdgeCases, GrantOntoAnAncestorEndsWithBothUnmapped) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  EXPECT_EQ(s.grant(2, 6, 1, 5), 0U);
  EXPECT_EQ(s.show(1) + s.show(2), "");
}
TEST(EdgeCases, GrantOntoADescendantGivesItTheSourcesPlaceAndAllElseGoes) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  s.map(1, 5, 3, 7);
  s.map(2, 6, 3, 8);
  EXPECT_EQ(s.grant(1, 5, 2, 6), 1U);
  EXPECT_EQ(s.show(1), "");
  EXPECT_EQ(s.show(2), "6+1<0:0 rwx");
  EXPECT_EQ(s.show(3), "");
}
TEST(EdgeCases, MapOntoADescendantMakesItAChild) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  s.map(2, 6, 3, 7);
  EXPECT_EQ(s.map(1, 5, 3, 7), 1U);
  EXPECT_EQ(s.show(2), "6+1<1:5 rwx");
  EXPECT_EQ(s.show(3), "7+1<1:5 rwx");
}
TEST(EdgeCases, MapAndThenGrantBackEndsWithBothUnmapped) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  EXPECT_EQ(s.grant(2, 6, 1, 5), 0U);
  EXPECT_EQ(s.grant(1, 5, 2, 6), 0U);
  EXPECT_EQ(s.show(1) + s.show(2), "");
  EXPECT_EQ(s.show(0), "0+1=0 rwx");
}
TEST(EdgeCases, TheSourceIsCheckedBeforeTheFlushAndAfterIt) {
  S s({.pages = 2});
  s.map(0, 0, 1, 5);
  s.map(0, 1, 2, 6);
  EXPECT_EQ(s.map(1, 6, 2, 6), 0U) << "not mapped before: nothing is flushed";
  EXPECT_EQ(s.show(2), "6+1<0:1 rwx");
  s.map(2, 6, 1, 6);
  EXPECT_EQ(s.map(1, 6, 2, 6), 0U) << "mapped before, and gone with the flush";
  EXPECT_EQ(s.show(1), "5+1<0:0 rwx");
  EXPECT_EQ(s.show(2), "");
}
TEST(EdgeCases, PagesAreTransferredInAscendingOrderOnTheStateThatTheirPredecessorsLeft) {
  S s({.pages = 4});
  s.map(0, 0, 1, 8); // page 8 is derived from frame 0, page 9 from page 12, to which page 8 goes
  s.map(0, 2, 1, 12);
  s.map(1, 12, 1, 9);
  EXPECT_EQ(s.map(1, 8, 1, 12, 2), 1U);
  EXPECT_EQ(s.show(1), "8+1<0:0 rwx, 12+1<1:8 rwx");
}
TEST(EdgeCases, IdenticalRegionsOfOneTransferAreFlushed) {
  S s({.pages = 4});
  s.map(0, 0, 1, 8, 4);
  s.map(1, 8, 2, 8, 4);
  EXPECT_EQ(s.map(1, 8, 1, 8, 4), 0U);
  EXPECT_EQ(s.show(1) + s.show(2), "");
}
TEST(EdgeCases, UnmapJudgesDerivationsAsTheyWereBeforeIt) {
  S s({.pages = 1});
  s.map(0, 0, 1, 1);
  for (std::uint64_t i = 1; i < 8; ++i)
    s.map(1, i, 1, i + 1);
  s.unmap(1, 4);
  EXPECT_EQ(s.show(1), "1+1<0:0 rwx, 2+1<1:1 rwx, 3+1<1:2 rwx, 4+1<1:3 rwx");
}
TEST(EdgeCases, UnmapOfAFlexpageThatHoldsDerivedPagesTakesThemOnce) {
  S s({.pages = 1});
  s.map(0, 0, 1, 3);
  s.map(1, 3, 1, 2);
  s.map(1, 2, 1, 1);
  EXPECT_EQ(s.unmap(1, 0, 4), "");
  EXPECT_EQ(s.show(1), "3+1<0:0 rwx");
}
TEST(EdgeCases, AtTheEndOfTheAddressesNothingWraps) {
  S s({.pages = 1});
  const std::uint64_t last = ~std::uint64_t{0} / S::page;
  EXPECT_EQ(s.map(0, 0, 1, last), 1U);
  EXPECT_EQ(s.map(1, last, 2, last), 1U);
  EXPECT_EQ(s.show(2), std::to_string(last) + "+1<1:" + std::to_string(last) + " rwx");
  EXPECT_EQ(s.flush(1, last), "");
  EXPECT_EQ(s.show(1) + s.show(2), "");
}

} // namespace
} // namespace pagetwin::test
