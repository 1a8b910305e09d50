#include "fuzz/machines/foreign/confirmation.hpp"

#include <gtest/gtest.h>

namespace pagetwin::fuzz {
namespace {

const std::string one = confirmation("fake TLB", "a write at 0: stale"),
                  other = confirmation("tlb 2", "a read at 1: stale");

TEST(Confirmations, AreSaidWhereTheMinimisedTraceHasThemNoMore) {
  EXPECT_EQ(one, "fake TLB finds it, too: a write at 0: stale");
  EXPECT_EQ(lost_confirmations("what\n" + one + "\n" + other, "a report\n" + other + "\n"),
            "before it was minimised: " + one + "\n");
}

TEST(Confirmations, AreNotSaidTwiceNorMadeUp) {
  EXPECT_EQ(lost_confirmations(one + "\n", "it says: " + one), "");
  EXPECT_EQ(lost_confirmations("no MMU says anything\n", "a report"), "");
  EXPECT_EQ(lost_confirmations("", ""), "");
}

} // namespace
} // namespace pagetwin::fuzz
