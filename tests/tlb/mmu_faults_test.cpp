// What stops a walk of any bytes, at which level, and what an access leaves in the tables that it passed.
#include "tests/tlb/mmu_by_hand.hpp"

namespace pagetwin {
namespace {

constexpr std::uint64_t unmarked = P | RW | US; // tables that no access went through

AccessResult fault_at(Fault fault, unsigned level) { return {fault, {}, static_cast<std::uint8_t>(level)}; }

TEST(MmuFaults, AHoleFaultsAtItsLevel) {
  for (unsigned level = 0; level < 4; ++level) {
    Machine m;
    m.put(page, level, 0);
    EXPECT_EQ(m.access(page, AccessKind::read), fault_at(Fault::not_present, level));
  }
}

TEST(MmuFaults, MissingRightsFaultAtTheLevelOfTheLeafWhereverTheyAreMissing) {
  for (unsigned level = 0; level < 3; ++level) {
    Machine m;
    m.put(page, level, RW | P | (level == 0 ? 0 : PS), P | A); // the tables forbid the write
    EXPECT_EQ(m.access(page, AccessKind::write), fault_at(Fault::rights, level));
  }
}

TEST(MmuFaults, ABitThatIsReservedFaultsAtItsLevelWhateverTheRights) {
  struct Case {
    unsigned level;
    std::uint64_t word;
    Fault fault;
  };
  for (const Case& c :
       {Case{3, PS | P, Fault::reserved}, Case{2, PS | 1 << 13 | P, Fault::reserved},
        Case{2, PS | 1 << 29 | P, Fault::reserved}, Case{2, PS | 1 << 12 | P, Fault::none},
        Case{1, PS | 1 << 13 | P, Fault::reserved}, Case{1, PS | 1 << 20 | P, Fault::reserved},
        Case{1, PS | 1 << 21 | 1 << 12 | P, Fault::none}, Case{0, PS | 1 << 13 | P, Fault::none}}) {
    Machine m;
    m.put(page, c.level, c.word);
    EXPECT_EQ(m.access(page, AccessKind::read).fault, c.fault) << c.level << " " << c.word;
    if (c.fault == Fault::reserved) {
      EXPECT_EQ(m.access(page, AccessKind::write, Privilege::user), fault_at(Fault::reserved, c.level));
      EXPECT_EQ(m.translate(page), std::nullopt);
    }
  }
}

TEST(MmuFaults, AnAccessMarksEveryTableItPasses) {
  for (unsigned leaf = 0; leaf < 3; ++leaf) {
    Machine m;
    m.put(page, leaf, P | (leaf == 0 ? 0 : PS), unmarked);
    EXPECT_EQ(m.fault(page, AccessKind::read), Fault::none);
    for (unsigned level = 3; level > leaf; --level)
      EXPECT_EQ(m.word(page, level) & (A | D), A) << level;
    const unsigned stores = m.memory.exchanges;
    EXPECT_EQ(stores, 4 - leaf);
    m.mmu.invalidate_all();
    EXPECT_EQ(m.fault(page, AccessKind::read), Fault::none);
    EXPECT_EQ(m.memory.exchanges, stores) << "marks that are there are not made again";
  }
}

TEST(MmuFaults, AFaultMarksNoTableAndLeavesNoPointerBehind) {
  Machine m;
  m.put(page, 0, P, unmarked);
  EXPECT_EQ(m.fault(page, AccessKind::write), Fault::rights);
  EXPECT_EQ(m.memory.exchanges, 0U);
  EXPECT_EQ(m.fault(page, AccessKind::read), Fault::none);
  EXPECT_EQ(m.mmu.walk_cache().counters().hits, 0U);
  EXPECT_NE(m.word(page, 3) & A, 0U) << "as it would be if a pointer had been kept";
}

TEST(MmuFaults, ATranslationMarksNoTable) {
  Machine m;
  m.put(page, 0, P, unmarked);
  ASSERT_TRUE(m.translate(page));
  EXPECT_EQ(m.word(page, 3) & A, 0U);
}

TEST(MmuFaults, ATableThatChangesDuringTheAccessIsWalkedAgainAndNotOverwritten) {
  Machine m;
  m.put(page, 0, P, unmarked);
  m.memory.racing = 0; // the root's slot, just before it would be marked
  EXPECT_EQ(m.access(page, AccessKind::read), fault_at(Fault::not_present, 3));
  EXPECT_EQ(m.word(page, 3), 0U);
}

// A memory that ends: sixteen nodes, and whatever a descriptor says beyond them.
class BoundedMemory : public PlainMemory<> {
 public:
  using PlainMemory::PlainMemory;
  template <class Raw>
  [[nodiscard]] bool contains(PhysAddr pa) const {
    return pool().contains(pa) && pool().contains(pa + (sizeof(Raw) - 1));
  }
};

class Bounded {
 public:
  AccessResult access(std::uint64_t root_word) {
    mmu_.invalidate_all();
    memory_.store(root_, root_word);
    return mmu_.access(one, root_, 0, AccessKind::read, Privilege::supervisor);
  }
  AccessResult access_from(PhysAddr root) {
    return mmu_.access(one, root, 0, AccessKind::read, Privilege::supervisor);
  }

 private:
  Arena arena_{};
  std::vector<NodeRecord> records_{16};
  NodePool pool_{arena_.bytes, PhysAddr{huge}, 12, records_};
  BoundedMemory memory_{pool_};
  PhysAddr root_ = pool_.allocate(12, Fill::zero);
  std::vector<TlbEntry> lines_{4};
  std::vector<WalkCacheEntry> pointers_{4};
  Mmu<F, BoundedMemory> mmu_{memory_, {lines_, 1}, {pointers_, 1}};
};

TEST(MmuFaults, ANodeOutsideMemoryFaultsAtTheLevelThatCannotBeRead) {
  Bounded m;
  EXPECT_EQ(m.access((huge + 16 * page) | P), fault_at(Fault::outside_memory, 2)); // right behind it
  EXPECT_EQ(m.access((huge - page) | P), fault_at(Fault::outside_memory, 2));
  EXPECT_EQ(m.access(ADDRESS | P), fault_at(Fault::outside_memory, 2));
  EXPECT_EQ(m.access((huge + 15 * page) | P), fault_at(Fault::not_present, 2)); // the last node
  EXPECT_EQ(m.access_from(PhysAddr{0}), fault_at(Fault::outside_memory, 3));
}

TEST(MmuFaults, ATableThatLeadsToItselfIsPassedOnceALevel) {
  Bounded m;
  const AccessResult result = m.access(huge | P); // at level 0 the same word is a page
  EXPECT_EQ(result.fault, Fault::none);
  EXPECT_EQ(result.translation, at(huge, 0, rx, {.accessed = true}, Source::walk));
}

} // namespace
} // namespace pagetwin
