// Random programs for the Mmu over two hand-built x86-64 tables: with every invalidation delivered, its
// answers are those of a walk of the raw words; with none delivered, they are not.
#include "src/arch/x86_64.hpp"
#include "src/tlb/mmu.hpp"
#include "tests/tlb/dice.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace pagetwin {
namespace {

using F = X86_64_4;
using Reach = Invalidation::Reach;
constexpr std::uint64_t page = 4096, huge = 1 << 30, address = 0xffffffffff000;
constexpr unsigned nodes = 96;

struct alignas(4096) Arena {
  std::byte bytes[nodes * page];
};

// Tables of random words. Bits and shifts are the manual's numbers: nothing of the format under test reads or
// writes here.
class Tables {
 public:
  explicit Tables(Dice& dice) : dice_(&dice) {}

  // What a processor without caches would answer.
  std::optional<TlbTranslation> walk(PhysAddr root, std::uint64_t va) const {
    std::uint64_t node = raw(root), allowed = 6, executable = 1;
    for (unsigned level = 3;; --level) {
      const std::uint64_t word = load(slot(node, va, level));
      allowed &= word;
      executable &= ~word >> 63;
      if (!Geometry<F>::is_canonical(va) || (word & 1) == 0)
        return std::nullopt;
      if (!is_table(word, level))
        return leaf(word, va, level, (allowed & 2) | executable << 2 | (allowed & 4) << 1);
      node = word & address;
    }
  }

  // Stores a leaf or a hole at some level on va's path; what is in the way becomes a table. Returns what that
  // owes the caches.
  Invalidation edit(SpaceId space, PhysAddr root, std::uint64_t va) {
    const unsigned target = static_cast<unsigned>(dice_->below(3));
    Invalidation owed{space, va, va, Reach::leaf};
    PhysAddr at = slot(raw(root), va, 3);
    for (unsigned level = 3; level > target; --level) {
      if (!is_table(load(at), level) && !make_table(at, level, va, owed))
        return owed;
      at = slot(load(at) & address, va, level - 1);
    }
    replace(at, target, va, dice_->one_in(4) ? 0 : random_leaf(target), owed);
    return owed;
  }

  std::unique_ptr<Arena> arena = std::make_unique<Arena>();
  std::vector<NodeRecord> records{nodes};
  NodePool pool{arena->bytes, PhysAddr{5 * huge}, 12, records};
  PlainMemory<> memory{pool};
  std::array<PhysAddr, 2> roots{pool.allocate(12, Fill::zero), pool.allocate(12, Fill::zero)};

 private:
  static PhysAddr slot(std::uint64_t node, std::uint64_t va, unsigned level) {
    return PhysAddr{node + (va >> (12 + 9 * level) & 511) * 8};
  }
  static bool is_table(std::uint64_t word, unsigned level) { return level > 0 && (word & 129) == 1; }
  std::uint64_t load(PhysAddr at) const { return memory.load<std::uint64_t>(at); }

  bool make_table(PhysAddr at, unsigned level, std::uint64_t va, Invalidation& owed) {
    if (!pool.available(12, 1))
      return false;
    const std::uint64_t bits = 1 | dice_->below(4) << 1 | std::uint64_t{dice_->one_in(4)} << 63;
    replace(at, level, va, raw(pool.allocate(12, Fill::zero)) | bits, owed);
    return true;
  }
  void replace(PhysAddr at, unsigned level, std::uint64_t va, std::uint64_t word, Invalidation& owed) {
    const std::uint64_t old = load(at), inside = (std::uint64_t{1} << (12 + 9 * level)) - 1;
    memory.store(at, word);
    if (old == 0)
      return;
    owed.first = std::min(owed.first, va & ~inside);
    owed.last = std::max(owed.last, va | inside);
    if (is_table(old, level)) {
      owed.reach = Reach::walk;
      release(old & address, level - 1);
    }
  }
  // Released nodes are stale and soon used again: a pointer to one that stayed in a cache leads astray.
  void release(std::uint64_t node, unsigned level) {
    for (unsigned i = 0; i < 512; ++i)
      if (const std::uint64_t word = load(PhysAddr{node + i * std::uint64_t{8}}); is_table(word, level))
        release(word & address, level - 1);
    pool.release(PhysAddr{node}, 12, Contents::stale);
  }
  std::uint64_t random_leaf(unsigned level) {
    return dice_->below(1 << 16) << 30 | dice_->below(4) << 1 | dice_->below(4) << 5 | dice_->below(2) << 63
           | (level > 0 ? 129 : 1);
  }
  static TlbTranslation leaf(std::uint64_t word, std::uint64_t va, unsigned level, std::uint64_t rights) {
    const std::uint64_t inside = (std::uint64_t{1} << (12 + 9 * level)) - 1;
    return {PhysAddr{(word & address) + (va & inside)},
            level,
            {.rights = static_cast<Rights>(rights | 1)},
            {(word >> 5 & 1) != 0, (word >> 6 & 1) != 0}};
  }

  Dice* dice_;
};

class Program {
 public:
  Program(unsigned seed, unsigned ways, unsigned walk_level)
      : dice_(seed), tables_(dice_), lines_(std::size_t{16} * ways), pointers_(8),
        mmu_(tables_.memory, {lines_, ways}, {pointers_, walk_level}, {rule(seed), rule(seed / 2)}) {}

  // True when the Mmu answered as the raw words do.
  bool step(bool deliver_invalidation) {
    const std::size_t which = dice_.below(2);
    const SpaceId space{static_cast<std::uint16_t>(which + 7)};
    const PhysAddr root = tables_.roots[which];
    const std::uint64_t va = dice_.address();
    if (!dice_.one_in(3))
      return use(space, root, va);
    const Invalidation owed = tables_.edit(space, root, Geometry<F>::canonical(va));
    if (deliver_invalidation)
      mmu_.invalidate(owed);
    return use(space, root, Geometry<F>::canonical(va));
  }
  bool hit_both_caches() const {
    return mmu_.tlb().counters().hits > 0 && mmu_.walk_cache().counters().hits > 0;
  }

 private:
  // Every second program asks its caches always; those of the others often rest.
  static GateRule rule(unsigned seed) {
    return seed % 2 == 0 ? GateRule::always()
                         : GateRule{.misses = 3, .hits_per_miss = 1, .shortest_rest = 2, .longest_rest = 9};
  }
  bool use(SpaceId space, PhysAddr root, std::uint64_t va) {
    if (dice_.one_in(2))
      return access(space, root, va);
    const auto got = mmu_.translate(space, root, va);
    if (mmu_.find(space, root, va) != (got ? std::optional(got->pa) : std::nullopt))
      return false;
    return (got ? std::optional<TlbTranslation>(*got) : std::nullopt) == tables_.walk(root, va);
  }
  bool access(SpaceId space, PhysAddr root, std::uint64_t va) {
    const auto kind = static_cast<AccessKind>(dice_.below(3));
    const auto who = static_cast<Privilege>(dice_.below(2));
    const auto before = tables_.walk(root, va);
    const AccessResult got = mmu_.access(space, root, va, kind, who);
    const auto after = tables_.walk(root, va);
    if (got.fault != expected_fault(before, va, kind, who))
      return false;
    if (got.fault != Fault::none || !before)
      return before == after;
    auto wanted = *before;
    wanted.flags = {true, wanted.flags.dirty || kind == AccessKind::write};
    return after == wanted && static_cast<const TlbTranslation&>(got.translation) == wanted;
  }
  static Fault expected_fault(const std::optional<TlbTranslation>& leaf, std::uint64_t va, AccessKind kind,
                              Privilege who) {
    if (!Geometry<F>::is_canonical(va))
      return Fault::non_canonical;
    if (!leaf)
      return Fault::not_present;
    const unsigned rights = static_cast<unsigned>(leaf->attributes.rights);
    const bool right = (rights >> static_cast<unsigned>(kind) & 1) != 0, user = (rights & 8) != 0;
    return right && (user || who == Privilege::supervisor) ? Fault::none : Fault::rights;
  }

  Dice dice_;
  Tables tables_;
  std::vector<TlbEntry> lines_;
  std::vector<WalkCacheEntry> pointers_;
  Mmu<F, PlainMemory<>> mmu_;
};

TEST(MmuRandom, AnswersAsTheRawWordsDoWhenItIsToldOfEveryEdit) {
  for (const unsigned ways : {1U, 4U})
    for (const unsigned walk_level : {1U, 2U, 3U})
      for (unsigned seed = 0; seed < 10; ++seed) {
        Program program(seed, ways, walk_level);
        for (int step = 0; step < 2000; ++step)
          ASSERT_TRUE(program.step(true))
              << "seed " << seed << " step " << step << " walk level " << walk_level;
        EXPECT_TRUE(program.hit_both_caches());
      }
}

TEST(MmuRandom, AnswersFromItsCachesWhenItIsNotTold) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    Program program(seed, 4, 1);
    int wrong = 0;
    for (int step = 0; step < 2000; ++step)
      wrong += program.step(false) ? 0 : 1;
    EXPECT_GT(wrong, 0) << "seed " << seed;
  }
}

} // namespace
} // namespace pagetwin
