// EPT descriptors as 64-bit numbers, worked out by hand from the Intel SDM, volume 3C, chapter "VMX Support
// for Address Translation", tables "Format of an EPT ... Entry": every bit that our tables use, at each
// level. The words are checked while compiling, too. Bits whose controls are off (57 to 63) appear only to be
// ignored.
#include "src/arch/ept.hpp"

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
    {"R", 0, 0, {.rights = r}, {}, 0x0000'0000'0000'0001},
    {"R and W", 0, 0, {.rights = r | w}, {}, 0x0000'0000'0000'0003},
    {"R and X", 0, 0, {.rights = r | x}, {}, 0x0000'0000'0000'0005},
    {"R, X and XU", 0, 0, {.rights = r | x | u}, {}, 0x0000'0000'0000'0405},
    {"X alone", 0, 0, {.rights = x}, {}, 0x0000'0000'0000'0004},
    {"X and XU", 0, 0, {.rights = x | u}, {}, 0x0000'0000'0000'0404},
    {"R, W and X", 0, 0, {.rights = r | w | x}, {}, 0x0000'0000'0000'0007},
    {"everything allowed", 0, 0, {.rights = r | w | x | u}, {}, 0x0000'0000'0000'0407},
    {"WC", 0, 0, {.rights = r, .memory_type = 1}, {}, 0x0000'0000'0000'0009},
    {"WT", 0, 0, {.rights = r, .memory_type = 4}, {}, 0x0000'0000'0000'0021},
    {"WP", 0, 0, {.rights = r, .memory_type = 5}, {}, 0x0000'0000'0000'0029},
    {"WB", 0, 0, {.rights = r, .memory_type = 6}, {}, 0x0000'0000'0000'0031},
    {"UC, PAT ignored", 0, 0, {.rights = r, .memory_type = 8}, {}, 0x0000'0000'0000'0041},
    {"WB, PAT ignored", 0, 0, {.rights = r, .memory_type = 14}, {}, 0x0000'0000'0000'0071},
    {"A", 0, 0, {.rights = r}, {.accessed = true}, 0x0000'0000'0000'0101},
    {"D", 0, 0, {.rights = r}, {.dirty = true}, 0x0000'0000'0000'0201},
    {"ignored bit 11", 0, 0, {.rights = r, .software = 0x01}, {}, 0x0000'0000'0000'0801},
    {"ignored bit 52", 0, 0, {.rights = r, .software = 0x02}, {}, 0x0010'0000'0000'0001},
    {"ignored bit 56", 0, 0, {.rights = r, .software = 0x20}, {}, 0x0100'0000'0000'0001},
    {"address bit 12", 0, 0x1000, {.rights = r}, {}, 0x0000'0000'0000'1001},
    {"address bit 51", 0, 0x0008'0000'0000'0000, {.rights = r}, {}, 0x0008'0000'0000'0001},
    {"every bit of a PTE",
     0,
     0x000F'FFFF'FFFF'F000,
     {.rights = r | w | x | u, .memory_type = 14, .software = 0x3F},
     {true, true},
     0x01FF'FFFF'FFFF'FF77},

    {"bit 7 of a PDE", 1, 0, {.rights = r}, {}, 0x0000'0000'0000'0081},
    {"X alone of 2 MiB", 1, 0, {.rights = x}, {}, 0x0000'0000'0000'0084},
    {"WB of 2 MiB", 1, 0, {.rights = r | w, .memory_type = 6}, {}, 0x0000'0000'0000'00B3},
    {"address bit 21", 1, 0x20'0000, {.rights = r | w}, {}, 0x0000'0000'0020'0083},
    {"2 MiB above 4 GiB", 1, 0x1'2340'0000, {.rights = r | w}, {true, true}, 0x0000'0001'2340'0383},
    {"every bit of a 2 MiB PDE",
     1,
     0x000F'FFFF'FFE0'0000,
     {.rights = r | w | x | u, .memory_type = 13, .software = 0x3F},
     {true, true},
     0x01FF'FFFF'FFE0'0FEF},

    {"bit 7 of a PDPTE", 2, 0, {.rights = r}, {}, 0x0000'0000'0000'0081},
    {"WT of 1 GiB", 2, 0, {.rights = r, .memory_type = 4}, {}, 0x0000'0000'0000'00A1},
    {"address bit 30", 2, 0x4000'0000, {.rights = r | w | x}, {}, 0x0000'0000'4000'0087},
    {"every bit of a 1 GiB PDPTE",
     2,
     0x000F'FFFF'C000'0000,
     {.rights = r | w | x | u, .memory_type = 14, .software = 0x3F},
     {true, true},
     0x01FF'FFFF'C000'0FF7},
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
         && F::attributes(row.word, row.level) == row.attributes && F::flags(row.word, row.level) == row.flags
         && F::expressible(row.attributes);
}
template <class F>
constexpr bool all_golden() {
  bool all = true;
  for (const Row& row : rows)
    all = all && encoded<F>(row) == row.word && decodes<F>(row);
  return all;
}
static_assert(all_golden<Ept4>() && all_golden<Ept5>());

template <class F>
class GoldenEpt : public testing::Test {};
using BothFormats = testing::Types<Ept4, Ept5>;
TYPED_TEST_SUITE(GoldenEpt, BothFormats);

// Every attribute set in reach of the format's fields, and a little beyond.
template <class Visit>
void for_attributes(Visit&& visit) {
  for (unsigned rights = 0; rights < 16; ++rights)
    for (unsigned type = 0; type < 18; ++type)
      for (unsigned software = 0; software < 66; ++software)
        visit(Attributes{.rights = static_cast<Rights>(rights),
                         .memory_type = static_cast<std::uint8_t>(type),
                         .software = static_cast<std::uint16_t>(software)});
}

TYPED_TEST(GoldenEpt, ShapeIsThatOfGuestPhysicalAddresses) {
  using F = TypeParam;
  EXPECT_EQ(F::name, F::levels == 4 ? "ept" : "ept_5");
  EXPECT_EQ(F::va_bits, F::levels == 4 ? 48U : 57U);
  EXPECT_EQ(F::pa_bits, 52U);
  EXPECT_FALSE(F::sign_extended);
}

TYPED_TEST(GoldenEpt, LeavesAreTheWordsOfTheManual) {
  for (const Row& row : rows) {
    EXPECT_EQ(encoded<TypeParam>(row), row.word) << row.what;
    EXPECT_TRUE(decodes<TypeParam>(row)) << row.what;
  }
}

TYPED_TEST(GoldenEpt, EveryExpressibleLeafComesBackFromItsWord) {
  using F = TypeParam;
  unsigned leaves = 0;
  for_attributes([&](const Attributes& a) {
    if (!F::expressible(a))
      return;
    for (const PageSize size : F::sizes)
      for (const Flags flags : {Flags{}, Flags{true, false}, Flags{false, true}, Flags{true, true}}) {
        const PhysAddr frame{bytes_of(F::pa_bits) - size.bytes()};
        const auto word = F::leaf(F::leaf_bits(a, flags, size), frame, size, 0);
        ASSERT_EQ(F::kind(word, size.level), Kind::leaf);
        ASSERT_EQ(F::attributes(word, size.level), a);
        ASSERT_EQ(F::flags(word, size.level), flags);
        ASSERT_EQ(F::frame(word, size.level), frame);
        ++leaves;
      }
  });
  // Rights, types with and without IPAT, software words, sizes, flags.
  EXPECT_EQ(leaves, 8U * 10U * 64U * 3U * 4U);
}

TYPED_TEST(GoldenEpt, NoTwoSetsOfRightsShareAWord) {
  using F = TypeParam;
  for (unsigned from = 0; from < 16; ++from)
    for (unsigned to = 0; to < 16; ++to) {
      const Attributes a{.rights = static_cast<Rights>(from)}, b{.rights = static_cast<Rights>(to)};
      if (!F::expressible(a) || !F::expressible(b))
        continue;
      EXPECT_EQ(F::leaf_bits(a, {}, F::sizes[0]) == F::leaf_bits(b, {}, F::sizes[0]), from == to);
    }
}

TYPED_TEST(GoldenEpt, RightsWithoutAnEncodingAreRefused) {
  using F = TypeParam;
  for (const Rights good : {r, r | w, r | x, r | w | x, r | x | u, r | w | x | u, x, x | u})
    EXPECT_TRUE(F::expressible(good)) << static_cast<unsigned>(good);
  const Rights no_fetch[] = {Rights::none, u, r | u, r | w | u}; // XU goes with X
  const Rights no_read[] = {w, w | u, w | x, w | x | u};         // misconfigurations
  for (const Rights bad : no_fetch)
    EXPECT_FALSE(F::expressible(bad)) << static_cast<unsigned>(bad);
  for (const Rights bad : no_read)
    EXPECT_FALSE(F::expressible(bad)) << static_cast<unsigned>(bad);
}

TYPED_TEST(GoldenEpt, AttributesWithoutAnEncodingAreRefused) {
  using F = TypeParam;
  for (const unsigned type : {2U, 3U, 7U, 10U, 11U, 15U, 16U, 22U, 255U})
    EXPECT_FALSE(F::expressible(Attributes{.rights = r, .memory_type = static_cast<std::uint8_t>(type)}))
        << type;
  EXPECT_FALSE(F::expressible(Attributes{.rights = r, .key = 1}));
  EXPECT_FALSE(F::expressible(Attributes{.rights = r, .global = true}));
  EXPECT_FALSE(F::expressible(Attributes{.rights = r, .software = 64}));
  EXPECT_FALSE(F::expressible(Attributes{.rights = w, .memory_type = 6}));
}

TYPED_TEST(GoldenEpt, TablesAllowEverythingAndHoldTheirNode) {
  using F = TypeParam;
  for (unsigned level = 1; level < F::levels; ++level) {
    EXPECT_EQ(F::to_table(PhysAddr{0x1'2345'6000}, level), 0x0000'0001'2345'6407U);
    EXPECT_EQ(F::to_table(PhysAddr{0x000F'FFFF'FFFF'F000}, level), 0x000F'FFFF'FFFF'F407U);
    EXPECT_EQ(F::kind(0x0000'0001'2345'6407, level), Kind::table);
    EXPECT_EQ(F::table(0x0000'0001'2345'6507, level), PhysAddr{0x1'2345'6000}); // hardware set A
    EXPECT_EQ(F::table(0xFFF0'0001'2345'6B07, level), PhysAddr{0x1'2345'6000}); // with all that is ignored
  }
}

TYPED_TEST(GoldenEpt, MarkersLiveInTheUpperHalfOfAHole) {
  using F = TypeParam;
  for (unsigned level = 0; level < F::levels; ++level) {
    EXPECT_EQ(F::to_marker(0xDEAD'BEEF, level), 0xDEAD'BEEF'0000'0000U);
    EXPECT_EQ(F::marker(0xDEAD'BEEF'0000'0000, level), 0xDEAD'BEEFU);
    EXPECT_EQ(F::kind(0xFFFF'FFFF'0000'0000, level), Kind::hole);
    EXPECT_EQ(F::kind(0, level), Kind::hole);
    EXPECT_EQ(F::to_marker(0, level), 0U);
  }
}

TYPED_TEST(GoldenEpt, EachOfFourBitsMakesAnEntryPresentAndNoOther) {
  using F = TypeParam;
  for (unsigned level = 0; level < F::levels; ++level) {
    for (const std::uint64_t word : {0x1U, 0x2U, 0x4U, 0x400U})
      EXPECT_NE(F::kind(word, level), Kind::hole) << level << " " << word;
    EXPECT_EQ(F::kind(~std::uint64_t{0x407}, level), Kind::hole);
  }
}

TYPED_TEST(GoldenEpt, BitSevenMakesALeafAboveThePageOnly) {
  using F = TypeParam;
  EXPECT_EQ(F::kind(0x01, 0), Kind::leaf);
  EXPECT_EQ(F::kind(0x81, 0), Kind::leaf); // ignored there
  EXPECT_EQ(F::kind(0x81, 1), Kind::leaf);
  EXPECT_EQ(F::kind(0x84, 2), Kind::leaf); // execute-only
  EXPECT_EQ(F::kind(0x01, 2), Kind::table);
  EXPECT_EQ(F::kind(0x81, 3), Kind::table); // reserved there, no leaf
  EXPECT_EQ(F::kind(0x80, 1), Kind::hole);  // not present
}

TYPED_TEST(GoldenEpt, BitsUnderTheControlsThatAreOffMeanNothing) {
  using F = TypeParam;
  const std::uint64_t controlled = 0xFE00'0000'0000'0000; // 57 to 63
  for (const Row& row : rows) {
    EXPECT_EQ(F::attributes(row.word | controlled, row.level), row.attributes) << row.what;
    EXPECT_EQ(F::frame(row.word | controlled, row.level), PhysAddr{row.frame}) << row.what;
  }
}

TYPED_TEST(GoldenEpt, EveryTableOnTheWayRestricts) {
  using F = TypeParam;
  const std::uint64_t leaf = 0x407; // everything
  const auto effective = [&](std::uint64_t above, std::uint64_t below) {
    return F::effective(F::through(F::through(F::open_path(), above, 3), below, 1), leaf, 0).rights;
  };
  EXPECT_EQ(effective(0x407, 0x407), r | w | x | u);
  EXPECT_EQ(effective(0x405, 0x407), r | x | u); // W clear above
  EXPECT_EQ(effective(0x407, 0x007), r | w | x); // XU clear below
  EXPECT_EQ(effective(0x403, 0x407), r | w | u); // X clear above: a user's fetch asks for XU alone
  EXPECT_EQ(effective(0x404, 0x407), x | u);     // execute-only above
  EXPECT_EQ(effective(0x403, 0x404), u);
  EXPECT_EQ(effective(0x003, 0x404), Rights::none);
  EXPECT_EQ(F::effective(F::through(F::open_path(), 0x407, 1), 0x33, 0).memory_type, 6U);
}

TYPED_TEST(GoldenEpt, RightsAndFlagsAreReplacedAndNothingElse) {
  using F = TypeParam;
  const std::uint64_t full = 0xFFFF'FFFF'FFFF'FFFF;
  EXPECT_EQ(F::with_rights(full, r | x, 0), 0xFFFF'FFFF'FFFF'FBFDU);
  EXPECT_EQ(F::with_rights(full, x | u, 0), 0xFFFF'FFFF'FFFF'FFFCU);
  EXPECT_EQ(F::with_rights(full, r | w, 0), 0xFFFF'FFFF'FFFF'FBFBU);
  EXPECT_EQ(F::with_rights(full, r | w | x | u, 0), full);
  EXPECT_EQ(F::with_flags(full, {}, 0), 0xFFFF'FFFF'FFFF'FCFFU);
  EXPECT_EQ(F::with_flags(0x81, {true, true}, 1), 0x381U);
  EXPECT_EQ(F::with_flags(0x381, {.dirty = true}, 2), 0x281U);
}

TYPED_TEST(GoldenEpt, NeedsNoBreakBeforeMake) {
  EXPECT_FALSE(TypeParam::needs_break(0x81, 0x1'2345'6407, 1));
  EXPECT_FALSE(TypeParam::needs_break(0x1001, 0x2003, 0));
}

} // namespace
} // namespace pagetwin
