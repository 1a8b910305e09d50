// What the golden tests of whole tables share: a table over PlainMemory, the instance that ships, and its
// slots as the words that hardware would read. It refuses to know a bit; the tests work their words out by
// hand.
#pragma once

#include "src/table/page_table.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace pagetwin {

template <Format F>
class Bench {
  using Raw = typename F::Raw;
  using G = Geometry<F>;

 public:
  using Table = PageTable<F, PlainMemory<>>;

  [[nodiscard]] Table& table() { return table_; }
  // The slots of a level from va's on.
  [[nodiscard]] Raw* slots(std::uint64_t va, unsigned level) {
    PhysAddr node = table_.root();
    for (unsigned l = F::levels - 1; l > level; --l)
      node = F::table(*pool_.template host<Raw>(slot(node, va, l)), l);
    return pool_.template host<Raw>(slot(node, va, level));
  }
  [[nodiscard]] Flags harvested(std::uint64_t va, std::uint64_t size, Harvest what) {
    Flags all{};
    unsigned leaves = 0;
    const auto status = table_.harvest(VirtAddr{va}, size, what, [&](const LeafReport& leaf) {
      all = all | leaf.flags;
      ++leaves;
    });
    EXPECT_EQ(status, Status::ok);
    EXPECT_EQ(leaves, 1U);
    return all;
  }

 private:
  [[nodiscard]] static PhysAddr slot(PhysAddr node, std::uint64_t va, unsigned level) {
    return G::slot(node, G::index(va, level));
  }
  static constexpr unsigned node_shift = G::node_shift(0);
  static constexpr std::size_t units = 64;
  static constexpr PhysAddr base{bytes_of(F::pa_bits > 32 ? 32 : 30)};
  struct alignas(16384) Arena {
    std::byte bytes[units << node_shift];
  };
  std::unique_ptr<Arena> arena_ = std::make_unique<Arena>();
  std::vector<NodeRecord> records_{units};
  NodePool pool_{arena_->bytes, base, node_shift, records_};
  PlainMemory<> memory_{pool_};
  Table table_ = *Table::create(memory_, SpaceId{1});
};

// `count` slots hold `first` and what follows it, `step` apart, but for the one at `except`.
template <class Raw>
void expect_words(const Raw* slots, unsigned count, std::uint64_t first, std::uint64_t step,
                  unsigned except = ~0U) {
  for (unsigned i = 0; i < count; ++i) {
    if (i != except) {
      EXPECT_EQ(slots[i], first + i * step) << i;
    }
  }
}

} // namespace pagetwin
