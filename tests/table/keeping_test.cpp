// Tables that never shrink, and unmap_marking (docs/table.md): a table whose policy keeps empty nodes beside
// one whose policy does not, under the same operations. The tables are types here, because it is the policy
// that differs.
#include "fuzz/oracles/tiny_format.hpp"
#include "src/arch/x86_64.hpp"
#include "src/table/audit.hpp"
#include "src/table/page_table.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <vector>

namespace pagetwin {
namespace {

constexpr Attributes rw{.rights = Rights::read | Rights::write};
constexpr std::uint64_t page = 0x1000;

// Writes down what it is told.
class ListeningMemory : public PlainMemory<> {
 public:
  using PlainMemory::PlainMemory;
  void invalidate(const Invalidation& i) { told.push_back(i); }
  std::vector<Invalidation> told;
};
class KeepingMemory : public ListeningMemory {
 public:
  using ListeningMemory::ListeningMemory;
  static constexpr bool keeps_empty_nodes = true;
};
static_assert(keeps_empty_nodes<KeepingMemory> && !keeps_empty_nodes<ListeningMemory>);

template <Format F, class M>
class Bench {
 public:
  using Table = PageTable<F, M>;

  [[nodiscard]] std::uint64_t nodes() const { return pool_.used(); }
  [[nodiscard]] M& memory() { return memory_; }
  [[nodiscard]] Status map(std::uint64_t va, std::uint64_t size, std::uint64_t pa = frames) {
    return table.map(VirtAddr{va}, PhysAddr{pa}, size, rw);
  }
  [[nodiscard]] std::uint64_t unmap(std::uint64_t va, std::uint64_t size) {
    return table.unmap(VirtAddr{va}, size).bytes;
  }
  [[nodiscard]] MarkerWord marker(std::uint64_t va) { return table.marker(VirtAddr{va}, page); }
  static constexpr std::uint64_t frames = bytes_of(33);

 private:
  static constexpr std::size_t units = 256;
  static constexpr unsigned shift = Geometry<F>::node_shift(0);
  struct alignas(4096) Arena {
    std::byte bytes[units << shift];
  };
  std::unique_ptr<Arena> arena_ = std::make_unique<Arena>();
  std::vector<NodeRecord> records_{units};
  NodePool pool_{arena_->bytes, PhysAddr{bytes_of(32)}, shift, records_};
  M memory_{pool_};

 public:
  Table table = *Table::create(memory_, SpaceId{1});
};

template <class F>
class Keeping : public testing::Test {
 protected:
  // A size with one copy above the page's level, which a table can stand in the way of.
  static constexpr std::uint64_t large = Geometry<F>::span(1);
  Bench<F, KeepingMemory> keeper;
};
using Formats = testing::Types<Tiny, X86_64_4>;
TYPED_TEST_SUITE(Keeping, Formats, );

TYPED_TEST(Keeping, AnEmptyNodeStaysLinkedAndIsUsedAgain) {
  ASSERT_EQ(this->keeper.map(0, page), Status::ok);
  const std::uint64_t nodes = this->keeper.nodes();
  ASSERT_EQ(nodes, TypeParam::levels);
  EXPECT_EQ(this->keeper.unmap(0, page), page);
  EXPECT_EQ(this->keeper.nodes(), nodes);
  EXPECT_TRUE(audit(this->keeper.table).ok()) << audit(this->keeper.table).problem;
  EXPECT_FALSE(this->keeper.table.lookup(VirtAddr{0}));
  ASSERT_EQ(this->keeper.map(page, page), Status::ok);
  EXPECT_EQ(this->keeper.nodes(), nodes);
}

TYPED_TEST(Keeping, UnmapOfWholeSubtreesAndClearKeepTheirNodes) {
  for (const std::uint64_t va : {std::uint64_t{0}, this->large, 3 * this->large})
    ASSERT_EQ(this->keeper.map(va, page), Status::ok);
  const std::uint64_t nodes = this->keeper.nodes();
  std::vector<std::uint64_t> seen;
  const Changed done = this->keeper.table.unmap_collect(
      VirtAddr{0}, 2 * this->large, [&](const LeafReport& leaf) { seen.push_back(leaf.va); });
  EXPECT_EQ(done.bytes, 2 * page);
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{0, this->large}));
  EXPECT_EQ(this->keeper.nodes(), nodes);
  EXPECT_EQ(this->keeper.table.clear().bytes, page);
  EXPECT_EQ(this->keeper.nodes(), nodes);
  EXPECT_TRUE(audit(this->keeper.table).ok()) << audit(this->keeper.table).problem;
  EXPECT_EQ(audit(this->keeper.table).nodes, nodes);
}

TYPED_TEST(Keeping, NoInvalidationButTheLastReachesTables) {
  ASSERT_EQ(this->keeper.map(0, page), Status::ok);
  EXPECT_EQ(this->keeper.unmap(0, page), page);
  ASSERT_EQ(this->keeper.map(page, page), Status::ok);
  EXPECT_EQ(this->keeper.unmap(0, this->large), page);
  ASSERT_EQ(this->keeper.memory().told.size(), 2U);
  for (const Invalidation& i : this->keeper.memory().told)
    EXPECT_EQ(i.reach, Invalidation::Reach::leaf);
  EXPECT_EQ(this->keeper.memory().told.front().last, page - 1);
  this->keeper.table.destroy();
  EXPECT_EQ(this->keeper.memory().told.back().reach, Invalidation::Reach::walk);
}

TYPED_TEST(Keeping, DestroyGivesEveryNodeBackOfBothHalves) {
  ASSERT_EQ(this->keeper.map(0, page), Status::ok);
  ASSERT_EQ(this->keeper.map(this->large, this->large), Status::ok);
  ASSERT_EQ(this->keeper.map(~std::uint64_t{0} - (page - 1), page), Status::ok);
  EXPECT_EQ(this->keeper.unmap(0, page), page);
  ASSERT_EQ(this->keeper.table.mark(VirtAddr{2 * page}, page, 5), Status::ok);
  this->keeper.table.destroy();
  EXPECT_EQ(this->keeper.nodes(), 0U);
  const std::uint64_t last = this->keeper.memory().told.back().last;
  EXPECT_EQ(last, ~std::uint64_t{0} >> (64 - TypeParam::va_bits + 1)) << "the root's own, in the lower half";
}

TYPED_TEST(Keeping, ALargerLeafDoesNotTakeThePlaceOfANode) {
  ASSERT_EQ(this->keeper.map(0, page), Status::ok);
  EXPECT_EQ(this->keeper.unmap(0, page), page);
  EXPECT_EQ(this->keeper.map(0, this->large), Status::overlap);
  EXPECT_EQ(
      this->keeper.table.map_range(VirtAddr{0}, PhysAddr{this->keeper.frames}, this->large, rw, this->large),
      Status::overlap);
  EXPECT_EQ(this->keeper.map(this->large, this->large), Status::ok);
  EXPECT_EQ(audit(this->keeper.table).mapped, this->large);
}

TYPED_TEST(Keeping, PromoteIsRefusedWhereANodeIs) {
  for (std::uint64_t at = 0; at < this->large; at += page)
    ASSERT_EQ(this->keeper.map(at, page, this->keeper.frames + at), Status::ok);
  EXPECT_EQ(this->keeper.table.promote(VirtAddr{0}, this->large), Status::not_uniform);
  EXPECT_EQ(audit(this->keeper.table).mapped, this->large);
}

TYPED_TEST(Keeping, AMarkOverANodeGoesIntoItsSlots) {
  ASSERT_EQ(this->keeper.map(0, page), Status::ok);
  EXPECT_EQ(this->keeper.unmap(0, page), page);
  ASSERT_EQ(this->keeper.table.mark(VirtAddr{page}, page, 3), Status::ok);
  const std::uint64_t nodes = this->keeper.nodes();
  ASSERT_EQ(this->keeper.table.mark(VirtAddr{0}, this->large, 9), Status::ok);
  EXPECT_EQ(this->keeper.table.marker(VirtAddr{0}, this->large).word, 9U);
  EXPECT_EQ(audit(this->keeper.table).markers, this->large / page);
  EXPECT_TRUE(audit(this->keeper.table).ok()) << audit(this->keeper.table).problem;
  ASSERT_EQ(this->keeper.table.mark(VirtAddr{0}, this->large, 0), Status::ok);
  EXPECT_EQ(audit(this->keeper.table).markers, 0U);
  EXPECT_EQ(this->keeper.nodes(), nodes);
}

// The same operations on both; where only the larger leaf over a node differs, both are emptied there.
template <Format F>
class Pair {
 public:
  void step(std::mt19937& dice) {
    const PageSize page_size = F::sizes[dice() % sizes];
    const std::uint64_t size = page_size.bytes();
    const std::uint64_t va = align_down(dice() % space, page_size.log2_bytes);
    switch (dice() % 5) {
    case 0:
    case 1:
      return map(va, size);
    case 2:
      EXPECT_EQ(keeper.unmap(va, size), shrinking.unmap(va, size));
      return;
    case 3:
      EXPECT_EQ(keeper.table.mark(VirtAddr{va}, size, 1), shrinking.table.mark(VirtAddr{va}, size, 1));
      return;
    default:
      EXPECT_EQ(keeper.table.unmap_marking(VirtAddr{va}, size, 7).bytes,
                shrinking.table.unmap_marking(VirtAddr{va}, size, 7).bytes);
    }
  }
  void compare() {
    EXPECT_TRUE(audit(keeper.table).ok()) << audit(keeper.table).problem;
    EXPECT_TRUE(audit(shrinking.table).ok()) << audit(shrinking.table).problem;
    for (std::uint64_t va = 0; va < space; va += page) {
      const auto mine = keeper.table.lookup(VirtAddr{va}), other = shrinking.table.lookup(VirtAddr{va});
      ASSERT_EQ(mine.has_value(), other.has_value()) << va;
      if (mine)
        ASSERT_EQ(mine->pa(), other->pa()) << va;
      else
        ASSERT_EQ(keeper.marker(va).word, shrinking.marker(va).word) << va;
    }
    EXPECT_GE(keeper.nodes(), most_nodes_) << "a node went";
    most_nodes_ = keeper.nodes();
  }

  Bench<F, KeepingMemory> keeper;
  Bench<F, ListeningMemory> shrinking;

 private:
  static constexpr std::uint64_t space = 6 * Geometry<F>::span(1);
  static constexpr unsigned sizes = std::is_same_v<F, Tiny> ? 4 : 2;

  void map(std::uint64_t va, std::uint64_t size) {
    const Status mine = keeper.map(va, size, keeper.frames + va);
    const Status other = shrinking.map(va, size, keeper.frames + va);
    if (mine == other)
      return;
    EXPECT_EQ(mine, Status::overlap);
    EXPECT_EQ(other, Status::ok);
    EXPECT_GT(size, page);
    (void)keeper.unmap(va, size);
    (void)shrinking.unmap(va, size);
  }
  std::uint64_t most_nodes_ = 0;
};

TYPED_TEST(Keeping, HoldsWhatAShrinkingTableHolds) {
  std::mt19937 dice(7);
  for (unsigned program = 0; program < (std::is_same_v<TypeParam, Tiny> ? 40U : 4U); ++program) {
    Pair<TypeParam> pair;
    for (unsigned i = 0; i < 60 && !this->HasFatalFailure(); ++i) {
      pair.step(dice);
      pair.compare();
    }
  }
}

TYPED_TEST(Keeping, UnmapMarkingLeavesTheWordWhereALeafWasAndNowhereElse) {
  ASSERT_EQ(this->keeper.map(page, page), Status::ok);
  ASSERT_EQ(this->keeper.map(this->large, this->large), Status::ok);
  ASSERT_EQ(this->keeper.table.mark(VirtAddr{2 * page}, page, 3), Status::ok);
  EXPECT_EQ(this->keeper.table.unmap_marking(VirtAddr{0}, this->large + page, 8).bytes, 2 * page);
  EXPECT_EQ(this->keeper.marker(0).word, 0U);
  EXPECT_EQ(this->keeper.marker(page).word, 8U);
  EXPECT_EQ(this->keeper.marker(2 * page).word, 3U);
  EXPECT_EQ(this->keeper.marker(this->large).word, 8U);
  EXPECT_EQ(this->keeper.marker(this->large + page).status, Status::overlap) << "the rest stays mapped";
  EXPECT_TRUE(audit(this->keeper.table).ok()) << audit(this->keeper.table).problem;
  for (const std::uint64_t va : {page, this->large}) {
    const auto covers = [va](const Invalidation& i) { return i.first <= va && va <= i.last; };
    EXPECT_TRUE(std::ranges::any_of(this->keeper.memory().told, covers)) << va;
  }
}

TYPED_TEST(Keeping, UnmapMarkingRefusesNoWordAndTooWideOnes) {
  EXPECT_EQ(this->keeper.table.unmap_marking(VirtAddr{0}, page, 0).status, Status::bad_attributes);
  EXPECT_EQ(this->keeper.table.unmap_marking(VirtAddr{0}, page, bytes_of(TypeParam::marker_bits)).status,
            Status::bad_attributes);
  EXPECT_EQ(this->keeper.table.unmap_marking(VirtAddr{0}, 0, 1).status, Status::empty);
  EXPECT_EQ(this->keeper.table.unmap_marking(VirtAddr{1}, page, 1).status, Status::misaligned);
}

} // namespace
} // namespace pagetwin
