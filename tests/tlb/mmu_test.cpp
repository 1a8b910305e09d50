// The Mmu over a hand-built 4-level x86-64 table: translations, rights, flags, and what stays cached until it
// is invalidated.
#include "tests/tlb/mmu_by_hand.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace pagetwin {
namespace {

TEST(Mmu, TranslatesEverySizeByAWalkAndThenFromTheTlb) {
  Machine m;
  m.put(5 * page, 0, 7 * page | P);
  m.put(large, 1, 6 * large | PS | RW | P);
  m.put(3 * huge, 2, 9 * huge | PS | US | A | P);
  for (const Source source : {Source::walk, Source::tlb}) {
    EXPECT_EQ(m.translate(5 * page + 1), at(7 * page + 1, 0, rx, {}, source));
    EXPECT_EQ(m.translate(2 * large - 1), at(7 * large - 1, 1, rwx, {}, source));
    EXPECT_EQ(m.translate(3 * huge + 5), at(9 * huge + 5, 2, rx | Rights::user, {.accessed = true}, source));
    EXPECT_EQ(m.translate(4 * page), std::nullopt);
  }
}

TEST(Mmu, TranslatesTheLastByteOfTheSpace) {
  Machine m;
  m.put(~std::uint64_t{0}, 0, 7 * page | P);
  EXPECT_EQ(m.translate(~std::uint64_t{0}), at(8 * page - 1, 0, rx, {}, Source::walk));
  EXPECT_EQ(m.translate(~std::uint64_t{0} - page), std::nullopt);
}

TEST(Mmu, AnAddressThatIsNotCanonicalFaultsEvenWhenItsPageIsCached) {
  Machine m;
  m.put(page, 0, 7 * page | P);
  ASSERT_TRUE(m.translate(page));
  EXPECT_EQ(m.translate(page | std::uint64_t{1} << 48), std::nullopt);
  EXPECT_EQ(m.fault(page | std::uint64_t{1} << 48, AccessKind::read), Fault::non_canonical);
}

TEST(Mmu, TheRightsOfThePathRestrictTheLeafWithAndWithoutAWalkCache) {
  Machine m;
  m.put(5 * page, 0, 7 * page | RW | US | P, P | US | XD);
  m.put(6 * page, 0, 8 * page | RW | US | P);
  EXPECT_EQ(m.translate(5 * page), at(7 * page, 0, Rights::read | Rights::user, {}, Source::walk));
  EXPECT_EQ(m.translate(6 * page), at(8 * page, 0, Rights::read | Rights::user, {}, Source::walk));
  EXPECT_EQ(m.mmu.walk_cache().counters().hits, 1U);
}

TEST(Mmu, AMissedInvalidationIsVisibleAndACorrectOneEndsIt) {
  Machine m;
  m.put(page, 0, 7 * page | P);
  (void)m.translate(page);
  m.put(page, 0, 8 * page | P);
  EXPECT_EQ(m.translate(page), at(7 * page, 0, rx, {}, Source::tlb));
  m.mmu.invalidate({two, page, 2 * page - 1, Reach::leaf});
  m.mmu.invalidate({one, 2 * page, 3 * page - 1, Reach::walk});
  EXPECT_EQ(m.translate(page), at(7 * page, 0, rx, {}, Source::tlb));
  m.mmu.invalidate({one, page, 2 * page - 1, Reach::leaf});
  EXPECT_EQ(m.translate(page), at(8 * page, 0, rx, {}, Source::walk));
}

TEST(Mmu, AnUnlinkedTableIsWalkedUntilAWalkInvalidation) {
  for (const unsigned level : {1U, 2U, 3U}) {
    Machine m(level);
    m.put(page, 0, 7 * page | P);
    (void)m.translate(page);
    m.put(page, 3, 0); // the root's slot: everything below is unlinked
    m.mmu.invalidate({one, 0, large - 1, Reach::leaf});
    EXPECT_EQ(m.translate(page), at(7 * page, 0, rx, {}, Source::walk)) << "through the cached pointer";
    m.mmu.invalidate({one, 0, large - 1, Reach::walk});
    EXPECT_EQ(m.translate(page), std::nullopt);
  }
}

TEST(Mmu, TheEndOfASpaceDropsItsTablePointers) {
  for (const bool everything : {false, true}) {
    Machine m;
    m.put(page, 0, 7 * page | P);
    (void)m.translate(page);
    m.put(page, 3, 0);
    m.mmu.invalidate_space(two);
    EXPECT_EQ(m.source(page), Source::tlb);
    everything ? m.mmu.invalidate_all() : m.mmu.invalidate_space(one);
    EXPECT_EQ(m.source(page), std::nullopt);
  }
}

TEST(Mmu, WiderRightsNeedNoInvalidationAndNarrowerOnesDo) {
  Machine m;
  m.put(page, 0, 7 * page | P);
  (void)m.access(page, AccessKind::read);
  m.put(page, 0, 7 * page | RW | A | P);
  EXPECT_EQ(m.fault(page, AccessKind::write), Fault::none);
  m.put(page, 0, 7 * page | A | D | P);
  EXPECT_EQ(m.fault(page, AccessKind::write), Fault::none);
  m.mmu.invalidate({one, page, 2 * page - 1, Reach::leaf});
  EXPECT_EQ(m.fault(page, AccessKind::write), Fault::rights);
}

TEST(Mmu, AGlobalLeafAnswersInAllSpacesAndSurvivesTheEndOfOne) {
  Machine m;
  m.put(page, 0, 7 * page | G | P);
  m.put(2 * page, 0, 8 * page | P);
  (void)m.translate(page);
  (void)m.translate(2 * page);
  EXPECT_EQ(m.source(page, two), Source::tlb);
  EXPECT_EQ(m.source(2 * page, two), Source::walk);
  m.mmu.invalidate_space(one);
  EXPECT_EQ(m.source(page), Source::tlb);
  EXPECT_EQ(m.source(2 * page), Source::walk);
  m.mmu.invalidate_all();
  EXPECT_EQ(m.source(page), Source::walk);
}

TEST(Mmu, EachSpaceHasItsOwnTable) {
  Machine m;
  m.put(page, 0, 7 * page | P);
  const PhysAddr empty = m.pool.allocate(12, Fill::zero);
  ASSERT_TRUE(m.translate(page));
  EXPECT_EQ(m.mmu.translate(two, empty, page), std::nullopt);
}

} // namespace
} // namespace pagetwin
