// The Mmu while its caches rest: it answers from the tables, keeps nothing, and forgets what it must.
#include "tests/tlb/mmu_by_hand.hpp"

#include <gtest/gtest.h>

namespace pagetwin {
namespace {

constexpr GateRule brief{.misses = 2, .hits_per_miss = 1, .shortest_rest = 3, .longest_rest = 3};

struct Resting : Machine {
  explicit Resting(GateRule tlb_rule, GateRule walk_rule, unsigned level = 2) : Machine(level) {
    mmu = Mmu<F, RacingMemory>(memory, {tlb, 2}, {pointers, level}, {tlb_rule, walk_rule});
    for (const std::uint64_t number : {1U, 2U, 3U})
      put(number * page, 0, (number + 6) * page | P);
  }
  // Two misses, after which a cache with a brief rule rests.
  void miss_twice() {
    (void)translate(1000 * huge);
    (void)translate(1001 * huge);
  }
};

TEST(MmuAtRest, AnswersFromTheTablesAndKeepsNothing) {
  Resting m(brief, GateRule::never());
  m.miss_twice();
  EXPECT_EQ(m.source(page), Source::walk);
  EXPECT_EQ(m.source(page), Source::walk);
  m.put(page, 0, 9 * page | P);
  EXPECT_EQ(m.translate(page), at(9 * page, 0, rx, {}, Source::walk)) << "no invalidation is owed";
  EXPECT_EQ(m.source(page), Source::walk) << "asked again, and filled";
  EXPECT_EQ(m.source(page), Source::tlb);
}

TEST(MmuAtRest, WhatWasCachedBeforeAnswersAfterwards) {
  Resting m(brief, GateRule::never());
  (void)m.translate(page);
  (void)m.translate(2 * page);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(m.source(page), Source::walk);
  EXPECT_EQ(m.source(page), Source::tlb);
}

TEST(MmuAtRest, HearsOfInvalidationsThatCountWhenItIsAskedAgain) {
  Resting m(brief, GateRule::never());
  (void)m.translate(page);
  (void)m.translate(2 * page);
  m.put(page, 0, 9 * page | P);
  m.mmu.invalidate({one, page, 2 * page - 1, Reach::leaf});
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(m.source(3 * page), Source::walk);
  EXPECT_EQ(m.translate(page), at(9 * page, 0, rx, {}, Source::walk));
}

TEST(MmuAtRest, TablePointersAreDroppedWhileTheyRest) {
  for (const unsigned level : {1U, 2U, 3U}) {
    Resting m(GateRule::never(), brief, level);
    (void)m.translate(page); // fills the pointer
    m.miss_twice();          // the second of three misses sends the walk cache to rest
    m.put(page, 3, 0);       // the root's slot: everything below is unlinked
    m.mmu.invalidate({one, 0, large - 1, Reach::walk});
    for (int i = 0; i < 8; ++i)
      EXPECT_EQ(m.translate(page), std::nullopt) << level;
  }
}

TEST(MmuAtRest, AnAddressThatIsNotCanonicalIsNotTranslated) {
  const std::uint64_t odd = page | std::uint64_t{1} << 48;
  for (const GateRule rule : {GateRule::never(), GateRule::always()}) {
    Resting m(GateRule::never(), rule);
    ASSERT_TRUE(m.translate(page));
    ASSERT_TRUE(m.translate(page));
    EXPECT_EQ(m.translate(odd), std::nullopt);
    EXPECT_EQ(m.mmu.find(one, m.root, odd), std::nullopt);
  }
}

TEST(MmuAtRest, WalksOnFromAPointerOfAnyLevel) {
  for (const unsigned level : {1U, 2U, 3U}) {
    Resting m(GateRule::never(), GateRule::always(), level);
    m.put(4 * page, 0, 10 * page | P | US | RW);
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ(m.translate(4 * page + 5), at(10 * page + 5, 0, rwx | Rights::user, {}, Source::walk))
          << level;
    EXPECT_EQ(m.mmu.walk_cache().counters().hits, 1U) << level;
  }
}

TEST(MmuAtRest, ReservedBitsAreRefusedUnlessTheTablesAreOurs) {
  Resting m(GateRule::never(), GateRule::never());
  m.put(5 * large, 1, 7 * large | page << 1 | PS | P);
  EXPECT_EQ(m.translate(5 * large), std::nullopt);
  EXPECT_EQ(m.mmu.find(one, m.root, 5 * large), std::nullopt);
  Mmu<F, RacingMemory, Words::ours> trusting(m.memory, {m.tlb, 2}, {m.pointers, 2}, {GateRule::never(), {}});
  EXPECT_EQ(trusting.find(one, m.root, 5 * large), PhysAddr{7 * large});
  EXPECT_EQ(trusting.access(one, m.root, 5 * large, AccessKind::read, Privilege::supervisor).fault,
            Fault::reserved);
}

TEST(Mmu, FindsTheAddressThatItTranslatesTo) {
  Resting m(brief, brief);
  m.put(large, 1, 6 * large | PS | RW | P);
  m.put(3 * huge, 2, 9 * huge | PS | US | A | P);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(m.mmu.find(one, m.root, 3 * page + 7), PhysAddr{9 * page + 7});
    EXPECT_EQ(m.mmu.find(one, m.root, large + 7), PhysAddr{6 * large + 7});
    EXPECT_EQ(m.mmu.find(one, m.root, 3 * huge + 7), PhysAddr{9 * huge + 7});
    EXPECT_EQ(m.mmu.find(one, m.root, 4 * page), std::nullopt);
  }
}

} // namespace
} // namespace pagetwin
