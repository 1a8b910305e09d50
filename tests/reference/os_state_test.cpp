// The CPUs of the OS state machine: what they may cache, what they may use although it is stale, and what an
// invalidation makes them forget.
#include "reference/os_state.hpp"
#include "tests/reference/armv7_words.hpp"
#include "tests/reference/riscv_tables.hpp"
#include "tests/reference/x86_tables.hpp"

#include <algorithm>

namespace reference {
namespace {

constexpr Access read{AccessKind::read, false}, write{AccessKind::write, false};

// A CPU that runs the tables, by identifier 1.
template <class Fixture>
class CpuOver : public Fixture {
 protected:
  CpuOver() { cpu.run(1, this->base); }
  [[nodiscard]] std::optional<std::uint64_t> access(std::uint64_t va, const Access& a = read) {
    const auto done = cpu.access(this->tables(), va, a);
    return done.ok ? std::optional(done.pa) : std::nullopt;
  }
  bool fill(std::uint64_t va, bool from_cache = false) { return cpu.fill(this->tables(), va, from_cache); }
  [[nodiscard]] std::ptrdiff_t cached_pages() const {
    return std::ranges::count_if(cpu.cached_pages(), [](const CachedPage& p) { return p.bytes != 0; });
  }
  [[nodiscard]] std::ptrdiff_t cached_tables() const {
    return std::ranges::count_if(cpu.cached_tables(), [](const CachedTable& t) { return t.bytes != 0; });
  }

  Processor cpu;
};
using Cpus = CpuOver<X86Tables>;
using CpusOfSv39 = CpuOver<RiscvTables>;

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
    fill(page, from_cached_table);
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
  fill(page);
  EXPECT_EQ(cached_tables(), 3);
  arena.put(base + 2 * page, 0);
  put_page(2 * page, 9 * page | P);
  fill(2 * page);
  EXPECT_EQ(access(2 * page), std::nullopt) << "from the root there is nothing";
  fill(2 * page, true);
  EXPECT_EQ(access(2 * page), 9 * page) << "but the old table was walked";
}

TEST_F(Cpus, AnInvalidationOfPagesLeavesTablesAndOneOfTablesDropsBoth) {
  put_page(page, 7 * page | P);
  fill(page);
  cpu.invalidate(1, page, page, false);
  EXPECT_EQ(cached_tables(), 3);
  cpu.invalidate(2, page, page, true);
  EXPECT_EQ(cached_tables(), 3) << "another space";
  cpu.invalidate(1, page, page, true);
  EXPECT_EQ(cached_tables(), 0);
}

TEST_F(Cpus, AGlobalPageAnswersEverySpaceAndGoesWithAnInvalidationOfAny) {
  put_page(page, 7 * page | P | G);
  fill(page);
  arena.put(base, 0);
  cpu.run(2, base);
  EXPECT_EQ(access(page), 7 * page);
  cpu.invalidate(2, page, page, false);
  EXPECT_EQ(access(page), std::nullopt);
}

TEST_F(Cpus, EvictionForgetsAnythingAtAnyTimeAndEverythingGoesAtOnce) {
  put_page(page, 7 * page | P);
  fill(page);
  put_page(page, 0);
  cpu.evict(0);
  EXPECT_EQ(access(page), std::nullopt);
  cpu.evict(static_cast<unsigned>(Processor::pages));
  EXPECT_EQ(cached_tables(), 2);
  cpu.invalidate_everything();
  EXPECT_EQ(cached_tables(), 0);
}

TEST_F(Cpus, ALookChangesNothing) {
  put_page(page, 7 * page | P | RW);
  const auto before = arena.bytes();
  EXPECT_EQ(cpu.look(tables(), page + 8, write).pa, 7 * page + 8);
  EXPECT_EQ(arena.bytes(), before);
  put_page(page, 0);
  EXPECT_FALSE(cpu.look(tables(), page, read).ok) << "and nothing was cached";
  put_page(page, 9 * page | P);
  fill(page);
  put_page(page, 0);
  EXPECT_EQ(cpu.look(tables(), page, read).pa, 9 * page) << "which is where it looks first";
}

TEST_F(Cpus, AWalkThatNobodyAskedForSetsTheAccessFlagsOfThePageThatItFindsAndOfTheTablesOnItsWay) {
  // A published model decodes the flags and does not use them.
  put_page(page, 7 * page | P);
  EXPECT_FALSE(fill(2 * page)) << "there is none";
  EXPECT_EQ(arena.at(base) & A, 0U);
  EXPECT_TRUE(fill(page));
  EXPECT_EQ(page_word(page), 7 * page | P | A);
  EXPECT_EQ(arena.at(base) & A, A);
}

TEST_F(Cpus, AWalkFromACachedTableMarksWhatItReadsWhereverThatLies) {
  put_page(page, 7 * page | P);
  ASSERT_TRUE(fill(page));
  put_page(2 * page, 9 * page | P);
  arena.put(base + 2 * page, 0);
  EXPECT_TRUE(fill(2 * page, true));
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
  EXPECT_TRUE(cpu.may_hold(2)) << "and forgets nothing when it rests";
  cpu.invalidate_everything();
  EXPECT_FALSE(cpu.may_hold(2));
}

TEST_F(Cpus, AnInvalidationOfAnotherSpaceOrOfAnotherPlaceLeavesPagesAndTables) {
  put_page(page, 7 * page | P);
  fill(page);
  cpu.invalidate(2, page, page, false);
  EXPECT_EQ(cached_pages(), 1);
  cpu.invalidate(1, large, large, true);
  EXPECT_EQ(cached_tables(), 1) << "the page table covers no byte of it, as the others do";
  EXPECT_EQ(cached_pages(), 1);
}

TEST_F(Cpus, AnInvalidationOfOneByteDropsAWholeSuperpage) {
  put_large(large, 8 * large | P | PS);
  fill(large);
  cpu.invalidate(1, large + 5 * page, large + 5 * page, false);
  EXPECT_EQ(cached_pages(), 0);
}

TEST_F(Cpus, WhatWasReadAtDifferentTimesOrInDifferentSpacesIsCachedSideBySide) {
  for (const std::uint64_t word : {7 * page | P, 9 * page | P, 9 * page | P | RW, 9 * page | P | RW | D}) {
    put_page(page, word);
    fill(page);
  }
  EXPECT_EQ(cached_pages(), 3) << "flags make no other page";
  arena.put(base + 2 * page, (base + 4 * page) | P);
  arena.put(base + 4 * page, 7 * page | P);
  fill(0);
  EXPECT_EQ(cached_tables(), 4);
  cpu.run(2, base);
  fill(0);
  EXPECT_EQ(cached_pages(), 5);
  EXPECT_EQ(cached_tables(), 7);
}

TEST_F(Cpus, APageThatIsCachedAsDirtyStaysSo) {
  put_page(0, 7 * page | P | RW);
  ASSERT_TRUE(access(0, write));
  put_page(0, 7 * page | P | RW | A);
  fill(0);
  ASSERT_TRUE(access(0, write));
  EXPECT_EQ(page_word(0) & D, 0U);
}

TEST_F(Cpus, NothingIsFoundByAnIdleCpuNorWhereThereIsNoAddressNorThroughAReservedBit) {
  put_page(page, 7 * page | P);
  put_large(large, 8 * large | P | PS | std::uint64_t{1} << 13);
  EXPECT_FALSE(fill(large));
  EXPECT_FALSE(fill((std::uint64_t{1} << 48) + page));
  cpu.idle();
  EXPECT_FALSE(fill(page));
  EXPECT_EQ(cached_pages(), 0);
}

TEST_F(Cpus, EvictionForgetsOnePageAndEverythingIsEveryPage) {
  for (const std::uint64_t va : {std::uint64_t{0}, page, 2 * page}) {
    put_page(va, 7 * page | P);
    fill(va);
  }
  cpu.evict(1);
  EXPECT_EQ(cached_pages(), 2);
  cpu.invalidate_everything();
  EXPECT_EQ(cached_pages(), 0);
}

TEST_F(CpusOfSv39, AWalkThatNobodyAskedForSetsTheAccessedFlagOfThePageAloneWhereTablesHaveNone) {
  put_page(page, word(7 * page, V | R));
  EXPECT_TRUE(fill(page));
  EXPECT_EQ(arena.at(page_slot(page)), word(7 * page, V | R | A));
  EXPECT_EQ(arena.at(base), word(base + page, V));
}

TEST_F(CpusOfSv39, APageBelowAGlobalTableIsEverySpaces) {
  arena.put(base, word(base + page, V | G));
  put_page(page, word(7 * page, V | R));
  put_page(2 * page, word(8 * page, V | R));
  fill(page);
  fill(2 * page, true); // from the table above it
  arena.put(base, 0);
  cpu.run(2, base);
  EXPECT_EQ(access(page), 7 * page);
  EXPECT_EQ(access(2 * page), 8 * page);
}

TEST(CpuOfArmv7, WritesThroughACachedPageWithoutADirtyFlagWhereThereIsNone) {
  constexpr std::uint64_t base = 0x10'0000, frame = 3 * armv7_words::M1;
  Arena arena{base, 0x4000};
  const Tables tables{&armv7(), arena.memory(), {}};
  Processor cpu;
  cpu.run(1, base);
  arena.put(base, frame | armv7_words::section);
  EXPECT_EQ(cpu.access(tables, 8, write).pa, frame + 8);
  arena.put(base, 0);
  EXPECT_EQ(cpu.access(tables, 8, write).pa, frame + 8);
}

} // namespace
} // namespace reference
