// The refinement oracle: what an access may come to outside edits, and in the middle of one.
#include "fuzz/oracles/refinement.hpp"
#include "reference/mmu/mmu.hpp"

#include <gtest/gtest.h>

namespace pagetwin::fuzz {
namespace {

using reference::AccessKind;
using reference::Status;
constexpr std::uint64_t page = 0x1000;
constexpr reference::Attributes rw{.read = true, .write = true}, ro{.read = true};

std::uint64_t initial(std::uint64_t pa) { return ~pa; }

class RefinementOracle : public testing::Test {
 protected:
  RefinementOracle() {
    model.reset(2);
    EXPECT_EQ(model.map(1, page, {7 * page, page, rw}), Status::ok);
  }
  // A read by CPU 1 that went to pa, and found there what memory holds.
  [[nodiscard]] static SeenAccess read_of(std::uint64_t pa) {
    return {"cpu", 1, 1, page, {AccessKind::read, false}, true, false, pa, ~pa, ~pa};
  }
  [[nodiscard]] static SeenAccess fault(AccessKind kind = AccessKind::read) {
    return {"cpu", 1, 1, page, {kind, false}, false, false, 0, 0, 0};
  }
  // What is said of it when it happened before the model changed.
  [[nodiscard]] std::string settled(bool may_break = false) {
    const Verdict v = oracle.settle(model, [may_break](const auto&, const auto&) { return may_break; });
    return v ? v->signature() : "";
  }

  reference::HighLevel model{reference::x86_64_4().profile(), std::uint64_t{1} << 32, initial};
  Refinement oracle;
};

TEST_F(RefinementOracle, OutsideEditsAnAccessDoesWhatTheModelSays) {
  EXPECT_FALSE(Refinement::judge(model, read_of(7 * page)));
  EXPECT_EQ(Refinement::judge(model, read_of(8 * page))->signature(), "refinement: cpu read ok");
  EXPECT_EQ(Refinement::judge(model, fault())->signature(), "refinement: cpu read fault");
}

TEST_F(RefinementOracle, WhatIsReadIsWhatMemoryHolds) {
  SeenAccess seen = read_of(7 * page);
  seen.word = 5;
  EXPECT_EQ(Refinement::judge(model, seen)->signature(), "refinement: cpu read wrong word");
}

TEST_F(RefinementOracle, InTheMiddleOfAnEditTheOldPageAndTheNewOneAreBothRight) {
  oracle.note(model, read_of(7 * page));
  oracle.note(model, read_of(9 * page));
  ASSERT_EQ(model.unmap(1, page), Status::ok);
  ASSERT_EQ(model.map(1, page, {9 * page, page, rw}), Status::ok);
  EXPECT_EQ(settled(), "");
}

TEST_F(RefinementOracle, AThirdFrameIsNeither) {
  oracle.note(model, read_of(8 * page));
  ASSERT_EQ(model.unmap(1, page), Status::ok);
  EXPECT_EQ(settled(), "refinement: cpu read ok");
  EXPECT_EQ(settled(), "") << "it is told once";
}

TEST_F(RefinementOracle, AFaultBetweenTwoPagesIsRightOnlyWhereThePageIsBroken) {
  oracle.note(model, fault());
  EXPECT_EQ(settled(), "refinement: cpu read fault");
  oracle.note(model, fault());
  EXPECT_EQ(settled(true), "");
}

TEST_F(RefinementOracle, AWriteMayFaultWhenTheRightIsBeingTaken) {
  oracle.note(model, fault(AccessKind::write));
  ASSERT_EQ(model.protect(1, page, ro), Status::ok);
  EXPECT_EQ(settled(), "");
  EXPECT_FALSE(Refinement::judge(model, fault(AccessKind::write)));
}

} // namespace
} // namespace pagetwin::fuzz
