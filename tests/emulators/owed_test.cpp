// What the harness itself makes of an edit: frames, pages and a second stage. It needs no emulator.
#include "fuzz/emulators/cached_mmu.hpp"
#include "fuzz/emulators/tag_pages.hpp"

#include <cstring>
#include <gtest/gtest.h>

namespace pagetwin::emulators {
namespace {

TEST(OwedPages, AreThePagesThatARangeTouches) {
  const std::array owed{Owed{0x1ff8, 0x2007, false}, Owed{0x9000, 0x9fff, true}};
  const auto pages = pages_of(owed, 3);
  ASSERT_TRUE(pages);
  ASSERT_EQ(pages->size(), 3U);
  EXPECT_EQ((*pages)[0].address, 0x1000U);
  EXPECT_EQ((*pages)[1].address, 0x2000U);
  EXPECT_EQ((*pages)[2].address, 0x9000U);
  EXPECT_FALSE((*pages)[1].tables);
  EXPECT_TRUE((*pages)[2].tables);
}

TEST(OwedPages, ReachTheEndOfTheAddressSpace) {
  const auto pages = pages_of(std::array{Owed{~std::uint64_t{0} - 0x1fff, ~std::uint64_t{0}, false}}, 8);
  ASSERT_TRUE(pages);
  EXPECT_EQ(pages->size(), 2U);
  EXPECT_EQ(pages->back().address, ~std::uint64_t{0xfff});
}

TEST(OwedPages, AreNotNamedWhereTheyAreTooMany) {
  EXPECT_FALSE(pages_of(std::array{Owed{0, 0x2fff, false}}, 2));
  EXPECT_FALSE(pages_of(std::array{Owed{0, ~std::uint64_t{0}, false}}, 512));
  EXPECT_TRUE(pages_of({}, 0));
}

TEST(FramesOfAccesses, AreNamedOnce) {
  const Probe probe{0, Kind::read, false};
  const std::array accesses{Access{probe, 0x5000, 0x1000}, Access{probe, 0x1000, std::nullopt}};
  EXPECT_EQ(frames_of(accesses), (std::vector<std::uint64_t>{0x1000, 0x5000}));
}

// Tables lead on, leaves have bit 0 and, if they may be written, bit 1.
constexpr StageShape shape{
    3, TagPages::page_bytes, [](std::uint64_t physical) { return physical | 4; },
    [](std::uint64_t table) { return table & ~std::uint64_t{7}; },
    [](std::uint64_t physical, unsigned, bool writable) { return physical | 1 | (writable ? 2 : 0); }};
constexpr std::uint64_t physical = 0x7000'0000;

class SecondStage : public testing::Test {
 protected:
  [[nodiscard]] std::uint64_t word(std::uint64_t at) const {
    std::uint64_t word = 0;
    std::memcpy(&word, &memory_[at - physical], sizeof word);
    return word;
  }
  // The leaf that `from` leads to, and at which level it is.
  [[nodiscard]] std::pair<std::uint64_t, unsigned> leaf(std::uint64_t from) const {
    std::uint64_t node = physical;
    for (unsigned level = 2;; --level) {
      const std::uint64_t found = word(node + 8 * (from >> (12 + 9 * level) & 511U));
      if ((found & 4U) == 0)
        return {found, level};
      node = shape.address(found);
    }
  }

  std::vector<std::byte> memory_ = std::vector<std::byte>(16 * TagPages::page_bytes, std::byte{0xff});
  TagPages pages_{memory_, physical, shape};
};

TEST_F(SecondStage, LeadsAFrameToAPageThatNamesIt) {
  pages_.tag(0x12'3456'7000);
  const auto [found, level] = leaf(0x12'3456'7000);
  EXPECT_EQ(level, 0U);
  EXPECT_EQ(found & 3U, 3U);
  const std::uint64_t tag = word(found & ~std::uint64_t{0xfff});
  EXPECT_EQ(TagPages::answer({0x9abc, Kind::read, false}, tag).pa, 0x12'3456'7abcU);
  EXPECT_EQ(TagPages::answer({0x9abc, Kind::write, false}, tag).pa, std::nullopt);
  EXPECT_EQ(TagPages::answer({0x9abc, Kind::read, false}, 0).pa, ~std::uint64_t{0});
}

TEST_F(SecondStage, LeadsTheTablesToThemselvesInPiecesAsLargeAsFit) {
  pages_.map_to_itself(0x1'0000'0000, 0x20'2000, false);
  EXPECT_EQ(leaf(0x1'001f'f000), std::pair(std::uint64_t{0x1'0000'0001}, 1U));
  EXPECT_EQ(leaf(0x1'0020'1000), std::pair(std::uint64_t{0x1'0020'1001}, 0U));
  EXPECT_EQ(leaf(0x1'0020'2000).first, 0U);
}

TEST_F(SecondStage, SaysWhenItsMemoryIsFull) {
  EXPECT_THROW(
      {
        for (std::uint64_t frame = 0; frame < 16; ++frame)
          pages_.tag(frame << 12U);
      },
      std::runtime_error);
}

} // namespace
} // namespace pagetwin::emulators
