// What a whole ARMv7 table holds after an edit, as the words that hardware would read, worked out by hand:
// above all large pages and supersections, which are sixteen equal words. The instance is the one that ships,
// over PlainMemory; the test plays the hardware that sets the Access flag.
#include "src/arch/armv7.hpp"
#include "tests/table/golden_table.hpp"

namespace pagetwin {
namespace {

constexpr Attributes rw{.rights = Rights::read | Rights::write}, ro{.rights = Rights::read};
constexpr PhysAddr frames{0x8000'0000};
constexpr std::uint64_t last_page = 0xFFFF'F000;

class Armv7Table : public testing::Test {
 protected:
  Bench<Armv7> bench;

  void map(std::uint64_t va, PhysAddr pa, std::uint64_t size, const Attributes& attributes = rw) {
    ASSERT_EQ(bench.table().map(VirtAddr{va}, pa, size, attributes), Status::ok);
  }
  void unmap(std::uint64_t va, std::uint64_t length) {
    EXPECT_EQ(bench.table().unmap(VirtAddr{va}, length).bytes, length);
  }
  void protect(std::uint64_t va, std::uint64_t length, Rights rights) {
    EXPECT_EQ(bench.table().protect(VirtAddr{va}, length, rights).bytes, length);
  }
  [[nodiscard]] std::uint32_t* pages(std::uint64_t va) { return bench.slots(va, 0); }
  [[nodiscard]] std::uint32_t* sections(std::uint64_t va) { return bench.slots(va, 1); }
};

TEST_F(Armv7Table, TheFirstAndTheLastPageAreInTheFirstAndTheLastWord) {
  map(0, frames, 0x1000);
  map(last_page, PhysAddr{last_page}, 0x1000);
  std::uint32_t* const root = sections(0);
  EXPECT_EQ(sections(last_page), root + 4095);
  EXPECT_EQ(root[0] & 0x3FF, 1U);
  EXPECT_EQ(root[4095] & 0x3FF, 1U);
  expect_words(root + 1, 4094, 0, 0);
  EXPECT_EQ(pages(0)[0], 0x8000'0803U);
  expect_words(pages(0) + 1, 255, 0, 0);
  EXPECT_EQ(*pages(last_page), 0xFFFF'F803U);
  expect_words(pages(0xFFF0'0000), 255, 0, 0);
  unmap(0, 0x1000);
  EXPECT_EQ(root[0], 0U);
}

TEST_F(Armv7Table, ALargePageIsSixteenEqualWords) {
  map(0x12'0000, frames, 0x1'0000);
  expect_words(pages(0x12'0000), 16, 0x8000'8801, 0);
  EXPECT_EQ(pages(0x12'0000)[-1], 0U);
  EXPECT_EQ(pages(0x12'0000)[16], 0U);
  EXPECT_EQ(sections(0x12'0000)[0] & 0x3FF, 1U);
}

TEST_F(Armv7Table, ALargePageWithoutOnePageIsFifteenSmallOnes) {
  map(0x12'0000, frames, 0x1'0000);
  unmap(0x12'5000, 0x1000);
  expect_words(pages(0x12'0000), 16, 0x8000'0803, 0x1000, 5);
  EXPECT_EQ(pages(0x12'0000)[5], 0U);
}

TEST_F(Armv7Table, ASupersectionIsSixteenEqualWords) {
  map(0x4300'0000, frames, 0x100'0000);
  expect_words(sections(0x4300'0000), 16, 0x8006'0012, 0);
  EXPECT_EQ(sections(0x4300'0000)[-1], 0U);
  EXPECT_EQ(sections(0x4300'0000)[16], 0U);
}

TEST_F(Armv7Table, ASupersectionLosesOneSectionAndThenAPageOfAnother) {
  map(0x4300'0000, frames, 0x100'0000);
  unmap(0x4300'0000, 0x10'0000);
  expect_words(sections(0x4300'0000), 16, 0x8002'0012, 0x10'0000, 0);
  EXPECT_EQ(sections(0x4300'0000)[0], 0U);
  unmap(0x4311'1000, 0x1000);
  EXPECT_EQ(sections(0x4310'0000)[0] & 0x3FF, 1U);
  expect_words(sections(0x4320'0000), 14, 0x8022'0012, 0x10'0000);
  const std::uint32_t* const small = pages(0x4311'0000);
  expect_words(small - 16, 16, 0x8010'8801, 0); // the other 64 KiB are large pages
  expect_words(small, 16, 0x8011'0803, 0x1000, 1);
  EXPECT_EQ(small[1], 0U);
  for (unsigned i = 1; i < 15; ++i)
    expect_words(small + std::size_t{i} * 16, 16, 0x8011'8801 + std::uint64_t{i} * 0x1'0000, 0);
}

TEST_F(Armv7Table, RightsOfAWholeGroupChangeInAllOfItsWords) {
  map(0x12'0000, frames, 0x1'0000);
  protect(0x12'0000, 0x1'0000, Rights::read | Rights::execute | Rights::user);
  expect_words(pages(0x12'0000), 16, 0x8000'0A21, 0);
  map(0x4300'0000, frames, 0x100'0000);
  protect(0x4300'0000, 0x100'0000, Rights::read | Rights::execute | Rights::user);
  expect_words(sections(0x4300'0000), 16, 0x8006'8802, 0);
}

TEST_F(Armv7Table, SixteenPagesBecomeALargePageThatWasAccessed) {
  for (std::uint64_t i = 0; i < 16; ++i)
    map(0x12'0000 + i * 0x1000, frames + i * 0x1000, 0x1000);
  pages(0x12'0000)[7] |= 0x10; // AP[0]
  EXPECT_EQ(bench.table().promote(VirtAddr{0x12'0000}, 0x1'0000), Status::ok);
  expect_words(pages(0x12'0000), 16, 0x8000'8811, 0);
}

TEST_F(Armv7Table, TheAccessFlagOfOneCopyIsTheLargePages) {
  map(0x12'0000, frames, 0x1'0000);
  pages(0x12'0000)[15] |= 0x10;
  EXPECT_EQ(bench.harvested(0x12'0000, 0x1'0000, Harvest::clear), (Flags{.accessed = true}));
  expect_words(pages(0x12'0000), 16, 0x8000'8801, 0);
  EXPECT_EQ(bench.harvested(0x12'0000, 0x1'0000, Harvest::clear), Flags{});
}

TEST_F(Armv7Table, TheAccessFlagOfOneCopyIsThatOfEverySection) {
  map(0x4300'0000, frames, 0x100'0000, ro);
  sections(0x4300'0000)[9] |= 0x400;
  unmap(0x43F0'0000, 0x10'0000);
  expect_words(sections(0x4300'0000), 15, 0x8002'8412, 0x10'0000);
}

TEST_F(Armv7Table, AMarkerTakesThirtyBitsOfAHole) {
  EXPECT_EQ(bench.table().mark(VirtAddr{0x12'0000}, 0x1000, 0x3FFF'FFFF), Status::ok);
  EXPECT_EQ(*pages(0x12'0000), 0xFFFF'FFFCU);
  EXPECT_EQ(bench.table().mark(VirtAddr{0x4300'0000}, 0x10'0000, 0x2AAA'AAAB), Status::ok);
  EXPECT_EQ(*sections(0x4300'0000), 0xAAAA'AAACU);
  EXPECT_EQ(bench.table().marker(VirtAddr{0x4300'0000}, 0x10'0000).word, 0x2AAA'AAABU);
}

} // namespace
} // namespace pagetwin
