// The translation cache by hand: what a line matches, and what a fill pushes out.
#include "tests/tlb/dice.hpp"
#include "tests/tlb/tlb_by_hand.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace pagetwin {
namespace {

TEST(Tlb, IsEmptyOverStorageThatIsNot) {
  std::vector<TlbEntry> entries(8);
  Tlb<X86_64_4> before(entries, 2);
  before.fill(one, page, leaf(7 * page));
  Tlb<X86_64_4> after(entries, 2);
  EXPECT_EQ(after.lookup(one, page), std::nullopt);
}

TEST(Tlb, AnswersEveryByteOfAPageOfEverySize) {
  const std::uint64_t bytes[] = {page, large, huge};
  for (unsigned size = 0; size < 3; ++size) {
    Cache cache(16, 2);
    const std::uint64_t va = 3 * huge, pa = 8 * huge;
    cache.tlb.fill(one, va + 0x123, leaf(pa + 0x123, size));
    EXPECT_EQ(cache.tlb.lookup(one, va), leaf(pa, size));
    EXPECT_EQ(cache.tlb.lookup(one, va + bytes[size] - 1), leaf(pa + bytes[size] - 1, size));
    EXPECT_EQ(cache.tlb.lookup(one, va - 1), std::nullopt);
    EXPECT_EQ(cache.tlb.lookup(one, va + bytes[size]), std::nullopt);
    EXPECT_EQ(cache.lines(), (std::vector{TlbLine{one, va, leaf(pa, size)}}));
  }
}

TEST(Tlb, ReturnsAttributesAndFlagsAsFilled) {
  Cache cache(16, 2);
  for (const Flags flags : {Flags{false, false}, Flags{true, false}, Flags{false, true}, Flags{true, true}}) {
    TlbTranslation filled = global_leaf(9 * page);
    filled.flags = flags;
    cache.tlb.fill(one, page, filled);
    EXPECT_EQ(cache.tlb.lookup(one, page), filled);
  }
}

TEST(Tlb, KeepsSpacesApart) {
  Cache cache(16, 4);
  for (unsigned space : {0U, 1U, 2U, 0xffffU})
    cache.tlb.fill(SpaceId{static_cast<std::uint16_t>(space)}, page, leaf(space * page));
  for (unsigned space : {0U, 1U, 2U, 0xffffU})
    EXPECT_EQ(cache.tlb.lookup(SpaceId{static_cast<std::uint16_t>(space)}, page), leaf(space * page));
  EXPECT_FALSE(cache.holds(SpaceId{3}, page));
}

TEST(Tlb, AGlobalLineMatchesEverySpace) {
  Cache cache(16, 2);
  cache.tlb.fill(one, page, global_leaf(5 * page));
  EXPECT_EQ(cache.tlb.lookup(two, page + 1), global_leaf(5 * page + 1));
  EXPECT_EQ(cache.tlb.lookup(SpaceId{0}, page), global_leaf(5 * page));
}

TEST(Tlb, AGlobalFillReplacesTheLinesOfAllSpaces) {
  Cache cache(16, 4);
  cache.tlb.fill(one, page, leaf(2 * page));
  cache.tlb.fill(two, page, leaf(3 * page));
  cache.tlb.fill(two, 2 * page, leaf(4 * page));
  cache.tlb.fill(SpaceId{3}, page, global_leaf(5 * page));
  EXPECT_EQ(cache.tlb.lookup(one, page), global_leaf(5 * page));
  EXPECT_EQ(cache.tlb.lookup(two, page), global_leaf(5 * page));
  EXPECT_EQ(cache.lines().size(), 2U);
  cache.expect_balance();
}

TEST(Tlb, ALineOfASpaceReplacesTheGlobalOne) {
  Cache cache(16, 4);
  cache.tlb.fill(one, page, global_leaf(5 * page));
  cache.tlb.fill(two, page, leaf(6 * page));
  EXPECT_EQ(cache.tlb.lookup(two, page), leaf(6 * page));
  EXPECT_FALSE(cache.holds(one, page));
}

TEST(Tlb, ALargePageReplacesTheSmallOnesUnderIt) {
  for (const std::size_t sets : {4U, 2048U}) { // swept, and probed page by page
    Cache cache(sets, 4);
    cache.tlb.fill(one, large, leaf(1 * page));
    cache.tlb.fill(one, 2 * large - page, leaf(2 * page));
    cache.tlb.fill(two, large + page, leaf(3 * page));
    cache.tlb.fill(one, large - page, leaf(4 * page));
    cache.tlb.fill(one, large + 5 * page, leaf(huge + 5 * page, 1));
    EXPECT_EQ(cache.tlb.lookup(one, large), leaf(huge, 1));
    EXPECT_EQ(cache.tlb.lookup(one, 2 * large - 1), leaf(huge + large - 1, 1));
    EXPECT_TRUE(cache.holds(one, large - page));
    EXPECT_TRUE(cache.holds(two, large + page));
    EXPECT_EQ(cache.lines().size(), 3U);
    EXPECT_EQ(cache.tlb.counters().evictions, 2U);
    cache.expect_balance();
  }
}

TEST(Tlb, ASmallPageReplacesTheLargeOneOverIt) {
  Cache cache(16, 2);
  cache.tlb.fill(one, huge, leaf(0, 2));
  cache.tlb.fill(one, huge + 3 * page, leaf(7 * page));
  EXPECT_EQ(cache.lines(), (std::vector{TlbLine{one, huge + 3 * page, leaf(7 * page)}}));
  EXPECT_FALSE(cache.holds(one, huge));
}

TEST(Tlb, RefillingAPageKeepsOneLineOfIt) {
  Cache cache(16, 2);
  cache.tlb.fill(one, page, leaf(page));
  cache.tlb.fill(one, page, leaf(2 * page));
  EXPECT_EQ(cache.lines(), (std::vector{TlbLine{one, page, leaf(2 * page)}}));
  cache.expect_balance();
}

// Is there an address that both match? Lines are of whole pages.
bool overlap(const TlbLine& a, const TlbLine& b) {
  const unsigned larger = std::max(a.leaf.size, b.leaf.size);
  return a.space == b.space && (a.first ^ b.first) >> X86_64_4::sizes[larger].log2_bytes == 0;
}

TEST(Tlb, Theorem3OfL4NoTwoLinesMatchOneAddressWhateverIsFilled) {
  Dice dice(3);
  Cache cache(8, 4);
  for (unsigned i = 0; i < 5'000; ++i) {
    cache.tlb.fill(dice.one_in(2) ? one : two, dice.address(),
                   leaf(dice.below(16) * huge, static_cast<unsigned>(dice.below(3))));
    const auto lines = cache.lines();
    for (std::size_t a = 0; a < lines.size(); ++a)
      for (std::size_t b = 0; b < a; ++b)
        ASSERT_FALSE(overlap(lines[a], lines[b])) << "fill " << i;
  }
  EXPECT_GT(cache.tlb.counters().evictions, 1'000U) << "of which some for their place";
}

TEST(Tlb, AsManyConflictingPagesAsWaysFit) {
  Cache cache(8, 4);
  for (std::uint64_t i = 0; i < 4; ++i)
    cache.tlb.fill(one, i * 8 * page, leaf(i * page));
  for (std::uint64_t i = 0; i < 4; ++i)
    EXPECT_EQ(cache.tlb.lookup(one, i * 8 * page), leaf(i * page));
  EXPECT_EQ(cache.tlb.counters().evictions, 0U);
}

TEST(Tlb, OneConflictTooManyEvictsOne) {
  Cache cache(8, 4);
  for (std::uint64_t i = 0; i < 5; ++i)
    cache.tlb.fill(one, i * 8 * page, leaf(i * page));
  EXPECT_TRUE(cache.holds(one, page * 32));
  EXPECT_EQ(cache.lines().size(), 4U);
  EXPECT_EQ(cache.tlb.counters().evictions, 1U);
  cache.expect_balance();
}

TEST(Tlb, ADirectMappedCacheKeepsTheLastOfTwo) {
  Cache cache(8, 1);
  cache.tlb.fill(one, 0, leaf(page));
  cache.tlb.fill(two, 0, leaf(2 * page));
  EXPECT_FALSE(cache.holds(one, 0));
  EXPECT_EQ(cache.tlb.lookup(two, 0), leaf(2 * page));
}

TEST(Tlb, OneSetOfOddlyManyWaysIsFullyAssociative) {
  Cache cache(1, 7);
  for (std::uint64_t i = 0; i < 7; ++i)
    cache.tlb.fill(one, i * 64 * page, leaf(i * page));
  for (std::uint64_t i = 0; i < 7; ++i)
    EXPECT_TRUE(cache.holds(one, i * 64 * page));
}

TEST(Tlb, UsesAPowerOfTwoOfSets) {
  std::vector<TlbEntry> entries(23);
  const Tlb<X86_64_4> tlb(entries, 3);
  EXPECT_EQ(tlb.sets(), 4U);
  EXPECT_EQ(tlb.ways(), 3U);
}

TEST(Tlb, AnAddressThatIsNotCanonicalNeitherHitsNorFills) {
  constexpr std::uint64_t bit48 = std::uint64_t{1} << 48, bit63 = std::uint64_t{1} << 63;
  Cache cache(16, 4);
  cache.tlb.fill(one, page, leaf(page));
  cache.tlb.fill(one, last_page, leaf(2 * page));
  const auto before = cache.lines();
  for (const std::uint64_t wrong :
       {page | bit48, page | bit63, last_page ^ bit48, last_page ^ bit63, bit48 >> 1}) {
    EXPECT_FALSE(cache.holds(one, wrong)) << std::hex << wrong;
    cache.tlb.fill(one, wrong, leaf(3 * page));
    cache.tlb.invalidate_page(one, wrong);
  }
  EXPECT_EQ(cache.lines(), before);
}

TEST(Tlb, FiveLevelsUseAllTheirAddressBits) {
  Cache<X86_64_5> cache(4, 4);
  const std::uint64_t high = std::uint64_t{1} << 55;
  cache.tlb.fill(SpaceId{0xffff}, high, leaf(page));
  EXPECT_TRUE(cache.holds(SpaceId{0xffff}, high));
  EXPECT_FALSE(cache.holds(SpaceId{0xffff}, high | std::uint64_t{1} << 48));
  EXPECT_FALSE(cache.holds(SpaceId{0xffff}, 0));
  EXPECT_FALSE(cache.holds(SpaceId{0x7fff}, high));
}

TEST(Tlb, CountsHitsAndMisses) {
  Cache cache(16, 2);
  cache.tlb.fill(one, page, leaf(page));
  (void)cache.tlb.lookup(one, page);
  (void)cache.tlb.lookup(one, page + 8);
  (void)cache.tlb.lookup(one, 2 * page);
  EXPECT_EQ(cache.tlb.counters(), (TlbCounters{.hits = 2, .misses = 1, .fills = 1}));
}

} // namespace
} // namespace pagetwin
