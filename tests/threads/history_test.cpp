// The check of linearizability by hand: what it takes and what it refuses.
#include "tests/threads/history.hpp"

#include <gtest/gtest.h>

namespace pagetwin {
namespace {

constexpr Answer old_frame = 0x1000, new_frame = 0x2001;

// One page: mapped by edit 2, elsewhere by edit 5, absent by edit 8.
class HistoryTest : public testing::Test {
 protected:
  HistoryTest() {
    history.becomes(0, 2, old_frame);
    history.becomes(0, 5, new_frame);
    history.becomes(0, 8, absent);
  }
  // One lookup alone.
  [[nodiscard]] bool allows(std::uint64_t before, std::uint64_t after, Answer answer) const {
    return orders({{0, before, after, answer, 0, 1}});
  }
  [[nodiscard]] bool orders(const std::vector<Sample>& samples) const {
    return !Linearization(history, samples).first_wrong();
  }

  History history{1};
};

// Lookups beside edit 5, which answer one after the other.
class LookupsBesideAnEdit : public HistoryTest {
 protected:
  [[nodiscard]] bool in_turn(const std::vector<Answer>& answers, std::uint64_t after = 5) const {
    std::vector<Sample> samples;
    for (const Answer answer : answers)
      samples.push_back({0, 4, after, answer, samples.size(), samples.size() + 1});
    return orders(samples);
  }
};

TEST_F(HistoryTest, WhereNoEditRunsThereIsOneAnswer) {
  EXPECT_TRUE(allows(3, 3, old_frame));
  EXPECT_FALSE(allows(3, 3, new_frame));
  EXPECT_FALSE(allows(3, 3, absent));
  EXPECT_TRUE(allows(0, 1, absent));
  EXPECT_TRUE(allows(9, 9, absent));
}

TEST_F(HistoryTest, WhileAnEditRunsBothAnswersAreRight) {
  EXPECT_TRUE(allows(4, 5, old_frame));
  EXPECT_TRUE(allows(4, 5, new_frame));
  EXPECT_FALSE(allows(4, 5, absent));
}

TEST_F(HistoryTest, AfterAnEditHasEndedItsOldAnswerIsWrong) {
  EXPECT_FALSE(allows(5, 5, old_frame));
  EXPECT_FALSE(allows(5, 9, old_frame));
  EXPECT_FALSE(allows(2, 2, absent));
}

TEST_F(HistoryTest, BeforeAnEditBeginsItsNewAnswerIsWrong) { EXPECT_FALSE(allows(2, 4, new_frame)); }

TEST_F(HistoryTest, ALookupThatOverlapsManyEditsMayAnswerAnyOfThem) {
  for (const Answer answer : {absent, old_frame, new_frame})
    EXPECT_TRUE(allows(0, 9, answer));
  EXPECT_FALSE(allows(0, 9, old_frame | 1)); // the frame of one and the right of another
}

TEST_F(HistoryTest, AGapIsAllowedWhileItsEditRunsAndNoLonger) {
  history.may_vanish(0, 4);
  EXPECT_TRUE(allows(3, 4, absent));
  EXPECT_FALSE(allows(4, 4, absent));
  EXPECT_FALSE(allows(3, 3, absent));
}

TEST_F(HistoryTest, WhatIsNowIsTheOnlyAnswerAfterForgetting) {
  history.becomes(0, 9, old_frame);
  history.may_vanish(0, 10);
  history.forget();
  EXPECT_TRUE(allows(0, 0, old_frame));
  EXPECT_FALSE(allows(0, 20, absent));
}

TEST_F(LookupsBesideAnEdit, OldThenNewIsAnOrderAndNewThenOldIsNone) {
  EXPECT_TRUE(in_turn({old_frame, old_frame, new_frame, new_frame}));
  EXPECT_FALSE(in_turn({new_frame, old_frame}));
  EXPECT_FALSE(in_turn({old_frame, new_frame, old_frame, new_frame}));
}

TEST_F(LookupsBesideAnEdit, NewThenOldIsRefusedWhoeverTheReadersAre) {
  // The second one overlaps the first, and asks again when that has seen the new page.
  EXPECT_TRUE(orders({{0, 4, 5, new_frame, 0, 1}, {0, 4, 5, old_frame, 0, 2}}));
  EXPECT_FALSE(orders({{0, 4, 5, new_frame, 0, 1}, {0, 4, 5, old_frame, 0, 2}, {0, 4, 5, old_frame, 2, 3}}));
}

TEST_F(LookupsBesideAnEdit, LookupsThatOverlapAreInAnyOrder) {
  EXPECT_TRUE(orders({{0, 4, 5, new_frame, 0, 2}, {0, 4, 5, old_frame, 1, 3}}));
  // A long one leaves room for one that ended while it ran, and comes after neither.
  EXPECT_TRUE(orders({{0, 4, 5, new_frame, 0, 3}, {0, 4, 5, old_frame, 1, 2}, {0, 4, 5, new_frame, 2, 4}}));
}

TEST_F(LookupsBesideAnEdit, WhatWasSeenInBetweenBindsThoseThatFollowAndNoOthers) {
  // A chain over three readers; only neighbours of it follow each other.
  EXPECT_FALSE(orders({{0, 4, 5, new_frame, 0, 1}, {0, 4, 5, new_frame, 1, 2}, {0, 4, 5, old_frame, 2, 3}}));
  EXPECT_TRUE(orders({{0, 4, 5, old_frame, 1, 4}, {0, 4, 5, new_frame, 0, 2}, {0, 4, 5, new_frame, 2, 3}}));
}

TEST_F(LookupsBesideAnEdit, AnAnswerThatComesBackIsALaterVersion) {
  history.becomes(0, 9, old_frame);
  EXPECT_TRUE(in_turn({old_frame, new_frame, absent, old_frame}, 9));
  EXPECT_FALSE(in_turn({old_frame, new_frame, absent, old_frame, absent}, 9));
  EXPECT_FALSE(in_turn({old_frame, new_frame, absent, old_frame}, 8));
}

TEST_F(LookupsBesideAnEdit, AGapLiesAnywhereInItsEditAndDoesNotBringTheOldPageBack) {
  history.may_vanish(0, 5);
  EXPECT_TRUE(in_turn({old_frame, absent, old_frame, absent, new_frame, absent, new_frame}));
  EXPECT_FALSE(in_turn({old_frame, new_frame, absent, old_frame}));
}

TEST_F(LookupsBesideAnEdit, AGapThatWasSeenEndsTheVersionsBeforeItsEdit) {
  history.may_vanish(0, 6);
  EXPECT_TRUE(in_turn({old_frame, absent, new_frame}, 6));
  EXPECT_FALSE(in_turn({absent, old_frame}, 6));
}

TEST_F(LookupsBesideAnEdit, PagesDoNotBindEachOther) {
  History two(2);
  for (const std::size_t page : {std::size_t{0}, std::size_t{1}})
    two.becomes(page, 5, new_frame);
  EXPECT_FALSE(Linearization(two, {{0, 4, 5, new_frame, 0, 1}, {1, 4, 5, absent, 1, 2}}).first_wrong());
  EXPECT_TRUE(Linearization(two, {{1, 4, 5, new_frame, 0, 1}, {1, 4, 5, absent, 1, 2}}).first_wrong());
}

} // namespace
} // namespace pagetwin
