// The ARMv7 decoder and profile over words assembled by hand from ARM DDI 0406C, figures B3-4 and B3-5 and
// table B3-10.
#include "reference/mmu/armv7.hpp"
#include "tests/reference/armv7_words.hpp"

#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace reference {
namespace {

using namespace armv7_words;

Decoded decode(std::uint64_t raw, unsigned level, unsigned index = 0) {
  return armv7().decode(raw, level, index, {});
}
std::uint32_t violations(std::uint64_t raw, unsigned level) { return decode(raw, level).violations; }

// The four types of leaf, each with a name, the rest of its word and where it is found.
struct Type {
  const char* name;
  std::uint64_t word;
  unsigned level;
  std::uint64_t bytes;
  unsigned copies;
  std::uint64_t AP0, AP1, AP2, TEX0, S, nG, XN;
};
const std::vector<Type> types{{"small", small, 0, K4, 1, second::AP0, second::AP1, second::AP2, TEX0_small,
                               second::S, second::nG, XN_small},
                              {"large", large, 0, K64, 16, second::AP0, second::AP1, second::AP2, TEX0_large,
                               second::S, second::nG, XN_large},
                              {"section", section, 1, M1, 1, first::AP0, first::AP1, first::AP2, first::TEX0,
                               first::S, first::nG, first::XN},
                              {"supersection", supersection, 1, M16, 16, first::AP0, first::AP1, first::AP2,
                               first::TEX0, first::S, first::nG, first::XN}};

// What a word without any bit set says: all rights of the privileged, strongly-ordered, global.
Decoded plain(const Type& type, std::uint64_t address = 0) {
  Decoded leaf;
  leaf.kind = SlotKind::leaf;
  leaf.address = address;
  leaf.bytes = type.bytes;
  leaf.copies = type.copies;
  leaf.attributes = {.read = true, .write = true, .execute = true, .global = true};
  return leaf;
}

TEST(Armv7Decode, ZeroIsAHoleAndAMarkerIsBits31To2) {
  for (unsigned level = 0; level < 2; ++level) {
    Decoded hole;
    hole.bytes = level == 0 ? K4 : M1;
    EXPECT_EQ(decode(0, level), hole);
    hole.marker = 1;
    EXPECT_EQ(decode(0x4, level), hole);
    hole.marker = 0x3FFFFFFF;
    EXPECT_EQ(decode(0xFFFFFFFC, level), hole);
  }
}

TEST(Armv7Decode, Type11OfTheFirstLevelIsAHoleOfNoPatternOfOurs) {
  Decoded hole;
  hole.bytes = M1;
  hole.violations = violation::hole_pattern;
  for (const std::uint64_t word : {0x3ULL, 0x80000C0FULL, 0xFFFFFFFFULL})
    EXPECT_EQ(decode(word, 1), hole);
}

TEST(Armv7Decode, GoldenSections) {
  Decoded want = plain(types[2], 0x80000000);
  want.attributes = {.read = true, .write = true, .execute = true, .memory_type = 0x27, .global = true};
  want.flags.accessed = true;
  EXPECT_EQ(decode(0x8001140E, 1), want); // a kernel's: TEX 001, C, B, S, AP 001
  want.attributes = {.read = true, .execute = true, .user = true, .memory_type = 0x03};
  EXPECT_EQ(decode(0x80028C0E, 1), want); // nG, AP 111, C, B
}

TEST(Armv7Decode, AGoldenSupersection) {
  Decoded want = plain(types[3], 0x81000000);
  want.attributes = {.read = true, .write = true, .memory_type = 0x27, .global = true};
  want.flags.accessed = true;
  EXPECT_EQ(decode(0x8105141E, 1), want); // XN
}

TEST(Armv7Decode, GoldenPages) {
  Decoded want = plain(types[0], 0x80001000);
  want.attributes = {.read = true, .user = true, .memory_type = 0x27};
  want.flags.accessed = true;
  EXPECT_EQ(decode(0x80001E7F, 0), want); // XN, B, C, AP 111, TEX 001, S, nG
  want = plain(types[1], 0x80010000);
  want.attributes = {.read = true, .write = true, .user = true, .memory_type = 0x27};
  want.flags.accessed = true;
  EXPECT_EQ(decode(0x80019C3D, 0), want); // B, C, AP 011, S, nG, TEX 001, XN
}

TEST(Armv7Decode, ATableAsOursWritesIt) {
  Decoded want;
  want.kind = SlotKind::table;
  want.address = 0xFFFFFC00;
  want.bytes = M1;
  want.attributes = {.read = true, .write = true, .execute = true, .user = true};
  EXPECT_EQ(decode(0xFFFFFC01, 1), want);
}

TEST(Armv7Decode, AnyOtherBitOfATableIsNotOurs) {
  for (unsigned at = 2; at < 10; ++at) {
    EXPECT_EQ(violations(table | bit(at), 1), violation::table_bits) << at;
    EXPECT_EQ(decode(table | bit(at), 1).address, 0U) << at;
  }
}

TEST(Armv7Decode, LeafBitsOneByOne) {
  for (const Type& type : types) {
    const auto change = [&](std::uint64_t added, auto make) {
      Decoded want = plain(type);
      make(want);
      EXPECT_EQ(decode(type.word | added, type.level), want) << type.name << ' ' << added;
    };
    change(0, [](Decoded&) {});
    change(type.AP0, [](Decoded& d) { d.flags.accessed = true; });
    change(type.AP1, [](Decoded& d) { d.attributes.user = true; });
    change(type.AP2, [](Decoded& d) { d.attributes.write = false; });
    change(type.XN, [](Decoded& d) { d.attributes.execute = false; });
    change(type.nG, [](Decoded& d) { d.attributes.global = false; });
    change(type.S, [](Decoded& d) { d.attributes.memory_type = 32; });
    change(B, [](Decoded& d) { d.attributes.memory_type = 1; });
    change(C, [](Decoded& d) { d.attributes.memory_type = 2; });
    change(type.TEX0, [](Decoded& d) { d.attributes.memory_type = 4; });
    change(type.TEX0 * 2, [](Decoded& d) { d.attributes.memory_type = 8; });
    change(type.TEX0 * 4, [](Decoded& d) { d.attributes.memory_type = 16; });
  }
}

TEST(Armv7Decode, TheFrameIsWhatTheTypeResolves) {
  EXPECT_EQ(decode(0xFFFFF000 | small, 0).address, 0xFFFFF000U);
  EXPECT_EQ(decode(0xFFFF0000 | large, 0).address, 0xFFFF0000U);
  EXPECT_EQ(decode(0xFFF00000 | section, 1).address, 0xFFF00000U);
  EXPECT_EQ(decode(0xFF000000 | supersection, 1).address, 0xFF000000U);
}

// Table B3-10: TEX 001 with C, B = 01; TEX 010 with any but 00; TEX 011.
TEST(Armv7Decode, ReservedMemoryTypesWorkButAreNotOurs) {
  for (const Type& type : types)
    for (std::uint64_t texcb = 0; texcb < 32; ++texcb) {
      const bool reserved = texcb == 5 || (texcb >= 9 && texcb <= 15);
      const std::uint64_t raw = type.word | (texcb >> 2) * type.TEX0 | (texcb & 3) << 2;
      EXPECT_EQ(decode(raw, type.level).attributes.memory_type, texcb);
      EXPECT_EQ(violations(raw, type.level), reserved ? violation::leaf_bits : 0U) << type.name << texcb;
    }
}

TEST(Armv7Decode, IgnoredBitsOfALeafAreNotOurs) {
  for (const unsigned at : {6U, 7U, 8U})
    EXPECT_EQ(violations(large | bit(at), 0), violation::leaf_bits) << at;
  for (const std::uint64_t type : {section, supersection}) {
    EXPECT_EQ(violations(type | bit(9), 1), violation::leaf_bits);
    EXPECT_EQ(violations(type | first::NS, 1), violation::leaf_bits);
  }
}

TEST(Armv7Decode, ASectionNamesItsDomain) {
  for (unsigned number = 1; number < 16; ++number) {
    Decoded want = plain(types[2], M1);
    want.attributes.key = static_cast<std::uint8_t>(number);
    want.violations = violation::leaf_bits;
    EXPECT_EQ(decode(M1 | section | domain(number), 1), want);
  }
}

TEST(Armv7Decode, TheExtendedAddressOfASupersectionIsTooWide) {
  for (unsigned at = 0; at < 4; ++at) {
    Decoded want = plain(types[3], M16 | bit(32 + at));
    want.violations = violation::address_width;
    EXPECT_EQ(decode(M16 | supersection | bit(20 + at), 1), want) << at;
    want.address = M16 | bit(36 + at);
    EXPECT_EQ(decode(M16 | supersection | bit(5 + at), 1), want) << at;
  }
}

TEST(Armv7Decode, ACopyIsTheWholeLeafWhereverItStands) {
  for (unsigned index = 0; index < 256; ++index)
    EXPECT_EQ(decode(7 * K64 | large, 0, index), plain(types[1], 7 * K64)) << index;
  for (unsigned index = 0; index < 4096; ++index)
    EXPECT_EQ(decode(7 * M16 | supersection, 1, index), plain(types[3], 7 * M16)) << index;
}

TEST(Armv7Profile, IsWhatTheManualSays) {
  const Mmu& mmu = armv7();
  const Profile& profile = mmu.profile();
  EXPECT_STREQ(profile.name, "armv7");
  EXPECT_EQ(std::vector(profile.sizes.begin(), profile.sizes.end()), (std::vector{K4, K64, M1, M16}));
  EXPECT_EQ(profile.va_bits, 32U);
  EXPECT_FALSE(profile.sign_extended);
  EXPECT_EQ(profile.pa_bits, 32U);
  EXPECT_EQ(profile.marker_bits, 30U);
  EXPECT_FALSE(profile.dirty);
  EXPECT_EQ(mmu.levels(), 2U);
  EXPECT_EQ(mmu.descriptor_bytes(), 4U);
  EXPECT_EQ(mmu.entries(1), 4096U);
  EXPECT_EQ(mmu.entries(0), 256U);
  EXPECT_EQ(mmu.node_bytes(1), 0x4000U);
  EXPECT_EQ(mmu.node_bytes(0), 0x400U);
  EXPECT_EQ(mmu.span(1), M1);
  EXPECT_EQ(mmu.span(0), K4);
}

TEST(Armv7Profile, EverythingThatIsMappedCanBeRead) {
  const Profile& profile = armv7().profile();
  for (unsigned set = 0; set < 16; ++set) {
    const Rights rights{(set & 1) != 0, (set & 2) != 0, (set & 4) != 0, (set & 8) != 0};
    EXPECT_EQ(profile.expressible_rights(rights), rights.read) << set;
    EXPECT_EQ(profile.expressible(with_rights({}, rights), K64), rights.read) << set;
  }
}

TEST(Armv7Profile, MemoryTypesAreThoseOfTableB310) {
  const Profile& profile = armv7().profile();
  for (unsigned type = 0; type < 256; ++type) {
    const unsigned texcb = type & 31;
    const bool legal = type < 64 && texcb != 5 && (texcb < 9 || texcb > 15);
    EXPECT_EQ(profile.expressible({.read = true, .memory_type = static_cast<std::uint8_t>(type)}, M1), legal)
        << type;
  }
  EXPECT_TRUE(profile.expressible({.read = true, .global = true}, M16));
  EXPECT_FALSE(profile.expressible({.read = true, .key = 1}, M1));
  EXPECT_FALSE(profile.expressible({.read = true, .software = 1}, M1));
}

TEST(Armv7Runs, OnlyTheFrameMayDiffer) {
  const Mmu& mmu = armv7();
  EXPECT_TRUE(mmu.continues(5 * K4 | small, 6 * K4 | small, 0, {}));
  EXPECT_FALSE(mmu.continues(5 * K4 | small, 7 * K4 | small, 0, {}));
  EXPECT_FALSE(mmu.continues(5 * K4 | small, 6 * K4 | small | second::AP0, 0, {}));
  EXPECT_FALSE(mmu.continues(5 * K4 | small | XN_small, 6 * K4 | small, 0, {}));
  EXPECT_TRUE(mmu.continues(5 * M1 | section, 6 * M1 | section, 1, {}));
  EXPECT_FALSE(mmu.continues(5 * M1 | section, 6 * M1 | section | first::nG, 1, {}));
  EXPECT_FALSE(mmu.continues(K64 | large, K64 | large, 0, {}));
  EXPECT_FALSE(mmu.continues(K64 | large, (K64 | large) + K4, 0, {}));
  EXPECT_FALSE(mmu.continues(M16 | supersection, (M16 | supersection) + M1, 1, {}));
}

TEST(Armv7Runs, TheCopiesOfALargePageAndOfASupersectionAreEqual) {
  const Mmu& mmu = armv7();
  EXPECT_TRUE(mmu.repeats(K64 | large, K64 | large, 0, {}));
  EXPECT_FALSE(mmu.repeats(K64 | large, (K64 | large) + K4, 0, {}));
  EXPECT_FALSE(mmu.repeats(K64 | large, K64 | large | second::AP0, 0, {}));
  EXPECT_FALSE(mmu.repeats(K64 | small, K64 | small, 0, {}));
  EXPECT_TRUE(mmu.repeats(M16 | supersection, M16 | supersection, 1, {}));
  EXPECT_FALSE(mmu.repeats(M16 | section, M16 | section, 1, {}));
}

// What spares decoding must never say more than decoding does.
TEST(Armv7Runs, WhatContinuesARunDecodesToTheNextFrame) {
  std::mt19937 random(1);
  unsigned continued = 0;
  for (unsigned round = 0; round < 400000; ++round) {
    const unsigned level = round % 2;
    const std::uint64_t before = random(), span = armv7().span(level);
    Decoded want = decode(before, level);
    if (want.kind != SlotKind::leaf || want.violations != 0)
      continue;
    const std::uint64_t changed = before + span + (random() % 4 == 0 ? bit(random() % 32) : 0);
    const std::uint64_t raw = changed & 0xFFFFFFFF;
    if (!armv7().continues(before, raw, level, {}))
      continue;
    ++continued;
    EXPECT_EQ(want.copies, 1U);
    want.address += span;
    EXPECT_EQ(decode(raw, level), want) << std::hex << before << ' ' << raw;
  }
  EXPECT_GT(continued, 10000U);
}

TEST(Armv7Tables, PassingThroughIsDecoding) {
  std::mt19937 random(2);
  unsigned tables = 0;
  for (unsigned round = 0; round < 100000; ++round) {
    const unsigned level = round % 2;
    const std::uint64_t raw = random();
    const Decoded slot = decode(raw, level);
    const auto below = Armv7().below(raw, level, {});
    ASSERT_EQ(below.has_value(), slot.kind == SlotKind::table) << std::hex << raw;
    if (!below)
      continue;
    ++tables;
    EXPECT_EQ(below->node, slot.address);
    EXPECT_EQ(below->rights, rights_of(slot.attributes));
    EXPECT_EQ(below->global, slot.attributes.global);
  }
  EXPECT_GT(tables, 10000U);
}

} // namespace
} // namespace reference
