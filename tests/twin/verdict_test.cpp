// A verdict is nothing, or holds what was found, once.
#include "fuzz/twin/verdict.hpp"

#include <gtest/gtest.h>

namespace pagetwin::twin {
namespace {

Divergence found_at(std::uint64_t address) {
  Divergence found;
  found.oracle = "T1 get";
  found.address = address;
  found.key = "get found";
  return found;
}

TEST(Verdict, FindsNothingByDefault) {
  EXPECT_FALSE(Verdict());
  EXPECT_FALSE(Verdict(std::nullopt).has_value());
}

TEST(Verdict, HoldsWhatWasFound) {
  Verdict verdict = found_at(0x7000);
  ASSERT_TRUE(verdict);
  verdict->step = 3;
  EXPECT_EQ((*verdict).address, 0x7000U);
  EXPECT_EQ(verdict->signature(), "T1 get: get found");
}

TEST(Verdict, ThatWasMovedFromFoundNothing) {
  Verdict first = found_at(1);
  const Verdict second = std::move(first);
  EXPECT_FALSE(first.has_value()); // NOLINT(bugprone-use-after-move): it is what is promised
  EXPECT_EQ(second->address, 1U);
}

TEST(Verdict, ThatIsAssignedForgetsWhatItHeld) {
  Verdict verdict = found_at(1); // the leak checker watches
  verdict = Verdict(found_at(2));
  EXPECT_EQ(verdict->address, 2U);
  verdict = std::nullopt;
  EXPECT_FALSE(verdict);
}

TEST(Verdict, IsReturnedAsAPointerIs) { EXPECT_EQ(sizeof(Verdict), sizeof(void*)); }

} // namespace
} // namespace pagetwin::twin
