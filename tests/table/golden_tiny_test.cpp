// Descriptors of the tiny format as 64-bit numbers, worked out by hand from docs/tiny.md: the low half
// rotated left by five bits per level.
#include "fuzz/oracles/tiny_format.hpp"

#include <gtest/gtest.h>

namespace pagetwin {
namespace {

constexpr Rights r = Rights::read, w = Rights::write, x = Rights::execute, u = Rights::user;
// V R X U A D, type 5, G, key 9, software 10: 0x153BB5 before the rotation.
constexpr Attributes many{.rights = r | x | u, .memory_type = 5, .key = 9, .global = true, .software = 10};

struct Row {
  const char* what;
  unsigned size, copy;
  std::uint64_t frame;
  Attributes attributes;
  Flags flags;
  std::uint64_t word;
};

constexpr Row rows[] = {
    {"V and R", 0, 0, 0x5000, {.rights = r}, {}, 0x0000'0005'0000'0005},
    {"W", 0, 0, 0, {.rights = w}, {}, 0x0000'0000'0000'0009},
    {"X", 0, 0, 0, {.rights = x}, {}, 0x0000'0000'0000'0011},
    {"U", 0, 0, 0, {.rights = r | u}, {}, 0x0000'0000'0000'0025},
    {"A", 0, 0, 0, {.rights = r}, {.accessed = true}, 0x0000'0000'0000'0085},
    {"D", 0, 0, 0, {.rights = r}, {.dirty = true}, 0x0000'0000'0000'0105},
    {"memory type", 0, 0, 0, {.rights = r, .memory_type = 7}, {}, 0x0000'0000'0000'0E05},
    {"G", 0, 0, 0, {.rights = r, .global = true}, {}, 0x0000'0000'0000'1005},
    {"key", 0, 0, 0, {.rights = r, .key = 15}, {}, 0x0000'0000'0001'E005},
    {"software", 0, 0, 0, {.rights = r, .software = 15}, {}, 0x0000'0000'001E'0005},
    {"the last frame", 0, 0, 0xFF'FFFF'F000, {.rights = r}, {}, 0x0FFF'FFFF'0000'0005},
    {"4 KiB with everything", 0, 0, 0x1'0000'1000, many, {true, true}, 0x0010'0001'0015'3BB5},
    {"first copy of 8 KiB", 1, 0, 0x6000, {.rights = r | w}, {}, 0x0000'0006'0000'004D},
    {"second copy of 8 KiB", 1, 1, 0x6000, {.rights = r | w}, {}, 0x0000'0007'0000'004D},
    {"16 KiB", 2, 0, 0x4000, {.rights = r}, {}, 0x0000'0004'0000'00A0},
    {"16 KiB with everything", 2, 0, 0x1'0000'4000, many, {true, true}, 0x0010'0004'02A7'76A0},
    {"first copy of 32 KiB", 3, 0, 0x4'0000, {.rights = r | w}, {}, 0x0000'0040'0000'09A0},
    {"second copy of 32 KiB", 3, 1, 0x4'0000, {.rights = r | w}, {}, 0x0000'0040'0000'09A0},
    {"64 KiB", 4, 0, 0x1'0000, {.rights = r}, {}, 0x0000'0010'0000'1400},
    {"64 KiB with everything", 4, 0, 0x1'0001'0000, many, {true, true}, 0x0010'0010'54EE'D400},
    {"second copy of 128 KiB", 5, 1, 0x2'0000, {.rights = r | w}, {}, 0x0000'0020'0001'3400},
};

constexpr std::uint64_t encoded(const Row& row) {
  const PageSize size = Tiny::sizes[row.size];
  return Tiny::leaf(Tiny::leaf_bits(row.attributes, row.flags, size), PhysAddr{row.frame}, size, row.copy);
}
constexpr bool decodes(const Row& row) {
  const PageSize size = Tiny::sizes[row.size];
  return Tiny::kind(row.word, size.level) == Kind::leaf
         && Tiny::log2_copies(row.word, size.level) == size.log2_copies
         && Tiny::frame(row.word, size.level) == PhysAddr{row.frame}
         && Tiny::attributes(row.word, size.level) == row.attributes
         && Tiny::flags(row.word, size.level) == row.flags;
}
constexpr bool all_golden() {
  bool all = true;
  for (const Row& row : rows)
    all = all && encoded(row) == row.word && decodes(row);
  return all;
}
static_assert(all_golden());

TEST(GoldenTiny, LeavesAreTheWordsOfTheDocument) {
  for (const Row& row : rows) {
    EXPECT_EQ(encoded(row), row.word) << row.what;
    EXPECT_TRUE(decodes(row)) << row.what;
  }
}

TEST(GoldenTiny, TablesRotateWithTheirLevel) {
  EXPECT_EQ(Tiny::to_table(PhysAddr{0x1'0000'0020}, 1), 0x0800'0001'0000'07E0U);
  EXPECT_EQ(Tiny::to_table(PhysAddr{0x1'0000'0020}, 2), 0x0800'0001'0000'FC00U);
  EXPECT_EQ(Tiny::to_table(PhysAddr{0x1'0000'0020}, 3), 0x0800'0001'001F'8000U);
  EXPECT_EQ(Tiny::table(0xFFFF'FFFF'001F'8000, 3), PhysAddr{0x1F'FFFF'FFE0});
  EXPECT_EQ(Tiny::kind(0x0800'0001'0000'07E0, 1), Kind::table);
}

TEST(GoldenTiny, AWordAtTheWrongLevelIsAHole) {
  EXPECT_EQ(Tiny::kind(0x0000'0004'0000'00A0, 1), Kind::leaf);
  EXPECT_EQ(Tiny::kind(0x0000'0004'0000'00A0, 0), Kind::hole);
  EXPECT_EQ(Tiny::kind(0x0000'0004'0000'00A0, 2), Kind::hole);
  EXPECT_EQ(Tiny::kind(0x0800'0001'0000'FC00, 1), Kind::hole);
}

TEST(GoldenTiny, MarkersDoNotRotate) {
  for (unsigned level = 0; level < Tiny::levels; ++level) {
    EXPECT_EQ(Tiny::to_marker(0xDEAD'BEEF, level), 0xDEAD'BEEF'0000'0000U);
    EXPECT_EQ(Tiny::marker(0xDEAD'BEEF'0000'0000, level), 0xDEAD'BEEFU);
    EXPECT_EQ(Tiny::kind(0xFFFF'FFFF'0000'0000, level), Kind::hole);
  }
}

TEST(GoldenTiny, EveryTableOnTheWayRestricts) {
  const std::uint64_t write_execute_table = 0x0000'0000'000D'8000; // V T W X at level 3
  const auto path = Tiny::through(Tiny::open_path(), write_execute_table, 3);
  EXPECT_EQ(Tiny::effective(path, 0x3D, 0).rights, w | x); // V R W X U at level 0
  EXPECT_EQ(Tiny::effective(Tiny::open_path(), 0x3D, 0).rights, r | w | x | u);
}

TEST(GoldenTiny, RightsAndFlagsAreReplacedAndNothingElse) {
  EXPECT_EQ(Tiny::with_rights(0x0010'0004'02A7'76A0, w, 1), 0x0010'0004'02A7'7120U);
  EXPECT_EQ(Tiny::with_flags(0x0010'0004'02A7'76A0, {}, 1), 0x0010'0004'02A7'46A0U);
  EXPECT_EQ(Tiny::with_flags(0x0000'0010'0000'1400, {.dirty = true}, 2), 0x0000'0010'0004'1400U);
}

TEST(GoldenTiny, BreakBeforeMakeForAllButRightsFlagsAndSoftware) {
  const std::uint64_t leaf = 0x0000'0010'0000'1400; // 64 KiB, V R
  EXPECT_FALSE(Tiny::needs_break(leaf, Tiny::with_rights(leaf, r | w | x | u, 2), 2));
  EXPECT_FALSE(Tiny::needs_break(leaf, Tiny::with_flags(leaf, {true, true}, 2), 2));
  EXPECT_FALSE(Tiny::needs_break(leaf, leaf | 0x7800'0000U, 2));         // software, 17..20 rotated by 10
  EXPECT_TRUE(Tiny::needs_break(leaf, leaf ^ 0x0000'0010'0000'0000, 2)); // frame
  EXPECT_TRUE(Tiny::needs_break(leaf, leaf | 0x0001'0000, 2));           // pair
  EXPECT_TRUE(Tiny::needs_break(leaf, leaf | 0x0008'0000, 2));           // memory type
  EXPECT_TRUE(Tiny::needs_break(leaf, leaf | 0x0040'0000, 2));           // global
  EXPECT_TRUE(Tiny::needs_break(leaf, leaf | 0x0080'0000, 2));           // key
  EXPECT_TRUE(Tiny::needs_break(leaf, 0x0800'0001'0000'FC00, 2));        // a table
}

} // namespace
} // namespace pagetwin
