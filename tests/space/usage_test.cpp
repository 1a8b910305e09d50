// What was done to units, and who learns of it: "Status" in docs/l4.md. a: accessed, w: written, x: executed.
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/armv7.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/space/spaces.hpp"

namespace pagetwin::test {
namespace {

using S = Spaces<Tiny>;
constexpr auto read = AccessKind::read, write = AccessKind::write, execute = AccessKind::execute;

TEST(Usage, AnAccessIsNotedByItsKind) {
  S s({.pages = 8});
  s.map(0, 0, 1, 0, 1);
  s.map(0, 1, 1, 1, 1);
  s.map(0, 2, 1, 2, 1);
  EXPECT_TRUE(s.access(1, 0, read));
  EXPECT_TRUE(s.access(1, 1, write));
  EXPECT_TRUE(s.access(1, 2, execute));
  EXPECT_EQ(s.show(1), "0+1<0:0 rwx a, 1+1<0:1 rwx aw, 2+1<0:2 rwx ax");
}
TEST(Usage, AnAccessThatFaultsLeavesNothing) {
  S s({.pages = 8});
  s.map(0, 0, 1, 0, 1, r);
  EXPECT_FALSE(s.access(1, 0, write));
  EXPECT_EQ(s.show(1), "0+1<0:0 r--");
}
TEST(Usage, WhereHardwareDoesNotRecordWritesTheyAreNotedAllTheSame) {
  Spaces<Armv7> s({.pages = 1});
  s.map(0, 0, 1, 5);
  EXPECT_TRUE(s.access(1, 5, write));
  EXPECT_EQ(s.unmap(0, 0), "aw");
}
TEST(Usage, UnmapAnswersForThePageAndAllThatIsDerivedAndForgetsIt) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  s.access(1, 5, read);
  s.access(2, 6, write);
  EXPECT_EQ(s.unmap(1, 5, 1, x), "aw");
  EXPECT_EQ(s.show(1), "5+1<0:0 rwx");
  EXPECT_EQ(s.show(2), "6+1<1:5 rw-");
  EXPECT_EQ(s.unmap(1, 5, 1, x), "");
}
TEST(Usage, AfterItWasForgottenAnAccessIsNotedAgain) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.access(1, 5, write);
  EXPECT_EQ(s.flush(1, 5, 1, x), "aw");
  s.access(1, 5, write);
  EXPECT_EQ(s.flush(1, 5, 1, x), "aw");
}
TEST(Usage, TheParentLearnsWhatWasForgotten) {
  S s({.pages = 1});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  s.access(2, 6, execute);
  EXPECT_EQ(s.flush(2, 6, 1, w), "ax");
  EXPECT_EQ(s.show(1), "5+1<0:0 rwx ax");
  EXPECT_EQ(s.show(2), "6+1<1:5 r-x");
  EXPECT_EQ(s.unmap(0, 0), "ax");
}
TEST(Usage, WhatIsDoneToWhatIsOvermappedGoesToTheSurvivingAncestor) {
  S s({.pages = 2});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  s.map(2, 6, 3, 7);
  s.access(3, 7, write);
  s.map(0, 1, 2, 6);
  EXPECT_EQ(s.show(1), "5+1<0:0 rwx aw");
  EXPECT_EQ(s.show(2), "6+1<0:1 rwx");
}
TEST(Usage, WhatIsDoneToAGrantedSourceGoesToTheSurvivingAncestor) {
  S s({.pages = 2});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  s.map(2, 6, 3, 7);
  s.access(2, 6, read);
  s.access(3, 7, execute);
  s.grant(2, 6, 3, 9);
  EXPECT_EQ(s.show(1), "5+1<0:0 rwx ax");
  EXPECT_EQ(s.show(3), "9+1<1:5 rwx");
}
TEST(Usage, WhatIsDoneInADeletedSpaceGoesToTheSurvivingAncestor) {
  S s({.pages = 2});
  s.map(0, 0, 1, 5);
  s.map(1, 5, 2, 6);
  s.access(2, 6, write);
  EXPECT_EQ(s.destroy(2), Status::ok);
  EXPECT_EQ(s.show(1), "5+1<0:0 rwx aw");
}
TEST(Usage, AFrameHasNobodyToTell) {
  S s({.pages = 1});
  s.access(0, 0, write);
  EXPECT_EQ(s.unmap(0, 0), "aw");
  EXPECT_EQ(s.unmap(0, 0), "");
}
TEST(Usage, AUnitThatIsCoveredInPartIsReportedWholeAndKeepsWhatItHas) {
  S s({.pages = 16});
  s.map(0, 0, 1, 0, 16);
  s.map(1, 4, 2, 4);
  s.access(1, 9, write);
  s.access(2, 4, execute);
  EXPECT_EQ(s.unmap(1, 4), "awx");
  EXPECT_EQ(s.show(0), "0+16=0 rwx awx");
  EXPECT_EQ(s.show(1), "0+16<0:0 rwx aw") << "nothing is added to it";
  EXPECT_EQ(s.show(2), "");
}
TEST(Usage, PartsInheritWhatWasDoneToTheUnit) {
  S s({.pages = 4});
  s.map(0, 0, 1, 0, 4);
  s.access(1, 3, write);
  s.access(1, 3, execute);
  EXPECT_EQ(s.flush(1, 0, 1, x), "awx");
  EXPECT_EQ(s.show(1), "0+1<0:0 rw-, 1+1<0:1 rwx awx, 2+2<0:2 rwx awx");
  EXPECT_EQ(s.show(0), "0+4=0 rwx awx");
}
TEST(Usage, AMergedUnitHasAllThatWasDoneToItsParts) {
  S s({.pages = 4});
  s.map(0, 0, 1, 0);
  s.map(0, 1, 1, 1);
  s.access(1, 0, write);
  s.access(1, 1, execute);
  EXPECT_EQ(s.merge(1, 0, 2), Status::ok);
  EXPECT_EQ(s.show(1), "0+2<0:0 rwx awx");
}
TEST(Usage, AnAreaTellsNothing) {
  S s({.pages = 4});
  EXPECT_EQ(s.place(1, 8, 1, 100), Status::ok);
  EXPECT_TRUE(s.access(1, 8, write));
  EXPECT_EQ(s.flush(1, 8), "");
  EXPECT_EQ(s.show(1), "8+1@100 rwx");
}

} // namespace
} // namespace pagetwin::test
