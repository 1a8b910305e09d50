// The decoder of AArch64 stage 1 over words worked out by hand from the Arm ARM, D8.3.1 (tables D8-50 and
// D8-52), and the shapes of all granules and both stages. Bits 1:0 are 11 in a table and a page, 01 in a
// block.
#include "reference/mmu/aarch64_s1.hpp"
#include "tests/reference/aarch64_words.hpp"

#include <array>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace reference {
namespace {

using namespace aarch64_words;

// A page of EL1 that may only be read, as ours writes it.
constexpr std::uint64_t plain = page_type | AP2 | UXN | PXN | nG;

const Mmu& mmu = aarch64_s1_4k();
const std::array<const Mmu*, 5> stage1{&aarch64_s1_4k(), &aarch64_s1_16k(), &aarch64_s1_64k(),
                                       &aarch64_s1_4k_lpa2(), &aarch64_s1_16k_lpa2()};
const std::array<const Mmu*, 3> stage2{&aarch64_s2_4k(), &aarch64_s2_16k(), &aarch64_s2_64k()};

Decoded decode(std::uint64_t raw, unsigned level, unsigned index = 0) {
  return mmu.decode(raw, level, index, {});
}
std::uint32_t violations(std::uint64_t raw, unsigned level) { return decode(raw, level).violations; }
std::uint64_t leaf_word(std::uint64_t low, unsigned level) { return level == 0 ? low : low & ~bit(1); }

Decoded page(const Attributes& attributes, const Flags& flags = {}) {
  Decoded slot;
  slot.kind = SlotKind::leaf;
  slot.address = 0x5000;
  slot.bytes = K4;
  slot.attributes = attributes;
  slot.flags = flags;
  return slot;
}

TEST(Aarch64Decode, ZeroIsAHoleAndAMarkerIsItsUpperHalf) {
  Decoded hole;
  hole.bytes = M2;
  EXPECT_EQ(decode(0, 1), hole);
  hole.marker = 0xFFFFFFFF;
  EXPECT_EQ(decode(0xFFFFFFFF00000000, 1), hole);
}

TEST(Aarch64Decode, AnyOtherInvalidPatternIsAViolation) {
  for (unsigned at = 1; at < 32; ++at)
    for (unsigned level = 0; level < 4; ++level) {
      EXPECT_EQ(decode(bit(at), level).kind, SlotKind::hole) << at;
      EXPECT_EQ(violations(bit(at), level), violation::hole_pattern) << at;
    }
}

// Our levels; the manual's 3 is 0.
TEST(Aarch64Decode, BlocksAreLeavesWhereThereAreSomeAndElseReserved) {
  const std::array<unsigned, 5> lowest{1, 1, 1, 1, 1}, highest{2, 1, 1, 3, 2};
  for (std::size_t each = 0; each < stage1.size(); ++each)
    for (unsigned level = 0; level < stage1[each]->levels(); ++level) {
      const bool is_leaf = level >= lowest[each] && level <= highest[each];
      const Decoded slot = stage1[each]->decode(plain & ~bit(1), level, 0, {});
      EXPECT_EQ(slot.kind, is_leaf ? SlotKind::leaf : SlotKind::hole) << each << ' ' << level;
      EXPECT_EQ(slot.violations, is_leaf ? 0 : violation::hole_pattern) << each << ' ' << level;
      EXPECT_EQ(stage1[each]->decode(plain, level, 0, {}).kind,
                level == 0 ? SlotKind::leaf : SlotKind::table);
    }
}

TEST(Aarch64Decode, GoldenWords) {
  // A clean writable page of a user: AttrIndx 1, inner shareable, not global.
  Decoded want = page({.read = true, .write = true, .user = true, .memory_type = 25}, {true, false});
  want.address = 0x40001000;
  EXPECT_EQ(decode(0x0068000040001FC7, 0, 1), want);
  // The text of a kernel: 2 MiB, global, inner shareable.
  want = page({.read = true, .execute = true, .memory_type = 24, .global = true}, {true, false});
  want.address = 0x80200000;
  want.bytes = M2;
  EXPECT_EQ(decode(0x0040000080200781, 1), want);
  // Slot 5 of 64 KiB: a kernel's dirty data, AttrIndx 2, outer shareable.
  want = page({.read = true, .write = true, .memory_type = 18, .global = true}, {true, true});
  want.address = 0x40010000;
  want.bytes = K64;
  want.copies = 16;
  EXPECT_EQ(decode(0x007800004001560B, 0, 5), want);
  want = {};
  want.kind = SlotKind::table;
  want.address = 0x40002000;
  want.bytes = G1;
  want.attributes = {.read = true, .write = true, .execute = true, .user = true};
  EXPECT_EQ(decode(0x0000000040002003, 2), want);
}

TEST(Aarch64Decode, GoldenWordsOf52BitAddresses) {
  Decoded want = page({.read = true, .global = true}, {true, false});
  want.address = 0x000FFFFFFFFFF000;
  EXPECT_EQ(aarch64_s1_4k_lpa2().decode(0x0063FFFFFFFFF783, 0, 511, {}), want);
  want.address = 0x000FFFFFFFFFC000;
  want.bytes = K16;
  EXPECT_EQ(aarch64_s1_16k_lpa2().decode(0x0063FFFFFFFFC783, 0, 2047, {}), want);
  // Bit 49 of the word and bit 51 of the address.
  want.address = 0x000A008000000000;
  want.bytes = G512;
  EXPECT_EQ(aarch64_s1_4k_lpa2().decode(0x0062008000000681, 3, 1, {}), want);
  want = {};
  want.kind = SlotKind::table;
  want.address = 0x0005000040000000;
  want.bytes = 512 * G512;
  want.attributes = {.read = true, .write = true, .execute = true, .user = true};
  EXPECT_EQ(aarch64_s1_4k_lpa2().decode(0x0001000040000103, 4, 0, {}), want);
}

TEST(Aarch64Decode, PageBitsOneByOne) {
  constexpr std::uint64_t at = 0x5000 | page_type;
  EXPECT_EQ(decode(at | AP2 | UXN | PXN | nG, 0), page({.read = true}));
  EXPECT_EQ(decode(at | AP2 | UXN | PXN, 0), page({.read = true, .global = true}));
  EXPECT_EQ(decode(at | AP2 | UXN | PXN | nG | AP1, 0), page({.read = true, .user = true}));
  EXPECT_EQ(decode(at | AP2 | UXN | nG, 0), page({.read = true, .execute = true}));
  EXPECT_EQ(decode(at | AP2 | PXN | nG | AP1, 0), page({.read = true, .execute = true, .user = true}));
  EXPECT_EQ(decode(at | AP2 | UXN | PXN | nG | DBM, 0), page({.read = true, .write = true}));
  EXPECT_EQ(decode(at | AP2 | UXN | PXN | nG | AF, 0), page({.read = true}, {true, false}));
  for (unsigned index = 0; index < 3; ++index) {
    EXPECT_EQ(decode(at | plain | bit(2 + index), 0),
              page({.read = true, .memory_type = static_cast<std::uint8_t>(1U << index)}));
    EXPECT_EQ(decode(at | plain | bit(56 + index), 0),
              page({.read = true, .software = static_cast<std::uint16_t>(1U << index)}));
  }
  EXPECT_EQ(decode(at | plain | bit(9), 0), page({.read = true, .memory_type = 16}));
  EXPECT_EQ(decode(at | plain | bit(9) | bit(8), 0), page({.read = true, .memory_type = 24}));
}

// DBM, AP[2] and our mark in bit 55.
TEST(Aarch64Decode, WritableAndDirtyInAllTheirWords) {
  struct Row {
    std::uint64_t bits;
    bool write, dirty, ours;
  };
  for (const Row& row : {Row{AP2, false, false, true},
                         {AP2 | was_dirty, false, true, true},
                         {DBM | AP2, true, false, true},
                         {DBM, true, true, true},
                         {0, true, true, false},
                         {was_dirty, true, true, false},
                         {DBM | AP2 | was_dirty, true, false, false},
                         {DBM | was_dirty, true, true, false}}) {
    const Decoded slot = decode((plain & ~AP2) | row.bits, 0);
    EXPECT_EQ(slot.attributes.write, row.write) << std::hex << row.bits;
    EXPECT_EQ(slot.flags.dirty, row.dirty) << std::hex << row.bits;
    EXPECT_EQ(slot.violations, row.ours ? 0 : violation::leaf_bits) << std::hex << row.bits;
  }
}

TEST(Aarch64Decode, ExecuteIsOfWhoMayReachThePage) {
  for (const bool user : {false, true})
    for (const std::uint64_t never : {std::uint64_t{0}, UXN, PXN, UXN | PXN}) {
      const Decoded slot = decode(page_type | AP2 | (user ? AP1 : 0) | never, 0);
      EXPECT_EQ(slot.attributes.execute, (never & (user ? UXN : PXN)) == 0) << user << never;
      const bool ours = (never & (user ? PXN : UXN)) != 0;
      EXPECT_EQ(slot.violations, ours ? 0 : violation::leaf_bits) << user << never;
    }
}

TEST(Aarch64Decode, LeafBitsThatHardwareIgnoresAreNotOurs) {
  for (unsigned level = 0; level < 3; ++level)
    for (const unsigned at : {5U, 48U, 49U, 50U, 59U, 60U, 61U, 62U, 63U}) {
      const Decoded want = decode(leaf_word(plain, level), level);
      Decoded slot = decode(leaf_word(plain, level) | bit(at), level);
      EXPECT_EQ(slot.violations, violation::leaf_bits) << at;
      slot.violations = 0;
      EXPECT_EQ(slot, want) << at;
    }
  EXPECT_EQ(violations(plain | bit(8), 0), violation::leaf_bits); // SH = 01 is reserved
}

// The bit of nT, which is FEAT_BBM's, is one of them.
TEST(Aarch64Decode, AddressBitsBelowABlockAreRes0AndNoPartOfTheFrame) {
  for (const Mmu* each : stage1)
    for (unsigned level = 0; level < each->levels(); ++level) {
      const std::uint64_t raw = leaf_word(plain, level);
      if (each->decode(raw, level, 0, {}).kind != SlotKind::leaf)
        continue;
      const std::uint64_t span = each->span(level);
      for (unsigned at = 12; bit(at) < span; ++at) {
        const Decoded slot = each->decode(raw | 2 * span | bit(at), level, 2, {});
        EXPECT_EQ(slot.violations, violation::leaf_bits) << level << ' ' << at;
        EXPECT_EQ(slot.address, 2 * span) << level << ' ' << at;
      }
    }
}

TEST(Aarch64Decode, ATableAsOursWritesIt) {
  Decoded table;
  table.kind = SlotKind::table;
  table.attributes = {.read = true, .write = true, .execute = true, .user = true};
  const std::array<std::uint64_t, 3> highest{0x0000FFFFFFFFF000, 0x0000FFFFFFFFC000, 0x0000FFFFFFFF0000};
  for (unsigned granule = 0; granule < 3; ++granule)
    for (const Mmu* each : {stage1[granule], stage2[granule]})
      for (unsigned level = 1; level < each->levels(); ++level) {
        table.bytes = each->span(level);
        table.address = highest[granule];
        EXPECT_EQ(each->decode(highest[granule] | table_type, level, 0, {}), table) << granule << level;
      }
}

TEST(Aarch64Decode, WhatElseATableHoldsIsIgnoredButNotOurs) {
  const std::array<unsigned, 5> granules{12, 14, 16, 12, 14};
  for (std::size_t each = 0; each < stage1.size(); ++each)
    for (unsigned at = 2; at < 64; ++at) {
      const bool has_52_bits = each > 2;
      const bool is_address =
          (at >= granules[each] && at <= (has_52_bits ? 49U : 47U)) || (has_52_bits && (at == 8 || at == 9));
      const Decoded slot = stage1[each]->decode(table_type | bit(at), 1, 0, {});
      EXPECT_EQ(slot.violations, is_address ? 0 : violation::table_bits) << each << ' ' << at;
      EXPECT_EQ(slot.address != 0, is_address) << each << ' ' << at;
    }
}

TEST(Aarch64Decode, ATableSaysWhatItLetsThrough) {
  const auto rights = [](std::uint64_t limits) {
    return rights_of(decode(table_type | limits, 1).attributes);
  };
  EXPECT_EQ(rights(APTable0), (Rights{true, true, true, false}));
  EXPECT_EQ(rights(APTable1), (Rights{true, false, true, true}));
  EXPECT_EQ(rights(UXNTable), (Rights{true, true, true, true}));
  EXPECT_EQ(rights(PXNTable), (Rights{true, true, true, true}));
  EXPECT_EQ(rights(UXNTable | PXNTable), (Rights{true, true, false, true}));
  EXPECT_EQ(rights(bit(63)), (Rights{true, true, true, true})); // NSTable
}

// TCR_EL1.IPS
TEST(Aarch64Decode, AnAddressBeyondTheConfiguredSizeFaults) {
  for (unsigned at = 30; at < 48; ++at) {
    const std::uint32_t want = at < 40 ? 0 : violation::address_width;
    EXPECT_EQ(mmu.decode(plain | bit(at), 0, 0, {.pa_bits = 40}).violations, want) << at;
    EXPECT_EQ(mmu.decode(leaf_word(plain, 2) | bit(at), 2, 0, {.pa_bits = 40}).violations, want) << at;
    EXPECT_EQ(mmu.decode(table_type | bit(at), 1, 0, {.pa_bits = 40}).violations, want) << at;
    EXPECT_EQ(violations(plain | bit(at), 0), 0U) << at;
  }
}

TEST(Aarch64Decode, WithLpa2SoDoAllOf52Bits) {
  const Mode narrow{.pa_bits = 48};
  for (const Mmu* each : {&aarch64_s1_4k_lpa2(), &aarch64_s1_16k_lpa2()})
    for (const unsigned at : {8U, 9U, 48U, 49U}) {
      EXPECT_EQ(each->decode(plain | bit(at), 0, 0, narrow).violations, violation::address_width) << at;
      EXPECT_EQ(each->decode(table_type | bit(at), 1, 0, narrow).violations, violation::address_width) << at;
      EXPECT_EQ(each->decode(plain | bit(at), 0, 0, {}).violations, 0U) << at;
    }
}

struct Set {
  const Mmu* mmu;
  unsigned level, copies;
  std::uint64_t bytes;
};
const std::array<Set, 19> sets{{{stage1[0], 0, 16, K64},
                                {stage1[0], 1, 16, M32},
                                {stage1[0], 2, 16, G16},
                                {stage1[1], 0, 128, M2},
                                {stage1[1], 1, 32, G1},
                                {stage1[2], 0, 32, M2},
                                {stage1[2], 1, 32, G16},
                                {stage1[3], 0, 16, K64},
                                {stage1[3], 1, 16, M32},
                                {stage1[3], 2, 16, G16},
                                {stage1[4], 0, 128, M2},
                                {stage1[4], 1, 32, G1},
                                {stage2[0], 0, 16, K64},
                                {stage2[0], 1, 16, M32},
                                {stage2[0], 2, 16, G16},
                                {stage2[1], 0, 128, M2},
                                {stage2[1], 1, 32, G1},
                                {stage2[2], 0, 32, M2},
                                {stage2[2], 1, 32, G16}}};

// Read-only in both stages: AP[2], or S2AP[0].
std::uint64_t set_word(const Set& set, std::uint64_t pa) {
  const bool is_stage2 = set.mmu->profile().va_bits == 40;
  return pa | Contiguous | leaf_word(is_stage2 ? page_type | AP1 | UXN : plain, set.level);
}

TEST(Aarch64Decode, EachCopyOfAContiguousSetNamesItsOwnFrameAndMeansTheSet) {
  for (const Set& set : sets) {
    const std::uint64_t first = 3 * set.bytes, span = set.mmu->span(set.level);
    for (unsigned copy = 0; copy < set.copies; ++copy) {
      const Decoded slot =
          set.mmu->decode(set_word(set, first + copy * span), set.level, 2 * set.copies + copy, {});
      EXPECT_EQ(slot.violations, 0U) << set.mmu->profile().name << set.level << ' ' << copy;
      EXPECT_EQ(slot.copies, set.copies);
      EXPECT_EQ(slot.bytes, set.bytes);
      EXPECT_EQ(slot.address, first);
    }
  }
}

TEST(Aarch64Decode, ACopyInTheWrongPlaceIsNotOurs) {
  for (const Set& set : sets) {
    const std::uint64_t span = set.mmu->span(set.level);
    for (unsigned copy = 1; copy < set.copies; ++copy) {
      EXPECT_EQ(set.mmu->decode(set_word(set, set.bytes), set.level, copy, {}).violations,
                violation::leaf_bits);
      EXPECT_EQ(set.mmu->decode(set_word(set, set.bytes + copy * span), set.level, 0, {}).violations,
                violation::leaf_bits);
    }
  }
}

// D8.7.1.2: even if the set begins below it.
TEST(Aarch64Decode, ACopyBeyondTheConfiguredSizeFaults) {
  const Set set{stage1[0], 2, 16, G16};
  for (unsigned copy = 0; copy < 16; ++copy)
    EXPECT_EQ(mmu.decode(set_word(set, copy * G1), 2, copy, {.pa_bits = 32}).violations,
              copy < 4 ? 0 : violation::address_width)
        << copy;
}

TEST(Aarch64Decode, CopiesMayDifferInTheirFlagsOnly) {
  constexpr std::uint64_t set = K64 | Contiguous | page_type | DBM | AP2 | UXN | PXN | nG;
  const Decoded first = decode(set, 0, 0);
  EXPECT_TRUE(same_leaf(first, decode((set & ~AP2) | AF | K4, 0, 1)));
  EXPECT_FALSE(same_leaf(first, decode(set, 0, 1)));
  EXPECT_FALSE(same_leaf(first, decode((set & ~DBM) | K4, 0, 1)));
  EXPECT_FALSE(same_leaf(first, decode((set & ~UXN) | K4, 0, 1)));
  EXPECT_FALSE(same_leaf(first, decode((set & ~nG) | K4, 0, 1)));
  EXPECT_FALSE(same_leaf(first, decode((set & ~Contiguous) | K4, 0, 1)));
  EXPECT_FALSE(same_leaf(first, decode(set + K64 + K4, 0, 1)));
}

TEST(Aarch64Decode, BlocksThatLpa2AddsHaveNoContiguousSets) {
  for (const auto& [each, level] : {std::pair{&aarch64_s1_4k_lpa2(), 3U}, {&aarch64_s1_16k_lpa2(), 2U}}) {
    const Decoded slot = each->decode(leaf_word(plain, level) | Contiguous, level, 0, {});
    EXPECT_EQ(slot.copies, 1U);
    EXPECT_EQ(slot.bytes, each->span(level));
    EXPECT_EQ(slot.violations, violation::leaf_bits);
  }
}

struct Shape {
  const Mmu* mmu;
  const char* name;
  unsigned va_bits, pa_bits, levels, root_entries;
  std::uint64_t granule, root_bytes;
  std::vector<std::uint64_t> sizes;
};

TEST(Aarch64Profile, IsWhatTheManualSays) {
  const std::vector<std::uint64_t> s4{K4, K64, M2, M32, G1, G16}, s16{K16, M2, M32, G1},
      s64{K64, M2, M512, G16};
  const std::vector<std::uint64_t> s4_lpa2{K4, K64, M2, M32, G1, G16, G512}, s16_lpa2{K16, M2, M32, G1, G64};
  for (const Shape& want : {Shape{stage1[0], "aarch64_s1_4k", 48, 48, 4, 512, K4, K4, s4},
                            {stage1[1], "aarch64_s1_16k", 47, 48, 3, 2048, K16, K16, s16},
                            {stage1[2], "aarch64_s1_64k", 48, 48, 3, 64, K64, K64, s64},
                            {stage1[3], "aarch64_s1_4k_lpa2", 52, 52, 5, 16, K4, K4, s4_lpa2},
                            {stage1[4], "aarch64_s1_16k_lpa2", 52, 52, 4, 32, K16, K16, s16_lpa2},
                            {stage2[0], "aarch64_s2_4k", 40, 48, 3, 1024, K4, 2 * K4, s4},
                            {stage2[1], "aarch64_s2_16k", 40, 48, 2, 32768, K16, 16 * K16, s16},
                            {stage2[2], "aarch64_s2_64k", 40, 48, 2, 2048, K64, K64, s64}}) {
    const Profile& profile = want.mmu->profile();
    EXPECT_STREQ(profile.name, want.name);
    EXPECT_EQ(profile.va_bits, want.va_bits) << want.name;
    EXPECT_FALSE(profile.sign_extended);
    EXPECT_EQ(profile.pa_bits, want.pa_bits) << want.name;
    EXPECT_EQ(profile.marker_bits, 32U);
    EXPECT_EQ(std::vector(profile.sizes.begin(), profile.sizes.end()), want.sizes) << want.name;
    EXPECT_EQ(want.mmu->levels(), want.levels) << want.name;
    for (unsigned level = 0; level + 1 < want.levels; ++level) {
      EXPECT_EQ(want.mmu->entries(level) * 8, want.granule) << want.name;
      EXPECT_EQ(want.mmu->node_bytes(level), want.granule) << want.name;
      EXPECT_EQ(want.mmu->span(level + 1), want.mmu->span(level) * want.mmu->entries(level));
    }
    EXPECT_EQ(want.mmu->span(0), want.granule);
    EXPECT_EQ(want.mmu->entries(want.levels - 1), want.root_entries) << want.name;
    EXPECT_EQ(want.mmu->node_bytes(want.levels - 1), want.root_bytes) << want.name;
    EXPECT_EQ(want.mmu->span(want.levels - 1) * want.root_entries, bit(want.va_bits)) << want.name;
  }
}

TEST(Aarch64Profile, EveryLeafMayBeRead) {
  for (const Mmu* each : stage1)
    for (unsigned set = 0; set < 16; ++set) {
      const Rights rights{(set & 1) != 0, (set & 2) != 0, (set & 4) != 0, (set & 8) != 0};
      EXPECT_EQ(each->profile().expressible_rights(rights), rights.read) << set;
      EXPECT_EQ(each->profile().expressible(with_rights({}, rights), K64), rights.read) << set;
    }
}

TEST(Aarch64Profile, MemoryTypesAreIndexAndShareability) {
  for (unsigned type = 0; type < 256; ++type) {
    const Attributes given{.read = true, .memory_type = static_cast<std::uint8_t>(type), .global = true};
    for (std::size_t each = 0; each < stage1.size(); ++each)
      EXPECT_EQ(stage1[each]->profile().expressible(given, K64),
                each > 2 ? type < 8 : type < 32 && type / 8 != 1)
          << each << ' ' << type;
  }
}

TEST(Aarch64Profile, ThereAreThreeSoftwareBitsAndNoKeys) {
  for (const Mmu* each : stage1) {
    EXPECT_TRUE(each->profile().expressible({.read = true, .software = 7}, K64));
    EXPECT_FALSE(each->profile().expressible({.read = true, .software = 8}, K64));
    EXPECT_FALSE(each->profile().expressible({.read = true, .key = 1}, K64));
  }
}

TEST(Aarch64Runs, OnlyTheFrameMayDiffer) {
  for (unsigned level = 0; level < 3; ++level) {
    const std::uint64_t size = mmu.span(level), raw = leaf_word(plain, level) + 5 * size;
    EXPECT_TRUE(mmu.continues(raw, raw + size, level, {})) << level;
    EXPECT_FALSE(mmu.continues(raw, raw + 2 * size, level, {}));
    EXPECT_FALSE(mmu.continues(raw, (raw + size) | AF, level, {}));
    EXPECT_FALSE(mmu.continues(raw | Contiguous, (raw + size) | Contiguous, level, {}));
    const std::uint64_t last = leaf_word(plain, level) + bit(48) - size;
    EXPECT_FALSE(mmu.continues(last, last + size, level, {}));
  }
  const std::uint64_t last = plain + bit(50) - K4; // bit 50 of the address is bit 8 of the word
  EXPECT_FALSE(aarch64_s1_4k_lpa2().continues(last, last + K4, 0, {}));
}

std::uint64_t random_word(std::mt19937_64& random) {
  const std::uint64_t frame = random() & ~(bit(12 + random() % 38) - 1) & 0x0003FFFFFFFFF000;
  const std::uint64_t odd = random() % 2 == 0 ? 0 : bit(48 + random() % 16);
  const std::uint64_t base = random() % 2 == 0 ? plain : page_type | AP1 | PXN | DBM;
  return (base | frame | odd | (random() & 0xF00)) & ~(random() % 2 == 0 ? 0 : bit(1))
         & ~(random() % 8 == 0 ? bit(0) : 0);
}

// What spares decoding must never say more than decoding does.
TEST(Aarch64Runs, WhatContinuesARunDecodesToTheNextFrame) {
  std::mt19937_64 random(1);
  unsigned continued = 0;
  for (unsigned round = 0; round < 400000; ++round) {
    const Mmu& each = *stage1[round % stage1.size()];
    const unsigned level = static_cast<unsigned>(random() % each.levels());
    const std::uint64_t before = random_word(random), span = each.span(level);
    Decoded want = each.decode(before, level, 0, {});
    if (want.kind != SlotKind::leaf || want.violations != 0 || want.copies != 1)
      continue;
    const std::uint64_t raw = before + span + (random() % 4 == 0 ? bit(random() % 64) : 0);
    if (!each.continues(before, raw, level, {}))
      continue;
    ++continued;
    want.address += span;
    EXPECT_EQ(each.decode(raw, level, 1, {}), want) << std::hex << before << ' ' << raw;
  }
  EXPECT_GT(continued, 10000U);
}

TEST(Aarch64Runs, ACopyRepeatsAtItsOwnAddress) {
  for (unsigned level = 0; level < 3; ++level) {
    const std::uint64_t size = mmu.span(level), raw = leaf_word(plain, level) | Contiguous;
    EXPECT_TRUE(mmu.repeats(raw, raw + size, level, {})) << level;
    EXPECT_FALSE(mmu.repeats(raw, raw, level, {}));
    EXPECT_FALSE(mmu.repeats(raw, (raw + size) | AF, level, {}));
    EXPECT_FALSE(mmu.repeats(raw, (raw + size) & ~Contiguous, level, {}));
    EXPECT_FALSE(mmu.repeats(raw & ~Contiguous, (raw & ~Contiguous) + size, level, {}));
  }
}

TEST(Aarch64Runs, WhatRepeatsACopyDecodesToTheSameLeaf) {
  std::mt19937_64 random(3);
  unsigned repeated = 0;
  for (unsigned round = 0; round < 400000; ++round) {
    const Mmu& each = *stage1[round % stage1.size()];
    const unsigned level = static_cast<unsigned>(random() % each.levels());
    const std::uint64_t before = random_word(random) | Contiguous, span = each.span(level);
    const auto index = static_cast<unsigned>(before / span % 128);
    const Mode mode{.pa_bits = random() % 2 == 0 ? 52U : 40U};
    const Decoded want = each.decode(before, level, index, mode);
    if (want.kind != SlotKind::leaf || want.violations != 0 || (index + 1) % want.copies == 0)
      continue;
    const std::uint64_t raw = before + span + (random() % 4 == 0 ? bit(random() % 64) : 0);
    if (!each.repeats(before, raw, level, mode))
      continue;
    ++repeated;
    EXPECT_EQ(each.decode(raw, level, index + 1, mode), want) << std::hex << before << ' ' << raw;
  }
  EXPECT_GT(repeated, 1000U);
}

TEST(Aarch64Tables, PassingThroughIsDecoding) {
  const Aarch64Stage1 four({12, 48, 4}, "four"), sixteen({14, 52, 4, true}, "sixteen");
  std::mt19937_64 random(2);
  unsigned tables = 0;
  for (unsigned round = 0; round < 200000; ++round) {
    const Aarch64Stage1& each = round % 2 == 0 ? four : sixteen;
    const unsigned level = static_cast<unsigned>(random() % 4);
    const Mode mode{.pa_bits = random() % 2 == 0 ? 52U : 40U};
    const std::uint64_t raw = random_word(random);
    const Decoded slot = each.decode(raw, level, 0, mode);
    const bool led = slot.kind == SlotKind::table && (slot.violations & violation::faulting) == 0;
    const auto below = each.below(raw, level, mode);
    ASSERT_EQ(below.has_value(), led) << std::hex << raw;
    if (!below)
      continue;
    ++tables;
    EXPECT_EQ(below->node, slot.address);
    EXPECT_EQ(below->rights, rights_of(slot.attributes));
    EXPECT_FALSE(below->global);
  }
  EXPECT_GT(tables, 1000U);
}

} // namespace
} // namespace reference
