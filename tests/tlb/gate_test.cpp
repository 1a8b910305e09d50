// When a cache is asked and when it rests.
#include "src/tlb/gate.hpp"

#include <gtest/gtest.h>

namespace pagetwin {
namespace {

constexpr GateRule small{.misses = 4, .hits_per_miss = 2, .shortest_rest = 10, .longest_rest = 40};

// Successive lookups that go past the cache, until one does not.
std::uint64_t rest(Gate& gate) {
  std::uint64_t lookups = 0;
  while (gate.rests())
    ++lookups;
  return lookups;
}
void miss(Gate& gate, unsigned times, std::uint64_t hits) {
  for (unsigned i = 0; i < times; ++i)
    gate.missed(hits);
}

TEST(Gate, AsksFromTheStart) {
  Gate gate(small);
  EXPECT_FALSE(gate.rests());
}

TEST(Gate, RestsAfterMissesWithoutHits) {
  Gate gate(small);
  miss(gate, 3, 0);
  EXPECT_FALSE(gate.rests());
  miss(gate, 1, 0);
  EXPECT_EQ(rest(gate), 10U);
}

TEST(Gate, StaysOpenWhileEveryMissIsPaidForByHits) {
  Gate gate(small);
  for (std::uint64_t hits = 8; hits < 80; hits += 8) {
    miss(gate, 4, hits);
    EXPECT_FALSE(gate.rests()) << hits;
  }
  miss(gate, 4, 72 + 7);
  EXPECT_TRUE(gate.rests());
}

TEST(Gate, CountsTheHitsOfThisTrialOnly) {
  Gate gate(small);
  miss(gate, 4, 1000);
  EXPECT_FALSE(gate.rests());
  miss(gate, 4, 1000);
  EXPECT_EQ(rest(gate), 10U);
}

TEST(Gate, RestsLongerWithEveryTrialThatFailsUpToALimit) {
  Gate gate(small);
  for (const std::uint64_t expected : {10U, 20U, 40U, 40U}) {
    miss(gate, 4, 0);
    EXPECT_EQ(rest(gate), expected);
  }
}

TEST(Gate, ATrialThatGoesWellMakesTheNextRestShortAgain) {
  Gate gate(small);
  miss(gate, 4, 0);
  EXPECT_EQ(rest(gate), 10U);
  miss(gate, 4, 8);
  EXPECT_FALSE(gate.rests());
  miss(gate, 4, 8);
  EXPECT_EQ(rest(gate), 10U);
}

TEST(Gate, AMissOfACacheThatRestsTriesNothing) {
  Gate gate(small);
  miss(gate, 4, 0);
  ASSERT_TRUE(gate.rests());
  miss(gate, 100, 1000);
  EXPECT_EQ(rest(gate), 9U);
}

TEST(Gate, AlwaysNeverRestsAndNeverAlwaysDoes) {
  Gate always(GateRule::always()), never(GateRule::never());
  miss(always, 100000, 0);
  miss(never, 100000, 100000000);
  EXPECT_FALSE(always.rests());
  for (int i = 0; i < 100000; ++i)
    ASSERT_TRUE(never.rests());
}

// The worst program: it hits just enough to keep the cache in use, then not at all.
TEST(Gate, WhateverIsAskedFewLookupsMissInVain) {
  Gate gate({});
  std::uint64_t hits = 0, asked = 0, in_vain = 0, lookups = 0;
  while (lookups < 1U << 20) {
    ++lookups;
    if (gate.rests())
      continue;
    ++asked;
    const bool misses = hits >= 2048 * (1 + in_vain / 512);
    hits += misses ? 0 : 1;
    in_vain += misses ? 1 : 0;
    if (misses)
      gate.missed(hits);
  }
  EXPECT_GT(asked, in_vain);
  EXPECT_GT(in_vain, 256U);
  EXPECT_LT(in_vain * 64, lookups);
}

} // namespace
} // namespace pagetwin
