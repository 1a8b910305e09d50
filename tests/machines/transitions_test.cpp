// What O7, O8 and O9 say of edits that are made store by store: each order that an architecture forbids is
// told by its name, and the order that it demands is not.
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/armv7.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"
#include "tests/machines/edits_by_hand.hpp"

namespace pagetwin::fuzz {
namespace {

constexpr auto leaf = Invalidation::Reach::leaf, walk = Invalidation::Reach::walk;
constexpr std::uint64_t page = 0x1000;

// Sizes of the tiny format: 0 is 4 KiB, 1 a pair of those, 2 is 16 KiB, the span of a slot at level 1.
class TinyEdits : public testing::Test {
 protected:
  EditsByHand<Tiny> t{reference::tiny(), tiny_break_rules()};
  PhysAddr pages = t.reach(0, 0);

  TinyEdits() {
    t.put_leaf(pages, 0, 0);
    EXPECT_EQ(t.end(), "");
    t.begin(0, page);
  }
  // A page in place by another word.
  [[nodiscard]] std::string replaced_by(const Attributes& a, std::uint64_t pa = EditsByHand<Tiny>::frames) {
    t.put(pages, 0, 0, t.word(0, 0, a, {}, pa));
    return t.end();
  }
};

TEST_F(TinyEdits, ChangeOnlyRightsFlagsAndSoftwareBitsInPlace) {
  EXPECT_EQ(replaced_by({.rights = Rights::read}), "");
  t.begin(0, page);
  EXPECT_EQ(replaced_by({.rights = Rights::read, .software = 3}), "");
  t.begin(0, page);
  t.put(pages, 0, 0,
        t.word(0, 0, {.rights = Rights::read, .software = 3}, {.accessed = true, .dirty = true}));
  EXPECT_EQ(t.end(), "");
}
TEST_F(TinyEdits, DoNotChangeAnAddressInPlace) {
  EXPECT_EQ(replaced_by(t.rw, 0x3'0000'0000), "O9 bbm: output address changed in place");
}
TEST_F(TinyEdits, DoNotChangeAMemoryTypeInPlace) {
  EXPECT_EQ(replaced_by({.rights = t.rw.rights, .memory_type = 1}), "O9 bbm: memory type changed in place");
}
TEST_F(TinyEdits, DoNotChangeTheGlobalBitInPlace) {
  EXPECT_EQ(replaced_by({.rights = t.rw.rights, .global = true}), "O9 bbm: global bit changed in place");
}
TEST_F(TinyEdits, DoNotChangeAKeyInPlace) {
  EXPECT_EQ(replaced_by({.rights = t.rw.rights, .key = 1}), "O9 bbm: key changed in place");
}

TEST_F(TinyEdits, AreCleanAfterAnInvalidationAndItsSync) {
  t.put(pages, 0, 0, 0);
  t.invalidate(0, page);
  t.sync();
  EXPECT_EQ(replaced_by(t.rw, 0x3'0000'0000), "");
}
TEST_F(TinyEdits, AreNotMadeBeforeTheInvalidation) {
  t.put(pages, 0, 0, 0);
  t.sync();
  EXPECT_EQ(replaced_by(t.rw, 0x3'0000'0000), "O9 bbm: made before the invalidation");
}
TEST_F(TinyEdits, AreNotMadeBeforeTheSync) {
  t.put(pages, 0, 0, 0);
  t.invalidate(0, page);
  EXPECT_EQ(replaced_by(t.rw, 0x3'0000'0000), "O9 bbm: made before the sync");
}
TEST_F(TinyEdits, AreNotCleanedByAnInvalidationOfAnotherSpace) {
  t.put(pages, 0, 0, 0);
  t.invalidate(0, page, walk, SpaceId{2});
  t.sync();
  EXPECT_EQ(replaced_by(t.rw, 0x3'0000'0000), "O9 bbm: made before the invalidation");
}
TEST_F(TinyEdits, AreNotCleanedByAnInvalidationThatCameBefore) {
  t.invalidate(0, page);
  t.put(pages, 0, 0, 0);
  t.sync();
  EXPECT_EQ(replaced_by(t.rw, 0x3'0000'0000), "O9 bbm: made before the invalidation");
}
TEST_F(TinyEdits, AreNotCleanedByTheSyncOfAnotherCpu) {
  t.put(pages, 0, 0, 0);
  t.invalidate(0, page);
  t.transitions().hear({.kind = MemoryEvent::Kind::sync, .cpu = 1});
  EXPECT_EQ(replaced_by(t.rw, 0x3'0000'0000), "O9 bbm: made before the sync");
}
TEST_F(TinyEdits, StayUncleanWhereAnInvalidationDoesNotReach) {
  t.begin(0, 4 * page);
  t.put_leaf(pages, page, 0);
  t.put_leaf(pages, 2 * page, 0);
  EXPECT_EQ(t.end(), "");
  t.begin(0, 4 * page);
  for (unsigned i = 0; i < 3; ++i)
    t.put(pages, i * page, 0, 0);
  t.invalidate(page, page);
  t.sync();
  t.put(pages, page, 0, t.word(page, 0, t.rw, {}, 0x3'0000'0000));
  EXPECT_EQ(t.end(), "");
  for (const unsigned unclean : {0U, 2U}) {
    t.put(pages, unclean * page, 0, t.word(unclean * page, 0, t.rw, {}, 0x3'0000'0000));
    EXPECT_EQ(t.end(), "O9 bbm: made before the invalidation");
  }
}

TEST_F(TinyEdits, MakeALeafOfATableWhenNoCacheKnowsTheTable) {
  const PhysAddr above = t.reach(0x40000, 1), below = t.take();
  t.put_table(above, 0x40000, 1, below);
  for (const auto& [reach, says] :
       {std::pair(leaf, "O9 bbm: made before the invalidation"), std::pair(walk, "")}) {
    t.begin(0x40000, 4 * page);
    t.put(above, 0x40000, 1, 0);
    t.invalidate(0x40000, 4 * page, reach);
    t.sync();
    t.put_leaf(above, 0x40000, 2);
    EXPECT_EQ(t.end(), says);
    t.put(above, 0x40000, 1, 0);
    t.invalidate(0x40000, 4 * page, walk);
    t.sync();
    t.put_table(above, 0x40000, 1, below);
    (void)t.end();
  }
}
TEST_F(TinyEdits, MakeNoTableOfALeafInPlace) {
  const PhysAddr above = t.reach(0x40000, 1), below = t.take();
  t.put_leaf(above, 0x40000, 2);
  EXPECT_EQ(t.end(), "O8 step: change outside the request"); // which was of page 0
  t.begin(0x40000, 4 * page);
  for (unsigned i = 0; i < 4; ++i)
    t.put(below, 0x40000 + i * page, 0, t.word(0x40000 + i * page, 0));
  t.put_table(above, 0x40000, 1, below);
  EXPECT_EQ(t.end(), "O9 bbm: leaf to table in place");
}

class TinyPairs : public TinyEdits {
 protected:
  TinyPairs() {
    t.begin(2 * page, 2 * page);
    t.put_leaf(pages, 2 * page, 1);
    EXPECT_EQ(t.end(), "");
    t.begin(2 * page, 2 * page);
  }
};
TEST_F(TinyPairs, ChangeNoRightsInPlace) {
  t.put_leaf(pages, 2 * page, 1, {.rights = Rights::read});
  EXPECT_EQ(t.end(), "O9 bbm: one of a set changed in place");
}
TEST_F(TinyPairs, KeepFlagsOfTheirOwn) {
  t.put(pages, 2 * page, 0, t.word(2 * page, 1, t.rw, {.accessed = true}));
  EXPECT_EQ(t.end(), "");
}
TEST_F(TinyPairs, AreBrokenAndMadeTogether) {
  t.put(pages, 2 * page, 0, 0);
  t.put(pages, 3 * page, 0, 0);
  t.invalidate(2 * page, 2 * page);
  t.sync();
  t.put_leaf(pages, 2 * page, 1, {.rights = Rights::read});
  EXPECT_EQ(t.end(), "");
}
TEST_F(TinyPairs, AreNotMadeOneByOne) {
  t.put(pages, 2 * page, 0, 0);
  t.invalidate(2 * page, 2 * page);
  t.sync();
  t.put(pages, 2 * page, 0, t.word(2 * page, 1, {.rights = Rights::read}));
  EXPECT_EQ(t.end(), "O9 bbm: one of a set made beside another leaf");
}
TEST_F(TinyPairs, AreNotMadeBeforeAllAreClean) {
  t.put(pages, 2 * page, 0, 0);
  t.invalidate(2 * page, 2 * page);
  t.sync();
  t.put(pages, 3 * page, 0, 0);
  t.put(pages, 2 * page, 0, t.word(2 * page, 1, {.rights = Rights::read}));
  EXPECT_EQ(t.end(), "O9 bbm: one of a set made before all are clean");
}
TEST_F(TinyPairs, LoseNoneToALeafOfItsOwn) {
  t.put(pages, 2 * page, 0, 0);
  t.invalidate(2 * page, 2 * page);
  t.sync();
  t.put_leaf(pages, 2 * page, 0);
  EXPECT_EQ(t.end(), "O9 bbm: one of a set replaced alone");
}

// A node is the pool's again after the sync.
TEST_F(TinyEdits, ReleaseANodeThatNoCacheKnows) {
  const PhysAddr above = t.reach(0x40000, 1), below = t.take();
  t.put_table(above, 0x40000, 1, below);
  t.transitions().cache(0, 0x40000);
  t.begin(0x40000, 4 * page);
  t.put(above, 0x40000, 1, 0);
  t.retire(below);
  t.invalidate(0x40000, 4 * page, walk);
  t.sync();
  EXPECT_EQ(t.end(), "");
}
TEST_F(TinyEdits, ReleaseNoNodeThatACacheMayKnow) {
  const PhysAddr above = t.reach(0x40000, 1), below = t.take();
  t.put_table(above, 0x40000, 1, below);
  t.transitions().cache(0, 0x40000);
  t.begin(0x40000, 4 * page);
  t.put(above, 0x40000, 1, 0);
  t.retire(below);
  t.invalidate(0x40000, 4 * page, leaf);
  t.sync();
  EXPECT_EQ(t.end(), "O7 walk cache: released while the pointer to it is cached");
}
TEST_F(TinyEdits, ReleaseNoNodeAfterAnInvalidationOfAPart) {
  const PhysAddr above = t.reach(0x40000, 1), below = t.take();
  t.put(below, 0x41000, 0, t.word(0x41000, 0));
  t.put_table(above, 0x40000, 1, below);
  t.transitions().cache(0, 0x41000);
  t.begin(0x40000, 4 * page);
  t.put(above, 0x40000, 1, 0);
  t.retire(below);
  t.transitions().hear({.kind = MemoryEvent::Kind::release, .address = raw(below)});
  EXPECT_EQ(t.end(), "O7 walk cache: released while the pointer to it is cached");
  t.invalidate(0x40000, page, walk); // of a part: the pointer is not covered, nor is the page
  t.invalidate(0x42000, 2 * page, walk);
  t.transitions().hear({.kind = MemoryEvent::Kind::allocate, .address = raw(below)});
  EXPECT_EQ(t.end(), "O7 walk cache: handed out while the pointer to it is cached");
}
TEST_F(TinyEdits, ReleaseNoNodeBeforeItsSlotIsClean) {
  const PhysAddr above = t.reach(0x40000, 1), below = t.take();
  t.put_table(above, 0x40000, 1, below); // and nobody walks there
  EXPECT_EQ(t.end(), "");
  t.put(above, 0x40000, 1, 0);
  t.invalidate(0x40000, 4 * page, walk);
  t.transitions().hear({.kind = MemoryEvent::Kind::release, .address = raw(below)});
  EXPECT_EQ(t.end(), "O9 bbm: released before its slot is clean");
}

TEST_F(TinyEdits, LinkNoNodeThatIsJunk) {
  const PhysAddr above = t.reach(0x40000, 1), below = t.take(Fill::any);
  t.put_table(above, 0x40000, 1, below);
  EXPECT_EQ(t.end().substr(0, 15), "O8 step: level ");
}
TEST_F(TinyEdits, LinkNoNodeTwice) {
  const PhysAddr above = t.reach(0x40000, 1);
  t.put_table(above, 0x40000, 1, pages);
  EXPECT_EQ(t.end(), "O8 step: table linked: shared");
}
TEST_F(TinyEdits, LinkNoRoot) {
  t.put_table(t.root(), 0x40000, 3, t.root());
  EXPECT_EQ(t.end(), "O8 step: table linked: a root");
}
TEST_F(TinyEdits, LinkNoNodeThatIsNotLive) {
  const PhysAddr below = t.take();
  t.retire(below);
  t.put_table(t.root(), 0x40000, 3, below);
  EXPECT_EQ(t.end(), "O8 step: table linked: no live node");
}
TEST_F(TinyEdits, LinkWhatLeadsToJunkNoMoreThanJunk) {
  const PhysAddr above = t.take(), below = t.take(Fill::any), over = t.reach(0x40000, 2);
  t.put_table(above, 0x40000, 1, below); // not linked yet
  EXPECT_EQ(t.end(), "");
  t.put_table(over, 0x40000, 2, above);
  EXPECT_EQ(t.end().substr(0, 15), "O8 step: level ");
}

TEST_F(TinyEdits, AreSeenBetweenTwoStores) {
  t.put(pages, 0, 0, t.word(0, 0, {.rights = Rights::execute}));
  t.put(pages, 0, 0, t.word(0, 0, {.rights = Rights::read}));
  EXPECT_EQ(t.end(), "O8 step: neither old nor new");
}
TEST_F(TinyEdits, DoNotFaultWhenNothingHasToBeBroken) {
  t.put(pages, 0, 0, 0);
  t.invalidate(0, page);
  t.sync();
  t.put(pages, 0, 0, t.word(0, 0, {.rights = Rights::read}));
  EXPECT_EQ(t.end(), "O8 step: fault");
}
TEST_F(TinyEdits, LeaveAloneWhatTheyAreNotAskedFor) {
  t.put(pages, page, 0, t.word(page, 0));
  EXPECT_EQ(t.end(), "O8 step: change outside the request");
}
TEST_F(TinyEdits, AreLookedAtAfterTheFirstStoresAndThenLessOften) {
  for (const unsigned good : {Steps::every_store - 1, Steps::every_store, 31U, 32U}) {
    t.begin(0, page);
    for (unsigned i = 0; i < good; ++i) // stores that no walk calls a change
      t.put(pages, 0, 0, t.word(0, 0, t.rw, {.accessed = i % 2 == 0}));
    t.put(pages, 0, 0, t.word(0, 0, {.rights = Rights::execute}));
    t.put(pages, 0, 0, t.word(0, 0, t.rw, {.dirty = true}));
    EXPECT_EQ(t.end(), good == Steps::every_store - 1 || good == 31 ? "O8 step: neither old nor new" : "")
        << good;
  }
}

// A superpage and the node of smaller ones that takes its place.
template <class F>
class Split {
 public:
  Split(const reference::Mmu& mmu, const BreakRules& rules) : t(mmu, rules) {
    above = t.reach(0, 1);
    t.begin(0, block());
    t.put_leaf(above, 0, large());
    EXPECT_EQ(t.end(), "");
    below = t.take();
    t.begin(0, page); // only of this
  }
  void fill(const Attributes& a) {
    for (std::uint64_t va = 0; va < block(); va += page)
      t.put(below, va, 0, t.word(va, 0, a));
  }
  void clean(Invalidation::Reach reach) {
    t.put(above, 0, 1, 0);
    t.invalidate(0, block(), reach);
    t.sync();
  }
  [[nodiscard]] static std::uint64_t block() { return F::sizes[large()].bytes(); }
  [[nodiscard]] static unsigned large() {
    unsigned size = 0;
    while (F::sizes[size].level == 0)
      ++size;
    return size;
  }

  EditsByHand<F> t;
  PhysAddr above{}, below{};
};

TEST(SplitOfX86, IsOneStore) {
  Split<X86_64_4> s(reference::x86_64_4(), intel_break_rules());
  s.fill(s.t.rw);
  s.t.put_table(s.above, 0, 1, s.below);
  EXPECT_EQ(s.t.end(), "");
}
TEST(SplitOfX86, LetsNoNeighbourFault) {
  Split<X86_64_4> s(reference::x86_64_4(), intel_break_rules());
  s.fill(s.t.rw);
  s.clean(leaf);
  s.t.put_table(s.above, 0, 1, s.below);
  EXPECT_EQ(s.t.end(), "O8 step: fault");
}
TEST(SplitOfX86, LinksANodeThatIsFilled) {
  Split<X86_64_4> s(reference::x86_64_4(), intel_break_rules());
  s.t.put_table(s.above, 0, 1, s.below);
  s.fill(s.t.rw);
  EXPECT_EQ(s.t.end(), "O8 step: fault");
}
TEST(SplitOfX86, ChangesTheSizeAndNothingElse) {
  Split<X86_64_4> s(reference::x86_64_4(), intel_break_rules());
  s.t.begin(0, s.block());
  s.fill({.rights = Rights::read});
  s.t.put_table(s.above, 0, 1, s.below);
  EXPECT_EQ(s.t.end(), "O9 bbm: leaf to table in place");
}
TEST(PageOfX86, MovesInPlace) {
  EditsByHand<X86_64_4> t(reference::x86_64_4(), intel_break_rules());
  const PhysAddr pages = t.reach(0, 0);
  t.put_leaf(pages, 0, 0);
  EXPECT_EQ(t.end(), "");
  t.begin(0, page);
  t.put(pages, 0, 0, t.word(0, 0, {.rights = Rights::read, .memory_type = 1}, {}, 0x3'0000'0000));
  EXPECT_EQ(t.end(), "");
}
// A cache that forgot the pointers still has the translation.
TEST(NodeOfX86, IsNotReleasedWhileATranslationFromItIsCached) {
  EditsByHand<X86_64_4> t(reference::x86_64_4(), intel_break_rules());
  const PhysAddr directory = t.reach(0, 1);
  constexpr std::uint64_t span = 512 * page;
  constexpr unsigned more_than_pointers_are_kept = 70;
  std::vector<PhysAddr> tables;
  for (unsigned i = 0; i < more_than_pointers_are_kept; ++i) {
    tables.push_back(t.take());
    t.put_table(directory, i * span, 1, tables.back());
  }
  t.put_leaf(tables.front(), 0, 0);
  EXPECT_EQ(t.end(), "");
  t.begin(0, span); // hardware walks
  for (unsigned i = 1; i < more_than_pointers_are_kept; ++i)
    t.transitions().cache(0, i * span);
  t.put(directory, 0, 1, 0);
  t.retire(tables.front());
  t.invalidate(page, span - page);
  t.sync();
  EXPECT_EQ(t.end(), "O7 walk cache: released while a translation from it is cached");
}

TEST(SplitOfAarch64, LetsNeighboursFaultUntilItIsDone) {
  Split<Aarch64S1_4k> s(reference::aarch64_s1_4k(), aarch64_break_rules());
  s.clean(leaf);
  s.fill(s.t.rw);
  s.t.put_table(s.above, 0, 1, s.below);
  EXPECT_EQ(s.t.end(), "");
}
TEST(SplitOfAarch64, IsNotOneStore) {
  Split<Aarch64S1_4k> s(reference::aarch64_s1_4k(), aarch64_break_rules());
  s.fill(s.t.rw);
  s.t.put_table(s.above, 0, 1, s.below);
  EXPECT_EQ(s.t.end(), "O9 bbm: leaf to table in place");
}
TEST(SplitOfRiscv, IsOneStore) {
  Split<RiscvSv39> s(reference::riscv_sv39(), riscv_break_rules());
  s.fill(s.t.rw);
  s.t.put_table(s.above, 0, 1, s.below);
  EXPECT_EQ(s.t.end(), "");
}

TEST(NapotPageOfRiscv, IsBrokenBeforeItChanges) {
  EditsByHand<RiscvSv39> t(reference::riscv_sv39(), riscv_break_rules());
  const PhysAddr pages = t.reach(0, 0);
  t.begin(0, 16 * page);
  t.put_leaf(pages, 0, 1);
  EXPECT_EQ(t.end(), "");
  t.begin(0, 16 * page);
  t.put(pages, 0, 0, t.word(0, 1, {.rights = Rights::read}));
  EXPECT_EQ(t.end(), "O9 bbm: one of a set changed in place");
}
TEST(NapotPageOfRiscv, IsMadeAfterItsFence) {
  for (const bool fenced : {false, true}) {
    EditsByHand<RiscvSv39> t(reference::riscv_sv39(), riscv_break_rules());
    const PhysAddr pages = t.reach(0, 0);
    t.begin(0, 16 * page);
    t.put_leaf(pages, 0, 1);
    EXPECT_EQ(t.end(), "");
    t.begin(0, 16 * page);
    for (unsigned i = 0; i < 16; ++i)
      t.put(pages, i * page, 0, 0);
    t.invalidate(0, 16 * page);
    if (fenced)
      t.sync();
    t.put_leaf(pages, 0, 1, {.rights = Rights::read});
    EXPECT_EQ(t.end(), fenced ? "" : "O9 bbm: made before the sync");
  }
}

TEST(LargePageOfArmv7, ChangesNoRightsInPlace) {
  EXPECT_NE(broken_field(armv7_break_rules(),
                         {.pa = 0, .size = 0x10000, .attributes = {.read = true}, .flags = {}},
                         {.pa = 0, .size = 0x10000, .attributes = {.write = true}, .flags = {}}, true),
            nullptr);
}

} // namespace
} // namespace pagetwin::fuzz
