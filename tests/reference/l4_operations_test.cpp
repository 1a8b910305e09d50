// Each row of the operation tables of the L4 address spaces, and each of their edge cases, for single pages:
// what both models must answer alike.
#include "reference/l4_units.hpp"
#include "tests/reference/l4_fixture.hpp"

namespace reference {
namespace {

template <typename Model>
class L4SinglePages : public testing::Test {
 protected:
  Model model{one_size()};
  L4Session l4{model};
};

using Models = testing::Types<L4Spaces, L4Units>;
TYPED_TEST_SUITE(L4SinglePages, Models);

TYPED_TEST(L4SinglePages, Sigma0MapsPhysicalMemoryAtEqualAddressesWithAllRights) {
  EXPECT_EQ(contents(this->model, 0), "0.0>r0 rwx, 0.1>r1 rwx, 0.2>r2 rwx, 0.3>r3 rwx");
}

TYPED_TEST(L4SinglePages, CreateMakesAnEmptySpaceOfANameThatIsFree) {
  EXPECT_FALSE(this->model.exists(4));
  EXPECT_EQ(this->model.create(4), L4Status::ok);
  EXPECT_TRUE(this->model.exists(4));
  EXPECT_TRUE(this->model.units(4).empty());
  EXPECT_EQ(this->model.create(4), L4Status::space_in_use);
  EXPECT_EQ(this->model.create(0), L4Status::space_in_use);
  EXPECT_EQ(this->model.create(5), L4Status::unknown_space);
}

TYPED_TEST(L4SinglePages, DeleteFlushesEveryPageOfTheSpaceAndFreesItsName) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 7);
  this->l4.map(0, 1, 2, 8);
  EXPECT_EQ(this->model.destroy(1), L4Status::ok);
  EXPECT_FALSE(this->model.exists(1));
  EXPECT_EQ(contents(this->model, 2), "2.8>0.1 rwx") << "what was derived from the space went with it";
  EXPECT_EQ(this->model.destroy(1), L4Status::unknown_space);
  EXPECT_EQ(this->model.create(1), L4Status::ok);
  EXPECT_EQ(this->l4.contents(), "2.8>0.1 rwx");
}

TYPED_TEST(L4SinglePages, Sigma0CannotBeDeleted) {
  EXPECT_EQ(this->model.destroy(0), L4Status::space_in_use);
  EXPECT_TRUE(this->model.exists(0));
}

TYPED_TEST(L4SinglePages, DeletePassesTheStatusOfTheSpaceToItsAncestors) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  this->l4.map(2, 0, 3, 0);
  this->l4.touch(2, 0, AccessKind::write);
  this->l4.touch(3, 0, AccessKind::execute);
  ASSERT_EQ(this->model.destroy(2), L4Status::ok);
  EXPECT_EQ(to_text(1, *this->model.find(1, 0)), "1.0>0.0 rwx!awx");
}

TYPED_TEST(L4SinglePages, MapMakesTheDestinationAChildOfTheSource) {
  EXPECT_EQ(this->l4.map(0, 2, 1, 5), 1U);
  EXPECT_EQ(this->l4.map(1, 5, 2, 6), 1U);
  EXPECT_EQ(this->l4.contents(), "1.5>0.2 rwx, 2.6>1.5 rwx");
}

TYPED_TEST(L4SinglePages, MapFlushesItsDestinationFirst) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  EXPECT_EQ(this->l4.map(0, 1, 1, 0), 1U);
  EXPECT_EQ(this->l4.contents(), "1.0>0.1 rwx") << "what was derived from the destination is gone";
}

TYPED_TEST(L4SinglePages, MapOfWhatIsNotMappedDoesNothingAndFlushesNothing) {
  this->l4.map(0, 0, 1, 0);
  EXPECT_EQ(this->l4.map(2, 0, 1, 0), 0U);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rwx");
}

TYPED_TEST(L4SinglePages, MapAgainFromTheSameSourceFlushesAsTheFormulaSays) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  EXPECT_EQ(this->l4.map(0, 0, 1, 0), 1U);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rwx") << "Pistachio would have extended it in place";
}

TYPED_TEST(L4SinglePages, GrantMovesTheMappingAndFlushesTheSource) {
  this->l4.map(0, 2, 1, 5);
  this->l4.map(1, 5, 3, 5);
  EXPECT_EQ(this->l4.grant(1, 5, 2, 6), 1U);
  EXPECT_EQ(this->l4.contents(), "2.6>0.2 rwx") << "what was derived from the source does not move";
}

TYPED_TEST(L4SinglePages, GrantOfSigma0GivesTheRealPageAway) {
  EXPECT_EQ(this->l4.grant(0, 2, 1, 5), 1U);
  EXPECT_EQ(this->l4.contents(0), "0.0>r0 rwx, 0.1>r1 rwx, 0.3>r3 rwx, 1.5>r2 rwx");
}

TYPED_TEST(L4SinglePages, GrantOfWhatIsNotMappedDoesNothingAndFlushesNothing) {
  this->l4.map(0, 0, 1, 0);
  EXPECT_EQ(this->l4.grant(2, 0, 1, 0), 0U);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rwx");
}

TYPED_TEST(L4SinglePages, UnmapRemovesAllThatIsDerivedAndKeepsThePage) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  this->l4.map(2, 0, 3, 0);
  this->l4.map(1, 0, 2, 9);
  this->l4.map(0, 1, 3, 1);
  this->l4.unmap(1, 0);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rwx, 3.1>0.1 rwx");
}

TYPED_TEST(L4SinglePages, FlushRemovesThePageToo) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  this->l4.map(2, 0, 3, 0);
  this->l4.map(0, 1, 3, 1);
  this->l4.flush(1, 0);
  EXPECT_EQ(this->l4.contents(), "3.1>0.1 rwx");
}

TYPED_TEST(L4SinglePages, UnmapAndFlushOfWhatIsNotMappedDoNothing) {
  this->l4.map(0, 0, 1, 0);
  EXPECT_EQ(this->l4.unmap(1, 5), 0U);
  EXPECT_EQ(this->l4.flush(1, 5), 0U);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rwx");
}

TYPED_TEST(L4SinglePages, LookupFollowsThePathToItsRealPageAndIsNoneElsewhere) {
  this->l4.map(0, 3, 1, 0);
  this->l4.map(1, 0, 2, 9);
  EXPECT_EQ(this->l4.lookup(2, 9), 3U);
  EXPECT_EQ(this->l4.lookup(2, 8), std::nullopt);
  EXPECT_EQ(this->l4.lookup(4, 9), std::nullopt) << "no such space";
  EXPECT_EQ(this->l4.lookup(99, 9), std::nullopt) << "no such name";
  EXPECT_TRUE(this->model.find(2, 9 * l4_page + 0xfff)) << "every byte of a page";
}

// Edge cases of docs/l4.md.

TYPED_TEST(L4SinglePages, ASelfMapEqualsAFlush) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  EXPECT_EQ(this->l4.map(1, 0, 1, 0), 0U);
  EXPECT_EQ(this->l4.contents(), "");
}

TYPED_TEST(L4SinglePages, ASelfGrantEqualsAFlush) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  EXPECT_EQ(this->l4.grant(1, 0, 1, 0), 0U);
  EXPECT_EQ(this->l4.contents(), "");
  EXPECT_EQ(this->l4.grant(0, 0, 0, 0), 0U) << "of a Real page, too";
  EXPECT_EQ(this->l4.lookup(0, 0), std::nullopt);
}

TYPED_TEST(L4SinglePages, AMapOntoAnAncestorLeavesBothUnmapped) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  this->l4.map(2, 0, 3, 0);
  EXPECT_EQ(this->l4.map(3, 0, 1, 0), 0U) << "the source is looked for after the flush";
  EXPECT_EQ(this->l4.contents(), "");
}

TYPED_TEST(L4SinglePages, AGrantOntoAnAncestorLeavesBothUnmapped) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  this->l4.map(2, 0, 3, 0);
  EXPECT_EQ(this->l4.grant(3, 0, 1, 0), 0U);
  EXPECT_EQ(this->l4.contents(), "");
}

TYPED_TEST(L4SinglePages, AGrantOntoADescendantGivesItTheMappingAndAllElseGoes) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  this->l4.map(2, 0, 3, 0);
  this->l4.map(1, 0, 3, 1);
  EXPECT_EQ(this->l4.grant(1, 0, 3, 0), 1U);
  EXPECT_EQ(this->l4.contents(), "3.0>0.0 rwx");
}

TYPED_TEST(L4SinglePages, AMapOntoADescendantMovesItUp) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  this->l4.map(2, 0, 3, 0);
  EXPECT_EQ(this->l4.map(1, 0, 3, 0), 1U);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rwx, 2.0>1.0 rwx, 3.0>1.0 rwx");
}

TYPED_TEST(L4SinglePages, MapThenGrantBackMakesNoLoopAndLeavesBothUnmapped) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  EXPECT_EQ(this->l4.grant(2, 0, 1, 0), 0U) << "the older model had a loop here";
  EXPECT_EQ(this->l4.contents(), "");
}

TYPED_TEST(L4SinglePages, APageMapsToAnotherOfItsOwnSpace) {
  this->l4.map(0, 0, 1, 0);
  EXPECT_EQ(this->l4.map(1, 0, 1, 1), 1U);
  EXPECT_EQ(this->l4.map(1, 1, 1, 2), 1U);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rwx, 1.1>1.0 rwx, 1.2>1.1 rwx");
  EXPECT_EQ(this->l4.grant(1, 1, 1, 3), 1U);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rwx, 1.3>1.0 rwx");
}

// Access rights.

TYPED_TEST(L4SinglePages, ANewMappingHasTheRightsOfMaskAndSource) {
  this->l4.map(0, 0, 1, 0, R | W);
  this->l4.map(1, 0, 2, 0, R | X);
  this->l4.grant(1, 0, 3, 0, W | X);
  EXPECT_EQ(this->l4.contents(), "3.0>0.0 w");
  this->l4.map(0, 0, 1, 0, R | W);
  this->l4.map(1, 0, 2, 0, R | X);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rw, 2.0>1.0 r, 3.0>0.0 w");
}

TYPED_TEST(L4SinglePages, WithNoRightInCommonMapAndGrantDoNothingAndFlushNothing) {
  this->l4.map(0, 0, 1, 0, R);
  this->l4.map(0, 1, 2, 0);
  EXPECT_EQ(this->l4.map(1, 0, 2, 0, W), 0U);
  EXPECT_EQ(this->l4.grant(1, 0, 2, 0, W | X), 0U);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 r, 2.0>0.1 rwx") << "a grant keeps its source then";
}

TYPED_TEST(L4SinglePages, UnmapRevokesRightsOfAllThatIsDerivedAndWhatHasNoneLeftDisappears) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0, R | W);
  this->l4.map(2, 0, 3, 0, W);
  this->l4.map(1, 0, 3, 1, X);
  this->l4.unmap(1, 0, W);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rwx, 2.0>1.0 r, 3.1>1.0 x");
}

TYPED_TEST(L4SinglePages, FlushRevokesTheRightsOfThePageToo) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0, R | W);
  this->l4.flush(1, 0, W | X);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 r, 2.0>1.0 r");
  this->l4.flush(1, 0, R);
  EXPECT_EQ(this->l4.contents(), "");
  this->l4.flush(0, 0, R | X);
  EXPECT_EQ(to_text(0, *this->model.find(0, 0)), "0.0>r0 w") << "sigma0 may give up rights";
}

// Status.

TYPED_TEST(L4SinglePages, AnAccessSetsAccessedAndWrittenOrExecutedByItsKind) {
  for (unsigned v = 0; v < 3; ++v)
    this->l4.map(0, v, 1, v);
  this->l4.touch(1, 0, AccessKind::read);
  this->l4.touch(1, 1, AccessKind::write);
  this->l4.touch(1, 2, AccessKind::execute);
  this->l4.touch(1, 3, AccessKind::execute);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rwx!a, 1.1>0.1 rwx!aw, 1.2>0.2 rwx!ax");
}

TYPED_TEST(L4SinglePages, UnmapAndFlushAnswerTheStatusOfThePageAndOfAllThatIsDerivedAndTellTheParent) {
  for (const bool flushes : {false, true}) {
    L4Session session(this->model);
    session.map(0, 0, 1, 0);
    session.map(1, 0, 2, 0);
    session.map(2, 0, 3, 0);
    session.map(2, 0, 3, 1);
    session.touch(2, 0, AccessKind::read);
    session.touch(3, 0, AccessKind::write);
    session.touch(3, 1, AccessKind::execute);
    EXPECT_EQ(flushes ? session.flush(2, 0) : session.unmap(2, 0), l4_all);
    EXPECT_EQ(session.contents(), flushes ? "1.0>0.0 rwx!awx" : "1.0>0.0 rwx!awx, 2.0>1.0 rwx");
    EXPECT_EQ(session.unmap(1, 0), l4_all) << "no ancestor misses history";
    EXPECT_EQ(session.unmap(1, 0), 0U) << "it was told";
  }
}

TYPED_TEST(L4SinglePages, UnmapOfARightThatNobodyHasReadsTheStatusAndClearsIt) {
  this->l4.map(0, 0, 1, 0, R);
  this->l4.map(1, 0, 2, 0, R);
  this->l4.touch(2, 0, AccessKind::read);
  EXPECT_EQ(this->l4.unmap(1, 0, W), 1U);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 r, 2.0>1.0 r");
  EXPECT_EQ(to_text(0, *this->model.find(0, 0)), "0.0>r0 rwx!a");
}

TYPED_TEST(L4SinglePages, TheStatusOfWhatIsOvermappedGoesToItsParent) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  this->l4.touch(2, 0, AccessKind::write);
  this->l4.map(0, 1, 2, 0);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rwx!aw, 2.0>0.1 rwx") << "a new mapping's status is clear";
}

TYPED_TEST(L4SinglePages, TheStatusOfAGrantedSourceGoesToItsParentAndNotAlong) {
  this->l4.map(0, 0, 1, 0);
  this->l4.map(1, 0, 2, 0);
  this->l4.map(2, 0, 3, 0);
  this->l4.touch(2, 0, AccessKind::write);
  this->l4.touch(3, 0, AccessKind::execute);
  this->l4.grant(2, 0, 3, 1);
  EXPECT_EQ(this->l4.contents(), "1.0>0.0 rwx!awx, 3.1>1.0 rwx");
}

TYPED_TEST(L4SinglePages, TheStatusOfSigma0IsDroppedAtReal) {
  this->l4.touch(0, 0, AccessKind::write);
  this->l4.map(0, 0, 1, 0);
  this->l4.touch(1, 0, AccessKind::execute);
  EXPECT_EQ(this->l4.unmap(0, 0), l4_all);
  EXPECT_EQ(this->l4.unmap(0, 0), 0U);
}

} // namespace
} // namespace reference
