// The cache of table pointers, and what an edit of the table owes it: nothing for leaves, everything for
// unlinked tables.
#include "src/arch/x86_64.hpp"
#include "src/tlb/invalidation.hpp"
#include "src/tlb/tlb.hpp"
#include "src/tlb/walk_cache.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace pagetwin {
namespace {

using F = X86_64_4;
using Start = WalkStart<F>;
using Reach = Invalidation::Reach;
constexpr std::uint64_t page = 4096, large = 2 << 20, huge = 1 << 30;
constexpr SpaceId one{1}, two{2};

struct Pointers {
  explicit Pointers(std::size_t count, unsigned level = 1) : entries(count), cache(entries, level) {}
  bool holds(SpaceId space, std::uint64_t va) { return cache.lookup(space, va).has_value(); }

  std::vector<WalkCacheEntry> entries;
  WalkCache<F> cache;
};

Start start(std::uint64_t node, unsigned level = 0) { return {PhysAddr{node}, level, 0x8000'0000'0000'0006}; }

TEST(WalkCache, ReturnsTheStartForEveryByteThatTheTableCovers) {
  Pointers p(16);
  p.cache.fill(one, 5 * large + 0x1234, start(7 * page));
  EXPECT_EQ(p.cache.lookup(one, 5 * large), start(7 * page));
  EXPECT_EQ(p.cache.lookup(one, 6 * large - 1), start(7 * page));
  EXPECT_EQ(p.cache.lookup(one, 5 * large - 1), std::nullopt);
  EXPECT_EQ(p.cache.lookup(one, 6 * large), std::nullopt);
  EXPECT_EQ(p.cache.lookup(two, 5 * large), std::nullopt);
  EXPECT_EQ(p.cache.counters(), (WalkCacheCounters{.hits = 2, .misses = 3, .fills = 1}));
}

TEST(WalkCache, KeepsOnlyStartsBelowItsLevel) {
  Pointers p(16, 2);
  p.cache.fill(one, huge, start(page, 0));
  p.cache.fill(one, huge, start(page, 2));
  EXPECT_FALSE(p.holds(one, huge));
  p.cache.fill(one, huge, start(page, 1));
  EXPECT_EQ(p.cache.lookup(one, 2 * huge - 1), start(page, 1));
}

TEST(WalkCache, OverNothingNeverHits) {
  Pointers p(0);
  p.cache.fill(one, large, start(page));
  p.cache.invalidate_range(one, 0, large);
  p.cache.invalidate_all();
  EXPECT_FALSE(p.holds(one, large));
}

TEST(WalkCache, AnAddressThatIsNotCanonicalNeitherHitsNorFills) {
  Pointers p(16);
  const std::uint64_t wrong = large | std::uint64_t{1} << 48;
  p.cache.fill(one, wrong, start(page));
  EXPECT_FALSE(p.holds(one, large));
  p.cache.fill(one, large, start(page));
  EXPECT_FALSE(p.holds(one, wrong));
}

TEST(WalkCache, AConflictReplaces) {
  Pointers p(4);
  p.cache.fill(one, 0, start(page));
  p.cache.fill(one, 4 * large, start(2 * page));
  EXPECT_FALSE(p.holds(one, 0));
  EXPECT_TRUE(p.holds(one, 4 * large));
}

TEST(WalkCache, ARangeTakesWhatItTouchesAndNothingBeside) {
  for (const std::size_t count : {16U, 1024U}) {
    for (const std::uint64_t pages : {1U, 64U}) { // probed; swept when there are fewer places than tables
      Pointers p(count);
      for (std::uint64_t i = 0; i < 8; ++i)
        p.cache.fill(one, i * large, start(i * page));
      p.cache.invalidate_range(one, 4 * large - 1, (4 + pages) * large - page);
      for (std::uint64_t i = 0; i < 8; ++i)
        EXPECT_EQ(p.holds(one, i * large), i < 3 || i > 3 + pages) << i;
    }
  }
}

TEST(WalkCache, TheLastTableOfTheSpaceIsKeptAndDropped) {
  Pointers p(16);
  p.cache.fill(one, ~std::uint64_t{0}, start(page));
  EXPECT_EQ(p.cache.lookup(one, ~std::uint64_t{0} - (large - 1)), start(page));
  p.cache.invalidate_range(one, ~std::uint64_t{0}, ~std::uint64_t{0});
  EXPECT_FALSE(p.holds(one, ~std::uint64_t{0}));
}

TEST(WalkCache, ASpaceIsDroppedAlone) {
  Pointers p(16);
  p.cache.fill(one, 0, start(page));
  p.cache.fill(two, 8 * large, start(2 * page));
  p.cache.invalidate_space(one);
  EXPECT_FALSE(p.holds(one, 0));
  EXPECT_TRUE(p.holds(two, 8 * large));
  p.cache.invalidate_all();
  EXPECT_FALSE(p.holds(two, 8 * large));
  EXPECT_EQ(p.cache.counters().invalidations, 2U);
}

struct Caches : Pointers {
  Caches() : Pointers(16), lines(16), tlb(lines, 2) {
    cache.fill(one, large, start(page));
    tlb.fill(one, large + page, {.pa = PhysAddr{9 * page}});
  }
  std::vector<TlbEntry> lines;
  Tlb<F> tlb;
};

TEST(Invalidation, OfLeavesKeepsTablePointers) {
  Caches c;
  apply({one, large + page, large + 2 * page - 1, Reach::leaf}, c.tlb, c.cache);
  EXPECT_FALSE(c.tlb.lookup(one, large + page));
  EXPECT_TRUE(c.holds(one, large));
}

TEST(Invalidation, OfAWalkDropsTablePointersToo) {
  Caches c;
  apply({one, large + page, large + 2 * page - 1, Reach::walk}, c.tlb, c.cache);
  EXPECT_FALSE(c.tlb.lookup(one, large + page));
  EXPECT_FALSE(c.holds(one, large));
}

TEST(Invalidation, OfAnotherSpaceOrRangeDropsNothing) {
  Caches c;
  apply({two, 0, ~std::uint64_t{0}, Reach::walk}, c.tlb, c.cache);
  apply({one, 2 * large, 3 * large - 1, Reach::walk}, c.tlb, c.cache);
  EXPECT_TRUE(c.tlb.lookup(one, large + page));
  EXPECT_TRUE(c.holds(one, large));
}

// Writes down who is called, in order.
struct Log {
  std::string calls;
};
struct LoggingBase {
  explicit LoggingBase(Log& log) : log_(&log) {}
  void invalidate(const Invalidation&) { log_->calls += "base-invalidate "; }
  void sync() { log_->calls += "base-sync "; }
  Log* log_;
};
struct LoggingListener {
  void invalidate(const Invalidation& i) { log.calls += "invalidate " + std::to_string(i.first) + " "; }
  void sync() { log.calls += "sync "; }
  Log& log;
};

TEST(NotifyingMemory, TellsTheListenerBeforeTheBaseMayReuseNodes) {
  Log log;
  LoggingListener listener{log};
  NotifyingMemory<LoggingBase, LoggingListener> memory(listener, log);
  memory.invalidate({one, 42, 43, Reach::leaf});
  memory.sync();
  EXPECT_EQ(log.calls, "invalidate 42 base-invalidate sync base-sync ");
}

static_assert(MemoryFor<NotifyingMemory<PlainMemory<HardwareFlags::off>, LoggingListener>, std::uint64_t>);

} // namespace
} // namespace pagetwin
