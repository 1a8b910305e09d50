// Units of several sizes: superpages that are derived, split, cut and merged. The tiny format has units of 1,
// 2, 4, 8, 16 and 32 pages, so that everything is seen whole; x86-64 has the sizes that people know.
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/space/spaces.hpp"

namespace pagetwin::test {
namespace {

using S = Spaces<Tiny>;

TEST(Superpages, ATransferTakesTheLargestStepsThatFit) {
  S s({.pages = 32});
  EXPECT_EQ(s.show(0), "0+32=0 rwx");
  EXPECT_EQ(s.map(0, 0, 1, 0, 16), 16U);
  EXPECT_EQ(s.map(0, 4, 2, 8, 4), 4U);
  EXPECT_EQ(s.show(1), "0+16<0:0 rwx");
  EXPECT_EQ(s.show(2), "8+4<0:4 rwx");
}
TEST(Superpages, AUnitIsNoLargerThanWhatItIsDerivedFrom) {
  S s({.pages = 8});
  s.map(0, 0, 1, 0, 4);
  s.map(0, 4, 1, 4, 2);
  s.map(0, 6, 1, 6, 1);
  EXPECT_EQ(s.map(1, 0, 2, 0, 8), 7U);
  EXPECT_EQ(s.show(2), "0+4<1:0 rwx, 4+2<1:4 rwx, 6+1<1:6 rwx");
}
TEST(Superpages, MappingAPartOfAUnitDoesNotSplitIt) {
  S s({.pages = 16});
  s.map(0, 3, 1, 9);
  EXPECT_EQ(s.show(0), "0+16=0 rwx");
  EXPECT_EQ(s.show(1), "9+1<0:3 rwx");
}
TEST(Superpages, WhatIsDerivedFromAPartIsFoundThere) {
  S s({.pages = 16});
  for (std::uint64_t i = 0; i < 16; ++i)
    s.map(0, i, 1 + static_cast<unsigned>(i % 3), i);
  s.unmap(0, 4, 4);
  EXPECT_EQ(s.show(1), "0+1<0:0 rwx, 3+1<0:3 rwx, 9+1<0:9 rwx, 12+1<0:12 rwx, 15+1<0:15 rwx");
  EXPECT_EQ(s.show(2), "1+1<0:1 rwx, 10+1<0:10 rwx, 13+1<0:13 rwx");
  EXPECT_EQ(s.show(3), "2+1<0:2 rwx, 8+1<0:8 rwx, 11+1<0:11 rwx, 14+1<0:14 rwx");
  EXPECT_EQ(s.show(0), "0+16=0 rwx");
}
TEST(Superpages, UnmapOfAPartSplitsWhatIsDerivedAndNotTheUnit) {
  S s({.pages = 16});
  s.map(0, 0, 1, 0, 16);
  s.map(1, 0, 2, 0, 16);
  s.map(1, 8, 3, 8, 8);
  s.unmap(0, 6, 1);
  EXPECT_EQ(s.show(0), "0+16=0 rwx");
  EXPECT_EQ(s.show(1), "0+4<0:0 rwx, 4+2<0:4 rwx, 7+1<0:7 rwx, 8+8<0:8 rwx");
  EXPECT_EQ(s.show(2), "0+4<1:0 rwx, 4+2<1:4 rwx, 7+1<1:7 rwx, 8+8<1:8 rwx");
  EXPECT_EQ(s.show(3), "8+8<1:8 rwx");
}
TEST(Superpages, FlushOfAPartSplitsTheUnitAndWhatIsLargerThanItsParts) {
  S s({.pages = 16});
  s.map(0, 0, 1, 0, 16);
  s.map(1, 0, 2, 0, 16);
  s.map(1, 2, 3, 2, 2);
  s.map(1, 11, 3, 11);
  s.flush(1, 4, 4);
  EXPECT_EQ(s.show(1), "0+4<0:0 rwx, 8+8<0:8 rwx");
  EXPECT_EQ(s.show(2), "0+4<1:0 rwx, 8+8<1:8 rwx");
  EXPECT_EQ(s.show(3), "2+2<1:2 rwx, 11+1<1:11 rwx");
}
TEST(Superpages, WhatIsDerivedAsAWholeIsSplitHoweverDeep) {
  S s({.pages = 4});
  for (unsigned space = 1; space <= 3; ++space)
    s.map(space - 1, 0, space, 0, 4);
  s.map(2, 0, 1, 8, 4);
  s.map(1, 8, 1, 16, 4);
  s.flush(1, 0, 1);
  EXPECT_EQ(s.show(1), "1+1<0:1 rwx, 2+2<0:2 rwx, 9+1<2:1 rwx, 10+2<2:2 rwx, 17+1<1:9 rwx, 18+2<1:10 rwx");
  EXPECT_EQ(s.show(2), "1+1<1:1 rwx, 2+2<1:2 rwx");
  EXPECT_EQ(s.show(3), "1+1<2:1 rwx, 2+2<2:2 rwx");
}
TEST(Superpages, AUnitThatLosesNothingIsNotSplit) {
  S s({.pages = 16});
  s.map(0, 0, 1, 0, 16, r);
  s.map(0, 0, 2, 0, 16, rw);
  s.flush(1, 3, 1, w);
  s.unmap(0, 3, 1, x);
  EXPECT_EQ(s.show(1), "0+16<0:0 r--");
  EXPECT_EQ(s.show(2), "0+16<0:0 rw-");
  s.unmap(0, 3, 1, w);
  EXPECT_EQ(s.show(1), "0+16<0:0 r--");
  EXPECT_EQ(s.show(2), "0+2<0:0 rw-, 2+1<0:2 rw-, 3+1<0:3 r--, 4+4<0:4 rw-, 8+8<0:8 rw-");
}
TEST(Superpages, WhatIsMappedOverAPartOfAUnitSplitsIt) {
  S s({.pages = 32});
  s.map(0, 0, 1, 0, 8);
  EXPECT_EQ(s.map(0, 16, 1, 2, 2), 2U);
  EXPECT_EQ(s.show(1), "0+2<0:0 rwx, 2+2<0:16 rwx, 4+4<0:4 rwx");
}
TEST(Superpages, APartOfAUnitMappedOverAnotherPartOfItLeavesTheRest) {
  S s({.pages = 16});
  s.map(0, 0, 1, 0, 8);
  EXPECT_EQ(s.map(1, 0, 1, 4, 2), 2U);
  EXPECT_EQ(s.show(1), "0+4<0:0 rwx, 4+2<1:0 rwx, 6+2<0:6 rwx");
}
TEST(Superpages, AGrantedPartIsCutOut) {
  S s({.pages = 16});
  s.map(0, 0, 1, 0, 8);
  s.map(1, 0, 2, 0, 8);
  EXPECT_EQ(s.grant(1, 4, 3, 12, 2), 2U);
  EXPECT_EQ(s.show(1), "0+4<0:0 rwx, 6+2<0:6 rwx");
  EXPECT_EQ(s.show(2), "0+4<1:0 rwx, 6+2<1:6 rwx");
  EXPECT_EQ(s.show(3), "12+2<0:4 rwx");
}
TEST(Superpages, MergeMakesOneUnitAndKeepsWhatIsDerived) {
  S s({.pages = 16});
  s.map(0, 0, 1, 0, 2);
  s.map(0, 2, 1, 2, 2);
  s.map(1, 1, 2, 5);
  s.map(1, 2, 3, 6, 2);
  EXPECT_EQ(s.merge(1, 0, 4), Status::ok);
  EXPECT_EQ(s.show(1), "0+4<0:0 rwx");
  EXPECT_EQ(s.show(2), "5+1<1:1 rwx");
  EXPECT_EQ(s.show(3), "6+2<1:2 rwx");
  s.unmap(1, 0, 2);
  EXPECT_EQ(s.show(2), "");
  EXPECT_EQ(s.show(3), "6+2<1:2 rwx");
}
TEST(Superpages, MergeUndoesSplits) {
  S s({.pages = 16});
  s.map(0, 0, 1, 0, 16);
  const auto before = s.used();
  s.flush(1, 15, 1);
  s.map(0, 15, 1, 15, 1);
  for (const std::uint64_t size : {2U, 4U, 8U, 16U})
    EXPECT_EQ(s.merge(1, 16 - size, size), Status::ok) << size;
  EXPECT_EQ(s.show(1), "0+16<0:0 rwx");
  EXPECT_EQ(s.used(), before);
}
TEST(Superpages, MergeRefusesWhatIsNotAlike) {
  S s({.pages = 32});
  s.map(0, 0, 1, 0, 1);
  s.map(0, 1, 1, 1, 1, r);
  EXPECT_EQ(s.merge(1, 0, 2), Status::not_uniform) << "rights";
  s.map(0, 16, 1, 1);
  EXPECT_EQ(s.merge(1, 0, 2), Status::not_uniform) << "frames";
  s.map(0, 1, 2, 9);
  s.map(2, 9, 1, 1);
  EXPECT_EQ(s.merge(1, 0, 2), Status::not_uniform) << "parents";
  s.map(0, 3, 1, 4);
  s.map(0, 4, 1, 5);
  EXPECT_EQ(s.merge(1, 4, 2), Status::not_uniform) << "alignment";
  s.flush(1, 1);
  EXPECT_EQ(s.merge(1, 0, 2), Status::not_uniform) << "a hole";
  s.map(0, 16, 1, 16, 4);
  s.map(0, 20, 1, 20, 2);
  EXPECT_EQ(s.merge(1, 16, 8), Status::not_uniform) << "too small";
  EXPECT_EQ(s.merge(1, 16, 2), Status::ok) << "larger already";
}
TEST(Superpages, SmallPagesOfALargeOneAreFoundAndCut) {
  Spaces<X86_64_4> s({.pages = 1024});
  EXPECT_EQ(s.show(0), "0+512=0 rwx, 512+512=512 rwx");
  EXPECT_EQ(s.map(0, 512, 1, 1024, 512), 512U);
  EXPECT_EQ(s.map(1, 1024 + 17, 2, 3), 1U);
  EXPECT_EQ(s.map(1, 1024 + 18, 2, 4), 1U);
  EXPECT_EQ(s.show(1), "1024+512<0:512 rwx");
  EXPECT_EQ(s.show(2), "3+1<1:1041 rwx, 4+1<1:1042 rwx");
  EXPECT_EQ(s.used()[2], 1U) << "one array of parts";
  s.unmap(1, 1024 + 17);
  EXPECT_EQ(s.show(2), "4+1<1:1042 rwx");
  EXPECT_EQ(s.show(1), "1024+512<0:512 rwx");
  s.flush(1, 1024 + 17);
  EXPECT_EQ(s.used()[1], 2U + 511U + 1U);
  EXPECT_EQ(s.show(2), "4+1<1:1042 rwx");
  EXPECT_EQ(s.map(0, 512 + 17, 1, 1024 + 17), 1U);
  EXPECT_EQ(s.merge(1, 1024, 512), Status::ok);
  EXPECT_EQ(s.show(1), "1024+512<0:512 rwx");
  EXPECT_EQ(s.show(2), "4+1<1:1042 rwx");
}
TEST(Superpages, AnArrayOfPartsGoesWithTheLastThatHangsThere) {
  Spaces<X86_64_4> s({.pages = 512});
  s.map(0, 3, 1, 3);
  s.map(0, 4, 1, 4);
  EXPECT_EQ(s.used()[2], 1U);
  s.flush(1, 3);
  EXPECT_EQ(s.used()[2], 1U);
  s.flush(1, 4);
  EXPECT_EQ(s.used()[2], 0U);
}

} // namespace
} // namespace pagetwin::test
