// AArch64 stage 2 descriptors as 64-bit numbers, worked out by hand from the Arm Architecture Reference
// Manual (DDI 0487), tables "Stage 2 VMSAv8-64 Block and Page descriptor fields", "Data access permissions
// for a stage 2 translation" and "Stage 2 MemAttr[3:0] encoding": every bit that our tables use, at each
// level of each granule. The words are checked while compiling, too.
#include "tests/table/all_attributes.hpp"
#include "tests/table/golden_aarch64.hpp"

namespace pagetwin {
namespace {

constexpr Rights r = Rights::read, w = Rights::write, x = Rights::execute, u = Rights::user;
constexpr Attributes many{.rights = r | w | x | u, .memory_type = 0x3F, .software = 7};
constexpr Flags accessed{.accessed = true}, dirty{.dirty = true}, both{true, true};

constexpr Aarch64Row pages[] = {
    {"S2AP[0] and XN[1]", 0, 0, {.rights = r}, {}, 0x0040'0000'0000'0043},
    {"writable-clean", 0, 0, {.rights = r | w}, {}, 0x0048'0000'0000'0043},
    {"writable-dirty", 0, 0, {.rights = r | w}, dirty, 0x0048'0000'0000'00C3},
    {"dirty, no longer writable", 0, 0, {.rights = r}, dirty, 0x00C0'0000'0000'0043},
    {"write-only, clean", 0, 0, {.rights = w}, {}, 0x0048'0000'0000'0003},
    {"write-only, dirty", 0, 0, {.rights = w}, dirty, 0x0048'0000'0000'0083},
    {"execute-only, EL1", 0, 0, {.rights = x}, {}, 0x0060'0000'0000'0003},
    {"execute-only, EL1 and EL0", 0, 0, {.rights = x | u}, {}, 0x0000'0000'0000'0003},
    {"R and X", 0, 0, {.rights = r | x}, {}, 0x0060'0000'0000'0043},
    {"R, X and U", 0, 0, {.rights = r | x | u}, {}, 0x0000'0000'0000'0043},
    {"W and X", 0, 0, {.rights = w | x}, both, 0x0068'0000'0000'0483},
    {"W, X and U", 0, 0, {.rights = w | x | u}, both, 0x0008'0000'0000'0483},
    {"R, W and X", 0, 0, {.rights = r | w | x}, both, 0x0068'0000'0000'04C3},
    {"R, W, X and U", 0, 0, {.rights = r | w | x | u}, both, 0x0008'0000'0000'04C3},
    {"AF", 0, 0, {.rights = r}, accessed, 0x0040'0000'0000'0443},
    {"Device-nGnRE", 0, 0, {.rights = r, .memory_type = 1}, {}, 0x0040'0000'0000'0047},
    {"Normal, Write-Back", 0, 0, {.rights = r, .memory_type = 15}, {}, 0x0040'0000'0000'007F},
    {"outer shareable", 0, 0, {.rights = r, .memory_type = 0x25}, {}, 0x0040'0000'0000'0257},
    {"inner shareable", 0, 0, {.rights = r, .memory_type = 0x3F}, {}, 0x0040'0000'0000'037F},
    {"bit 56", 0, 0, {.rights = r, .software = 1}, {}, 0x0140'0000'0000'0043},
    {"bit 58", 0, 0, {.rights = r, .software = 4}, {}, 0x0440'0000'0000'0043},
    {"address bit 47", 0, 0x8000'0000'0000, {.rights = r}, {}, 0x0040'8000'0000'0043},
    {"everything", 0, 0xFFFF'FFFF'0000, many, both, 0x0708'FFFF'FFFF'07FF},
    {"everything, clean", 0, 0xFFFF'FFFF'0000, many, accessed, 0x0708'FFFF'FFFF'077F},
};
constexpr Aarch64Row granule_4k[] = {
    {"address bit 12", 12, 0x1000, {.rights = r}, {}, 0x0040'0000'0000'1043},
    {"64K", 16, 0x1'2345'0000, {.rights = r}, {}, 0x0050'0001'2345'0043, 0x0050'0001'2345'F043},
    {"2M", 21, 0x20'0000, {.rights = r}, {}, 0x0040'0000'0020'0041},
    {"32M", 25, 0x1'0200'0000, {.rights = r | w}, both, 0x0058'0001'0200'04C1, 0x0058'0001'03E0'04C1},
    {"1G", 30, 0x4000'0000, {.rights = x}, {}, 0x0060'0000'4000'0001},
    {"16G", 34, 0x4'0000'0000, {.rights = r}, {}, 0x0050'0004'0000'0041, 0x0050'0007'C000'0041},
};
constexpr Aarch64Row granule_16k[] = {
    {"address bit 14", 14, 0x4000, {.rights = r}, {}, 0x0040'0000'0000'4043},
    {"2M", 21, 0x20'0000, {.rights = r}, {}, 0x0050'0000'0020'0043, 0x0050'0000'003F'C043},
    {"32M", 25, 0x200'0000, {.rights = r}, dirty, 0x00C0'0000'0200'0041},
    {"1G", 30, 0x4000'0000, {.rights = w}, {}, 0x0058'0000'4000'0001, 0x0058'0000'7E00'0001},
};
constexpr Aarch64Row granule_64k[] = {
    {"2M", 21, 0x20'0000, {.rights = r}, {}, 0x0050'0000'0020'0043, 0x0050'0000'003F'0043},
    {"512M", 29, 0x2000'0000, {.rights = r | x | u}, {}, 0x0000'0000'2000'0041},
    {"16G", 34, 0x4'0000'0000, {.rights = r}, {}, 0x0050'0004'0000'0041, 0x0050'0007'E000'0041},
};
static_assert(all_golden<Aarch64S2_4k>(pages) && all_golden<Aarch64S2_4k>(granule_4k));
static_assert(all_golden<Aarch64S2_16k>(granule_16k) && all_golden<Aarch64S2_64k>(granule_64k));

TEST(GoldenAarch64Stage2Words, LeavesOfEachGranuleAreTheWordsOfTheManual) {
  expect_golden<Aarch64S2_4k>(granule_4k);
  expect_golden<Aarch64S2_16k>(granule_16k);
  expect_golden<Aarch64S2_64k>(granule_64k);
}

TEST(GoldenAarch64Stage2Words, RootsAreConcatenatedTables) {
  expect_shape<Aarch64S2_4k>(3, 10, 9, 40);   // 2 tables
  expect_shape<Aarch64S2_16k>(2, 15, 11, 40); // 16
  expect_shape<Aarch64S2_64k>(2, 11, 13, 40); // a quarter of one
}

TEST(GoldenAarch64Stage2Words, SizesAreBlocksAndContiguousSets) {
  expect_sizes<Aarch64S2_4k>({{0, 0, 12}, {0, 4, 16}, {1, 0, 21}, {1, 4, 25}, {2, 0, 30}, {2, 4, 34}});
  expect_sizes<Aarch64S2_16k>({{0, 0, 14}, {0, 7, 21}, {1, 0, 25}, {1, 5, 30}});
  expect_sizes<Aarch64S2_64k>({{0, 0, 16}, {0, 5, 21}, {1, 0, 29}, {1, 5, 34}});
}

TEST(GoldenAarch64Stage2Words, BlocksAreWhereTheGranuleHasThemTheRootIncluded) {
  expect_kinds<Aarch64S2_4k>(2);
  expect_kinds<Aarch64S2_16k>(1);
  expect_kinds<Aarch64S2_64k>(1);
}

template <class F>
class GoldenAarch64Stage2 : public testing::Test {};
using AllStage2 = testing::Types<Aarch64S2_4k, Aarch64S2_16k, Aarch64S2_64k>;
TYPED_TEST_SUITE(GoldenAarch64Stage2, AllStage2);

TYPED_TEST(GoldenAarch64Stage2, PagesAreTheWordsOfTheManual) { expect_golden<TypeParam>(pages); }
TYPED_TEST(GoldenAarch64Stage2, MarkersLiveInTheUpperHalfOfAHole) { expect_markers<TypeParam>(); }

TYPED_TEST(GoldenAarch64Stage2, ReservedAddressBitsOfABlockMeanNothing) {
  expect_frames_without_low_bits<TypeParam>({.rights = r});
}

TYPED_TEST(GoldenAarch64Stage2, TablesHoldTheirNodeAndNothingElse) {
  using F = TypeParam;
  for (unsigned level = 1; level < F::levels; ++level) {
    EXPECT_EQ(F::to_table(PhysAddr{0x1'2345'0000}, level), 0x0000'0001'2345'0003U);
    EXPECT_EQ(F::to_table(PhysAddr{0xFFFF'FFFF'0000}, level), 0x0000'FFFF'FFFF'0003U);
    EXPECT_EQ(F::table(0xFFF8'0001'2345'0FFF, level), PhysAddr{0x1'2345'0000}); // with all that is ignored
  }
}

TYPED_TEST(GoldenAarch64Stage2, TablesRestrictNothing) {
  using F = TypeParam;
  const auto path = F::through(F::open_path(), 0xFFF8'0001'2345'0FFF, 1);
  for (const Aarch64Row& row : pages)
    EXPECT_EQ(F::effective(path, row.word, 0), row.attributes) << row.what;
}

TYPED_TEST(GoldenAarch64Stage2, DataAccessesAskForTheirRightWhoeverTheyAre) {
  using F = TypeParam;
  for (const Privilege who : {Privilege::user, Privilege::supervisor}) {
    EXPECT_TRUE(F::permits({.rights = r}, AccessKind::read, who));
    EXPECT_TRUE(F::permits({.rights = w}, AccessKind::write, who));
    EXPECT_FALSE(F::permits({.rights = w | x | u}, AccessKind::read, who));
    EXPECT_FALSE(F::permits({.rights = r | x | u}, AccessKind::write, who));
  }
}

TYPED_TEST(GoldenAarch64Stage2, FetchesHaveARightForEachExceptionLevel) {
  using F = TypeParam;
  const auto fetch = AccessKind::execute;
  const auto el0 = Privilege::user, el1 = Privilege::supervisor;
  const auto page = [](unsigned xn) {
    return F::attributes(0x0000'0000'0000'0043 | std::uint64_t{xn} << 53, 0);
  };
  EXPECT_TRUE(F::permits(page(0b00), fetch, el0) && F::permits(page(0b00), fetch, el1));
  EXPECT_TRUE(F::permits(page(0b01), fetch, el0) && !F::permits(page(0b01), fetch, el1));
  EXPECT_FALSE(F::permits(page(0b10), fetch, el0) || F::permits(page(0b10), fetch, el1));
  EXPECT_TRUE(!F::permits(page(0b11), fetch, el0) && F::permits(page(0b11), fetch, el1));
}

TYPED_TEST(GoldenAarch64Stage2, OtherWordsThanOursAreReadAsHardwareDoes) {
  using F = TypeParam;
  EXPECT_EQ(F::attributes(0x0040'0000'0000'00C3, 0).rights, r | w); // DBM = 0, S2AP[1] = 1
  EXPECT_EQ(F::flags(0x0040'0000'0000'00C3, 0), dirty);
  EXPECT_EQ(F::attributes(0x0020'0000'0000'0043, 0).rights, r | u); // executed at EL0 only
  EXPECT_EQ(F::attributes(0xF804'0000'0000'0843, 0), F::attributes(0x0000'0000'0000'0043, 0));
}

TYPED_TEST(GoldenAarch64Stage2, RightsAndFlagsAreReplacedAndNothingElse) {
  using F = TypeParam;
  EXPECT_EQ(F::with_rights(0x0748'0000'0001'07FF, r, 0), 0x07C0'0000'0001'077FU); // stays dirty
  EXPECT_EQ(F::with_rights(0x07C0'0000'0001'077F, r | w, 0), 0x0748'0000'0001'07FFU);
  EXPECT_EQ(F::with_rights(0x0748'0000'0001'037F, x, 0), 0x0760'0000'0001'033FU);
  EXPECT_EQ(F::with_rights(0x0748'0000'0001'037F, x | u, 0), 0x0700'0000'0001'033FU);
  EXPECT_EQ(F::with_rights(0x0728'0000'0001'037F, r | x, 0), 0x0760'0000'0001'037FU);
  EXPECT_EQ(F::with_rights(0x0748'0000'0001'07FF, r | w, 0), 0x0748'0000'0001'07FFU);
  EXPECT_EQ(F::with_flags(0x0758'0000'0020'07FD, {}, 1), 0x0758'0000'0020'037DU);
  EXPECT_EQ(F::with_flags(0x0758'0000'0020'037D, both, 1), 0x0758'0000'0020'07FDU);
  EXPECT_EQ(F::with_flags(0x07C0'0000'0020'0441, {}, 1), 0x0740'0000'0020'0041U);
}

TYPED_TEST(GoldenAarch64Stage2, BreakBeforeMakeForAllButRightsFlagsAndSoftwareBits) {
  using F = TypeParam;
  const std::uint64_t page = 0x0048'0000'0001'0043;
  EXPECT_FALSE(F::needs_break(page, 0x0780'0000'0001'0403, 0)); // rights, flags, software
  EXPECT_TRUE(F::needs_break(page, 0x0048'0000'0002'0043, 0));  // address
  EXPECT_TRUE(F::needs_break(page, page ^ 0x20, 0));            // MemAttr
  EXPECT_TRUE(F::needs_break(page, page ^ 0x200, 0));           // SH
  EXPECT_TRUE(F::needs_break(page, page ^ bytes_of(52), 0));    // into a set
  EXPECT_TRUE(F::needs_break(0x0040'0000'2000'0041, 0x0000'0001'2345'0003, 1));
}

TYPED_TEST(GoldenAarch64Stage2, AContiguousSetIsBrokenForAllButFlagsAndSoftwareBits) {
  using F = TypeParam;
  const std::uint64_t set = 0x0058'0000'0020'0043;             // writable-clean
  EXPECT_FALSE(F::needs_break(set, 0x0158'0000'0020'04C3, 0)); // AF, writable-dirty, software
  EXPECT_TRUE(F::needs_break(set, F::with_rights(set, r, 0), 0));
  EXPECT_TRUE(F::needs_break(set, F::with_rights(set, w, 0), 0));
  EXPECT_TRUE(F::needs_break(set, F::with_rights(set, r | w | x, 0), 0));
}

TYPED_TEST(GoldenAarch64Stage2, AttributesWithoutAnEncodingAreRefused) {
  using F = TypeParam;
  for (const Rights bad : {Rights::none, u, r | u, w | u, r | w | u})
    EXPECT_FALSE(F::expressible(bad)) << static_cast<unsigned>(bad);
  for (const Rights good :
       {r, w, x, r | w, r | x, w | x, r | w | x, x | u, r | x | u, w | x | u, r | w | x | u})
    EXPECT_TRUE(F::expressible(good)) << static_cast<unsigned>(good);
  for (const unsigned type : {4U, 8U, 12U, 0x10U, 0x1FU, 0x24U, 0x3CU, 64U, 255U})
    EXPECT_FALSE(F::expressible(Attributes{.rights = r, .memory_type = static_cast<std::uint8_t>(type)}));
  EXPECT_FALSE(F::expressible(Attributes{.rights = r, .key = 1}));
  EXPECT_FALSE(F::expressible(Attributes{.rights = r, .global = true}));
  EXPECT_FALSE(F::expressible(Attributes{.rights = r, .software = 8}));
  const unsigned rights = 11, software = 6;                  // software: those of for_all_attributes below 8
  EXPECT_EQ(count_expressible<F>(), rights * 39 * software); // 13 MemAttr, 3 SH
}

} // namespace
} // namespace pagetwin
