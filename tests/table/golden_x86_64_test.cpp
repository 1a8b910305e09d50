// x86-64 descriptors as 64-bit numbers, worked out by hand from the Intel SDM, volume 3A, tables 4-14 to
// 4-20: every bit that our tables use, at each level. The words are checked while compiling, too.
#include "src/arch/x86_64.hpp"

#include <gtest/gtest.h>

namespace pagetwin {
namespace {

constexpr Rights r = Rights::read, w = Rights::write, x = Rights::execute, u = Rights::user;

struct Row {
  const char* what;
  unsigned level;
  std::uint64_t frame;
  Attributes attributes;
  Flags flags;
  std::uint64_t word;
};

constexpr Row rows[] = {
    {"P and XD", 0, 0, {.rights = r}, {}, 0x8000'0000'0000'0001},
    {"R/W", 0, 0, {.rights = r | w}, {}, 0x8000'0000'0000'0003},
    {"U/S", 0, 0, {.rights = r | u}, {}, 0x8000'0000'0000'0005},
    {"no XD", 0, 0, {.rights = r | x}, {}, 0x0000'0000'0000'0001},
    {"everything allowed", 0, 0, {.rights = r | w | x | u}, {}, 0x0000'0000'0000'0007},
    {"PWT", 0, 0, {.rights = r | x, .memory_type = 1}, {}, 0x0000'0000'0000'0009},
    {"PCD", 0, 0, {.rights = r | x, .memory_type = 2}, {}, 0x0000'0000'0000'0011},
    {"PAT of a page is bit 7", 0, 0, {.rights = r | x, .memory_type = 4}, {}, 0x0000'0000'0000'0081},
    {"A", 0, 0, {.rights = r | x}, {.accessed = true}, 0x0000'0000'0000'0021},
    {"D", 0, 0, {.rights = r | x}, {.dirty = true}, 0x0000'0000'0000'0041},
    {"G", 0, 0, {.rights = r | x, .global = true}, {}, 0x0000'0000'0000'0101},
    {"AVL bit 9", 0, 0, {.rights = r | x, .software = 0x001}, {}, 0x0000'0000'0000'0201},
    {"AVL bit 11", 0, 0, {.rights = r | x, .software = 0x004}, {}, 0x0000'0000'0000'0801},
    {"AVL bit 52", 0, 0, {.rights = r | x, .software = 0x008}, {}, 0x0010'0000'0000'0001},
    {"AVL bit 58", 0, 0, {.rights = r | x, .software = 0x200}, {}, 0x0400'0000'0000'0001},
    {"PKEY bit 59", 0, 0, {.rights = r | x, .key = 1}, {}, 0x0800'0000'0000'0001},
    {"PKEY bit 62", 0, 0, {.rights = r | x, .key = 8}, {}, 0x4000'0000'0000'0001},
    {"address bit 12", 0, 0x1000, {.rights = r | x}, {}, 0x0000'0000'0000'1001},
    {"address bit 51", 0, 0x0008'0000'0000'0000, {.rights = r | x}, {}, 0x0008'0000'0000'0001},
    {"every bit of a PTE",
     0,
     0x000F'FFFF'FFFF'F000,
     {.rights = r | w | u, .memory_type = 7, .key = 15, .global = true, .software = 0x3FF},
     {true, true},
     0xFFFF'FFFF'FFFF'FFFF},

    {"PS of a PDE", 1, 0, {.rights = r | x}, {}, 0x0000'0000'0000'0081},
    {"PAT of 2 MiB is bit 12", 1, 0, {.rights = r | x, .memory_type = 4}, {}, 0x0000'0000'0000'1081},
    {"PWT and PCD of 2 MiB", 1, 0, {.rights = r | x, .memory_type = 3}, {}, 0x0000'0000'0000'0099},
    {"address bit 21", 1, 0x20'0000, {.rights = r | w}, {}, 0x8000'0000'0020'0083},
    {"2 MiB above 4 GiB", 1, 0x1'2340'0000, {.rights = r | w | u}, {true, true}, 0x8000'0001'2340'00E7},
    {"every bit of a 2 MiB PDE",
     1,
     0x000F'FFFF'FFE0'0000,
     {.rights = r | w | u, .memory_type = 7, .key = 15, .global = true, .software = 0x3FF},
     {true, true},
     0xFFFF'FFFF'FFE0'1FFF},

    {"PS of a PDPTE", 2, 0, {.rights = r}, {}, 0x8000'0000'0000'0081},
    {"PAT of 1 GiB is bit 12", 2, 0, {.rights = r, .memory_type = 5}, {}, 0x8000'0000'0000'1089},
    {"address bit 30", 2, 0x4000'0000, {.rights = r | w | x}, {}, 0x0000'0000'4000'0083},
    {"every bit of a 1 GiB PDPTE",
     2,
     0x000F'FFFF'C000'0000,
     {.rights = r | w | u, .memory_type = 7, .key = 15, .global = true, .software = 0x3FF},
     {true, true},
     0xFFFF'FFFF'C000'1FFF},
};

template <class F>
constexpr std::uint64_t encoded(const Row& row) {
  const PageSize size = F::sizes[row.level];
  return F::leaf(F::leaf_bits(row.attributes, row.flags, size), PhysAddr{row.frame}, size, 0);
}
template <class F>
constexpr bool decodes(const Row& row) {
  return F::kind(row.word, row.level) == Kind::leaf && F::log2_copies(row.word, row.level) == 0
         && F::frame(row.word, row.level) == PhysAddr{row.frame}
         && F::attributes(row.word, row.level) == row.attributes
         && F::flags(row.word, row.level) == row.flags;
}
template <class F>
constexpr bool all_golden() {
  bool all = true;
  for (const Row& row : rows)
    all = all && encoded<F>(row) == row.word && decodes<F>(row);
  return all;
}
static_assert(all_golden<X86_64_4>() && all_golden<X86_64_5>());

template <class F>
class GoldenX86_64 : public testing::Test {};
using BothFormats = testing::Types<X86_64_4, X86_64_5>;
TYPED_TEST_SUITE(GoldenX86_64, BothFormats);

TYPED_TEST(GoldenX86_64, LeavesAreTheWordsOfTheManual) {
  for (const Row& row : rows) {
    EXPECT_EQ(encoded<TypeParam>(row), row.word) << row.what;
    EXPECT_TRUE(decodes<TypeParam>(row)) << row.what;
  }
}

TYPED_TEST(GoldenX86_64, TablesAllowEverythingAndHoldTheirNode) {
  using F = TypeParam;
  for (unsigned level = 1; level < F::levels; ++level) {
    EXPECT_EQ(F::to_table(PhysAddr{0x1'2345'6000}, level), 0x0000'0001'2345'6007U);
    EXPECT_EQ(F::to_table(PhysAddr{0x000F'FFFF'FFFF'F000}, level), 0x000F'FFFF'FFFF'F007U);
    EXPECT_EQ(F::kind(0x0000'0001'2345'6007, level), Kind::table);
    EXPECT_EQ(F::table(0x8000'0001'2345'6027, level), PhysAddr{0x1'2345'6000}); // with A and XD
  }
}

TYPED_TEST(GoldenX86_64, MarkersLiveInTheUpperHalfOfAHole) {
  using F = TypeParam;
  for (unsigned level = 0; level < F::levels; ++level) {
    EXPECT_EQ(F::to_marker(0xDEAD'BEEF, level), 0xDEAD'BEEF'0000'0000U);
    EXPECT_EQ(F::marker(0xDEAD'BEEF'0000'0000, level), 0xDEAD'BEEFU);
    EXPECT_EQ(F::kind(0xFFFF'FFFF'0000'0000, level), Kind::hole);
    EXPECT_EQ(F::to_marker(0, level), 0U);
  }
}

TYPED_TEST(GoldenX86_64, BitSevenMakesALeafAboveThePageOnly) {
  using F = TypeParam;
  EXPECT_EQ(F::kind(0x01, 0), Kind::leaf);
  EXPECT_EQ(F::kind(0x81, 0), Kind::leaf); // PAT
  EXPECT_EQ(F::kind(0x81, 1), Kind::leaf);
  EXPECT_EQ(F::kind(0x81, 2), Kind::leaf);
  EXPECT_EQ(F::kind(0x01, 2), Kind::table);
  EXPECT_EQ(F::kind(0x81, 3), Kind::table); // reserved there, no leaf
  EXPECT_EQ(F::kind(0x80, 1), Kind::hole);  // not present
}

TYPED_TEST(GoldenX86_64, EveryTableOnTheWayRestricts) {
  using F = TypeParam;
  const std::uint64_t leaf = 0x7; // everything
  const auto effective = [&](std::uint64_t above, std::uint64_t below) {
    return F::effective(F::through(F::through(F::open_path(), above, 3), below, 1), leaf, 0).rights;
  };
  EXPECT_EQ(effective(0x7, 0x7), r | w | x | u);
  EXPECT_EQ(effective(0x5, 0x7), r | x | u);                   // R/W clear above
  EXPECT_EQ(effective(0x7, 0x3), r | w | x);                   // U/S clear below
  EXPECT_EQ(effective(0x8000'0000'0000'0007, 0x7), r | w | u); // XD above
  EXPECT_EQ(effective(0x3, 0x8000'0000'0000'0005), r);
}

TYPED_TEST(GoldenX86_64, RightsAndFlagsAreReplacedAndNothingElse) {
  using F = TypeParam;
  const std::uint64_t full = 0xFFFF'FFFF'FFFF'FFFF;
  EXPECT_EQ(F::with_rights(full, r | x, 0), 0x7FFF'FFFF'FFFF'FFF9U);
  EXPECT_EQ(F::with_rights(full, r | w | u, 0), full);
  EXPECT_EQ(F::with_flags(full, {}, 0), 0xFFFF'FFFF'FFFF'FF9FU);
  EXPECT_EQ(F::with_flags(0x81, {true, true}, 1), 0xE1U);
  EXPECT_EQ(F::with_flags(0xE1, {.dirty = true}, 2), 0xC1U);
}

TYPED_TEST(GoldenX86_64, NeedsNoBreakBeforeMake) {
  EXPECT_FALSE(TypeParam::needs_break(0x81, 0x1'2345'6007, 1));
  EXPECT_FALSE(TypeParam::needs_break(0x1001, 0x2003, 0));
}

} // namespace
} // namespace pagetwin
