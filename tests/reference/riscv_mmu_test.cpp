// The RISC-V decoder and walker over words and tables assembled by hand from the privileged architecture,
// "Supervisor-Level ISA". The physical page number stands in bits 53:10, so a word is the address >> 2.
#include "reference/mmu/contents.hpp"
#include "reference/mmu/riscv.hpp"
#include "tests/reference/arena.hpp"
#include "tests/reference/translation.hpp"

#include <array>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace reference {
namespace {

constexpr std::uint64_t K4 = 0x1000;
constexpr std::uint64_t K64 = 0x10000;
constexpr std::uint64_t M2 = 0x200000;
constexpr std::uint64_t G1 = 0x40000000;
constexpr std::uint64_t G512 = 512 * G1;
constexpr std::uint64_t T256 = 512 * G512;

constexpr std::uint64_t V = 0x1;
constexpr std::uint64_t R = 0x2;
constexpr std::uint64_t W = 0x4;
constexpr std::uint64_t X = 0x8;
constexpr std::uint64_t U = 0x10;
constexpr std::uint64_t G = 0x20;
constexpr std::uint64_t A = 0x40;
constexpr std::uint64_t D = 0x80;
constexpr std::uint64_t N = 0x8000000000000000;

constexpr std::uint64_t bit(std::uint64_t position) { return 1ULL << position; }
constexpr std::uint64_t word(std::uint64_t pa, std::uint64_t low) { return pa >> 2 | low; }
// The word of 64 KiB: N, and 1000 below its frame number.
constexpr std::uint64_t napot(std::uint64_t pa, std::uint64_t low) { return word(pa | 0x8000, low) | N; }

Decoded decode(std::uint64_t raw, unsigned level, unsigned index = 0) {
  return riscv_sv57().decode(raw, level, index, {});
}
std::uint32_t violations(std::uint64_t raw, unsigned level) { return decode(raw, level).violations; }

Decoded page(const Attributes& attributes, const Flags& flags = {}) {
  Decoded slot;
  slot.kind = SlotKind::leaf;
  slot.address = 0x5000;
  slot.bytes = K4;
  slot.attributes = attributes;
  slot.flags = flags;
  return slot;
}

TEST(RiscvDecode, ZeroIsAHoleAndAMarkerIsItsUpperHalf) {
  Decoded hole;
  hole.bytes = M2;
  EXPECT_EQ(decode(0, 1), hole);
  hole.marker = 0xFFFFFFFF;
  EXPECT_EQ(decode(0xFFFFFFFF00000000, 1), hole);
}

TEST(RiscvDecode, AnyOtherInvalidPatternIsAViolation) {
  for (unsigned at = 1; at < 32; ++at)
    EXPECT_EQ(violations(bit(at), 0), violation::hole_pattern) << at;
}

TEST(RiscvDecode, GoldenWords) {
  EXPECT_EQ(decode(0x200800CF, 1).address, 0x80200000U); // where a kernel is loaded: V R W X A D
  EXPECT_EQ(decode(0x20000001, 2).address, 0x80000000U);
  EXPECT_EQ(decode(0x20000001, 2).kind, SlotKind::table);
  EXPECT_EQ(decode(0x80000000200020D7, 0).address, 0x80000000U); // V R W U A D, N
  EXPECT_EQ(decode(0x80000000200020D7, 0).bytes, K64);
}

TEST(RiscvDecode, ATableAsOursWritesIt) {
  Decoded table;
  table.kind = SlotKind::table;
  table.address = 0x00FFFFFFFFFFF000;
  table.attributes = {.read = true, .write = true, .execute = true, .user = true};
  for (unsigned level = 1; level < 5; ++level) {
    table.bytes = riscv_sv57().span(level);
    EXPECT_EQ(decode(0x003FFFFFFFFFFC01, level), table) << level;
  }
}

TEST(RiscvDecode, ATableReservesItsFlagsAndItsUserBit) {
  for (const std::uint64_t reserved : {D, A, U})
    EXPECT_EQ(violations(V | reserved, 1), violation::reserved_bit) << reserved;
}

TEST(RiscvDecode, ATableReservesBits63To54) {
  for (unsigned at = 54; at < 64; ++at)
    EXPECT_EQ(violations(V | bit(at), 1), violation::reserved_bit) << at;
}

TEST(RiscvDecode, ATableWithSoftwareBitsOrGlobalIsLegalButNotOurs) {
  EXPECT_EQ(violations(V | bit(8), 1), violation::table_bits);
  EXPECT_EQ(violations(V | bit(9), 1), violation::table_bits);
  EXPECT_EQ(violations(V | G, 1), violation::table_bits);
  EXPECT_TRUE(decode(V | G, 1).attributes.global);
}

TEST(RiscvDecode, ATableAtLevel0IsIllegal) {
  EXPECT_EQ(violations(word(0x5000, V), 0), violation::bad_level);
}

TEST(RiscvDecode, PageBitsOneByOne) {
  EXPECT_EQ(decode(word(0x5000, V | R), 0), page({.read = true}));
  EXPECT_EQ(decode(word(0x5000, V | X), 0), page({.execute = true}));
  EXPECT_EQ(decode(word(0x5000, V | R | W), 0), page({.read = true, .write = true}));
  EXPECT_EQ(decode(word(0x5000, V | R | U), 0), page({.read = true, .user = true}));
  EXPECT_EQ(decode(word(0x5000, V | R | G), 0), page({.read = true, .global = true}));
  EXPECT_EQ(decode(word(0x5000, V | R | A), 0), page({.read = true}, {true, false}));
  EXPECT_EQ(decode(word(0x5000, V | R | D), 0), page({.read = true}, {false, true}));
  EXPECT_EQ(decode(word(0x5000, V | R | bit(8)), 0), page({.read = true, .software = 1}));
  EXPECT_EQ(decode(word(0x5000, V | R | bit(9)), 0), page({.read = true, .software = 2}));
  EXPECT_EQ(decode(word(0x5000, V | R | bit(61)), 0), page({.read = true, .memory_type = 1}));
  EXPECT_EQ(decode(word(0x5000, V | R | bit(62)), 0), page({.read = true, .memory_type = 2}));
}

TEST(RiscvDecode, EveryLevelHasLeaves) {
  const std::array<std::uint64_t, 5> sizes{K4, M2, G1, G512, T256};
  for (unsigned level = 0; level < 5; ++level) {
    Decoded want = page({.read = true, .write = true, .execute = true});
    want.address = 5 * sizes[level];
    want.bytes = sizes[level];
    EXPECT_EQ(decode(word(5 * sizes[level], V | R | W | X), level), want) << level;
  }
}

TEST(RiscvDecode, AFullWord) {
  Decoded want = page({true, true, true, true, 2, true, 0, 3}, {true, true});
  want.address = 0x00FFFFFFFFFF0000;
  want.bytes = K64;
  want.copies = 16;
  EXPECT_EQ(decode(0xC03FFFFFFFFFE3FF, 0), want);
}

TEST(RiscvDecode, ASuperpageIsAligned) {
  for (unsigned level = 1; level < 5; ++level)
    for (unsigned at = 12; at < 12 + 9 * level; ++at)
      EXPECT_EQ(violations(word(bit(at), V | R), level), violation::misaligned_frame) << level << ' ' << at;
}

TEST(RiscvDecode, WriteWithoutReadIsReserved) {
  for (unsigned level = 0; level < 5; ++level) {
    EXPECT_EQ(violations(V | W, level), violation::reserved_bit);
    EXPECT_EQ(violations(V | W | X, level), violation::reserved_bit);
    EXPECT_NE(decode(V | W, level).kind, SlotKind::hole);
  }
}

TEST(RiscvDecode, Bits60To54OfALeafAreReserved) {
  for (unsigned level = 0; level < 5; ++level)
    for (unsigned at = 54; at < 61; ++at)
      EXPECT_EQ(violations(V | R | bit(at), level), violation::reserved_bit) << at;
}

TEST(RiscvDecode, MemoryType3IsReserved) {
  for (unsigned level = 0; level < 5; ++level) {
    EXPECT_EQ(violations(V | R | bit(61) | bit(62), level), violation::reserved_bit);
    EXPECT_EQ(violations(V | R | bit(61), level), 0U);
    EXPECT_EQ(violations(V | R | bit(62), level), 0U);
  }
}

TEST(RiscvDecode, TheOnlyNapotEncodingIsThatOf64K) {
  for (std::uint64_t low = 0; low < 16; ++low)
    EXPECT_EQ(violations(N | low << 10 | V | R, 0), low == 8 ? 0U : violation::reserved_bit) << low;
}

TEST(RiscvDecode, NapotIsReservedAboveLevel0) {
  for (unsigned level = 1; level < 5; ++level) {
    EXPECT_EQ(violations(N | V | R, level), violation::reserved_bit);
    EXPECT_TRUE((violations(napot(0, V | R), level) & violation::reserved_bit) != 0);
  }
}

TEST(RiscvDecode, ACopyOfANapotPageIsThePageWhereverItStands) {
  Decoded want = page({.read = true, .write = true});
  want.address = 7 * K64;
  want.bytes = K64;
  want.copies = 16;
  for (unsigned index = 0; index < 512; ++index)
    EXPECT_EQ(decode(napot(7 * K64, V | R | W), 0, index), want) << index;
}

TEST(RiscvDecode, CopiesMayDifferInTheirFlagsOnly) {
  const Decoded first = decode(napot(K64, V | R), 0, 0);
  EXPECT_TRUE(same_leaf(first, decode(napot(K64, V | R | A | D), 0, 1)));
  EXPECT_FALSE(same_leaf(first, decode(napot(K64, V | R | U), 0, 1)));
  EXPECT_FALSE(same_leaf(first, decode(napot(K64, V | R | bit(8)), 0, 1)));
  EXPECT_FALSE(same_leaf(first, decode(napot(2 * K64, V | R), 0, 1)));
  EXPECT_FALSE(same_leaf(first, decode(word(K64, V | R), 0, 1)));
}

TEST(RiscvDecode, ThePhysicalWidthIsAlwaysThatOfThePpn) {
  for (const unsigned level : {0U, 1U})
    EXPECT_EQ(riscv_sv39().decode(word(bit(55), V | R), level, 0, {.pa_bits = 32}).violations, 0U);
  EXPECT_TRUE(Riscv(3).below(word(bit(55), V), 1, {.pa_bits = 32}).has_value());
}

TEST(RiscvProfile, IsWhatTheManualSays) {
  const std::vector<std::uint64_t> sizes{K4, K64, M2, G1, G512, T256};
  const Mmu* const mmus[] = {&riscv_sv39(), &riscv_sv48(), &riscv_sv57()};
  for (unsigned levels = 3; levels <= 5; ++levels) {
    const Mmu& mmu = *mmus[levels - 3];
    const Profile& profile = mmu.profile();
    EXPECT_EQ(mmu.levels(), levels);
    EXPECT_EQ(std::vector(profile.sizes.begin(), profile.sizes.end()),
              std::vector(sizes.begin(), sizes.begin() + levels + 1));
    EXPECT_EQ(profile.va_bits, 12 + 9 * levels);
    EXPECT_TRUE(profile.sign_extended);
    EXPECT_EQ(profile.pa_bits, 56U);
    EXPECT_EQ(profile.marker_bits, 32U);
    EXPECT_EQ(mmu.node_bytes(levels - 1), K4);
  }
  EXPECT_STREQ(riscv_sv39().profile().name, "riscv_sv39");
  EXPECT_STREQ(riscv_sv48().profile().name, "riscv_sv48");
  EXPECT_STREQ(riscv_sv57().profile().name, "riscv_sv57");
}

TEST(RiscvProfile, RightsNeedReadOrExecuteAndWritesNeedRead) {
  const Profile& profile = riscv_sv39().profile();
  for (unsigned set = 0; set < 8; ++set)
    for (const bool user : {false, true}) {
      const Rights rights{(set & 1) != 0, (set & 2) != 0, (set & 4) != 0, user};
      const bool legal = set == 1 || set == 3 || set == 4 || set == 5 || set == 7;
      EXPECT_EQ(profile.expressible_rights(rights), legal) << set;
      EXPECT_EQ(profile.expressible(with_rights({}, rights), K64), legal) << set;
    }
}

TEST(RiscvProfile, ThereAreThreeMemoryTypesNoKeysAndTwoSoftwareBits) {
  const Profile& profile = riscv_sv39().profile();
  EXPECT_TRUE(profile.expressible({.read = true, .memory_type = 2, .global = true, .software = 3}, K4));
  EXPECT_FALSE(profile.expressible({.read = true, .memory_type = 3}, K4));
  EXPECT_FALSE(profile.expressible({.read = true, .key = 1}, K4));
  EXPECT_FALSE(profile.expressible({.read = true, .software = 4}, K4));
}

TEST(RiscvRuns, OnlyTheFrameMayDiffer) {
  const Mmu& mmu = riscv_sv57();
  for (unsigned level = 0; level < 5; ++level) {
    const std::uint64_t size = mmu.span(level);
    EXPECT_TRUE(mmu.continues(word(5 * size, V | R), word(6 * size, V | R), level, {})) << level;
    EXPECT_FALSE(mmu.continues(word(5 * size, V | R), word(7 * size, V | R), level, {}));
    EXPECT_FALSE(mmu.continues(word(5 * size, V | R), word(6 * size, V | R | A), level, {}));
    EXPECT_FALSE(mmu.continues(word(bit(56) - size, V | R), word(bit(56), V | R), level, {}));
  }
  EXPECT_FALSE(mmu.continues(napot(K64, V | R), napot(K64, V | R), 0, {}));
  EXPECT_FALSE(mmu.continues(napot(K64, V | R), napot(K64, V | R) + (K4 >> 2), 0, {}));
}

TEST(RiscvRuns, TheCopiesOfANapotPageAreEqual) {
  for (const Mmu* each : {&riscv_sv39(), &riscv_sv39x4()}) {
    const std::uint64_t page = napot(K64, V | R | U);
    EXPECT_TRUE(each->repeats(page, page, 0, {}));
    EXPECT_FALSE(each->repeats(page, page | A, 0, {}));
    EXPECT_FALSE(each->repeats(page, napot(2 * K64, V | R | U), 0, {}));
    EXPECT_FALSE(each->repeats(word(K64, V | R | U), word(K64, V | R | U), 0, {}));
  }
}

std::uint64_t random_word(std::mt19937_64& random) {
  const std::uint64_t high = random() % 2 == 0 ? 0 : bit(54 + random() % 10);
  const std::uint64_t frame = random() % 2 == 0 ? random() : random() & ~(bit(10 + random() % 40) - 1);
  return (frame & 0x003FFFFFFFFFFC00) | high | (random() & 0x3FF) | (random() % 8 == 0 ? 0 : V);
}

// What spares decoding must never say more than decoding does.
TEST(RiscvRuns, WhatContinuesARunDecodesToTheNextFrame) {
  std::mt19937_64 random(1);
  unsigned continued = 0;
  for (unsigned round = 0; round < 200000; ++round) {
    const unsigned level = round % 5;
    const std::uint64_t before = random_word(random), span = riscv_sv57().span(level);
    Decoded want = decode(before, level);
    if (want.kind != SlotKind::leaf || want.violations != 0 || want.copies != 1)
      continue;
    const std::uint64_t raw = before + (span >> 2) + (random() % 4 == 0 ? bit(random() % 64) : 0);
    if (!riscv_sv57().continues(before, raw, level, {}))
      continue;
    ++continued;
    want.address += span;
    EXPECT_EQ(decode(raw, level), want) << std::hex << before << ' ' << raw;
  }
  EXPECT_GT(continued, 10000U);
}

TEST(RiscvTables, PassingThroughIsDecoding) {
  std::mt19937_64 random(2);
  unsigned tables = 0;
  for (unsigned round = 0; round < 200000; ++round) {
    const unsigned level = round % 5;
    const std::uint64_t raw = random() % 2 == 0 ? random_word(random) : random_word(random) & ~(R | W | X);
    const Decoded slot = decode(raw, level);
    const bool led = slot.kind == SlotKind::table && (slot.violations & violation::faulting) == 0;
    const auto below = Riscv(5).below(raw, level, {});
    ASSERT_EQ(below.has_value(), led) << std::hex << raw;
    if (!below)
      continue;
    ++tables;
    EXPECT_EQ(below->node, slot.address);
    EXPECT_EQ(below->rights, rights_of(slot.attributes));
    EXPECT_EQ(below->global, slot.attributes.global);
  }
  EXPECT_GT(tables, 1000U);
}

// One path of tables at va: indexes 1, 2, 4 from the root down; page 4 lies in the NAPOT region of slots 0
// to 15.
constexpr std::uint64_t base = 0x100000000;
constexpr std::uint64_t va = (1ULL << 30) | (2ULL << 21) | (4ULL << 12) | 0x123;

constexpr Access user_read{AccessKind::read, true};
constexpr Access user_write{AccessKind::write, true};
constexpr Access user_fetch{AccessKind::execute, true};
constexpr Access kernel_read{AccessKind::read, false};
constexpr Access kernel_write{AccessKind::write, false};
constexpr Access kernel_fetch{AccessKind::execute, false};

class RiscvWalk : public ::testing::Test {
 protected:
  RiscvWalk() {
    arena_.put(root_, word(base + 0x1000, V));
    arena_.put(middle_, word(base + 0x2000, V));
  }

  void page(std::uint64_t raw) { arena_.put(pte_, raw); }
  void region(std::uint64_t raw) {
    for (unsigned copy = 0; copy < 16; ++copy)
      arena_.put(base + 0x2000 + copy * 8ULL, raw);
  }
  [[nodiscard]] Walk walk(const Access& access, const Mode& mode = {}, const Mmu& mmu = riscv_sv39()) const {
    return mmu.walk(arena_.memory(), base, va, access, mode);
  }
  [[nodiscard]] Walk access(const Access& access, const Mode& mode = {}, std::uint64_t at = va) {
    return riscv_sv39().access(arena_.memory(), base, at, access, mode);
  }
  [[nodiscard]] std::optional<Translation> translate(std::uint64_t at = va) const {
    return riscv_sv39().translate(arena_.memory(), base, at, {});
  }
  void expect(const Access& access, const Mode& mode, Outcome outcome) const {
    const Walk done = walk(access, mode);
    EXPECT_STREQ(to_text(done.outcome), to_text(outcome));
    EXPECT_EQ(done.error_code, 0U);
  }
  // A page fault for whoever asks, and no translation.
  void expect_fault(Outcome outcome, unsigned level) const {
    for (const Access& each : {user_read, user_write, user_fetch, kernel_read, kernel_write, kernel_fetch}) {
      expect(each, {}, outcome);
      EXPECT_EQ(walk(each).level, level);
    }
    EXPECT_EQ(translate(), std::nullopt);
  }

  Arena arena_{base, 0x6000};
  static constexpr std::uint64_t root_ = base + 8, middle_ = base + 0x1010, pte_ = base + 0x2020;
};

TEST_F(RiscvWalk, ReadsEveryDescriptorFromTheRootDown) {
  page(word(0x77000, V | R | X | U));
  const Walk done = walk(user_read);
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 3U);
  EXPECT_EQ(done.steps, (std::array<Step, 5>{Step{2, root_, word(base + 0x1000, V)},
                                             {1, middle_, word(base + 0x2000, V)},
                                             {0, pte_, word(0x77000, V | R | X | U)},
                                             {},
                                             {}}));
  EXPECT_EQ(done.leaf_address, pte_);
  EXPECT_EQ(done.translation, (Translation{0x77123, K4, {.read = true, .execute = true, .user = true}, {}}));
  EXPECT_EQ(translate(), done.translation);
}

TEST_F(RiscvWalk, SuperpagesEndTheWalkEarly) {
  arena_.put(middle_, word(3 * M2, V | R));
  EXPECT_EQ(translate(), (Translation{3 * M2 + 0x4123, M2, {.read = true}, {}}));
  arena_.put(root_, word(5 * G1, V | R));
  EXPECT_EQ(translate(), (Translation{5 * G1 + 2 * M2 + 0x4123, G1, {.read = true}, {}}));
}

TEST_F(RiscvWalk, ANapotPageIs64KFromEachOfItsSlots) {
  region(napot(7 * K64, V | R));
  for (std::uint64_t slot = 0; slot < 16; ++slot)
    EXPECT_EQ(translate(va - 4 * K4 + slot * K4),
              (Translation{7 * K64 + slot * K4 + 0x123, K64, {.read = true}, {}}))
        << slot;
  EXPECT_EQ(translate(va + 12 * K4), std::nullopt);
}

TEST_F(RiscvWalk, AHoleFaultsWhereItIs) {
  expect_fault(Outcome::not_present, 0);
  page(bit(40));
  expect_fault(Outcome::not_present, 0);
  arena_.put(middle_, 0);
  expect_fault(Outcome::not_present, 1);
}

TEST_F(RiscvWalk, ReservedBitsOfALeafFault) {
  page(word(0x77000, V | R | W | X | U | bit(54)));
  expect_fault(Outcome::reserved, 0);
}

TEST_F(RiscvWalk, MemoryType3Faults) {
  page(word(0x77000, V | R | W | X | U | bit(61) | bit(62)));
  expect_fault(Outcome::reserved, 0);
}

TEST_F(RiscvWalk, WriteWithoutReadFaults) {
  page(word(0x77000, V | W | X | U));
  expect_fault(Outcome::reserved, 0);
  arena_.put(middle_, word(base + 0x2000, V | W));
  expect_fault(Outcome::reserved, 1);
}

TEST_F(RiscvWalk, AMisalignedSuperpageFaults) {
  arena_.put(middle_, word(M2 + K4, V | R | W | X | U));
  expect_fault(Outcome::reserved, 1);
  arena_.put(root_, word(G1 + M2, V | R | W | X | U));
  expect_fault(Outcome::reserved, 2);
}

TEST_F(RiscvWalk, AReservedNapotEncodingFaults) {
  page(word(0x70000 | 0x4000, V | R | W | X | U) | N);
  expect_fault(Outcome::reserved, 0);
  arena_.put(middle_, word(3 * M2, V | R | W | X | U) | N);
  expect_fault(Outcome::reserved, 1);
}

TEST_F(RiscvWalk, ReservedBitsOfATableFault) {
  page(word(0x77000, V | R | W | X | U));
  for (const std::uint64_t reserved : {D, A, U, bit(54), bit(60), bit(61), bit(62), N}) {
    arena_.put(middle_, word(base + 0x2000, V | reserved));
    expect_fault(Outcome::reserved, 1);
  }
}

TEST_F(RiscvWalk, ATableAtTheLastLevelFaults) {
  page(word(base + 0x3000, V));
  expect_fault(Outcome::reserved, 0);
}

TEST_F(RiscvWalk, SoftwareBitsOfATableAreIgnored) {
  page(word(0x77000, V | R));
  arena_.put(middle_, word(base + 0x2000, V | bit(8) | bit(9)));
  EXPECT_EQ(translate(), (Translation{0x77123, K4, {.read = true}, {}}));
}

TEST_F(RiscvWalk, AGlobalTableMakesEverythingBelowGlobal) {
  page(word(0x77000, V | R));
  const Translation global{0x77123, K4, {.read = true, .global = true}, {}};
  for (const std::uint64_t table : {root_, middle_}) {
    const std::uint64_t before = arena_.at(table);
    arena_.put(table, before | G);
    EXPECT_EQ(translate(), global);
    EXPECT_EQ(walk(kernel_read).translation, global);
    Contents found;
    read_contents(arena_.memory(), base, riscv_sv39(), {}, found);
    ASSERT_EQ(found.leaves.size(), 1U);
    EXPECT_TRUE(found.leaves[0].attributes.global);
    arena_.put(table, before);
  }
  EXPECT_EQ(translate(), (Translation{0x77123, K4, {.read = true}, {}}));
}

TEST_F(RiscvWalk, EachAccessNeedsItsRight) {
  page(word(0x77000, V | R));
  expect(kernel_read, {}, Outcome::ok);
  expect(kernel_write, {}, Outcome::protection);
  expect(kernel_fetch, {}, Outcome::protection);
  page(word(0x77000, V | R | W));
  expect(kernel_write, {}, Outcome::ok);
  page(word(0x77000, V | X));
  expect(kernel_read, {}, Outcome::protection);
  expect(kernel_write, {}, Outcome::protection);
  expect(kernel_fetch, {}, Outcome::ok);
}

TEST_F(RiscvWalk, AUserNeedsUserPages) {
  page(word(0x77000, V | R | W | X));
  for (const Access& each : {user_read, user_write, user_fetch})
    for (const bool sum : {false, true})
      expect(each, {.sum = sum, .mxr = true}, Outcome::protection);
  page(word(0x77000, V | R | W | X | U));
  for (const Access& each : {user_read, user_write, user_fetch})
    for (const bool sum : {false, true})
      expect(each, {.sum = sum}, Outcome::ok);
}

TEST_F(RiscvWalk, SumLetsTheSupervisorReachUserDataButNeverUserCode) {
  page(word(0x77000, V | R | W | X | U));
  expect(kernel_read, {.sum = true}, Outcome::ok);
  expect(kernel_write, {.sum = true}, Outcome::ok);
  expect(kernel_fetch, {.sum = true}, Outcome::protection);
  expect(kernel_read, {.sum = false}, Outcome::protection);
  expect(kernel_write, {.sum = false}, Outcome::protection);
  expect(kernel_fetch, {.sum = false}, Outcome::protection);
}

TEST_F(RiscvWalk, SumDoesNotBindSupervisorPages) {
  page(word(0x77000, V | R | W | X));
  for (const Access& each : {kernel_read, kernel_write, kernel_fetch})
    expect(each, {.sum = false}, Outcome::ok);
}

TEST_F(RiscvWalk, MxrLetsLoadsUseExecute) {
  page(word(0x77000, V | X | U));
  for (const Access& each : {user_read, kernel_read}) {
    expect(each, {.mxr = true}, Outcome::ok);
    expect(each, {.mxr = false}, Outcome::protection);
  }
  expect(user_write, {.mxr = true}, Outcome::protection);
  expect(kernel_read, {.sum = false, .mxr = true}, Outcome::protection);
}

// The machines of fuzz/ ask the profile what the walker answers in the default mode.
TEST_F(RiscvWalk, TheProfilePermitsWhatTheWalkerDoes) {
  for (std::uint64_t low = 0; low < 16; ++low) {
    const std::uint64_t raw = word(0x77000, V | low << 1);
    if ((raw & (R | X)) == 0 || (raw & (R | W)) == W)
      continue;
    page(raw);
    for (const Access& each : {user_read, user_write, user_fetch, kernel_read, kernel_write, kernel_fetch}) {
      const Walk done = walk(each);
      EXPECT_EQ(done.outcome == Outcome::ok,
                riscv_sv39().profile().permits(done.translation.attributes, each))
          << low;
    }
  }
}

TEST_F(RiscvWalk, AnAccessSetsFlagsInTheLeafAndNeverInTables) {
  page(word(0x77000, V | R | W));
  const auto untouched = arena_.bytes();
  EXPECT_EQ(walk(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(arena_.bytes(), untouched);
  EXPECT_EQ(access(kernel_read).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(pte_), word(0x77000, V | R | W | A));
  EXPECT_EQ(access(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(pte_), word(0x77000, V | R | W | A | D));
  EXPECT_EQ(arena_.at(root_), word(base + 0x1000, V));
  EXPECT_EQ(arena_.at(middle_), word(base + 0x2000, V));
}

TEST_F(RiscvWalk, AnAccessSetsFlagsInASuperpage) {
  arena_.put(middle_, word(3 * M2, V | R | W));
  EXPECT_EQ(access(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(middle_), word(3 * M2, V | R | W | A | D));
}

TEST_F(RiscvWalk, AFaultingAccessLeavesMemoryAlone) {
  page(word(0x77000, V | R));
  const auto before = arena_.bytes();
  EXPECT_EQ(access(kernel_write).outcome, Outcome::protection);
  EXPECT_EQ(arena_.bytes(), before);
}

TEST_F(RiscvWalk, ANapotPageKeepsFlagsInTheCopyThatWasWalkedAndTranslateOrsThem) {
  const std::uint64_t raw = napot(7 * K64, V | R | W);
  region(raw);
  EXPECT_EQ(access(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(access(kernel_read, {}, va + K4).outcome, Outcome::ok);
  for (std::uint64_t slot = 0; slot < 16; ++slot)
    EXPECT_EQ(arena_.at(base + 0x2000 + slot * 8), raw | (slot == 4 ? A | D : slot == 5 ? A : 0)) << slot;
  EXPECT_EQ(translate(va + 9 * K4)->flags, (Flags{true, true}));
}

TEST_F(RiscvWalk, WithoutAdueAClearAccessedFlagFaults) {
  page(word(0x77000, V | R | W | X | D));
  for (const Access& each : {kernel_read, kernel_write, kernel_fetch})
    expect(each, {.adue = false}, Outcome::protection);
  const auto before = arena_.bytes();
  EXPECT_EQ(access(kernel_read, {.adue = false}).outcome, Outcome::protection);
  EXPECT_EQ(arena_.bytes(), before);
}

TEST_F(RiscvWalk, WithoutAdueAClearDirtyFlagFaultsOnAWrite) {
  page(word(0x77000, V | R | W | X | A));
  expect(kernel_read, {.adue = false}, Outcome::ok);
  expect(kernel_fetch, {.adue = false}, Outcome::ok);
  expect(kernel_write, {.adue = false}, Outcome::protection);
  page(word(0x77000, V | R | W | X | A | D));
  expect(kernel_write, {.adue = false}, Outcome::ok);
}

TEST_F(RiscvWalk, WithoutAdueTheCopyThatWasWalkedIsAsked) {
  region(napot(7 * K64, V | R));
  page(napot(7 * K64, V | R | A));
  EXPECT_EQ(access(kernel_read, {.adue = false}).outcome, Outcome::ok);
  EXPECT_EQ(access(kernel_read, {.adue = false}, va + K4).outcome, Outcome::protection);
}

TEST_F(RiscvWalk, ContentsShowANapotPageOnceWithTheFlagsOfAllCopies) {
  region(napot(7 * K64, V | R));
  page(napot(7 * K64, V | R | D));
  arena_.put(base + 0x2000 + 16 * 8ULL, word(0x99000, V | R));
  Contents found;
  read_contents(arena_.memory(), base, riscv_sv39(), {}, found);
  EXPECT_EQ(found.broken, nullptr);
  EXPECT_EQ(found.nodes, 3U);
  const std::uint64_t first = va & ~(K64 - 1);
  EXPECT_EQ(found.leaves, (std::vector<LeafRun>{{first, K64, 7 * K64, K64, {.read = true}, {false, true}},
                                                {first + K64, K4, 0x99000, K4, {.read = true}, {}}}));
}

TEST_F(RiscvWalk, AddressesThatAreNotSignExtendedNeverReachATable) {
  page(word(0x77000, V | R));
  const std::array<const Mmu*, 3> mmus{&riscv_sv39(), &riscv_sv48(), &riscv_sv57()};
  for (const Mmu* mmu : mmus)
    for (unsigned at = mmu->profile().va_bits - 1; at < 64; ++at) {
      const Walk done = mmu->walk(arena_.memory(), base, va ^ bit(at), kernel_read, {});
      EXPECT_EQ(done.outcome, Outcome::non_canonical) << at;
      EXPECT_EQ(done.steps_taken, 0U);
      EXPECT_EQ(mmu->translate(arena_.memory(), base, va ^ bit(at), {}), std::nullopt) << at;
    }
}

TEST_F(RiscvWalk, TheTopOfTheSpaceIsTheLastSlotOfTheRoot) {
  arena_.put(base + 511 * 8ULL, word(7 * G1, V | R));
  EXPECT_EQ(pa_of(translate(~0ULL)), 8 * G1 - 1);
}

TEST_F(RiscvWalk, ANodeOutsideTheMemoryIsNotRead) {
  arena_.put(middle_, word(base + 0x6000, V));
  EXPECT_EQ(walk(kernel_read).outcome, Outcome::outside_memory);
  EXPECT_EQ(translate(), std::nullopt);
}

// Sv48 and Sv57 put a node each above the others; slot 3 of either, so that bits 40:39 and 49:48 are taken.
TEST_F(RiscvWalk, Sv48AndSv57WalkFourAndFiveLevels) {
  page(word(0x77000, V | R));
  arena_.put(base + 0x3000 + 3 * 8ULL, word(base, V));
  arena_.put(base + 0x4000 + 3 * 8ULL, word(base + 0x3000, V));
  const std::uint64_t high4 = va | 3ULL << 39, high5 = high4 | 3ULL << 48;
  const Walk four = riscv_sv48().walk(arena_.memory(), base + 0x3000, high4, kernel_read, {});
  EXPECT_EQ(four.outcome, Outcome::ok);
  EXPECT_EQ(four.steps_taken, 4U);
  EXPECT_EQ(four.translation.pa, 0x77123U);
  const Walk five = riscv_sv57().walk(arena_.memory(), base + 0x4000, high5, kernel_read, {});
  EXPECT_EQ(five.outcome, Outcome::ok);
  EXPECT_EQ(five.steps_taken, 5U);
  EXPECT_EQ(five.translation.pa, 0x77123U);
  EXPECT_EQ(riscv_sv57().walk(arena_.memory(), base + 0x4000, high4, kernel_read, {}).level, 4U);
}

TEST_F(RiscvWalk, RootsOfSv48AndSv57MayBeLeaves) {
  arena_.put(root_, word(5 * G512, V | R));
  EXPECT_EQ(riscv_sv48().translate(arena_.memory(), base, G512 + 0x1234, {}),
            (Translation{5 * G512 + 0x1234, G512, {.read = true}, {}}));
  arena_.put(root_, word(5 * T256, V | R));
  EXPECT_EQ(riscv_sv57().translate(arena_.memory(), base, T256 + 0x1234, {}),
            (Translation{5 * T256 + 0x1234, T256, {.read = true}, {}}));
}

} // namespace
} // namespace reference
