// Which pools a table is made over (docs/table.md, "Memory").
#include "src/arch/all.hpp"
#include "src/table/page_table.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

namespace pagetwin {
namespace {

// Nodes of a pool of 16 units that are used once a table is made over it and gone again; nothing where there
// is none.
template <Format F>
std::optional<std::uint64_t> used_after(unsigned unit_shift) {
  struct alignas(bytes_of(16)) Arena {
    std::byte bytes[16 << 16];
  };
  const auto arena = std::make_unique<Arena>();
  std::vector<NodeRecord> records(16);
  NodePool pool({arena->bytes, 16U << unit_shift}, PhysAddr{0}, unit_shift, records);
  PlainMemory<> memory(pool);
  auto table = PageTable<F, PlainMemory<>>::create(memory, SpaceId{1});
  if (!table)
    return std::nullopt;
  EXPECT_EQ(pool.used(), 1U);
  table->destroy();
  return pool.used();
}
template <Format F>
void expect_one_unit(unsigned shift) {
  EXPECT_FALSE(used_after<F>(shift - 1)) << F::name;
  EXPECT_EQ(used_after<F>(shift), 0U) << F::name;
  EXPECT_FALSE(used_after<F>(shift + 1)) << F::name;
}

TEST(TableCreate, WantsAPoolWhoseUnitIsTheFormatsSmallestNode) {
  expect_one_unit<X86_64_4>(12);
  expect_one_unit<Aarch64S1_16k>(14);
  expect_one_unit<RiscvSv39x4>(12); // and a root of four
  expect_one_unit<Armv7>(10);       // and a root of sixteen
}

TEST(TableCreate, OfAPoolOfAnotherUnitTakesNothing) {
  std::vector<std::byte> bytes(bytes_of(13));
  std::vector<NodeRecord> records(4);
  NodePool pool(bytes, PhysAddr{0}, 11, records);
  PlainMemory<> memory(pool);
  EXPECT_FALSE((PageTable<X86_64_4, PlainMemory<>>::create(memory, SpaceId{1})));
  EXPECT_EQ(pool.used(), 0U);
}

} // namespace
} // namespace pagetwin
