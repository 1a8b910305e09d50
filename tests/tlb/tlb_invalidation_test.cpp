// What each invalidation of the translation cache takes, and what it leaves.
#include "tests/tlb/tlb_by_hand.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace pagetwin {
namespace {

TEST(Tlb, WhatIsNotInvalidatedStaysThoughStale) {
  Cache cache(16, 2);
  cache.tlb.fill(one, page, leaf(5 * page));
  cache.tlb.invalidate_page(two, page);
  cache.tlb.invalidate_page(one, 0);
  cache.tlb.invalidate_page(one, 2 * page);
  cache.tlb.invalidate_space(two);
  EXPECT_EQ(cache.tlb.lookup(one, page), leaf(5 * page));
  EXPECT_EQ(cache.tlb.counters().invalidations, 0U);
}

TEST(Tlb, InvalidatingAPageTakesTheLineOfAnySizeAroundIt) {
  for (unsigned size = 0; size < 3; ++size) {
    Cache cache(16, 2);
    cache.tlb.fill(one, huge, leaf(huge, size));
    cache.tlb.invalidate_page(one, huge + X86_64_4::sizes[size].bytes() - 1);
    EXPECT_EQ(cache.lines(), std::vector<TlbLine>{});
    EXPECT_EQ(cache.tlb.counters().invalidations, 1U);
  }
}

TEST(Tlb, InvalidatingAPageTakesAGlobalLineFromAnySpace) {
  Cache cache(16, 2);
  cache.tlb.fill(one, page, global_leaf(page));
  cache.tlb.invalidate_page(two, page);
  EXPECT_FALSE(cache.holds(one, page));
}

TEST(Tlb, InvalidatingASpaceLeavesGlobalLinesAndOtherSpaces) {
  Cache cache(16, 4);
  cache.tlb.fill(one, page, leaf(page));
  cache.tlb.fill(one, large, leaf(large, 1));
  cache.tlb.fill(one, 2 * page, global_leaf(2 * page));
  cache.tlb.fill(two, page, leaf(3 * page));
  cache.tlb.invalidate_space(one);
  EXPECT_EQ(cache.lines(),
            (std::vector{TlbLine{two, page, leaf(3 * page)}, {one, 2 * page, global_leaf(2 * page)}}));
  cache.expect_balance();
}

TEST(Tlb, InvalidatingEverythingTakesGlobalLinesToo) {
  Cache cache(16, 4);
  cache.tlb.fill(one, page, leaf(page));
  cache.tlb.fill(two, last_page, global_leaf(2 * page));
  cache.tlb.invalidate_all();
  EXPECT_EQ(cache.lines(), std::vector<TlbLine>{});
  EXPECT_FALSE(cache.holds(one, page));
  cache.expect_balance();
}

TEST(Tlb, ARangeTakesWhatItTouchesAndNothingBeside) {
  for (const std::size_t sets : {1U, 8U, 256U}) { // swept and probed
    Cache cache(sets, 16);
    for (std::uint64_t i = 0; i < 16; ++i)
      cache.tlb.fill(one, i * page, leaf(i * page));
    cache.tlb.invalidate_range(one, 4 * page - 1, 8 * page);
    for (std::uint64_t i = 0; i < 16; ++i)
      EXPECT_EQ(cache.holds(one, i * page), i < 3 || i > 8) << i;
  }
}

TEST(Tlb, AByteOfALargePageInTheRangeTakesIt) {
  for (const std::size_t sets : {1U, 1024U}) {
    Cache cache(sets, 4);
    cache.tlb.fill(one, large, leaf(huge, 1));
    cache.tlb.fill(one, 2 * large, leaf(huge + large, 1));
    cache.tlb.invalidate_range(one, large - page, large);
    EXPECT_FALSE(cache.holds(one, large));
    EXPECT_TRUE(cache.holds(one, 2 * large));
    cache.tlb.invalidate_range(one, 3 * large - 1, 3 * large + page);
    EXPECT_FALSE(cache.holds(one, 2 * large));
  }
}

TEST(Tlb, TheLastPageOfTheSpaceIsCachedAndInvalidated) {
  const std::uint64_t bytes[] = {page, large, huge};
  for (unsigned size = 0; size < 3; ++size) {
    Cache cache(16, 2);
    const std::uint64_t va = ~std::uint64_t{0} - (bytes[size] - 1);
    cache.tlb.fill(one, ~std::uint64_t{0}, leaf(8 * huge - 1, size));
    EXPECT_EQ(cache.lines(), (std::vector{TlbLine{one, va, leaf(8 * huge - bytes[size], size)}}));
    cache.tlb.invalidate_range(one, last_page, ~std::uint64_t{0});
    EXPECT_FALSE(cache.holds(one, va));
  }
}

TEST(Tlb, TheWholeAddressSpaceIsARange) {
  Cache cache(16, 4);
  cache.tlb.fill(one, 0, leaf(page));
  cache.tlb.fill(one, last_page, leaf(2 * page));
  cache.tlb.fill(two, page, leaf(3 * page));
  cache.tlb.invalidate_range(one, 0, ~std::uint64_t{0});
  EXPECT_EQ(cache.lines(), (std::vector{TlbLine{two, page, leaf(3 * page)}}));
}

TEST(Tlb, TheHalvesOfTheSpaceAreApart) {
  constexpr std::uint64_t low_end = std::uint64_t{1} << 47, high_start = ~std::uint64_t{0} << 47;
  Cache cache(1, 16);
  cache.tlb.fill(one, low_end - page, leaf(page));
  cache.tlb.fill(one, high_start, leaf(2 * page));
  cache.tlb.invalidate_range(one, 0, low_end - 1);
  EXPECT_EQ(cache.lines(), (std::vector{TlbLine{one, high_start, leaf(2 * page)}}));
  cache.tlb.invalidate_range(one, high_start, ~std::uint64_t{0});
  EXPECT_EQ(cache.lines(), std::vector<TlbLine>{});
}

} // namespace
} // namespace pagetwin
