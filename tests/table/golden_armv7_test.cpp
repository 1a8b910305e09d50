// ARMv7 descriptors as 32-bit numbers, worked out by hand from the ARM Architecture Reference Manual, ARMv7-A
// and ARMv7-R edition (DDI 0406C), figures B3-4 (first level) and B3-5 (second level): every bit that our
// tables use, in each of the four types of leaf. The words are checked while compiling, too.
#include "src/arch/armv7.hpp"
#include "src/arch/geometry.hpp"
#include "tests/table/all_attributes.hpp"

#include <gtest/gtest.h>
#include <span>

namespace pagetwin {
namespace {

using F = Armv7;

constexpr Rights r = Rights::read, w = Rights::write, x = Rights::execute, u = Rights::user;
// TEX = 111, CB = 11, S = 1.
constexpr Attributes many{.rights = r | w | x | u, .memory_type = 0x3F, .global = true};
constexpr Flags accessed{.accessed = true}, dirty{.dirty = true}, both{true, true};

struct Row {
  const char* what;
  std::uint64_t frame;
  Attributes attributes;
  Flags flags;
  std::uint32_t word;
};

constexpr Row small_pages[] = {
    {"XN, AP[2] and nG", 0x5000, {.rights = r}, {}, 0x0000'5A03},
    {"W", 0, {.rights = r | w}, {}, 0x0000'0803},
    {"X", 0, {.rights = r | x}, {}, 0x0000'0A02},
    {"W and X", 0, {.rights = r | w | x}, {}, 0x0000'0802},
    {"AP[1]", 0, {.rights = r | u}, {}, 0x0000'0A23},
    {"AP[0]", 0, {.rights = r}, accessed, 0x0000'0A13},
    {"global", 0, {.rights = r, .global = true}, {}, 0x0000'0203},
    {"B", 0, {.rights = r, .memory_type = 1}, {}, 0x0000'0A07},
    {"C", 0, {.rights = r, .memory_type = 2}, {}, 0x0000'0A0B},
    {"TEX[0]", 0, {.rights = r, .memory_type = 4}, {}, 0x0000'0A43},
    {"TEX[1]", 0, {.rights = r, .memory_type = 8}, {}, 0x0000'0A83},
    {"TEX[2]", 0, {.rights = r, .memory_type = 16}, {}, 0x0000'0B03},
    {"S", 0, {.rights = r, .memory_type = 32}, {}, 0x0000'0E03},
    {"address bit 12", 0x1000, {.rights = r}, {}, 0x0000'1A03},
    {"the last frame", 0xFFFF'F000, {.rights = r}, {}, 0xFFFF'FA03},
    {"everything", 0x1234'5000, many, accessed, 0x1234'55FE},
};
constexpr Row large_pages[] = {
    {"XN, AP[2] and nG", 0x5'0000, {.rights = r}, {}, 0x0005'8A01},
    {"W", 0, {.rights = r | w}, {}, 0x0000'8801},
    {"X", 0, {.rights = r | x}, {}, 0x0000'0A01},
    {"W and X", 0, {.rights = r | w | x}, {}, 0x0000'0801},
    {"AP[1]", 0, {.rights = r | u}, {}, 0x0000'8A21},
    {"AP[0]", 0, {.rights = r}, accessed, 0x0000'8A11},
    {"global", 0, {.rights = r, .global = true}, {}, 0x0000'8201},
    {"B", 0, {.rights = r, .memory_type = 1}, {}, 0x0000'8A05},
    {"C", 0, {.rights = r, .memory_type = 2}, {}, 0x0000'8A09},
    {"TEX[0]", 0, {.rights = r, .memory_type = 4}, {}, 0x0000'9A01},
    {"TEX[1]", 0, {.rights = r, .memory_type = 8}, {}, 0x0000'AA01},
    {"TEX[2]", 0, {.rights = r, .memory_type = 16}, {}, 0x0000'CA01},
    {"S", 0, {.rights = r, .memory_type = 32}, {}, 0x0000'8E01},
    {"address bit 16", 0x1'0000, {.rights = r}, {}, 0x0001'8A01},
    {"the last frame", 0xFFFF'0000, {.rights = r}, {}, 0xFFFF'8A01},
    {"everything", 0x1234'0000, many, accessed, 0x1234'743D},
};
constexpr Row sections[] = {
    {"XN, AP[2] and nG", 0x50'0000, {.rights = r}, {}, 0x0052'8012},
    {"W", 0, {.rights = r | w}, {}, 0x0002'0012},
    {"X", 0, {.rights = r | x}, {}, 0x0002'8002},
    {"W and X", 0, {.rights = r | w | x}, {}, 0x0002'0002},
    {"AP[1]", 0, {.rights = r | u}, {}, 0x0002'8812},
    {"AP[0]", 0, {.rights = r}, accessed, 0x0002'8412},
    {"global", 0, {.rights = r, .global = true}, {}, 0x0000'8012},
    {"B", 0, {.rights = r, .memory_type = 1}, {}, 0x0002'8016},
    {"C", 0, {.rights = r, .memory_type = 2}, {}, 0x0002'801A},
    {"TEX[0]", 0, {.rights = r, .memory_type = 4}, {}, 0x0002'9012},
    {"TEX[1]", 0, {.rights = r, .memory_type = 8}, {}, 0x0002'A012},
    {"TEX[2]", 0, {.rights = r, .memory_type = 16}, {}, 0x0002'C012},
    {"S", 0, {.rights = r, .memory_type = 32}, {}, 0x0003'8012},
    {"address bit 20", 0x10'0000, {.rights = r}, {}, 0x0012'8012},
    {"the last frame", 0xFFF0'0000, {.rights = r}, {}, 0xFFF2'8012},
    {"everything", 0x1230'0000, many, accessed, 0x1231'7C0E},
};
constexpr Row supersections[] = {
    {"XN, AP[2] and nG", 0x500'0000, {.rights = r}, {}, 0x0506'8012},
    {"W", 0, {.rights = r | w}, {}, 0x0006'0012},
    {"X", 0, {.rights = r | x}, {}, 0x0006'8002},
    {"W and X", 0, {.rights = r | w | x}, {}, 0x0006'0002},
    {"AP[1]", 0, {.rights = r | u}, {}, 0x0006'8812},
    {"AP[0]", 0, {.rights = r}, accessed, 0x0006'8412},
    {"global", 0, {.rights = r, .global = true}, {}, 0x0004'8012},
    {"memory type", 0, {.rights = r, .memory_type = 0x3F}, {}, 0x0007'F01E},
    {"address bit 24", 0x100'0000, {.rights = r}, {}, 0x0106'8012},
    {"the last frame", 0xFF00'0000, {.rights = r}, {}, 0xFF06'8012},
    {"everything", 0x1200'0000, many, accessed, 0x1205'7C0E},
};
constexpr std::span<const Row> rows_of[] = {small_pages, large_pages, sections, supersections};

constexpr bool encodes(const Row& row, PageSize size) {
  const auto bits = F::leaf_bits(row.attributes, row.flags, size);
  bool all = true;
  for (unsigned copy = 0; copy < size.copies(); ++copy)
    all = all && F::leaf(bits, PhysAddr{row.frame}, size, copy) == row.word;
  return all;
}
constexpr bool decodes(const Row& row, PageSize size) {
  return F::kind(row.word, size.level) == Kind::leaf
         && F::sizes[Geometry<F>::size_of(row.word, size.level)] == size
         && F::frame(row.word, size.level) == PhysAddr{row.frame}
         && F::attributes(row.word, size.level) == row.attributes
         && F::flags(row.word, size.level) == row.flags;
}
constexpr bool all_golden() {
  bool all = true;
  for (unsigned i = 0; i < F::sizes.size(); ++i)
    for (const Row& row : rows_of[i])
      all = all && encodes(row, F::sizes[i]) && decodes(row, F::sizes[i]);
  return all;
}
static_assert(all_golden());

TEST(GoldenArmv7, LeavesOfEachSizeAreTheWordsOfTheManual) {
  for (unsigned i = 0; i < F::sizes.size(); ++i)
    for (const Row& row : rows_of[i]) {
      EXPECT_TRUE(encodes(row, F::sizes[i])) << F::sizes[i].bytes() << " " << row.what;
      EXPECT_TRUE(decodes(row, F::sizes[i])) << F::sizes[i].bytes() << " " << row.what;
    }
}

TEST(GoldenArmv7, TheRootHas4096WordsAndATable256) {
  using G = Geometry<F>;
  EXPECT_EQ(G::entries(1), 4096U);
  EXPECT_EQ(G::node_shift(1), 14U);
  EXPECT_EQ(G::span(1), 0x10'0000U);
  EXPECT_EQ(G::entries(0), 256U);
  EXPECT_EQ(G::node_shift(0), 10U);
  EXPECT_EQ(G::span(0), 0x1000U);
  EXPECT_TRUE(G::is_input(0, 0xFFFF'FFFF));
  EXPECT_FALSE(G::is_canonical(0x1'0000'0000));
  constexpr std::uint64_t sizes[] = {0x1000, 0x1'0000, 0x10'0000, 0x100'0000};
  for (unsigned i = 0; i < F::sizes.size(); ++i)
    EXPECT_EQ(F::sizes[i].bytes(), sizes[i]);
}

TEST(GoldenArmv7, BitsOneAndZeroSayWhatAWordIs) {
  for (const std::uint32_t above : {0U, 0xFFFF'FFFCU}) {
    EXPECT_EQ(F::kind(above | 0, 0), Kind::hole);
    EXPECT_EQ(F::kind(above | 1, 0), Kind::leaf);
    EXPECT_EQ(F::kind(above | 2, 0), Kind::leaf);
    EXPECT_EQ(F::kind(above | 3, 0), Kind::leaf);
    EXPECT_EQ(F::kind(above | 0, 1), Kind::hole);
    EXPECT_EQ(F::kind(above | 1, 1), Kind::table);
    EXPECT_EQ(F::kind(above | 2, 1), Kind::leaf);
    EXPECT_EQ(F::kind(above | 3, 1), Kind::hole); // reserved without PXN
  }
}

TEST(GoldenArmv7, TablesHoldTheirNodeAndNothingElse) {
  EXPECT_EQ(F::to_table(PhysAddr{0x1234'5400}, 1), 0x1234'5401U);
  EXPECT_EQ(F::to_table(PhysAddr{0xFFFF'FC00}, 1), 0xFFFF'FC01U);
  EXPECT_EQ(F::table(0x1234'5401, 1), PhysAddr{0x1234'5400});
  EXPECT_EQ(F::table(0x1234'57FD, 1), PhysAddr{0x1234'5400}); // bit 9, a domain, SBZ, NS, PXN
}

TEST(GoldenArmv7, MarkersAreAllButBitsOneAndZeroOfAHole) {
  for (unsigned level = 0; level < F::levels; ++level) {
    EXPECT_EQ(F::to_marker(0x3EAD'BEEF, level), 0xFAB6'FBBCU);
    EXPECT_EQ(F::to_marker(1, level), 0x0000'0004U);
    EXPECT_EQ(F::to_marker(0x3FFF'FFFF, level), 0xFFFF'FFFCU);
    EXPECT_EQ(F::to_marker(0, level), 0U);
    EXPECT_EQ(F::marker(0xFAB6'FBBC, level), 0x3EAD'BEEFU);
    EXPECT_EQ(F::kind(0xFFFF'FFFC, level), Kind::hole);
  }
  EXPECT_EQ(F::marker(0x1234'5677, 1), 0x048D'159DU); // of a reserved word, too
}

TEST(GoldenArmv7, PagesAreInTheDomainOfTheirTable) {
  const auto key_below = [](std::uint32_t table, std::uint32_t page) {
    return F::effective(F::through(F::open_path(), table, 1), page, 0).key;
  };
  for (const std::uint32_t page : {0x0000'5A03U, 0x1234'55FEU, 0x1234'743DU}) {
    EXPECT_EQ(key_below(0x1234'5401, page), 0);
    EXPECT_EQ(key_below(0x1234'5421, page), 1);
    EXPECT_EQ(key_below(0x1234'5501, page), 8);
    EXPECT_EQ(key_below(0x1234'57FD, page), 15);
    EXPECT_EQ(F::attributes(page, 0).key, 0);
  }
}

TEST(GoldenArmv7, ASectionSaysItsDomainAndASupersectionIsInDomainZero) {
  EXPECT_EQ(F::attributes(0x0052'8012, 1).key, 0);
  EXPECT_EQ(F::attributes(0x0052'8032, 1).key, 1);
  EXPECT_EQ(F::attributes(0x0052'8152, 1).key, 10);
  EXPECT_EQ(F::attributes(0x0052'81F2, 1).key, 15);
  EXPECT_EQ(F::attributes(0x0506'81F2, 1).key, 0); // PA[39:36]
}

TEST(GoldenArmv7, TablesRestrictNoRight) {
  const auto path = F::through(F::open_path(), 0xFFFF'FE1D, 1); // all but a domain
  for (const Row& row : small_pages)
    EXPECT_EQ(F::effective(path, row.word, 0), row.attributes) << row.what;
  for (const Row& row : large_pages)
    EXPECT_EQ(F::effective(path, row.word, 0), row.attributes) << row.what;
}

TEST(GoldenArmv7, WithoutPxnASupervisorExecutesWhatUsersMay) {
  const auto pl0 = Privilege::user, pl1 = Privilege::supervisor;
  const Attributes user{.rights = r | w | x | u}, kernel{.rights = r | w | x};
  for (const auto kind : {AccessKind::read, AccessKind::write, AccessKind::execute}) {
    EXPECT_TRUE(F::permits(user, kind, pl0) && F::permits(user, kind, pl1));
    EXPECT_TRUE(F::permits(kernel, kind, pl1));
    EXPECT_FALSE(F::permits(kernel, kind, pl0));
  }
  EXPECT_FALSE(F::permits({.rights = r | u}, AccessKind::write, pl1));
  EXPECT_FALSE(F::permits({.rights = r | u}, AccessKind::execute, pl0));
}

TEST(GoldenArmv7, OtherWordsThanOursAreReadAsHardwareDoes) {
  EXPECT_EQ(F::attributes(0x005A'8212, 1), F::attributes(0x0052'8012, 1)); // NS, bit 9
  EXPECT_EQ(F::attributes(0x0005'8BC1, 0), F::attributes(0x0005'8A01, 0)); // bits 8:6 of a large page
  EXPECT_EQ(F::frame(0x005A'8212, 1), PhysAddr{0x50'0000});
  EXPECT_EQ(F::frame(0x05FE'81F2, 1), PhysAddr{0x500'0000}); // PA[35:32] and PA[39:36]
  EXPECT_EQ(F::frame(0x0005'FFFD, 0), PhysAddr{0x5'0000});
  EXPECT_EQ(F::frame(0x0000'5FFF, 0), PhysAddr{0x5000});
}

TEST(GoldenArmv7, OnlyASupersectionBeyondTheOutputAddressesIsRefused) {
  for (unsigned bit = 0; bit < 4; ++bit) {
    EXPECT_TRUE(F::reserved(0x0506'8012U | 0x10'0000U << bit, 1, 80)) << bit; // PA[35:32]
    EXPECT_TRUE(F::reserved(0x0506'8012U | 0x20U << bit, 1, 80)) << bit;      // PA[39:36]
  }
  EXPECT_FALSE(F::reserved(0xFF0F'FE1E, 1, 4080));
  for (const std::uint32_t section : {0x0052'8012U, 0x0052'81F2U, 0xFFFB'FFFEU})
    EXPECT_FALSE(F::reserved(section, 1, 5));
  for (const std::uint32_t table : {0x1234'5401U, 0xFFFF'FFFDU}) {
    EXPECT_FALSE(F::reserved(table, 1, 5));
    EXPECT_EQ(F::walked(table, 1), table);
  }
  for (const std::uint32_t page : {0x0000'5A03U, 0x0005'8BC1U, 0xFFFF'FFFDU, 0xFFFF'FFFFU})
    EXPECT_FALSE(F::reserved(page, 0, 5));
}

TEST(GoldenArmv7, RightsAreReplacedAndNothingElse) {
  EXPECT_EQ(F::with_rights(0x1234'5DFE, r, 0), 0x1234'5FDFU);
  EXPECT_EQ(F::with_rights(0x1234'5FDF, r | w | x | u, 0), 0x1234'5DFEU);
  EXPECT_EQ(F::with_rights(0x1234'743D, r, 0), 0x1234'F61DU);
  EXPECT_EQ(F::with_rights(0x1234'F61D, r | w | x | u, 0), 0x1234'743DU);
  EXPECT_EQ(F::with_rights(0x1231'7C0E, r, 1), 0x1231'F41EU);
  EXPECT_EQ(F::with_rights(0x1231'F41E, r | w | x | u, 1), 0x1231'7C0EU);
  EXPECT_EQ(F::with_rights(0x1205'7C0E, r, 1), 0x1205'F41EU);
  EXPECT_EQ(F::with_rights(0x0052'8152, r | w, 1), 0x0052'0152U); // in its domain
}

TEST(GoldenArmv7, OfTheFlagsOnlyAccessedHasAPlace) {
  EXPECT_EQ(F::with_flags(0x1234'5DFE, {}, 0), 0x1234'5DEEU);
  EXPECT_EQ(F::with_flags(0x1234'743D, dirty, 0), 0x1234'742DU);
  EXPECT_EQ(F::with_flags(0x1231'7C0E, {}, 1), 0x1231'780EU);
  EXPECT_EQ(F::with_flags(0x1205'780E, both, 1), 0x1205'7C0EU);
  for (const PageSize size : F::sizes) {
    EXPECT_EQ(F::leaf_bits(many, both, size), F::leaf_bits(many, accessed, size));
    EXPECT_EQ(F::leaf_bits(many, dirty, size), F::leaf_bits(many, {}, size));
    EXPECT_EQ(F::flags(0xFFFF'FFFE, size.level), accessed);
  }
}

TEST(GoldenArmv7, RightsAndTheAccessFlagMayChangeInPlace) {
  EXPECT_FALSE(F::needs_break(0x0000'5A03, 0x0000'5832, 0)); // W, X, AP[1], AP[0]
  EXPECT_FALSE(F::needs_break(0x0052'8012, 0x0052'0C02, 1));
}

TEST(GoldenArmv7, WhatTheManualNamesIsBrokenFirst) {
  const std::uint32_t page = 0x0000'5A02, section = 0x0052'8012;
  EXPECT_TRUE(F::needs_break(page, page ^ 0x1000, 0)); // address
  for (const std::uint32_t bit : {0x4U, 0x8U, 0x40U, 0x80U, 0x100U, 0x400U, 0x800U})
    EXPECT_TRUE(F::needs_break(page, page ^ bit, 0)) << bit; // B, C, TEX, S, nG
  EXPECT_TRUE(F::needs_break(page, 0x0000'0A01, 0));         // becomes a large page
  EXPECT_TRUE(F::needs_break(section, section ^ 0x10'0000, 1));
  for (const std::uint32_t bit :
       {0x4U, 0x8U, 0x20U, 0x100U, 0x1000U, 0x4000U, 0x1'0000U, 0x2'0000U, 0x4'0000U})
    EXPECT_TRUE(F::needs_break(section, section ^ bit, 1)) << bit; // B, C, domain, TEX, S, nG, bit 18
}

TEST(GoldenArmv7, TablesAreBrokenWhateverFollows) {
  const std::uint32_t table = 0x1234'5401;
  EXPECT_TRUE(F::needs_break(0x0052'8012, table, 1));
  EXPECT_TRUE(F::needs_break(table, 0x0052'8012, 1));
  EXPECT_TRUE(F::needs_break(table, table ^ 0x20, 1));      // domain
  for (const std::uint32_t bit : {0x400U, 0x800U, 0x8000U}) // another node, where a section has its rights
    EXPECT_TRUE(F::needs_break(table, table ^ bit, 1)) << bit;
  EXPECT_FALSE(F::needs_break(table, table, 1));
}

TEST(GoldenArmv7, SixteenCopiesAreBrokenForAllButTheAccessFlag) {
  const std::uint32_t large = 0x0005'8A01, super = 0x0506'8012;
  EXPECT_FALSE(F::needs_break(large, large | 0x10, 0));
  EXPECT_FALSE(F::needs_break(super, super | 0x400, 1));
  for (const Rights other : {r | w, r | x, r | u}) {
    EXPECT_TRUE(F::needs_break(large, F::with_rights(large, other, 0), 0));
    EXPECT_TRUE(F::needs_break(super, F::with_rights(super, other, 1), 1));
  }
  EXPECT_TRUE(F::needs_break(large, large ^ 0x1'0000, 0));
  EXPECT_TRUE(F::needs_break(super, super ^ 0x100'0000, 1));
  EXPECT_TRUE(F::needs_break(large, 0x0005'0A02, 0)); // becomes small pages
  EXPECT_TRUE(F::needs_break(super, super ^ 0x4'0000, 1));
}

TEST(GoldenArmv7, AttributesWithoutAnEncodingAreRefused) {
  for (const Rights bad : {Rights::none, w, x, u, w | x | u})
    EXPECT_FALSE(F::expressible(bad)) << static_cast<unsigned>(bad);
  for (const Rights good : {r, r | w, r | x, r | w | x})
    EXPECT_TRUE(F::expressible(good) && F::expressible(good | u)) << static_cast<unsigned>(good);
  for (const unsigned type : {5U, 9U, 10U, 11U, 12U, 13U, 14U, 15U, 37U, 47U, 64U, 255U})
    EXPECT_FALSE(F::expressible(Attributes{.rights = r, .memory_type = static_cast<std::uint8_t>(type)}));
  EXPECT_FALSE(F::expressible(Attributes{.rights = r, .key = 1}));
  EXPECT_FALSE(F::expressible(Attributes{.rights = r, .software = 1}));
  EXPECT_EQ(count_expressible<F>(), 8U * 24U * 2U * 2U); // rights; TEX, C and B; S; global
}

} // namespace
} // namespace pagetwin
