// AArch64 stage 1 descriptors as 64-bit numbers, worked out by hand from the Arm Architecture Reference
// Manual (DDI 0487), tables "Stage 1 VMSAv8-64 Block and Page descriptor fields" and "Stage 1 VMSAv8-64 Table
// descriptor fields": every bit that our tables use, at each level of each granule. The words are checked
// while compiling, too.
#include "tests/table/all_attributes.hpp"
#include "tests/table/golden_aarch64.hpp"

namespace pagetwin {
namespace {

constexpr Rights r = Rights::read, w = Rights::write, x = Rights::execute, u = Rights::user;
constexpr Attributes many{.rights = r | w | x | u, .memory_type = 7, .global = true, .software = 7};
constexpr Attributes many_inner{.rights = r | w | x | u, .memory_type = 31, .global = true, .software = 7};
constexpr Flags accessed{.accessed = true}, dirty{.dirty = true}, both{true, true};

constexpr Aarch64Row pages[] = {
    {"AP[2], nG, PXN, UXN", 0, 0, {.rights = r}, {}, 0x0060'0000'0000'0883},
    {"global", 0, 0, {.rights = r, .global = true}, {}, 0x0060'0000'0000'0083},
    {"AP[1]", 0, 0, {.rights = r | u}, {}, 0x0060'0000'0000'08C3},
    {"executed at EL1", 0, 0, {.rights = r | x}, {}, 0x0040'0000'0000'0883},
    {"executed at EL0", 0, 0, {.rights = r | x | u}, {}, 0x0020'0000'0000'08C3},
    {"writable-clean", 0, 0, {.rights = r | w}, {}, 0x0068'0000'0000'0883},
    {"writable-dirty", 0, 0, {.rights = r | w}, dirty, 0x0068'0000'0000'0803},
    {"dirty, no longer writable", 0, 0, {.rights = r}, dirty, 0x00E0'0000'0000'0883},
    {"AF", 0, 0, {.rights = r}, accessed, 0x0060'0000'0000'0C83},
    {"W and X at EL1, clean", 0, 0, {.rights = r | w | x}, accessed, 0x0048'0000'0000'0C83},
    {"W and X at EL0, dirty", 0, 0, {.rights = r | w | x | u}, both, 0x0028'0000'0000'0C43},
    {"AttrIndx 1", 0, 0, {.rights = r, .memory_type = 1}, {}, 0x0060'0000'0000'0887},
    {"AttrIndx 4", 0, 0, {.rights = r, .memory_type = 4}, {}, 0x0060'0000'0000'0893},
    {"bit 56", 0, 0, {.rights = r, .software = 1}, {}, 0x0160'0000'0000'0883},
    {"bit 58", 0, 0, {.rights = r, .software = 4}, {}, 0x0460'0000'0000'0883},
    {"address bit 16", 0, 0x1'0000, {.rights = r}, {}, 0x0060'0000'0001'0883},
    {"address bit 47", 0, 0x8000'0000'0000, {.rights = r}, {}, 0x0060'8000'0000'0883},
    {"everything but SH", 0, 0xFFFF'FFFF'0000, many, both, 0x0728'FFFF'FFFF'045F},
};
constexpr Aarch64Row with_shareability[] = {
    {"outer shareable", 0, 0, {.rights = r, .memory_type = 0x10}, {}, 0x0060'0000'0000'0A83},
    {"inner shareable", 0, 0, {.rights = r, .memory_type = 0x18}, {}, 0x0060'0000'0000'0B83},
    {"everything, clean", 0, 0xFFFF'FFFF'0000, many_inner, accessed, 0x0728'FFFF'FFFF'07DF},
    {"everything", 0, 0xFFFF'FFFF'0000, many_inner, both, 0x0728'FFFF'FFFF'075F},
};
constexpr Aarch64Row granule_4k[] = {
    {"address bit 12", 12, 0x1000, {.rights = r}, {}, 0x0060'0000'0000'1883},
    {"64K", 16, 0x1'2345'0000, {.rights = r}, {}, 0x0070'0001'2345'0883, 0x0070'0001'2345'F883},
    {"2M", 21, 0x20'0000, {.rights = r}, {}, 0x0060'0000'0020'0881},
    {"32M", 25, 0x1'0200'0000, {.rights = r | w}, both, 0x0078'0001'0200'0C01, 0x0078'0001'03E0'0C01},
    {"1G", 30, 0x4000'0000, {.rights = r | x}, {}, 0x0040'0000'4000'0881},
    {"16G", 34, 0x4'0000'0000, {.rights = r | u}, {}, 0x0070'0004'0000'08C1, 0x0070'0007'C000'08C1},
};
constexpr Aarch64Row granule_16k[] = {
    {"address bit 14", 14, 0x4000, {.rights = r}, {}, 0x0060'0000'0000'4883},
    {"2M", 21, 0x20'0000, {.rights = r}, {}, 0x0070'0000'0020'0883, 0x0070'0000'003F'C883},
    {"32M", 25, 0x200'0000, {.rights = r | w}, {}, 0x0068'0000'0200'0881},
    {"1G", 30, 0x4000'0000, {.rights = r | w}, dirty, 0x0078'0000'4000'0801, 0x0078'0000'7E00'0801},
};
constexpr Aarch64Row granule_64k[] = {
    {"2M", 21, 0x20'0000, {.rights = r}, {}, 0x0070'0000'0020'0883, 0x0070'0000'003F'0883},
    {"512M", 29, 0x2000'0000, {.rights = r}, dirty, 0x00E0'0000'2000'0881},
    {"16G", 34, 0x4'0000'0000, {.rights = r | x}, {}, 0x0050'0004'0000'0881, 0x0050'0007'E000'0881},
};
// DS = 1: address bits 51:50 are bits 9:8.
constexpr Aarch64Row ds[] = {
    {"address bit 48", 0, 0x1'0000'0000'0000, {.rights = r}, {}, 0x0061'0000'0000'0883},
    {"address bit 49", 0, 0x2'0000'0000'0000, {.rights = r}, {}, 0x0062'0000'0000'0883},
    {"address bit 50", 0, 0x4'0000'0000'0000, {.rights = r}, {}, 0x0060'0000'0000'0983},
    {"address bit 51", 0, 0x8'0000'0000'0000, {.rights = r}, {}, 0x0060'0000'0000'0A83},
    {"everything", 0, 0xF'FFFF'FFFF'0000, many, both, 0x072B'FFFF'FFFF'075F},
};
constexpr Aarch64Row ds_4k[] = {
    {"16G", 34, 0xC'0004'0000'0000, {.rights = r | u}, {}, 0x0070'0004'0000'0BC1, 0x0070'0007'C000'0BC1},
    {"512G", 39, 0x80'0000'0000, {.rights = r}, {}, 0x0060'0080'0000'0881},
    {"the last 512G", 39, 0xF'FF80'0000'0000, many, accessed, 0x072B'FF80'0000'07DD},
};
constexpr Aarch64Row ds_16k[] = {
    {"1G", 30, 0x4'0000'4000'0000, {.rights = r}, {}, 0x0070'0000'4000'0981, 0x0070'0000'7E00'0981},
    {"64G", 36, 0x10'0000'0000, {.rights = r}, {}, 0x0060'0010'0000'0881},
};
static_assert(all_golden<Aarch64S1_4k>(pages) && all_golden<Aarch64S1_4k>(with_shareability));
static_assert(all_golden<Aarch64S1_4k>(granule_4k) && all_golden<Aarch64S1_16k>(granule_16k));
static_assert(all_golden<Aarch64S1_64k>(granule_64k) && all_golden<Aarch64S1_4kLpa2>(ds));
static_assert(all_golden<Aarch64S1_4kLpa2>(ds_4k) && all_golden<Aarch64S1_16kLpa2>(ds_16k));

TEST(GoldenAarch64Stage1Words, LeavesOfEachGranuleAreTheWordsOfTheManual) {
  expect_golden<Aarch64S1_4k>(granule_4k);
  expect_golden<Aarch64S1_4kLpa2>(granule_4k);
  expect_golden<Aarch64S1_4kLpa2>(ds_4k);
  expect_golden<Aarch64S1_16k>(granule_16k);
  expect_golden<Aarch64S1_16kLpa2>(granule_16k);
  expect_golden<Aarch64S1_16kLpa2>(ds_16k);
  expect_golden<Aarch64S1_64k>(granule_64k);
}

TEST(GoldenAarch64Stage1Words, ShapesAreThoseOfTheInitialLevels) {
  expect_shape<Aarch64S1_4k>(4, 9, 9, 48);
  expect_shape<Aarch64S1_16k>(3, 11, 11, 47);
  expect_shape<Aarch64S1_64k>(3, 6, 13, 48);
  expect_shape<Aarch64S1_4kLpa2>(5, 4, 9, 52);
  expect_shape<Aarch64S1_16kLpa2>(4, 5, 11, 52);
}

TEST(GoldenAarch64Stage1Words, SizesAreBlocksAndContiguousSets) {
  expect_sizes<Aarch64S1_4k>({{0, 0, 12}, {0, 4, 16}, {1, 0, 21}, {1, 4, 25}, {2, 0, 30}, {2, 4, 34}});
  expect_sizes<Aarch64S1_16k>({{0, 0, 14}, {0, 7, 21}, {1, 0, 25}, {1, 5, 30}});
  expect_sizes<Aarch64S1_64k>({{0, 0, 16}, {0, 5, 21}, {1, 0, 29}, {1, 5, 34}});
  expect_sizes<Aarch64S1_4kLpa2>(
      {{0, 0, 12}, {0, 4, 16}, {1, 0, 21}, {1, 4, 25}, {2, 0, 30}, {2, 4, 34}, {3, 0, 39}});
  expect_sizes<Aarch64S1_16kLpa2>({{0, 0, 14}, {0, 7, 21}, {1, 0, 25}, {1, 5, 30}, {2, 0, 36}});
}

TEST(GoldenAarch64Stage1Words, BlocksAreWhereTheGranuleHasThem) {
  expect_kinds<Aarch64S1_4k>(2);
  expect_kinds<Aarch64S1_16k>(1);
  expect_kinds<Aarch64S1_64k>(1);
  expect_kinds<Aarch64S1_4kLpa2>(3);
  expect_kinds<Aarch64S1_16kLpa2>(2);
}

TEST(GoldenAarch64Stage1Words, WhatOnlyDsHasBlocksForHasNoContiguousSets) {
  EXPECT_EQ(Aarch64S1_4kLpa2::log2_copies(0x0070'0080'0000'0881, 3), 0U);
  EXPECT_EQ(Aarch64S1_4kLpa2::frame(0x0070'0080'0000'0881, 3), PhysAddr{0x80'0000'0000});
  EXPECT_EQ(Aarch64S1_16kLpa2::log2_copies(0x0070'0010'0000'0881, 2), 0U);
  EXPECT_EQ(Aarch64S1_16kLpa2::frame(0x0070'0010'0000'0881, 2), PhysAddr{0x10'0000'0000});
}

template <class F>
class GoldenAarch64Stage1 : public testing::Test {};
using AllStage1 =
    testing::Types<Aarch64S1_4k, Aarch64S1_16k, Aarch64S1_64k, Aarch64S1_4kLpa2, Aarch64S1_16kLpa2>;
TYPED_TEST_SUITE(GoldenAarch64Stage1, AllStage1);

TYPED_TEST(GoldenAarch64Stage1, PagesAreTheWordsOfTheManual) {
  expect_golden<TypeParam>(pages);
  expect_golden<TypeParam>(TypeParam::pa_bits == 52 ? std::span<const Aarch64Row>{ds} : with_shareability);
}
TYPED_TEST(GoldenAarch64Stage1, MarkersLiveInTheUpperHalfOfAHole) { expect_markers<TypeParam>(); }
TYPED_TEST(GoldenAarch64Stage1, ReservedAddressBitsOfABlockMeanNothing) {
  expect_frames_without_low_bits<TypeParam>({.rights = r});
}

TYPED_TEST(GoldenAarch64Stage1, TablesHoldTheirNodeAndRestrictNothing) {
  using F = TypeParam;
  const std::uint64_t top = F::pa_bits == 52 ? 0x0003'FFFF'FFFF'0303 : 0x0000'FFFF'FFFF'0003;
  const std::uint64_t ignored = F::pa_bits == 52 ? 0x01F8'0000'0000'0CFC : 0x01F8'0000'0000'0FFC;
  for (unsigned level = 1; level < F::levels; ++level) {
    EXPECT_EQ(F::to_table(PhysAddr{0x1'2345'0000}, level), 0x0000'0001'2345'0003U);
    EXPECT_EQ(F::to_table(PhysAddr{low_mask(F::pa_bits) & ~low_mask(16)}, level), top);
    EXPECT_EQ(F::table(0x0000'0001'2345'0003 | ignored, level), PhysAddr{0x1'2345'0000});
    EXPECT_EQ(F::table(0xF800'0001'2345'0003, level), PhysAddr{0x1'2345'0000}); // with all restrictions
  }
}

TYPED_TEST(GoldenAarch64Stage1, TablesRestrictWhatIsBelow) {
  using F = TypeParam;
  const auto rights = [](std::uint64_t above, std::uint64_t below, std::uint64_t leaf) {
    return F::effective(F::through(F::through(F::open_path(), above | 3, 2), below | 3, 1), leaf, 0).rights;
  };
  const std::uint64_t user = 0x0028'0000'0000'0843, kernel = 0x0048'0000'0000'0803; // both r w x
  EXPECT_EQ(rights(0, 0, user), r | w | x | u);
  EXPECT_EQ(rights(0, 0, kernel), r | w | x);
  EXPECT_EQ(rights(bytes_of(59), 0, user), r | w | x | u); // PXNTable
  EXPECT_EQ(rights(0, bytes_of(59), kernel), r | w);
  EXPECT_EQ(rights(bytes_of(60), 0, user), r | w | u); // UXNTable
  EXPECT_EQ(rights(0, bytes_of(60), kernel), r | w | x);
  EXPECT_EQ(rights(bytes_of(61), 0, user), r | w); // APTable[0], PXN = 1
  EXPECT_EQ(rights(0, bytes_of(61), kernel), r | w | x);
  EXPECT_EQ(rights(bytes_of(61), 0, 0x0000'0000'0000'0843), r | w | x); // PXN = 0: EL1's now
  EXPECT_EQ(rights(bytes_of(61), bytes_of(59), 0x0000'0000'0000'0843), r | w);
  EXPECT_EQ(rights(bytes_of(62), 0, user), r | x | u); // APTable[1]
  EXPECT_EQ(rights(0, bytes_of(62), 0x0048'0000'0000'0883), r | x);
  EXPECT_EQ(rights(bytes_of(62), bytes_of(60), user), r | u);
  EXPECT_EQ(rights(bytes_of(63), 0x07F0'0000'0000'0FFC, user), r | w | x | u); // NSTable, what is ignored
}

TYPED_TEST(GoldenAarch64Stage1, EL1ExecutesNothingThatEL0Reaches) {
  using F = TypeParam;
  const auto el0 = Privilege::user, el1 = Privilege::supervisor;
  const Attributes user{.rights = r | w | x | u}, kernel{.rights = r | x};
  EXPECT_TRUE(F::permits(user, AccessKind::execute, el0) && F::permits(kernel, AccessKind::execute, el1));
  EXPECT_FALSE(F::permits(user, AccessKind::execute, el1) || F::permits(kernel, AccessKind::execute, el0));
  EXPECT_TRUE(F::permits(user, AccessKind::write, el0) && F::permits(user, AccessKind::write, el1));
  EXPECT_FALSE(F::permits(kernel, AccessKind::read, el0) || F::permits(kernel, AccessKind::write, el1));
  EXPECT_TRUE(F::permits(kernel, AccessKind::read, el1));
}

TYPED_TEST(GoldenAarch64Stage1, OtherWordsThanOursAreReadAsHardwareDoes) {
  using F = TypeParam;
  EXPECT_EQ(F::attributes(0x0060'0000'0000'0803, 0).rights, r | w); // DBM = 0, AP[2] = 0: nobody tracks it
  EXPECT_EQ(F::flags(0x0060'0000'0000'0803, 0), dirty);
  EXPECT_EQ(F::attributes(0x0000'0000'0000'08C3, 0).rights, r | x | u); // UXN = PXN = 0
  EXPECT_EQ(F::attributes(0x0000'0000'0000'0883, 0).rights, r | x);
  EXPECT_EQ(F::attributes(0x0040'0000'0000'08C3, 0).rights, r | u); // to be executed by nobody
  EXPECT_EQ(F::attributes(0xF864'0000'0000'08A3, 0), F::attributes(0x0060'0000'0000'0883, 0)); // PBHA, GP, NS
}

TYPED_TEST(GoldenAarch64Stage1, ADirtyPageStaysDirtyWhenItsRightsChange) {
  using F = TypeParam;
  EXPECT_EQ(F::with_rights(0x0068'0000'0001'0C03, r, 0), 0x00E0'0000'0001'0C83U);
  EXPECT_EQ(F::with_rights(0x00E0'0000'0001'0C83, r | w, 0), 0x0068'0000'0001'0C03U);
  EXPECT_EQ(F::with_rights(0x0068'0000'0001'0883, r | x, 0), 0x0040'0000'0001'0883U);
  EXPECT_EQ(F::with_rights(0x0040'0000'0001'0883, r | w | x | u, 0), 0x0028'0000'0001'08C3U);
  EXPECT_EQ(F::with_rights(0x0768'0000'0001'0C1F, r | w, 0), 0x0768'0000'0001'0C1FU);
}

TYPED_TEST(GoldenAarch64Stage1, FlagsAreReplacedAndNothingElse) {
  using F = TypeParam;
  EXPECT_EQ(F::with_flags(0x0778'0000'0020'0C1D, {}, 1), 0x0778'0000'0020'089DU);
  EXPECT_EQ(F::with_flags(0x0778'0000'0020'089D, both, 1), 0x0778'0000'0020'0C1DU);
  EXPECT_EQ(F::with_flags(0x07E0'0000'0020'0C9D, accessed, 1), 0x0760'0000'0020'0C9DU);
  EXPECT_EQ(F::with_flags(0x0760'0000'0020'0C9D, dirty, 1), 0x07E0'0000'0020'089DU);
  // Writable and not tracked: no processor sets DBM.
  EXPECT_EQ(F::with_flags(0x0060'0000'0001'0803, {}, 0), 0x0060'0000'0001'0803U);
  EXPECT_EQ(F::with_flags(0x0060'0000'0001'0803, both, 0), 0x0060'0000'0001'0C03U);
  // With DBM the bit for software says nothing, and stays.
  EXPECT_EQ(F::flags(0x00E8'0000'0001'0883, 0), Flags{});
  EXPECT_EQ(F::with_flags(0x00E8'0000'0001'0883, dirty, 0), 0x00E8'0000'0001'0803U);
}

TYPED_TEST(GoldenAarch64Stage1, RightsFlagsAndSoftwareBitsMayChangeInPlace) {
  using F = TypeParam;
  EXPECT_FALSE(F::needs_break(0x0060'0000'0001'0883, 0x0768'0000'0001'0C03, 0)); // W, AF, software
  EXPECT_FALSE(F::needs_break(0x0068'0000'0001'0803, 0x00A0'0000'0001'08C3, 0)); // AP, PXN, UXN, dirty
}

TYPED_TEST(GoldenAarch64Stage1, WhatTheManualNamesIsBrokenFirst) {
  using F = TypeParam;
  const std::uint64_t page = 0x0060'0000'0001'0883, block = 0x0060'0000'2000'0881;
  EXPECT_TRUE(F::needs_break(page, 0x0060'0000'0002'0883, 0));  // address
  EXPECT_TRUE(F::needs_break(page, page ^ 0x4, 0));             // AttrIndx
  EXPECT_TRUE(F::needs_break(page, page ^ 0x200, 0));           // SH, or an address
  EXPECT_TRUE(F::needs_break(page, page ^ 0x800, 0));           // nG
  EXPECT_TRUE(F::needs_break(page, page | bytes_of(52), 0));    // into a set
  EXPECT_TRUE(F::needs_break(page | bytes_of(52), page, 0));    // and out of it
  EXPECT_TRUE(F::needs_break(block, 0x0000'0001'2345'0003, 1)); // a block becomes a table
  EXPECT_TRUE(F::needs_break(0x0000'0001'2345'0003, block, 1)); // and back
  EXPECT_TRUE(F::needs_break(0x1'2345'0003, 0x1'2346'0003, 1)); // another table
}

TYPED_TEST(GoldenAarch64Stage1, AContiguousSetIsBrokenForAllButFlagsAndSoftwareBits) {
  using F = TypeParam;
  const std::uint64_t set = 0x0078'0000'0020'0883;             // writable-clean
  EXPECT_FALSE(F::needs_break(set, 0x0078'0000'0020'0C03, 0)); // AF, writable-dirty
  EXPECT_FALSE(F::needs_break(set, set | bytes_of(57), 0));
  EXPECT_FALSE(F::needs_break(0x0070'0000'0020'0883, 0x00F0'0000'0020'0883, 0)); // dirty, not writable
  EXPECT_TRUE(F::needs_break(set, F::with_rights(set, r, 0), 0));
  EXPECT_TRUE(F::needs_break(set, F::with_rights(set, r | w | u, 0), 0));
  EXPECT_TRUE(F::needs_break(set, F::with_rights(set, r | w | x, 0), 0));
}

TYPED_TEST(GoldenAarch64Stage1, AttributesWithoutAnEncodingAreRefused) {
  using F = TypeParam;
  for (const Rights bad : {Rights::none, w, x, u, w | x | u})
    EXPECT_FALSE(F::expressible(bad)) << static_cast<unsigned>(bad);
  for (const Rights good : {r, r | w, r | x, r | w | x})
    EXPECT_TRUE(F::expressible(good) && F::expressible(good | u)) << static_cast<unsigned>(good);
  for (const unsigned type : {8U, 15U, 32U, 255U}) // SH = 01 is reserved; with DS = 1 there is no SH
    EXPECT_FALSE(F::expressible(Attributes{.rights = r, .memory_type = static_cast<std::uint8_t>(type)}));
  EXPECT_EQ(F::expressible(Attributes{.rights = r, .memory_type = 16}), F::pa_bits == 48);
  EXPECT_FALSE(F::expressible(Attributes{.rights = r, .key = 1}));
  EXPECT_FALSE(F::expressible(Attributes{.rights = r, .software = 8}));
  const unsigned types = F::pa_bits == 52 ? 8 : 24;        // AttrIndx, and 3 SH
  EXPECT_EQ(count_expressible<F>(), 8U * types * 6U * 2U); // rights; 6 of the software values; global
}

} // namespace
} // namespace pagetwin
