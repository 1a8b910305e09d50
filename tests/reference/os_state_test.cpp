// The CPUs of the OS state machine: what they may cache, what they may use although it is stale, and what an
// invalidation makes them forget.
#include "reference/os_state.hpp"
#include "tests/reference/x86_tables.hpp"

#include <algorithm>

namespace reference {
namespace {

constexpr Access read{AccessKind::read, false}, write{AccessKind::write, false};

class Cpus : public X86Tables {
 protected:
  Cpus() { cpu.run(1, base); }
  [[nodiscard]] std::optional<std::uint64_t> access(std::uint64_t va, const Access& a = read) {
    const auto done = cpu.access(tables(), va, a);
    return done.ok ? std::optional(done.pa) : std::nullopt;
  }
  [[nodiscard]] std::size_t cached_tables() const {
    const auto& all = cpu.cached_tables();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const CachedTable& t) { return t.bytes != 0; }));
  }

  Processor cpu;
};

TEST_F(Cpus, ACachedTranslationIsUsedUntilItsPageIsInvalidated) {
  put_page(page, 7 * page | P | RW);
  EXPECT_EQ(access(page + 8), 7 * page + 8);
  put_page(page, 0);
  EXPECT_EQ(access(page + 8), 7 * page + 8) << "stale use is allowed";
  cpu.invalidate(1, page, 2 * page - 1, false);
  EXPECT_EQ(access(page + 8), std::nullopt);
}

TEST_F(Cpus, AWalkReadsAPageOfTheLastLevelAsAPageAndIndexesEachLevelByItsOwnBits) {
  // A published model decodes such a page as a table, with indices that are off by a level.
  put_page(5 * page, 7 * page | P);
  put_large(3 * large, 8 * large | P | PS);
  const auto expect_all = [this] {
    EXPECT_EQ(access(5 * page + 0x18), 7 * page + 0x18);
    EXPECT_EQ(access(3 * large + 0x12'3458), 8 * large + 0x12'3458);
    EXPECT_EQ(access(4 * page), std::nullopt);
  };
  expect_all();
  arena.put(base, 0); // only what the walks above have cached still answers
  expect_all();
}

TEST_F(Cpus, WhatATableForbidsNoCachedPageBelowItAllows) {
  arena.put(base + page, (base + 2 * page) | P | US); // no writes, where the page below allows them
  put_page(page, 7 * page | P | RW | D);
  for (const bool from_cached_table : {false, true}) {
    cpu.fill(tables(), page, from_cached_table);
    EXPECT_EQ(access(page), 7 * page);
    EXPECT_EQ(access(page, write), std::nullopt);
    cpu.invalidate(1, page, page, false);
  }
}

TEST_F(Cpus, TheInvalidationOfARangeDropsEveryPageOfIt) {
  // A published model drops the first alone.
  for (std::uint64_t va = 0; va < 4 * page; va += page) {
    put_page(va, (8 * page + va) | P);
    ASSERT_TRUE(access(va));
    put_page(va, 0);
  }
  cpu.invalidate(1, page, 3 * page - 1, false);
  EXPECT_TRUE(access(0));
  EXPECT_FALSE(access(page));
  EXPECT_FALSE(access(2 * page));
  EXPECT_TRUE(access(3 * page));
}

TEST_F(Cpus, EveryAccessIsCheckedForItsKindAndForWhoMakesIt) {
  // A published model never checks the supervisor's bit, nor execution.
  put_page(0, 7 * page | P | std::uint64_t{1} << 63);
  ASSERT_TRUE(access(0));
  for (const bool user : {false, true})
    for (const AccessKind kind : {AccessKind::read, AccessKind::write, AccessKind::execute})
      EXPECT_EQ(access(0, {kind, user}).has_value(), kind == AccessKind::read && !user);
}

TEST_F(Cpus, AWriteSetsTheDirtyFlagOfTheDescriptorAndACachedDirtyPageNeedsNoOther) {
  // A published model decodes the flags and does not use them.
  put_page(0, 7 * page | P | RW);
  ASSERT_TRUE(access(0));
  EXPECT_EQ(arena.at(base + 3 * page) & D, 0U);
  ASSERT_TRUE(access(0, write)) << "a clean line is not enough";
  EXPECT_EQ(arena.at(base + 3 * page) & D, D);
  put_page(0, 7 * page | P | RW);
  ASSERT_TRUE(access(0, write));
  EXPECT_EQ(arena.at(base + 3 * page) & D, 0U) << "what is cached as dirty writes without a word";
}

TEST_F(Cpus, AWriteThroughACleanLineChecksTheDescriptorAgain) {
  put_page(0, 7 * page | P | RW);
  ASSERT_TRUE(access(0));
  put_page(0, 9 * page | P | RW);
  EXPECT_EQ(access(0, write), 9 * page) << "it changed, so that the access walks again";
}

TEST_F(Cpus, AWalkMayGoOnFromACachedTableThatNoDescriptorNamesAnyMore) {
  put_page(page, 7 * page | P);
  cpu.fill(tables(), page, false);
  EXPECT_EQ(cached_tables(), 3U);
  arena.put(base + 2 * page, 0);
  put_page(2 * page, 9 * page | P);
  cpu.fill(tables(), 2 * page, false);
  EXPECT_EQ(access(2 * page), std::nullopt) << "from the root there is nothing";
  cpu.fill(tables(), 2 * page, true);
  EXPECT_EQ(access(2 * page), 9 * page) << "but the old table was walked";
}

TEST_F(Cpus, AnInvalidationOfPagesLeavesTablesAndOneOfTablesDropsBoth) {
  put_page(page, 7 * page | P);
  cpu.fill(tables(), page, false);
  cpu.invalidate(1, page, page, false);
  EXPECT_EQ(cached_tables(), 3U);
  cpu.invalidate(2, page, page, true);
  EXPECT_EQ(cached_tables(), 3U) << "another space";
  cpu.invalidate(1, page, page, true);
  EXPECT_EQ(cached_tables(), 0U);
}

TEST_F(Cpus, AGlobalPageAnswersEverySpaceAndGoesWithAnInvalidationOfAny) {
  put_page(page, 7 * page | P | G);
  cpu.fill(tables(), page, false);
  arena.put(base, 0);
  cpu.run(2, base);
  EXPECT_EQ(access(page), 7 * page);
  cpu.invalidate(2, page, page, false);
  EXPECT_EQ(access(page), std::nullopt);
}

TEST_F(Cpus, EvictionForgetsAnythingAtAnyTimeAndEverythingGoesAtOnce) {
  put_page(page, 7 * page | P);
  cpu.fill(tables(), page, false);
  put_page(page, 0);
  cpu.evict(0);
  EXPECT_EQ(access(page), std::nullopt);
  cpu.evict(static_cast<unsigned>(Processor::pages));
  EXPECT_EQ(cached_tables(), 2U);
  cpu.invalidate_everything();
  EXPECT_EQ(cached_tables(), 0U);
}

TEST_F(Cpus, ALookChangesNothing) {
  put_page(page, 7 * page | P | RW);
  const auto before = arena.bytes();
  EXPECT_EQ(cpu.look(tables(), page + 8, write).pa, 7 * page + 8);
  EXPECT_EQ(arena.bytes(), before);
  put_page(page, 0);
  EXPECT_FALSE(cpu.look(tables(), page, read).ok) << "and nothing was cached";
}

TEST_F(Cpus, AWalkThatNobodyAskedForSetsTheAccessFlagsOfThePageThatItFindsAndOfTheTablesOnItsWay) {
  // A published model decodes the flags and does not use them.
  put_page(page, 7 * page | P);
  EXPECT_FALSE(cpu.fill(tables(), 2 * page, false)) << "there is none";
  EXPECT_EQ(arena.at(base) & A, 0U);
  EXPECT_TRUE(cpu.fill(tables(), page, false));
  EXPECT_EQ(page_word(page), 7 * page | P | A);
  EXPECT_EQ(arena.at(base) & A, A);
}

TEST_F(Cpus, AWalkFromACachedTableMarksWhatItReadsWhereverThatLies) {
  put_page(page, 7 * page | P);
  ASSERT_TRUE(cpu.fill(tables(), page, false));
  put_page(2 * page, 9 * page | P);
  arena.put(base + 2 * page, 0);
  EXPECT_TRUE(cpu.fill(tables(), 2 * page, true));
  EXPECT_EQ(page_word(2 * page), 9 * page | P | A);
  EXPECT_EQ(arena.at(base + 2 * page), 0U);
}

TEST_F(Cpus, WhatIsRecalledLeavesNoTrace) {
  put_page(page, 7 * page | P);
  cpu.recall(tables(), page, false);
  EXPECT_EQ(page_word(page), 7 * page | P);
  put_page(page, 0);
  EXPECT_EQ(access(page), 7 * page);
}

TEST_F(Cpus, ACpuMayHoldWhatItRanUntilItForgetsEverythingElse) {
  cpu.run(2, base);
  EXPECT_TRUE(cpu.may_hold(1) && cpu.may_hold(2));
  EXPECT_FALSE(cpu.may_hold(3));
  cpu.invalidate_everything();
  EXPECT_FALSE(cpu.may_hold(1));
  EXPECT_TRUE(cpu.may_hold(2)) << "it still runs";
  cpu.idle();
  cpu.invalidate_everything();
  EXPECT_FALSE(cpu.may_hold(2));
}

} // namespace
} // namespace reference
