// What a whole AArch64 table holds after an edit, as the words that hardware would read, worked out by hand:
// above all contiguous sets, whose descriptors each have an address and flags of their own. The instance is
// the one that ships, over PlainMemory; the test plays the hardware that sets flags.
#include "src/arch/aarch64.hpp"
#include "tests/table/golden_table.hpp"

namespace pagetwin {
namespace {

constexpr Attributes rw{.rights = Rights::read | Rights::write};
constexpr PhysAddr frames{0x4'0000'0000};

class Aarch64Table4k : public testing::Test {
 protected:
  static constexpr std::uint64_t va = 0x7F00'0001'0000, size = 0x1'0000;
  Bench<Aarch64S1_4k> bench;

  void SetUp() override { ASSERT_EQ(bench.table().map(VirtAddr{va}, frames, size, rw), Status::ok); }
  [[nodiscard]] std::uint64_t* slots() { return bench.slots(va, 0); }
  // As hardware does when a page of the set is written: AF becomes 1, and AP[2] becomes 0.
  void write(unsigned copy) { slots()[copy] = (slots()[copy] | 0x400) & ~std::uint64_t{0x80}; }
};

TEST_F(Aarch64Table4k, ASetIsSixteenPagesWithAddressesOfTheirOwn) {
  expect_words(slots(), 16, 0x0078'0004'0000'0883, 0x1000);
  EXPECT_EQ(slots()[-1], 0U);
  EXPECT_EQ(slots()[16], 0U);
  for (unsigned level = 1; level < 4; ++level)
    EXPECT_EQ(*bench.slots(va, level) & 0xFFFF'FFFE'0000'0FFF, 3U) << level;
}

TEST_F(Aarch64Table4k, WithoutOnePageNoneIsContiguous) {
  EXPECT_EQ(bench.table().unmap(VirtAddr{va + 0x5000}, 0x1000).bytes, 0x1000U);
  expect_words(slots(), 16, 0x0068'0004'0000'0883, 0x1000, 5);
  EXPECT_EQ(slots()[5], 0U);
}

TEST_F(Aarch64Table4k, AWriteToOnePageIsTheSetsUntilItIsHarvested) {
  write(3);
  EXPECT_EQ(bench.harvested(va, 0x1000, Harvest::clear), (Flags{true, true})); // of a part: kept
  EXPECT_EQ(slots()[3], 0x0078'0004'0000'3C03U);
  EXPECT_EQ(bench.harvested(va, size, Harvest::clear), (Flags{true, true}));
  expect_words(slots(), 16, 0x0078'0004'0000'0883, 0x1000);
  EXPECT_EQ(bench.harvested(va, size, Harvest::clear), Flags{});
}

TEST_F(Aarch64Table4k, ADirtySetWithoutItsRightToBeWrittenRemembers) {
  write(15);
  EXPECT_EQ(bench.table().protect(VirtAddr{va}, size, Rights::read).bytes, size);
  expect_words(slots(), 16, 0x00F0'0004'0000'0C83, 0x1000);
  EXPECT_EQ(bench.table().protect(VirtAddr{va}, size, rw.rights).bytes, size);
  expect_words(slots(), 16, 0x0078'0004'0000'0C03, 0x1000);
}

TEST_F(Aarch64Table4k, PagesOfADirtySetAreDirtyAndSoIsTheSetOfThem) {
  write(0);
  EXPECT_EQ(bench.table().protect(VirtAddr{va}, 0x1000, Rights::read).bytes, 0x1000U);
  expect_words(slots(), 16, 0x0068'0004'0000'0C03, 0x1000, 0);
  EXPECT_EQ(slots()[0], 0x00E0'0004'0000'0C83U);
  EXPECT_EQ(bench.table().protect(VirtAddr{va}, 0x1000, rw.rights).bytes, 0x1000U);
  EXPECT_EQ(bench.table().promote(VirtAddr{va}, size), Status::ok);
  expect_words(slots(), 16, 0x0078'0004'0000'0C03, 0x1000);
}

TEST(Aarch64TableWords, ASetOfBlocksLosesOneBlockAndThenAPageOfAnother) {
  Bench<Aarch64S1_4k> bench;
  const std::uint64_t va = 0x200'0000;
  ASSERT_EQ(bench.table().map(VirtAddr{va}, frames, 0x200'0000, rw), Status::ok);
  expect_words(bench.slots(va, 1), 16, 0x0078'0004'0000'0881, 0x20'0000);
  EXPECT_EQ(bench.table().unmap(VirtAddr{va}, 0x20'0000).bytes, 0x20'0000U);
  expect_words(bench.slots(va, 1), 16, 0x0068'0004'0000'0881, 0x20'0000, 0);
  EXPECT_EQ(bench.table().unmap(VirtAddr{va + 0x21'0000}, 0x1000).bytes, 0x1000U);
  EXPECT_EQ(bench.slots(va, 1)[1] & 0xFFF, 3U); // a table now
  const std::uint64_t* pages = bench.slots(va + 0x20'0000, 0);
  expect_words(pages, 16, 0x0078'0004'0020'0883, 0x1000); // the other 64 KiB are sets
  expect_words(pages + 16, 16, 0x0068'0004'0021'0883, 0x1000, 0);
  expect_words(pages + 32, 480, 0x0078'0004'0022'0883, 0x1000);
}

TEST(Aarch64TableWords, With16KGranulesASetHas128Pages) {
  Bench<Aarch64S1_16k> bench;
  const std::uint64_t va = 0x20'0000;
  ASSERT_EQ(bench.table().map(VirtAddr{va}, frames, 0x20'0000, rw), Status::ok);
  expect_words(bench.slots(va, 0), 128, 0x0078'0004'0000'0883, 0x4000);
  EXPECT_EQ(bench.table().unmap(VirtAddr{va + 0x1F'C000}, 0x4000).bytes, 0x4000U);
  expect_words(bench.slots(va, 0), 127, 0x0068'0004'0000'0883, 0x4000);
  EXPECT_EQ(bench.slots(va, 0)[127], 0U);
}

TEST(Aarch64TableWords, With52BitAddressesASetHasTheirUpperBitsInEveryBlock) {
  using F = Aarch64S1_4kLpa2;
  const PageSize size = F::sizes[3]; // 32 MiB
  const auto bits = F::leaf_bits(rw, {}, size);
  for (unsigned copy = 0; copy < size.copies(); ++copy)
    EXPECT_EQ(F::leaf(bits, PhysAddr{0x000C'0004'0000'0000}, size, copy),
              0x0078'0004'0000'0B81 + copy * std::uint64_t{0x20'0000});
}

// A table whose nodes lie at the end of the memory that ends at 2^`bits`.
template <Format F>
bool is_made_below(unsigned bits) {
  struct alignas(4096) Arena {
    std::byte bytes[16 * 4096];
  };
  const auto arena = std::make_unique<Arena>();
  std::vector<NodeRecord> records(16);
  NodePool pool(arena->bytes, PhysAddr{bytes_of(bits) - sizeof(Arena)}, 12, records);
  PlainMemory<> memory(pool);
  auto table = PageTable<F, PlainMemory<>>::create(memory, SpaceId{1});
  if (!table)
    return false;
  constexpr VirtAddr page{0x1000};
  constexpr PhysAddr frame{0xF'FFFF'FFFF'F000 & low_mask(F::pa_bits)};
  EXPECT_EQ(table->map(page, frame, 0x1000, rw), Status::ok);
  EXPECT_EQ(table->lookup(page)->pa(), frame);
  table->destroy();
  return true;
}

TEST(Aarch64TablesOfLpa2, LieBelow2To50ThoughPagesDoNot) {
  EXPECT_TRUE(is_made_below<Aarch64S1_4kLpa2>(50));
  EXPECT_FALSE(is_made_below<Aarch64S1_4kLpa2>(51));
  EXPECT_FALSE(is_made_below<Aarch64S1_4kLpa2>(52));
  EXPECT_TRUE(is_made_below<Aarch64S1_4k>(48));
}

} // namespace
} // namespace pagetwin
