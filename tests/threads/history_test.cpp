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
  [[nodiscard]] bool allows(std::uint64_t before, std::uint64_t after, Answer answer) const {
    return history.allows({0, before, after, answer});
  }

  History history{1};
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

} // namespace
} // namespace pagetwin
