// The G-stage decoder and walker over words and tables assembled by hand from the RISC-V privileged
// architecture, "Guest Physical Address Translation". Words are those of riscv_mmu_test.cpp; here is what the
// second stage changes: a root of 2048 words, guest physical addresses, every access a user's, G ignored.
#include "reference/mmu/contents.hpp"
#include "reference/mmu/riscv_g.hpp"
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
constexpr std::uint64_t napot(std::uint64_t pa, std::uint64_t low) { return word(pa | 0x8000, low) | N; }

const Attributes all_rights{.read = true, .write = true, .execute = true};

Decoded decode(std::uint64_t raw, unsigned level, unsigned index = 0) {
  return riscv_sv48x4().decode(raw, level, index, {});
}
std::uint32_t violations(std::uint64_t raw, unsigned level) { return decode(raw, level).violations; }

Decoded leaf(std::uint64_t address, std::uint64_t bytes, const Attributes& attributes,
             const Flags& flags = {}) {
  Decoded slot;
  slot.kind = SlotKind::leaf;
  slot.address = address;
  slot.bytes = bytes;
  slot.attributes = attributes;
  slot.flags = flags;
  return slot;
}

TEST(RiscvGDecode, GoldenWords) {
  EXPECT_EQ(decode(0x200000DF, 1), leaf(0x80000000, M2, all_rights, {true, true})); // V R W X U A D
  EXPECT_EQ(decode(0x20000413, 0), leaf(0x80001000, K4, {.read = true}));
  EXPECT_EQ(decode(0x2000041B, 0), leaf(0x80001000, K4, {.read = true, .execute = true}));
  EXPECT_EQ(decode(0x20000419, 0), leaf(0x80001000, K4, {.execute = true}));
  EXPECT_EQ(decode(0x4000000020000713, 0), // PBMT 2, RSW 3
            leaf(0x80001000, K4, {.read = true, .memory_type = 2, .software = 3}));
  EXPECT_EQ(decode(0x20000001, 2).kind, SlotKind::table);
  EXPECT_EQ(decode(0x20000001, 2).address, 0x80000000U);
}

TEST(RiscvGDecode, HolesAndMarkersAreThoseOfTheFirstStage) {
  Decoded hole;
  hole.bytes = G1;
  EXPECT_EQ(decode(0, 2), hole);
  hole.marker = 0x80000001;
  EXPECT_EQ(decode(0x8000000100000000, 2), hole);
  for (unsigned at = 1; at < 32; ++at)
    EXPECT_EQ(violations(bit(at), 0), violation::hole_pattern) << at;
}

TEST(RiscvGDecode, GlobalIsIgnoredInALeafAndNotOurs) {
  Decoded want = leaf(0x5000, K4, {.read = true});
  want.violations = violation::leaf_bits;
  EXPECT_EQ(decode(word(0x5000, V | R | U | G), 0), want);
}

TEST(RiscvGDecode, GlobalIsIgnoredInATableAndNotOurs) {
  EXPECT_EQ(violations(V | G, 1), violation::table_bits);
  EXPECT_FALSE(decode(V | G, 1).attributes.global);
  const auto below = RiscvG(3).below(word(0x5000, V | G), 1, {});
  ASSERT_TRUE(below.has_value());
  EXPECT_EQ(below->node, 0x5000U);
  EXPECT_FALSE(below->global);
}

TEST(RiscvGDecode, ALeafWithoutUserAllowsNobodyAnything) {
  for (unsigned level = 0; level < 4; ++level) {
    Decoded want = leaf(0, riscv_sv48x4().span(level), {});
    want.violations = violation::no_rights;
    EXPECT_EQ(decode(V | R | W | X, level), want) << level;
  }
}

TEST(RiscvGDecode, ReservedEncodingsAreThoseOfTheFirstStage) {
  EXPECT_EQ(violations(V | W | U, 0), violation::reserved_bit);
  EXPECT_EQ(violations(V | R | U | bit(61) | bit(62), 0), violation::reserved_bit);
  for (unsigned at = 54; at < 61; ++at)
    EXPECT_EQ(violations(V | R | U | bit(at), 0), violation::reserved_bit) << at;
  for (const std::uint64_t each : {D, A, U, bit(54), bit(60), bit(61), bit(62), N})
    EXPECT_EQ(violations(V | each, 1), violation::reserved_bit) << each;
  EXPECT_EQ(violations(V, 0), violation::bad_level);
}

TEST(RiscvGDecode, SuperpagesAreAligned) {
  for (unsigned level = 1; level < 4; ++level)
    for (unsigned at = 12; at < 12 + 9 * level; ++at)
      EXPECT_EQ(violations(word(bit(at), V | R | U), level), violation::misaligned_frame)
          << level << ' ' << at;
}

TEST(RiscvGDecode, ANapotPageHas16Copies) {
  Decoded want = leaf(7 * K64, K64, {.read = true});
  want.copies = 16;
  for (unsigned index = 0; index < 512; ++index)
    EXPECT_EQ(decode(napot(7 * K64, V | R | U), 0, index), want) << index;
}

TEST(RiscvGProfile, HasTwoMoreBitsThanTheFirstStage) {
  const std::vector<std::uint64_t> sizes{K4, K64, M2, G1, G512, T256};
  const Mmu* const mmus[] = {&riscv_sv39x4(), &riscv_sv48x4(), &riscv_sv57x4()};
  for (unsigned levels = 3; levels <= 5; ++levels) {
    const Mmu& mmu = *mmus[levels - 3];
    const Profile& profile = mmu.profile();
    EXPECT_EQ(mmu.levels(), levels);
    EXPECT_EQ(std::vector(profile.sizes.begin(), profile.sizes.end()),
              std::vector(sizes.begin(), sizes.begin() + levels + 1));
    EXPECT_EQ(profile.va_bits, levels == 3 ? 41U : (levels == 4 ? 50U : 59U));
    EXPECT_FALSE(profile.sign_extended);
    EXPECT_EQ(profile.pa_bits, 56U);
    EXPECT_EQ(profile.marker_bits, 32U);
    for (unsigned level = 0; level < levels; ++level) {
      EXPECT_EQ(mmu.entries(level), level == levels - 1 ? 2048U : 512U);
      EXPECT_EQ(mmu.node_bytes(level), level == levels - 1 ? 4 * K4 : K4);
    }
  }
  EXPECT_STREQ(riscv_sv39x4().profile().name, "riscv_sv39x4");
  EXPECT_STREQ(riscv_sv48x4().profile().name, "riscv_sv48x4");
  EXPECT_STREQ(riscv_sv57x4().profile().name, "riscv_sv57x4");
}

TEST(RiscvGProfile, NobodyAsksForUserAndNothingIsGlobal) {
  const Profile& profile = riscv_sv39x4().profile();
  for (unsigned set = 0; set < 8; ++set)
    for (const bool user : {false, true}) {
      const Rights rights{(set & 1) != 0, (set & 2) != 0, (set & 4) != 0, user};
      const bool legal = !user && (set == 1 || set == 3 || set == 4 || set == 5 || set == 7);
      EXPECT_EQ(profile.expressible_rights(rights), legal) << set;
      EXPECT_EQ(profile.expressible(with_rights({}, rights), K64), legal) << set;
    }
  EXPECT_FALSE(profile.expressible({.read = true, .global = true}, K4));
  EXPECT_TRUE(profile.expressible({.read = true, .memory_type = 2, .software = 3}, K4));
  EXPECT_FALSE(profile.expressible({.read = true, .memory_type = 3}, K4));
  EXPECT_FALSE(profile.expressible({.read = true, .key = 1}, K4));
  EXPECT_FALSE(profile.expressible({.read = true, .software = 4}, K4));
}

TEST(RiscvGRuns, OnlyTheFrameMayDiffer) {
  const Mmu& mmu = riscv_sv48x4();
  for (unsigned level = 0; level < 4; ++level) {
    const std::uint64_t size = mmu.span(level);
    EXPECT_TRUE(mmu.continues(word(5 * size, V | R | U), word(6 * size, V | R | U), level, {})) << level;
    EXPECT_FALSE(mmu.continues(word(5 * size, V | R | U), word(7 * size, V | R | U), level, {}));
    EXPECT_FALSE(mmu.continues(word(5 * size, V | R | U), word(6 * size, V | R | U | G), level, {}));
  }
  EXPECT_FALSE(mmu.continues(napot(K64, V | R | U), napot(K64, V | R | U), 0, {}));
}

TEST(RiscvGTables, PassingThroughIsDecoding) {
  std::mt19937_64 random(3);
  unsigned tables = 0;
  for (unsigned round = 0; round < 200000; ++round) {
    const unsigned level = round % 4;
    const std::uint64_t high = random() % 2 == 0 ? 0 : bit(54 + random() % 10);
    const std::uint64_t low = random() % 2 == 0 ? random() & 0x3FF : random() & (V | G | bit(8));
    const std::uint64_t raw = (random() & 0x003FFFFFFFFFFC00) | high | low;
    const Decoded slot = decode(raw, level);
    const bool led = slot.kind == SlotKind::table && (slot.violations & violation::faulting) == 0;
    const auto below = RiscvG(4).below(raw, level, {});
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

// One path of tables at gpa: slot 1025 of a root of 16 KiB, so that bit 40 is taken; then slots 2 and 4.
constexpr std::uint64_t base = 0x100000000;
constexpr std::uint64_t gpa = (1025ULL << 30) | (2ULL << 21) | (4ULL << 12) | 0x123;
constexpr std::uint64_t root_end = base + 0x4000;

constexpr Access user_read{AccessKind::read, true};
constexpr Access user_write{AccessKind::write, true};
constexpr Access user_fetch{AccessKind::execute, true};
constexpr Access kernel_read{AccessKind::read, false};
constexpr Access kernel_write{AccessKind::write, false};
constexpr Access kernel_fetch{AccessKind::execute, false};
constexpr std::array everyone{user_read, user_write, user_fetch, kernel_read, kernel_write, kernel_fetch};

class RiscvGWalk : public ::testing::Test {
 protected:
  RiscvGWalk() {
    arena_.put(root_slot_, word(root_end, V));
    arena_.put(middle_, word(root_end + 0x1000, V));
  }

  void page(std::uint64_t raw) { arena_.put(pte_, raw); }
  void region(std::uint64_t raw) {
    for (unsigned copy = 0; copy < 16; ++copy)
      arena_.put(root_end + 0x1000 + copy * 8ULL, raw);
  }
  [[nodiscard]] Walk walk(const Access& access, const Mode& mode = {}) const {
    return riscv_sv39x4().walk(arena_.memory(), base, gpa, access, mode);
  }
  [[nodiscard]] Walk access(const Access& access, const Mode& mode = {}, std::uint64_t at = gpa) {
    return riscv_sv39x4().access(arena_.memory(), base, at, access, mode);
  }
  [[nodiscard]] std::optional<Translation> translate(std::uint64_t at = gpa) const {
    return riscv_sv39x4().translate(arena_.memory(), base, at, {});
  }
  void expect(const Access& access, const Mode& mode, Outcome outcome) const {
    const Walk done = walk(access, mode);
    EXPECT_STREQ(to_text(done.outcome), to_text(outcome));
    EXPECT_EQ(done.error_code, 0U);
  }
  // A guest-page fault for whoever asks, and no translation.
  void expect_fault(Outcome outcome, unsigned level) const {
    for (const Access& each : everyone) {
      expect(each, {}, outcome);
      EXPECT_EQ(walk(each).level, level);
    }
    EXPECT_EQ(translate(), std::nullopt);
  }

  Arena arena_{base, 0x8000};
  static constexpr std::uint64_t root_slot_ = base + 1025 * 8ULL, middle_ = root_end + 0x10,
                                 pte_ = root_end + 0x1020;
};

TEST_F(RiscvGWalk, ReadsEveryDescriptorFromTheRootDown) {
  page(word(0x77000, V | R | X | U));
  const Walk done = walk(kernel_read);
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 3U);
  EXPECT_EQ(done.steps, (std::array<Step, 5>{Step{2, root_slot_, word(root_end, V)},
                                             {1, middle_, word(root_end + 0x1000, V)},
                                             {0, pte_, word(0x77000, V | R | X | U)},
                                             {},
                                             {}}));
  EXPECT_EQ(done.translation, (Translation{0x77123, K4, {.read = true, .execute = true}, {}}));
  EXPECT_EQ(translate(), done.translation);
}

TEST_F(RiscvGWalk, TheRootHas2048Slots) {
  arena_.put(base + 2047 * 8ULL, word(7 * G1, V | R | U));
  EXPECT_EQ(pa_of(translate(bit(41) - 1)), 8 * G1 - 1);
  arena_.put(base + 512 * 8ULL, word(9 * G1, V | R | U));
  EXPECT_EQ(pa_of(translate(512 * G1)), 9 * G1);
  EXPECT_EQ(translate(0), std::nullopt);
}

// No address is sign-extended: "address bits 63:41 must all be zeros, or else a guest-page-fault".
TEST_F(RiscvGWalk, AddressesBeyondTheWidthNeverReachATable) {
  page(word(0x77000, V | R | U));
  for (const Mmu* mmu : {&riscv_sv39x4(), &riscv_sv48x4(), &riscv_sv57x4()})
    for (unsigned at = mmu->profile().va_bits; at < 64; ++at) {
      const Walk done = mmu->walk(arena_.memory(), base, gpa | bit(at), kernel_read, {});
      EXPECT_EQ(done.outcome, Outcome::not_present) << at;
      EXPECT_EQ(done.steps_taken, 0U);
      EXPECT_EQ(mmu->translate(arena_.memory(), base, gpa | bit(at), {}), std::nullopt) << at;
    }
}

TEST_F(RiscvGWalk, TheLowBitsOfARootReadAsZero) {
  page(word(0x77000, V | R | U));
  for (const std::uint64_t root : {base + 0x1000, base + 0x2000, base + 0x3FF8})
    EXPECT_EQ(pa_of(riscv_sv39x4().translate(arena_.memory(), root, gpa, {})), 0x77123U);
}

TEST_F(RiscvGWalk, EveryAccessIsAUsers) {
  page(word(0x77000, V | R | W | X | U));
  for (const Access& each : everyone)
    for (const bool sum : {false, true})
      expect(each, {.sum = sum}, Outcome::ok);
}

TEST_F(RiscvGWalk, APageWithoutUserFaultsForEveryone) {
  page(word(0x77000, V | R | W | X | A | D));
  for (const Access& each : everyone)
    for (const bool sum : {false, true})
      expect(each, {.sum = sum, .mxr = true}, Outcome::protection);
  EXPECT_EQ(attributes_of(translate()), Attributes{});
}

TEST_F(RiscvGWalk, EachAccessNeedsItsRight) {
  page(word(0x77000, V | R | U));
  expect(kernel_read, {}, Outcome::ok);
  expect(kernel_write, {}, Outcome::protection);
  expect(kernel_fetch, {}, Outcome::protection);
  page(word(0x77000, V | R | W | U));
  expect(kernel_write, {}, Outcome::ok);
  page(word(0x77000, V | X | U));
  expect(kernel_read, {}, Outcome::protection);
  expect(kernel_write, {}, Outcome::protection);
  expect(kernel_fetch, {}, Outcome::ok);
}

TEST_F(RiscvGWalk, MxrLetsLoadsUseExecute) {
  page(word(0x77000, V | X | U));
  expect(kernel_read, {.mxr = true}, Outcome::ok);
  expect(user_read, {.mxr = true}, Outcome::ok);
  expect(kernel_write, {.mxr = true}, Outcome::protection);
}

// The machines of fuzz/ ask the profile what the walker answers in the default mode.
TEST_F(RiscvGWalk, TheProfilePermitsWhatTheWalkerDoes) {
  unsigned asked = 0;
  for (std::uint64_t low = 0; low < 8; ++low) {
    const std::uint64_t raw = word(0x77000, V | U | low << 1);
    if ((raw & (R | X)) == 0 || (raw & (R | W)) == W)
      continue;
    page(raw);
    for (const Access& each : everyone) {
      const Walk done = walk(each);
      EXPECT_EQ(done.outcome == Outcome::ok,
                riscv_sv39x4().profile().permits(done.translation.attributes, each))
          << low;
      ++asked;
    }
  }
  EXPECT_EQ(asked, 5 * everyone.size());
}

TEST_F(RiscvGWalk, GlobalTablesMakeNothingGlobal) {
  page(word(0x77000, V | R | U));
  arena_.put(root_slot_, arena_.at(root_slot_) | G);
  arena_.put(middle_, arena_.at(middle_) | G);
  const Translation want{0x77123, K4, {.read = true}, {}};
  EXPECT_EQ(translate(), want);
  EXPECT_EQ(walk(kernel_read).translation, want);
}

TEST_F(RiscvGWalk, AHoleFaultsWhereItIs) {
  expect_fault(Outcome::not_present, 0);
  arena_.put(middle_, 0);
  expect_fault(Outcome::not_present, 1);
  arena_.put(root_slot_, 0);
  expect_fault(Outcome::not_present, 2);
}

TEST_F(RiscvGWalk, ReservedEncodingsFault) {
  for (const std::uint64_t wrong : {word(0x77000, V | R | U | bit(54)), word(0x77000, V | W | U),
                                    word(0x77000, V | R | U | bit(61) | bit(62)), word(0x77000, V)}) {
    page(wrong);
    expect_fault(Outcome::reserved, 0);
  }
}

TEST_F(RiscvGWalk, AMisalignedSuperpageFaults) {
  arena_.put(middle_, word(M2 + K4, V | R | U));
  expect_fault(Outcome::reserved, 1);
  arena_.put(root_slot_, word(G1 + M2, V | R | U));
  expect_fault(Outcome::reserved, 2);
}

TEST_F(RiscvGWalk, ANodeOutsideTheMemoryIsNotRead) {
  arena_.put(middle_, word(base + 0x8000, V));
  expect_fault(Outcome::outside_memory, 0);
}

TEST_F(RiscvGWalk, AnAccessSetsFlagsInTheLeafAndNeverInTables) {
  page(word(0x77000, V | R | W | U));
  EXPECT_EQ(access(kernel_read).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(pte_), word(0x77000, V | R | W | U | A));
  EXPECT_EQ(access(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(pte_), word(0x77000, V | R | W | U | A | D));
  EXPECT_EQ(arena_.at(root_slot_), word(root_end, V));
  EXPECT_EQ(arena_.at(middle_), word(root_end + 0x1000, V));
}

TEST_F(RiscvGWalk, WithoutAdueClearFlagsFault) {
  page(word(0x77000, V | R | W | X | U | D));
  for (const Access& each : everyone)
    expect(each, {.adue = false}, Outcome::protection);
  page(word(0x77000, V | R | W | X | U | A));
  expect(kernel_read, {.adue = false}, Outcome::ok);
  expect(kernel_fetch, {.adue = false}, Outcome::ok);
  expect(kernel_write, {.adue = false}, Outcome::protection);
}

TEST_F(RiscvGWalk, ANapotPageIs64KFromEachOfItsSlotsAndKeepsFlagsInOne) {
  const std::uint64_t raw = napot(7 * K64, V | R | W | U);
  region(raw);
  for (std::uint64_t slot = 0; slot < 16; ++slot)
    EXPECT_EQ(pa_of(translate(gpa - 4 * K4 + slot * K4)), 7 * K64 + slot * K4 + 0x123) << slot;
  EXPECT_EQ(translate(gpa + 12 * K4), std::nullopt);
  EXPECT_EQ(access(kernel_write).outcome, Outcome::ok);
  for (std::uint64_t slot = 0; slot < 16; ++slot)
    EXPECT_EQ(arena_.at(root_end + 0x1000 + slot * 8), raw | (slot == 4 ? A | D : 0)) << slot;
  EXPECT_EQ(translate(gpa + 9 * K4)->flags, (Flags{true, true}));
}

TEST_F(RiscvGWalk, ContentsReachTheLastSlotOfTheRootAndEndWithIt) {
  page(word(0x77000, V | R | U));
  arena_.put(base + 2047 * 8ULL, word(7 * G1, V | R | U));
  Contents found;
  read_contents(arena_.memory(), base, riscv_sv39x4(), {}, found);
  EXPECT_EQ(found.broken, nullptr);
  EXPECT_EQ(found.nodes, 3U);
  const Attributes read_only{.read = true};
  EXPECT_EQ(found.leaves, (std::vector<LeafRun>{{gpa & ~(K4 - 1), K4, 0x77000, K4, read_only, {}},
                                                {2047 * G1, G1, 7 * G1, G1, read_only, {}}}));
}

TEST(RiscvGWalk4, Sv48x4WalksFourLevelsFromARootOf2048) {
  Arena roots(2 * base, 0x10000);
  roots.put(2 * base + 2046 * 8ULL, word(2 * base + 0x4000, V));
  roots.put(2 * base + 0x4000 + 3 * 8ULL, word(2 * base + 0x5000, V));
  roots.put(2 * base + 0x5000 + 511 * 8ULL, word(2 * base + 0x6000, V));
  roots.put(2 * base + 0x6000 + 5 * 8ULL, word(0x77000, V | R | U));
  const std::uint64_t at = 2046 * G512 | 3 * G1 | 511 * M2 | 5 * K4 | 0x456;
  const Walk done = riscv_sv48x4().walk(roots.memory(), 2 * base, at, kernel_read, {});
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 4U);
  EXPECT_EQ(done.translation.pa, 0x77456U);
  roots.put(2 * base + 2047 * 8ULL, word(5 * G512, V | R | U));
  EXPECT_EQ(pa_of(riscv_sv48x4().translate(roots.memory(), 2 * base, bit(50) - 1, {})), 6 * G512 - 1);
}

// "Sv57x4": 59 bits of guest physical address, 11 of them the index of the root.
TEST(RiscvGWalk5, Sv57x4WalksFiveLevelsFromARootOf2048) {
  Arena roots(2 * base, 0x10000);
  roots.put(2 * base + 1025 * 8ULL, word(2 * base + 0x4000, V));
  roots.put(2 * base + 0x4000 + 3 * 8ULL, word(2 * base + 0x5000, V));
  roots.put(2 * base + 0x5000 + 511 * 8ULL, word(2 * base + 0x6000, V));
  roots.put(2 * base + 0x6000 + 5 * 8ULL, word(2 * base + 0x7000, V));
  roots.put(2 * base + 0x7000 + 7 * 8ULL, word(0x77000, V | R | U));
  const std::uint64_t at = 1025 * T256 | 3 * G512 | 511 * G1 | 5 * M2 | 7 * K4 | 0x456;
  const Walk done = riscv_sv57x4().walk(roots.memory(), 2 * base, at, kernel_read, {});
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 5U);
  EXPECT_EQ(done.translation.pa, 0x77456U);
  roots.put(2 * base + 2047 * 8ULL, word(5 * T256, V | R | U));
  EXPECT_EQ(pa_of(riscv_sv57x4().translate(roots.memory(), 2 * base, bit(59) - 1, {})), 6 * T256 - 1);
}

} // namespace
} // namespace reference
