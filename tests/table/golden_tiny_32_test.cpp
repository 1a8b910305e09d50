// Descriptors of tiny_32 as 32-bit numbers, worked out by hand from docs/tiny.md: the low twelve bits rotated
// left by three per level.
#include "fuzz/oracles/tiny_32_format.hpp"

#include <gtest/gtest.h>

namespace pagetwin {
namespace {

constexpr Rights r = Rights::read, w = Rights::write, x = Rights::execute, u = Rights::user;
// KIND 2, R X U A D G and type 5 are 0xBF6 before the rotation.
constexpr Attributes many{.rights = r | x | u, .memory_type = 5, .key = 9, .global = true, .software = 10};

struct Row {
  const char* what;
  unsigned size;
  std::uint64_t frame;
  Attributes attributes;
  Flags flags;
  std::uint32_t word;
};

constexpr Row rows[] = {
    {"R", 0, 0x5000, {.rights = r}, {}, 0x0050'0006},
    {"W", 0, 0, {.rights = w}, {}, 0x0000'000A},
    {"X", 0, 0, {.rights = x}, {}, 0x0000'0012},
    {"U", 0, 0, {.rights = r | u}, {}, 0x0000'0026},
    {"A", 0, 0, {.rights = r}, {.accessed = true}, 0x0000'0046},
    {"D", 0, 0, {.rights = r}, {.dirty = true}, 0x0000'0086},
    {"G", 0, 0, {.rights = r, .global = true}, {}, 0x0000'0106},
    {"memory type", 0, 0, {.rights = r, .memory_type = 7}, {}, 0x0000'0E06},
    {"key", 0, 0, {.rights = r, .key = 15}, {}, 0x0000'F006},
    {"software", 0, 0, {.rights = r, .software = 15}, {}, 0x000F'0006},
    {"the last frame", 0, 0xFF'F000, {.rights = r}, {}, 0xFFF0'0006},
    {"4 KiB with everything", 0, 0x12'3000, many, {true, true}, 0x123A'9BF6},
    {"16 KiB", 1, 0x4000, {.rights = r | w}, {}, 0x0040'000F},
    {"32 KiB", 2, 0x8000, {.rights = r}, {}, 0x0080'0030},
    {"32 KiB with everything", 2, 0x12'8000, many, {true, true}, 0x128A'9FB5},
    {"256 KiB", 3, 0x4'0000, {.rights = r}, {}, 0x0400'0180},
    {"256 KiB with everything", 3, 0x14'0000, many, {true, true}, 0x140A'9DAF},
    {"1 MiB", 4, 0x10'0000, {.rights = r | w}, {}, 0x1000'03C0},
};

constexpr bool encodes(const Row& row) {
  const PageSize size = Tiny32::sizes[row.size];
  bool all = true;
  for (unsigned copy = 0; copy < size.copies(); ++copy)
    all = all
          && Tiny32::leaf(Tiny32::leaf_bits(row.attributes, row.flags, size), PhysAddr{row.frame}, size, copy)
                 == row.word;
  return all;
}
constexpr bool decodes(const Row& row) {
  const PageSize size = Tiny32::sizes[row.size];
  return Tiny32::kind(row.word, size.level) == Kind::leaf
         && Tiny32::log2_copies(row.word, size.level) == size.log2_copies
         && Tiny32::frame(row.word, size.level) == PhysAddr{row.frame}
         && Tiny32::attributes(row.word, size.level) == row.attributes
         && Tiny32::flags(row.word, size.level) == row.flags;
}

TEST(GoldenTiny32, LeavesAreTheWordsOfTheDocument) {
  for (const Row& row : rows) {
    EXPECT_TRUE(encodes(row)) << row.what;
    EXPECT_TRUE(decodes(row)) << row.what;
  }
}

TEST(GoldenTiny32, TablesRotateWithTheirLevel) {
  EXPECT_EQ(Tiny32::to_table(PhysAddr{0x12'3460}, 1), 0x091A'31E8U);
  EXPECT_EQ(Tiny32::to_table(PhysAddr{0x12'3460}, 2), 0x091A'3F40U);
  EXPECT_EQ(Tiny32::table(0x7FFF'FF40, 2), PhysAddr{0xFF'FFE0});
  EXPECT_EQ(Tiny32::kind(0x091A'31E8, 1), Kind::table);
  EXPECT_EQ(Tiny32::kind(0x091A'3F40, 2), Kind::table);
}

TEST(GoldenTiny32, AWordAtTheWrongLevelIsAHole) {
  EXPECT_EQ(Tiny32::kind(0x0080'0030, 1), Kind::leaf);
  EXPECT_EQ(Tiny32::kind(0x0080'0030, 0), Kind::hole);
  EXPECT_EQ(Tiny32::kind(0x0080'0030, 2), Kind::hole);
}

TEST(GoldenTiny32, MarkersTakeTwentyBitsAndDoNotRotate) {
  for (unsigned level = 0; level < Tiny32::levels; ++level) {
    EXPECT_EQ(Tiny32::to_marker(0xD'EADB, level), 0xDEAD'B000U);
    EXPECT_EQ(Tiny32::marker(0xDEAD'B000, level), 0xD'EADBU);
    EXPECT_EQ(Tiny32::kind(0xFFFF'F000, level), Kind::hole);
  }
}

TEST(GoldenTiny32, EveryTableOnTheWayRestricts) {
  const auto path = Tiny32::through(Tiny32::open_path(), 0x640, 2); // KIND 1, W X: 0x019 before the rotation
  EXPECT_EQ(Tiny32::effective(path, 0x3E, 0).rights, w | x);        // KIND 2, R W X U
  EXPECT_EQ(Tiny32::effective(Tiny32::open_path(), 0x3E, 0).rights, r | w | x | u);
}

TEST(GoldenTiny32, RightsAndFlagsAreReplacedAndNothingElse) {
  EXPECT_EQ(Tiny32::with_rights(0x123A'9BF6, w, 0), 0x123A'9BCAU);
  EXPECT_EQ(Tiny32::with_flags(0x123A'9BF6, {}, 0), 0x123A'9B36U);
  EXPECT_EQ(Tiny32::with_flags(0x0400'0180, {.dirty = true}, 2), 0x0400'0182U); // bit 7 comes around to bit 1
}

TEST(GoldenTiny32, BreakBeforeMakeForAllButRightsFlagsAndSoftware) {
  const std::uint32_t leaf = 0x0400'0180; // 256 KiB, R
  EXPECT_FALSE(Tiny32::needs_break(leaf, Tiny32::with_rights(leaf, r | w | x | u, 2), 2));
  EXPECT_FALSE(Tiny32::needs_break(leaf, Tiny32::with_flags(leaf, {true, true}, 2), 2));
  EXPECT_FALSE(Tiny32::needs_break(leaf, leaf | 0x000F'0000, 2)); // software
  EXPECT_TRUE(Tiny32::needs_break(leaf, leaf ^ 0x0400'0000, 2));  // frame
  EXPECT_TRUE(Tiny32::needs_break(leaf, leaf | 0x0000'0040, 2));  // one of four
  EXPECT_TRUE(Tiny32::needs_break(leaf, leaf | 0x0000'0008, 2));  // memory type
  EXPECT_TRUE(Tiny32::needs_break(leaf, leaf | 0x0000'0004, 2));  // global
  EXPECT_TRUE(Tiny32::needs_break(leaf, leaf | 0x0000'1000, 2));  // key
}

} // namespace
} // namespace pagetwin
