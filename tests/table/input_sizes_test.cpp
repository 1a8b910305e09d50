// AArch64 with other input sizes than those that ship: TCR's T0SZ and VTCR's T0SZ and SL0 may say any. Levels
// and roots are those of DDI 0487, D8.2 (the initial lookup by granule and input size; concatenated tables of
// stage 2), worked out by hand; edits at the ends of such tables, and where one root slot or one concatenated
// table ends and the next begins, are read back by the reference's walker.
#include "reference/mmu/aarch64_s1.hpp"
#include "reference/mmu/aarch64_s2.hpp"
#include "src/arch/aarch64.hpp"
#include "src/table/page_table.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <initializer_list>
#include <optional>
#include <vector>

namespace pagetwin {
namespace {

template <unsigned Granule, unsigned Bits>
struct Stage1 : Aarch64<Aarch64Stage1<false>, Granule, Bits> {
  static constexpr std::string_view name = "stage 1";
  using Walker = reference::Aarch64Stage1;
};
template <unsigned Granule, unsigned Bits>
struct Stage2 : Aarch64<Aarch64Stage2, Granule, Bits> {
  static constexpr std::string_view name = "stage 2";
  using Walker = reference::Aarch64Stage2;
};

// levels: of lookup; entries: of the root, all of its tables together.
template <Format F>
constexpr bool has_shape(unsigned levels, unsigned entries) {
  return F::levels == levels && Geometry<F>::entries(levels - 1) == entries;
}
// 4 KiB: the initial lookup is at level 0 from 40 bits, 1 from 31, 2 from 22 (the manual's levels).
static_assert(has_shape<Stage1<12, 48>>(4, 512) && has_shape<Stage1<12, 40>>(4, 2));
static_assert(has_shape<Stage1<12, 39>>(3, 512) && has_shape<Stage1<12, 31>>(3, 2));
static_assert(has_shape<Stage1<12, 30>>(2, 512) && has_shape<Stage1<12, 25>>(2, 16));
// 16 KiB: level 0 at 48 bits only, 1 from 37, 2 from 26.
static_assert(has_shape<Stage1<14, 48>>(4, 2) && has_shape<Stage1<14, 47>>(3, 2048));
static_assert(has_shape<Stage1<14, 37>>(3, 2) && has_shape<Stage1<14, 36>>(2, 2048));
// 64 KiB: level 1 from 43 bits, 2 from 30.
static_assert(has_shape<Stage1<16, 48>>(3, 64) && has_shape<Stage1<16, 42>>(2, 8192));
// Stage 2 begins a level lower where at most 16 tables in a row will do.
static_assert(has_shape<Stage2<12, 44>>(4, 32) && has_shape<Stage2<12, 43>>(3, 16 * 512));
static_assert(has_shape<Stage2<12, 39>>(3, 512) && has_shape<Stage2<12, 35>>(3, 32));
static_assert(has_shape<Stage2<12, 34>>(2, 16 * 512) && has_shape<Stage2<12, 32>>(2, 4 * 512));
static_assert(has_shape<Stage2<14, 48>>(3, 2 * 2048) && has_shape<Stage2<14, 41>>(3, 32));
static_assert(has_shape<Stage2<14, 40>>(2, 16 * 2048) && has_shape<Stage2<14, 36>>(2, 2048));
static_assert(has_shape<Stage2<16, 48>>(3, 64) && has_shape<Stage2<16, 44>>(2, 4 * 8192));
static_assert(has_shape<Stage2<16, 46>>(3, 16)); // two levels would do: 16 tables, which a root cannot have

// Of pages, blocks and contiguous sets: none larger than a root slot, or than all of the root's.
template <Format F>
constexpr bool has_sizes(std::initializer_list<unsigned> log2_bytes) {
  return std::ranges::equal(F::sizes, log2_bytes, {}, &PageSize::log2_bytes);
}
static_assert(has_sizes<Stage1<12, 48>>({12, 16, 21, 25, 30, 34}));
static_assert(has_sizes<Stage1<12, 31>>({12, 16, 21, 25, 30})); // two slots are no set
static_assert(has_sizes<Stage1<12, 25>>({12, 16, 21, 25}));
static_assert(has_sizes<Stage1<14, 36>>({14, 21, 25, 30}) && has_sizes<Stage1<14, 47>>({14, 21, 25, 30}));
static_assert(has_sizes<Stage1<16, 42>>({16, 21, 29, 34}) && has_sizes<Stage2<16, 46>>({16, 21, 29, 34}));
static_assert(has_sizes<Stage2<12, 34>>({12, 16, 21, 25}) && has_sizes<Stage2<14, 48>>({14, 21, 25, 30}));

template <class F>
class InputSizes : public testing::Test {
 protected:
  using G = Geometry<F>;
  static constexpr unsigned unit = G::node_shift(0), root_shift = G::node_shift(G::root_level);
  static constexpr std::size_t units = 16 + (std::size_t{2} << (root_shift - unit));
  static constexpr std::uint64_t base = bytes_of(36);

  void TearDown() override {
    table.destroy();
    EXPECT_EQ(pool.used(), 0U);
  }
  // The first page of the size, the last, and both sides of a boundary.
  static std::vector<std::uint64_t> places(std::uint64_t size) {
    const std::uint64_t all = bytes_of(F::va_bits), span = G::span(G::root_level);
    const std::uint64_t concatenated = span << F::index_bits(0); // what one table of the root covers
    std::vector<std::uint64_t> found{0, all - size};
    for (const std::uint64_t end : {std::max(span, size), std::max(concatenated, size), all / 2})
      if (end >= size && end < all)
        found.insert(found.end(), {end - size, end});
    return found;
  }
  // Where hardware finds the address; nothing: nowhere.
  std::optional<reference::Translation> walked(std::uint64_t va) {
    return walker.translate(bytes, raw(table.root()), va, {.pa_bits = 48});
  }
  void expect_at(std::uint64_t va, std::uint64_t pa, std::uint64_t size) {
    const auto ours = table.lookup(VirtAddr{va});
    const auto theirs = walked(va);
    ASSERT_TRUE(ours && theirs) << std::hex << va;
    EXPECT_EQ(raw(ours->pa()), pa);
    EXPECT_EQ(theirs->pa, pa);
    EXPECT_EQ(ours->size().bytes(), size);
    EXPECT_EQ(theirs->size, size);
  }
  void expect_nothing_at(std::uint64_t va) {
    EXPECT_FALSE(table.lookup(VirtAddr{va})) << std::hex << va;
    EXPECT_FALSE(walked(va)) << std::hex << va;
  }

  std::vector<std::byte> storage = std::vector<std::byte>(units << unit);
  std::vector<NodeRecord> records = std::vector<NodeRecord>(units);
  NodePool pool{storage, PhysAddr{base}, unit, records};
  PlainMemory<> memory{pool};
  PageTable<F, PlainMemory<>> table = *PageTable<F, PlainMemory<>>::create(memory, SpaceId{1});
  typename F::Walker walker{{F::page_shift, F::va_bits, F::levels}, "other"};
  reference::PhysicalMemory bytes{reinterpret_cast<unsigned char*>(storage.data()), base, storage.size()};
};

using Others = testing::Types<Stage1<12, 39>, Stage1<12, 42>, Stage1<12, 25>, Stage1<14, 36>, Stage1<16, 42>,
                              Stage2<12, 43>, Stage2<12, 34>, Stage2<12, 44>, Stage2<14, 48>, Stage2<16, 44>,
                              Stage2<16, 46>>;
TYPED_TEST_SUITE(InputSizes, Others);

TYPED_TEST(InputSizes, PagesOfEverySizeAreFoundAtTheEndsAndWhereRootsAreConcatenated) {
  constexpr std::uint64_t frame = bytes_of(46);
  unsigned mapped = 0;
  for (const PageSize& size : TypeParam::sizes) {
    if (size.log2_bytes >= TypeParam::va_bits)
      continue;
    for (const std::uint64_t va : this->places(size.bytes())) {
      ASSERT_EQ(this->table.map(VirtAddr{va}, PhysAddr{frame}, size.bytes(), {.rights = Rights::read}),
                Status::ok);
      this->expect_at(va, frame, size.bytes());
      this->expect_at(va + size.bytes() - 1, frame + size.bytes() - 1, size.bytes());
      if (va != 0)
        this->expect_nothing_at(va - 1);
      ASSERT_EQ(this->table.unmap(VirtAddr{va}, size.bytes()).bytes, size.bytes());
      this->expect_nothing_at(va);
      ++mapped;
    }
  }
  EXPECT_GE(mapped, 4U * 3);
  EXPECT_EQ(this->table.map(VirtAddr{bytes_of(TypeParam::va_bits)}, PhysAddr{0},
                            bytes_of(TypeParam::page_shift), {.rights = Rights::read}),
            Status::out_of_range);
}

TYPED_TEST(InputSizes, APageOfEverySizeThatIsSplitIsThePagesThatItWas) {
  constexpr std::uint64_t frame = bytes_of(46), page = bytes_of(TypeParam::page_shift);
  unsigned split = 0;
  for (const PageSize& size : TypeParam::sizes) {
    if (size.log2_bytes == TypeParam::page_shift)
      continue;
    ++split;
    const std::uint64_t va = bytes_of(TypeParam::va_bits) - size.bytes();
    ASSERT_EQ(this->table.map(VirtAddr{va}, PhysAddr{frame}, size.bytes(), {.rights = Rights::read}),
              Status::ok);
    ASSERT_EQ(this->table.unmap(VirtAddr{va + page}, page).bytes, page);
    this->expect_at(va, frame, page);
    this->expect_nothing_at(va + page);
    EXPECT_EQ(raw(this->table.lookup(VirtAddr{va + (size.bytes() - 1)})->pa()), frame + size.bytes() - 1);
    EXPECT_EQ(this->walked(va + size.bytes() - 1)->pa, frame + size.bytes() - 1);
    ASSERT_EQ(this->table.unmap(VirtAddr{va}, size.bytes()).bytes, size.bytes() - page);
  }
  EXPECT_GE(split, 3U);
}

} // namespace
} // namespace pagetwin
