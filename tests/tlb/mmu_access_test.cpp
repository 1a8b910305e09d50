// Accesses through the Mmu: rights, the accessed and dirty flags, and others who change the leaf meanwhile.
#include "tests/tlb/mmu_by_hand.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace pagetwin {
namespace {

TEST(Mmu, GrantsEachAccessByItsOwnRight) {
  struct Case {
    std::uint64_t bits;
    Fault read, write, execute, user_read;
  };
  constexpr Fault no = Fault::rights, yes = Fault::none;
  for (const Case& c : {Case{P, yes, no, yes, no},
                        {P | RW, yes, yes, yes, no},
                        {P | XD, yes, no, no, no},
                        {P | US, yes, no, yes, yes},
                        {P | RW | US | XD, yes, yes, no, yes}}) {
    Machine m;
    m.put(page, 0, 7 * page | c.bits);
    for (int repeat = 0; repeat < 2; ++repeat) { // by walk, and from the TLB
      EXPECT_EQ(m.fault(page, AccessKind::read), c.read);
      EXPECT_EQ(m.fault(page, AccessKind::write), c.write);
      EXPECT_EQ(m.fault(page, AccessKind::execute), c.execute);
      EXPECT_EQ(m.fault(page, AccessKind::read, Privilege::user), c.user_read);
    }
  }
  Machine m;
  EXPECT_EQ(m.fault(page, AccessKind::read), Fault::not_present);
}

TEST(Mmu, ATranslationSetsNoFlag) {
  Machine m;
  m.put(page, 0, 7 * page | RW | P);
  (void)m.translate(page);
  EXPECT_EQ(m.word(page, 0), 7 * page | RW | P);
}

TEST(Mmu, AReadSetsAccessedAndAWriteSetsDirtyToo) {
  const std::uint64_t frame[] = {7 * page, 6 * large, 9 * huge};
  for (unsigned level = 0; level < 3; ++level) {
    Machine m;
    const std::uint64_t leaf = frame[level] | RW | P | (level == 0 ? 0 : PS);
    m.put(3 * huge, level, leaf);
    EXPECT_EQ(m.access(3 * huge, AccessKind::read),
              (AccessResult{Fault::none, at(frame[level], level, rwx, {true, false}, Source::walk)}));
    EXPECT_EQ(m.word(3 * huge, level), leaf | A);
    EXPECT_EQ(m.access(3 * huge, AccessKind::write),
              (AccessResult{Fault::none, at(frame[level], level, rwx, {true, true}, Source::walk)}));
    EXPECT_EQ(m.word(3 * huge, level), leaf | A | D);
  }
}

TEST(Mmu, AFaultSetsNoFlag) {
  Machine m;
  m.put(page, 0, 7 * page | P);
  EXPECT_EQ(m.fault(page, AccessKind::write), Fault::rights);
  EXPECT_EQ(m.word(page, 0), 7 * page | P);
}

TEST(Mmu, ADirtyLineNeedsNoWalkAndACleanOneDoes) {
  Machine m;
  m.put(page, 0, 7 * page | RW | P);
  EXPECT_EQ(m.access(page, AccessKind::read).translation.source, Source::walk);
  EXPECT_EQ(m.access(page, AccessKind::read).translation.source, Source::tlb);
  EXPECT_EQ(m.access(page, AccessKind::write).translation.source, Source::walk);
  EXPECT_EQ(m.access(page, AccessKind::write).translation.source, Source::tlb);
  EXPECT_EQ(m.memory.exchanges, 2U);
}

TEST(Mmu, ADirtyFlagClearedWithoutInvalidationIsNotSetAgain) {
  Machine m;
  m.put(page, 0, 7 * page | RW | P);
  (void)m.access(page, AccessKind::write);
  m.put(page, 0, 7 * page | RW | P);
  (void)m.access(page, AccessKind::write);
  EXPECT_EQ(m.word(page, 0), 7 * page | RW | P); // lost, as on a processor
  m.mmu.invalidate({one, page, 2 * page - 1, Reach::leaf});
  (void)m.access(page, AccessKind::write);
  EXPECT_EQ(m.word(page, 0), 7 * page | RW | A | D | P);
}

TEST(Mmu, FlagsThatAnotherSetsMeanwhileSurvive) {
  Machine m;
  m.put(page, 0, 7 * page | RW | P);
  m.memory.racing = 7 * page | RW | D | P;
  EXPECT_EQ(m.access(page, AccessKind::read).translation, at(7 * page, 0, rwx, {true, true}, Source::walk));
  EXPECT_EQ(m.word(page, 0), 7 * page | RW | A | D | P);
}

TEST(Mmu, ALeafThatChangesDuringTheAccessIsWalkedAgain) {
  for (const std::uint64_t after : {8 * page | RW | P, 7 * page | P, std::uint64_t{0}}) {
    Machine m;
    m.put(page, 0, 7 * page | RW | P);
    m.memory.racing = after;
    const AccessResult result = m.access(page, AccessKind::write);
    const bool moved = after == (8 * page | RW | P);
    EXPECT_EQ(result.fault, moved ? Fault::none : after == 0 ? Fault::not_present : Fault::rights);
    EXPECT_EQ(m.word(page, 0), moved ? after | A | D : after);
  }
}

TEST(Mmu, ADirtyFlagThatIsClearedDuringTheAccessDoesNotComeBackByARead) {
  Machine m;
  m.put(page, 0, 7 * page | RW | D | P);
  m.memory.racing = 7 * page | RW | P;
  EXPECT_EQ(m.access(page, AccessKind::read).translation, at(7 * page, 0, rwx, {true, false}, Source::walk));
  EXPECT_EQ(m.word(page, 0), 7 * page | RW | A | P);
}

} // namespace
} // namespace pagetwin
