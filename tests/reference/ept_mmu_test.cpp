// The EPT walker over entries assembled by hand from the Intel SDM volume 3C, section 29.3.
#include "reference/mmu/mmu.hpp"
#include "tests/reference/arena.hpp"
#include "tests/reference/translation.hpp"

#include <array>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace reference {
namespace {

constexpr std::uint64_t K4 = 0x1000;
constexpr std::uint64_t M2 = 0x200000;
constexpr std::uint64_t G1 = 0x40000000;

// Tables 29-1 to 29-7. `all` is what our tables write, WB the memory type of a leaf.
constexpr std::uint64_t R = 1;
constexpr std::uint64_t W = 2;
constexpr std::uint64_t X = 4;
constexpr std::uint64_t WB = 6 << 3;
constexpr std::uint64_t maps = 0x80;
constexpr std::uint64_t A = 0x100;
constexpr std::uint64_t D = 0x200;
constexpr std::uint64_t XU = 0x400;
constexpr std::uint64_t all = R | W | X | XU;

constexpr Access supervisor_read{AccessKind::read, false};
constexpr Access supervisor_write{AccessKind::write, false};
constexpr Access supervisor_fetch{AccessKind::execute, false};
constexpr Access user_read{AccessKind::read, true};
constexpr Access user_write{AccessKind::write, true};
constexpr Access user_fetch{AccessKind::execute, true};
constexpr std::array every_access{supervisor_read, supervisor_write, supervisor_fetch,
                                  user_read,       user_write,       user_fetch};

Decoded decode(std::uint64_t raw, unsigned level, const Mode& mode = {}) {
  return ept_4().decode(raw, level, 0, mode);
}

std::uint32_t violations(std::uint64_t raw, unsigned level, const Mode& mode = {}) {
  return decode(raw, level, mode).violations;
}

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

TEST(EptDecode, ZeroIsAHole) {
  Decoded hole;
  hole.bytes = M2;
  EXPECT_EQ(decode(0, 1), hole);
}

TEST(EptDecode, AMarkerIsTheUpperHalfOfAHole) {
  Decoded hole;
  hole.bytes = K4;
  hole.marker = 0xDEADBEEF;
  EXPECT_EQ(decode(0xDEADBEEF00000000, 0), hole);
}

TEST(EptDecode, PresentIsWhateverAllowsAnything) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    const bool present = bit <= 2 || bit == 10;
    EXPECT_EQ(decode(std::uint64_t{1} << bit, 0).kind, present ? SlotKind::leaf : SlotKind::hole) << bit;
    EXPECT_EQ(decode(std::uint64_t{1} << bit, 3).kind, present ? SlotKind::table : SlotKind::hole) << bit;
  }
}

TEST(EptDecode, AnyOtherAbsentPatternIsAViolation) {
  for (unsigned bit = 3; bit < 32; ++bit) {
    const std::uint64_t raw = std::uint64_t{1} << bit;
    EXPECT_EQ(violations(raw, 0), raw == XU ? violation::leaf_bits : violation::hole_pattern) << bit;
  }
}

TEST(EptDecode, ATableAsOursWritesIt) {
  Decoded table;
  table.kind = SlotKind::table;
  table.address = 0x000ABCDEF0123000;
  table.bytes = G1;
  table.attributes = {.read = true, .write = true, .execute = true, .user = true};
  EXPECT_EQ(decode(0x000ABCDEF0123407, 2), table);
  table.flags.accessed = true;
  EXPECT_EQ(decode(0x000ABCDEF0123507, 2), table);
}

TEST(EptDecode, ATableWithAnyOtherBitIsNotOurs) {
  for (const std::uint64_t raw : {0x1007ULL, 0x1404ULL, 0x1405ULL, 0x1403ULL, 0x1400ULL, 0x1001ULL, 0x1607ULL,
                                  0x1C07ULL, 0x0010000000001407ULL, 0x8000000000001407ULL})
    for (unsigned level = 1; level < 4; ++level)
      EXPECT_EQ(violations(raw, level), violation::table_bits) << std::hex << raw;
}

TEST(EptDecode, TablesReserveTheMemoryTypeAndWhatMapsAboveItsLevels) {
  for (unsigned bit = 3; bit <= 7; ++bit)
    for (unsigned level = bit == 7 ? 3 : 1; level < 4; ++level) {
      const Decoded slot = decode(0x1407 | std::uint64_t{1} << bit, level);
      EXPECT_EQ(slot.kind, SlotKind::table);
      EXPECT_EQ(slot.violations, violation::table_bits | violation::reserved_bit) << bit << ' ' << level;
    }
  EXPECT_EQ(ept_5().decode(0x1487, 4, 0, {}).violations, violation::table_bits | violation::reserved_bit);
}

TEST(EptDecode, PageBitsOneByOne) {
  const auto with = [](auto change) {
    Attributes attributes{.read = true};
    change(attributes);
    return leaf(0x5000, K4, attributes);
  };
  EXPECT_EQ(decode(0x5001, 0), with([](Attributes&) {}));
  EXPECT_EQ(decode(0x5003, 0), with([](Attributes& a) { a.write = true; }));
  EXPECT_EQ(decode(0x5005, 0), with([](Attributes& a) { a.execute = true; }));
  EXPECT_EQ(decode(0x5405, 0), with([](Attributes& a) { a.execute = a.user = true; }));
  EXPECT_EQ(decode(0x5004, 0), leaf(0x5000, K4, {.execute = true}));
  EXPECT_EQ(decode(0x5404, 0), leaf(0x5000, K4, {.execute = true, .user = true}));
  EXPECT_EQ(decode(0x5041, 0), with([](Attributes& a) { a.memory_type = 8; }));
  EXPECT_EQ(decode(0x5801, 0), with([](Attributes& a) { a.software = 1; }));
  EXPECT_EQ(decode(0x0010000000005001, 0), with([](Attributes& a) { a.software = 2; }));
  EXPECT_EQ(decode(0x0100000000005001, 0), with([](Attributes& a) { a.software = 32; }));
  EXPECT_EQ(decode(0x5101, 0), leaf(0x5000, K4, {.read = true}, {true, false}));
  EXPECT_EQ(decode(0x5201, 0), leaf(0x5000, K4, {.read = true}, {false, true}));
}

TEST(EptDecode, MemoryTypesAreTheSameAtEveryLevel) {
  for (unsigned type = 0; type < 8; ++type)
    for (const std::uint64_t ignore_pat : {0U, 1U})
      for (unsigned level = 0; level < 3; ++level) {
        const std::uint64_t raw = R | (level == 0 ? 0 : maps) | ignore_pat << 6 | std::uint64_t{type} << 3;
        const bool reserved = type == 2 || type == 3 || type == 7;
        EXPECT_EQ(violations(raw, level), reserved ? violation::reserved_bit : 0U) << type;
        EXPECT_EQ(decode(raw, level).attributes.memory_type, type + 8 * ignore_pat);
      }
}

TEST(EptDecode, AFullWord) {
  const Attributes everything{true, true, true, true, 14, false, 0, 63};
  EXPECT_EQ(decode(0x01FFFFFFFFFFFF77, 0), leaf(0x000FFFFFFFFFF000, K4, everything, {true, true}));
  EXPECT_EQ(decode(0x01FFFFFFC0000FF7, 2), leaf(0x000FFFFFC0000000, G1, everything, {true, true}));
}

TEST(EptDecode, WhatHardwareIgnoresInALeafIsNotOurs) {
  for (unsigned bit = 57; bit < 64; ++bit)
    for (const std::uint64_t raw : {R, R | maps})
      EXPECT_EQ(violations(raw | std::uint64_t{1} << bit, raw == R ? 0 : 1), violation::leaf_bits) << bit;
  EXPECT_EQ(violations(R | maps, 0), violation::leaf_bits);
  EXPECT_EQ(violations(XU, 0), violation::leaf_bits);
  EXPECT_EQ(violations(R | W | XU, 0), violation::leaf_bits);
  EXPECT_EQ(violations(X | XU, 0), 0U);
  EXPECT_EQ(violation::leaf_bits & violation::faulting, 0U);
}

TEST(EptDecode, UserWithoutExecuteIsDecodedAsItIs) {
  EXPECT_EQ(decode(0x5400, 0).attributes, (Attributes{.user = true}));
  EXPECT_EQ(decode(0x5401, 0).attributes, (Attributes{.read = true, .user = true}));
}

TEST(EptDecode, WritesWithoutReadsAreAMisconfigurationEverywhere) {
  for (const std::uint64_t raw : {W, W | X, W | X | XU}) {
    EXPECT_EQ(violations(raw, 0), violation::reserved_bit) << raw;
    EXPECT_EQ(violations(raw | maps, 1), violation::reserved_bit) << raw;
    EXPECT_EQ(violations(raw | K4, 1), violation::reserved_bit | violation::table_bits) << raw;
    EXPECT_EQ(violations(raw | K4, 3), violation::reserved_bit | violation::table_bits) << raw;
  }
}

TEST(EptDecode, LargePagesReserveTheBitsBelowTheirFrame) {
  for (unsigned bit = 12; bit <= 20; ++bit)
    EXPECT_EQ(violations(R | maps | std::uint64_t{1} << bit, 1), violation::misaligned_frame) << bit;
  for (unsigned bit = 12; bit <= 29; ++bit)
    EXPECT_EQ(violations(R | maps | std::uint64_t{1} << bit, 2), violation::misaligned_frame) << bit;
  EXPECT_EQ(violations(R | maps | M2, 1), 0U);
  EXPECT_EQ(violations(R | maps | G1, 2), 0U);
}

TEST(EptDecode, BitsBeyondThePhysicalWidthAreReserved) {
  const Mode narrow{.pa_bits = 40};
  EXPECT_EQ(violations(0x0000010000000001, 0, narrow), violation::address_width);
  EXPECT_EQ(violations(0x0000010000000081, 1, narrow), violation::address_width);
  EXPECT_EQ(violations(0x0000010000000407, 1, narrow), violation::address_width);
  EXPECT_EQ(violations(0x000000FFFFFFF407, 1, narrow), 0U);
  EXPECT_EQ(violations(0x0008000000000001, 0), 0U);
}

TEST(EptDecode, OneGigabytePagesNeedTheCapability) {
  EXPECT_EQ(violations(R | maps, 2, {.pages_1g = false}), violation::bad_level);
  EXPECT_EQ(violations(R | maps, 1, {.pages_1g = false}), 0U);
}

TEST(EptProfile, IsWhatTheManualSays) {
  EXPECT_STREQ(ept_4().profile().name, "ept");
  EXPECT_STREQ(ept_5().profile().name, "ept_5");
  for (const Mmu* mmu : {&ept_4(), &ept_5()}) {
    const Profile& profile = mmu->profile();
    EXPECT_EQ(std::vector(profile.sizes.begin(), profile.sizes.end()),
              (std::vector<std::uint64_t>{K4, M2, G1}));
    EXPECT_EQ(profile.va_bits, mmu->levels() == 4 ? 48U : 57U);
    EXPECT_FALSE(profile.sign_extended);
    EXPECT_EQ(profile.pa_bits, 52U);
    EXPECT_EQ(profile.marker_bits, 32U);
    EXPECT_EQ(mmu->node_bytes(0), K4);
    EXPECT_EQ(mmu->span(3), 512 * G1);
  }
  EXPECT_EQ(ept_4().levels(), 4U);
  EXPECT_EQ(ept_5().levels(), 5U);
}

TEST(EptProfile, EightSetsOfRightsAreExpressible) {
  unsigned found = 0;
  for (unsigned set = 0; set < 16; ++set) {
    const Rights rights{(set & 1) != 0, (set & 2) != 0, (set & 4) != 0, (set & 8) != 0};
    const bool legal =
        set == 1 || set == 3 || set == 5 || set == 7 || set == 13 || set == 15 || set == 4 || set == 12;
    EXPECT_EQ(ept_4().profile().expressible_rights(rights), legal) << set;
    EXPECT_EQ(ept_4().profile().expressible(with_rights({}, rights), K4), legal) << set;
    found += legal ? 1 : 0;
  }
  EXPECT_EQ(found, 8U);
}

TEST(EptProfile, OtherAttributesAreExpressibleAsFarAsThereAreBits) {
  const auto expressible = [](const Attributes& attributes) {
    return ept_5().profile().expressible(attributes, M2);
  };
  for (unsigned type = 0; type < 256; ++type) {
    const bool legal = type < 16 && type % 8 != 2 && type % 8 != 3 && type % 8 != 7;
    EXPECT_EQ(expressible({.read = true, .memory_type = static_cast<std::uint8_t>(type)}), legal) << type;
  }
  EXPECT_FALSE(expressible({.read = true, .global = true}));
  EXPECT_FALSE(expressible({.read = true, .key = 1}));
  EXPECT_TRUE(expressible({.read = true, .software = 63}));
  EXPECT_FALSE(expressible({.read = true, .software = 64}));
}

TEST(EptProfile, UserBindsNothingButFetches) {
  const auto permits = ept_4().profile().permits;
  for (unsigned set = 0; set < 16; ++set) {
    const Attributes a{(set & 1) != 0, (set & 2) != 0, (set & 4) != 0, (set & 8) != 0};
    for (const bool user : {false, true}) {
      EXPECT_EQ(permits(a, {AccessKind::read, user}), a.read);
      EXPECT_EQ(permits(a, {AccessKind::write, user}), a.write);
    }
    EXPECT_EQ(permits(a, supervisor_fetch), a.execute);
    EXPECT_EQ(permits(a, user_fetch), a.user);
  }
}

// The rule that the formats with a user bit share is not that of EPT.
TEST(EptProfile, UserBindsEveryAccessInOtherFormats) {
  for (const Mmu* mmu : {&x86_64_4(), &x86_64_5(), &tiny()})
    for (unsigned set = 0; set < 16; ++set) {
      const Attributes a{(set & 1) != 0, (set & 2) != 0, (set & 4) != 0, (set & 8) != 0};
      const std::array right{a.read,           a.write,           a.execute,
                             a.read && a.user, a.write && a.user, a.execute && a.user};
      for (unsigned i = 0; i < 6; ++i)
        EXPECT_EQ(mmu->profile().permits(a, every_access[i]), right[i]) << set << ' ' << i;
    }
}

// One path of tables at gpa: indexes 1, 2, 3, 4 from the root down.
constexpr std::uint64_t base = 0x100000000;
constexpr std::uint64_t gpa = (1ULL << 39) | (2ULL << 30) | (3ULL << 21) | (4ULL << 12) | 0x123;
constexpr std::uint64_t pml4e = base + 1 * 8ULL;
constexpr std::uint64_t pdpte = base + 0x1000 + 2 * 8ULL;
constexpr std::uint64_t pde = base + 0x2000 + 3 * 8ULL;
constexpr std::uint64_t pte = base + 0x3000 + 4 * 8ULL;
constexpr std::array tables{pml4e, pdpte, pde};

class EptWalk : public ::testing::Test {
 protected:
  EptWalk() {
    arena_.put(pml4e, (base + 0x1000) | all);
    arena_.put(pdpte, (base + 0x2000) | all);
    arena_.put(pde, (base + 0x3000) | all);
    arena_.put(pte, 0x77000 | WB | all);
  }

  [[nodiscard]] Walk walk(const Access& access, const Mode& mode = {}) const {
    return ept_4().walk(arena_.memory(), base, gpa, access, mode);
  }
  [[nodiscard]] std::optional<Translation> translate(const Mode& mode = {}) const {
    return ept_4().translate(arena_.memory(), base, gpa, mode);
  }
  // Of reads, writes and fetches by the supervisor, then of the same by a user.
  void expect_outcomes(const std::array<bool, 6>& allowed) const {
    for (unsigned i = 0; i < 6; ++i) {
      const Walk done = walk(every_access[i]);
      EXPECT_STREQ(to_text(done.outcome), allowed[i] ? "ok" : "protection") << i;
      EXPECT_EQ(done.error_code, 0U);
    }
  }
  void expect_all(Outcome outcome, unsigned level, const Mode& mode = {}) const {
    for (const Access& access : every_access) {
      const Walk done = walk(access, mode);
      EXPECT_STREQ(to_text(done.outcome), to_text(outcome));
      EXPECT_EQ(done.level, level);
      EXPECT_EQ(done.error_code, 0U);
    }
    EXPECT_EQ(translate(mode), std::nullopt);
  }
  // `raw` is a misconfiguration where `entry` is, whatever lies below and whoever asks.
  void expect_misconfiguration(std::uint64_t entry, std::uint64_t raw, const Mode& mode = {}) {
    SCOPED_TRACE(testing::Message() << std::hex << entry << ' ' << raw);
    const std::uint64_t before = arena_.at(entry);
    arena_.put(entry, raw);
    const auto bytes = arena_.bytes();
    expect_all(Outcome::reserved, entry == pte ? 0 : entry == pde ? 1 : entry == pdpte ? 2 : 3, mode);
    (void)ept_4().access(arena_.memory(), base, gpa, supervisor_read, mode);
    EXPECT_EQ(arena_.bytes(), bytes);
    arena_.put(entry, before);
  }

  Arena arena_{base, 0x6000};
};

TEST_F(EptWalk, ReadsEveryEntryFromTheRootDown) {
  const Walk done = walk(user_read);
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 4U);
  EXPECT_EQ(done.steps, (std::array<Step, 5>{Step{3, pml4e, (base + 0x1000) | all},
                                             {2, pdpte, (base + 0x2000) | all},
                                             {1, pde, (base + 0x3000) | all},
                                             {0, pte, 0x77000 | WB | all},
                                             {}}));
  EXPECT_EQ(done.leaf_address, pte);
  const Attributes rwxu{.read = true, .write = true, .execute = true, .user = true, .memory_type = 6};
  EXPECT_EQ(done.translation, (Translation{0x77123, K4, rwxu, {}}));
  EXPECT_EQ(translate(), done.translation);
}

TEST_F(EptWalk, TheLowBitsOfTheEptpAreNoAddress) {
  const std::uint64_t eptp = base | 6 | 3 << 3 | 1 << 6; // WB, four levels, accessed and dirty flags
  EXPECT_EQ(pa_of(ept_4().translate(arena_.memory(), eptp, gpa, {})), 0x77123U);
}

TEST_F(EptWalk, LargePagesEndTheWalkEarly) {
  arena_.put(pde, 3 * M2 | maps | R);
  EXPECT_EQ(pa_of(translate()), 3 * M2 + 0x4123);
  arena_.put(pdpte, 5 * G1 | maps | R);
  EXPECT_EQ(translate(), (Translation{5 * G1 + 3 * M2 + 0x4123, G1, {.read = true}, {}}));
}

TEST_F(EptWalk, AnAbsentEntryIsAViolationAtEveryLevel) {
  const std::array entries{pte, pde, pdpte, pml4e};
  for (unsigned level = 0; level < 4; ++level)
    for (const std::uint64_t absent : {0ULL, 0xFFFFFFFF00000000ULL, ~0ULL & ~all}) {
      arena_.put(entries[level], absent);
      expect_all(Outcome::not_present, level);
    }
}

TEST_F(EptWalk, EachRightIsNeededAndImpliesNoOther) {
  arena_.put(pte, 0x77000 | R);
  expect_outcomes({true, false, false, true, false, false});
  arena_.put(pte, 0x77000 | R | W);
  expect_outcomes({true, true, false, true, true, false});
  arena_.put(pte, 0x77000 | R | X);
  expect_outcomes({true, false, true, true, false, false});
  arena_.put(pte, 0x77000 | all);
  expect_outcomes({true, true, true, true, true, true});
}

TEST_F(EptWalk, ExecuteOnly) {
  arena_.put(pte, 0x77000 | X);
  expect_outcomes({false, false, true, false, false, false});
  arena_.put(pte, 0x77000 | X | XU);
  expect_outcomes({false, false, true, false, false, true});
  EXPECT_EQ(attributes_of(translate()), (Attributes{.execute = true, .user = true}));
}

TEST_F(EptWalk, ModeBasedExecuteControlTellsFetchesApart) {
  arena_.put(pte, 0x77000 | XU);
  expect_outcomes({false, false, false, false, false, true});
  arena_.put(pte, 0x77000 | R | XU);
  expect_outcomes({true, false, false, true, false, true});
  arena_.put(pte, 0x77000 | R | X);
  EXPECT_EQ(walk(user_fetch).outcome, Outcome::protection);
  EXPECT_EQ(walk(supervisor_fetch).outcome, Outcome::ok);
}

TEST_F(EptWalk, RightsAreTheAndOverAllLevels) {
  for (const std::uint64_t entry : tables) {
    const std::uint64_t table = arena_.at(entry);
    arena_.put(entry, table & ~(R | W));
    expect_outcomes({false, false, true, false, false, true});
    arena_.put(entry, table & ~W);
    expect_outcomes({true, false, true, true, false, true});
    arena_.put(entry, table & ~X);
    expect_outcomes({true, true, false, true, true, true});
    arena_.put(entry, table & ~XU);
    expect_outcomes({true, true, true, true, true, false});
    EXPECT_EQ(attributes_of(translate()),
              (Attributes{.read = true, .write = true, .execute = true, .memory_type = 6}));
    arena_.put(entry, table);
  }
}

TEST_F(EptWalk, RightsThatNoLevelDeniesAloneMayVanishTogether) {
  arena_.put(pml4e, (base + 0x1000) | R | W);
  arena_.put(pte, 0x77000 | X | XU);
  expect_outcomes({false, false, false, false, false, false});
  EXPECT_EQ(attributes_of(translate()), Attributes{});
}

TEST_F(EptWalk, WritesWithoutReadsAreAMisconfigurationOfAnyEntry) {
  for (const std::uint64_t entry : {pml4e, pdpte, pde, pte})
    for (const std::uint64_t rights : {W, W | X, W | XU, W | X | XU})
      expect_misconfiguration(entry, (arena_.at(entry) & ~all) | rights);
}

TEST_F(EptWalk, ReservedMemoryTypesAreAMisconfiguration) {
  for (const std::uint64_t type : {2U, 3U, 7U}) {
    expect_misconfiguration(pte, 0x77000 | type << 3 | all);
    expect_misconfiguration(pde, M2 | maps | type << 3 | all);
    expect_misconfiguration(pdpte, G1 | maps | type << 3 | all);
  }
  for (const std::uint64_t type : {0U, 1U, 4U, 5U, 6U}) {
    arena_.put(pte, 0x77000 | type << 3 | all);
    expect_outcomes({true, true, true, true, true, true});
    EXPECT_EQ(translate().value().attributes.memory_type, type);
  }
}

TEST_F(EptWalk, ReservedBitsOfTablesAreAMisconfiguration) {
  for (unsigned bit = 3; bit <= 7; ++bit) {
    expect_misconfiguration(pml4e, arena_.at(pml4e) | std::uint64_t{1} << bit);
    if (bit == 7)
      continue;
    expect_misconfiguration(pdpte, arena_.at(pdpte) | std::uint64_t{1} << bit);
    expect_misconfiguration(pde, arena_.at(pde) | std::uint64_t{1} << bit);
  }
}

TEST_F(EptWalk, FrameBitsBelowALargePageAreAMisconfiguration) {
  for (unsigned bit = 12; bit <= 20; ++bit)
    expect_misconfiguration(pde, M2 | maps | all | std::uint64_t{1} << bit);
  for (unsigned bit = 12; bit <= 29; ++bit)
    expect_misconfiguration(pdpte, G1 | maps | all | std::uint64_t{1} << bit);
}

TEST_F(EptWalk, AddressesBeyondThePhysicalWidthAreAMisconfiguration) {
  const Mode narrow{.pa_bits = 40};
  EXPECT_EQ(walk(user_read, narrow).outcome, Outcome::ok);
  for (unsigned bit = 40; bit < 52; ++bit)
    for (const std::uint64_t entry : {pml4e, pdpte, pde, pte})
      expect_misconfiguration(entry, arena_.at(entry) | std::uint64_t{1} << bit, narrow);
  expect_misconfiguration(pde, (1ULL << 40) | maps | all, narrow);
  arena_.put(pte, (1ULL << 51) | all);
  EXPECT_EQ(pa_of(translate()), (1ULL << 51) | 0x123);
}

TEST_F(EptWalk, OneGigabytePagesWithoutTheCapabilityAreAMisconfiguration) {
  expect_misconfiguration(pdpte, G1 | maps | all, {.pages_1g = false});
}

TEST_F(EptWalk, AMisconfigurationComesBeforeRightsAndAfterWhatIsAbsentAbove) {
  arena_.put(pml4e, (base + 0x1000) | XU);
  arena_.put(pte, 0x77000 | W);
  expect_all(Outcome::reserved, 0);
  arena_.put(pde, 0);
  expect_all(Outcome::not_present, 1);
}

TEST_F(EptWalk, IgnoredBitsChangeNothing) {
  const auto plain = translate();
  for (const unsigned bit : {7U, 57U, 58U, 59U, 60U, 61U, 62U, 63U}) {
    arena_.put(pte, 0x77000 | WB | all | std::uint64_t{1} << bit);
    EXPECT_EQ(translate(), plain) << bit;
    expect_outcomes({true, true, true, true, true, true});
  }
  arena_.put(pte, 0x77000 | WB | all);
  for (const unsigned bit : {9U, 11U, 52U, 63U})
    for (const std::uint64_t entry : tables) {
      arena_.put(entry, arena_.at(entry) | std::uint64_t{1} << bit);
      EXPECT_EQ(translate(), plain) << bit;
      EXPECT_EQ(walk(user_write).outcome, Outcome::ok) << bit;
    }
}

TEST_F(EptWalk, AnAccessSetsAccessedOnThePathAndDirtyInTheLeafOnly) {
  const auto untouched = arena_.bytes();
  EXPECT_EQ(walk(user_write).outcome, Outcome::ok);
  EXPECT_EQ(arena_.bytes(), untouched);
  const auto expect_words = [this](std::uint64_t leaf_flags) {
    EXPECT_EQ(arena_.at(pml4e), (base + 0x1000) | all | A);
    EXPECT_EQ(arena_.at(pdpte), (base + 0x2000) | all | A);
    EXPECT_EQ(arena_.at(pde), (base + 0x3000) | all | A);
    EXPECT_EQ(arena_.at(pte), 0x77000 | WB | all | leaf_flags);
  };
  EXPECT_EQ(ept_4().access(arena_.memory(), base, gpa, user_fetch, {}).outcome, Outcome::ok);
  expect_words(A);
  EXPECT_EQ(ept_4().access(arena_.memory(), base, gpa, supervisor_read, {}).outcome, Outcome::ok);
  expect_words(A);
  EXPECT_EQ(ept_4().access(arena_.memory(), base, gpa, supervisor_write, {}).outcome, Outcome::ok);
  expect_words(A | D);
  EXPECT_EQ(translate().value().flags, (Flags{true, true}));
}

TEST_F(EptWalk, AWriteMakesALargePageDirty) {
  arena_.put(pde, M2 | maps | R | W);
  EXPECT_EQ(ept_4().access(arena_.memory(), base, gpa, user_write, {}).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(pde), M2 | maps | R | W | A | D);
  EXPECT_EQ(arena_.at(pte), 0x77000 | WB | all);
}

TEST_F(EptWalk, AViolationLeavesMemoryAlone) {
  arena_.put(pte, 0x77000 | R);
  const auto before = arena_.bytes();
  for (const Access& access : {supervisor_write, supervisor_fetch, user_write, user_fetch})
    EXPECT_EQ(ept_4().access(arena_.memory(), base, gpa, access, {}).outcome, Outcome::protection);
  EXPECT_EQ(arena_.bytes(), before);
}

TEST_F(EptWalk, AddressesBeyondTheWidthAreViolationsAndReachNoTable) {
  for (unsigned bit = 48; bit < 64; ++bit) {
    const Walk done = ept_4().walk(arena_.memory(), base, gpa | (1ULL << bit), supervisor_read, {});
    EXPECT_EQ(done.outcome, Outcome::not_present) << bit;
    EXPECT_EQ(done.error_code, 0U);
    EXPECT_EQ(done.steps_taken, 0U);
    EXPECT_EQ(ept_4().translate(arena_.memory(), base, gpa | (1ULL << bit), {}), std::nullopt) << bit;
  }
  EXPECT_EQ(ept_4().walk(arena_.memory(), base, ~0ULL, supervisor_read, {}).outcome, Outcome::not_present);
}

TEST_F(EptWalk, TheUpperHalfIsNotSignExtended) {
  arena_.put(base + 511 * 8ULL, (base + 0x4000) | all);
  arena_.put(base + 0x4000 + 511 * 8ULL, 7 * G1 | maps | all);
  EXPECT_EQ(pa_of(ept_4().translate(arena_.memory(), base, (1ULL << 48) - 1, {})), 8 * G1 - 1);
  EXPECT_EQ(ept_4().translate(arena_.memory(), base, ~0ULL, {}), std::nullopt);
}

TEST_F(EptWalk, ANodeOutsideTheMemoryIsNotRead) {
  arena_.put(pde, all);
  EXPECT_EQ(walk(user_read).outcome, Outcome::outside_memory);
  arena_.put(pde, (base + 0x6000) | all);
  EXPECT_EQ(walk(user_read).outcome, Outcome::outside_memory);
  EXPECT_EQ(translate(), std::nullopt);
}

TEST_F(EptWalk, AFifthLevelTakesBits56To48) {
  const std::uint64_t root = base + 0x4000;
  const std::uint64_t high = (0x1FFULL << 48) | gpa;
  arena_.put(root + 0x1FF * 8ULL, base | all);
  const Walk done = ept_5().access(arena_.memory(), root, high, user_write, {});
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 5U);
  EXPECT_EQ(done.translation.pa, 0x77123U);
  EXPECT_EQ(arena_.at(root + 0x1FF * 8ULL), base | all | A);
  EXPECT_EQ(ept_5().walk(arena_.memory(), root, gpa, user_read, {}).level, 4U);
  EXPECT_EQ(ept_5().walk(arena_.memory(), root, high | 1ULL << 57, user_read, {}).steps_taken, 0U);
  for (unsigned bit = 3; bit <= 7; ++bit) {
    arena_.put(root + 0x1FF * 8ULL, base | all | 1ULL << bit);
    EXPECT_EQ(ept_5().walk(arena_.memory(), root, high, user_read, {}).outcome, Outcome::reserved) << bit;
    EXPECT_EQ(ept_5().translate(arena_.memory(), root, high, {}), std::nullopt) << bit;
  }
}

// The quick way through a table must refuse exactly what the walk refuses.
TEST_F(EptWalk, TranslateAndWalkAgreeOnAnyWord) {
  std::mt19937_64 random(7);
  unsigned translated = 0;
  for (unsigned round = 0; round < 100000; ++round) {
    const std::uint64_t entry = std::array{pml4e, pdpte, pde, pte}[round % 4];
    const std::uint64_t before = arena_.at(entry);
    arena_.put(entry, before ^ 1ULL << random() % 64 ^ 1ULL << random() % 16 ^ 1ULL << random() % 12);
    const Mode mode{.pa_bits = 40 + static_cast<unsigned>(random() % 13)};
    const Walk done = walk(supervisor_read, mode);
    const bool reaches = done.outcome == Outcome::ok || done.outcome == Outcome::protection;
    ASSERT_EQ(translate(mode), reaches ? std::optional(done.translation) : std::nullopt)
        << std::hex << entry << ' ' << arena_.at(entry);
    translated += reaches ? 1 : 0;
    arena_.put(entry, before);
  }
  EXPECT_GT(translated, 10000U);
}

TEST(EptRuns, WhatContinuesARunDecodesToTheNextFrame) {
  std::mt19937_64 random(3);
  const Mmu& mmu = ept_4();
  unsigned continued = 0;
  for (unsigned round = 0; round < 100000; ++round) {
    const unsigned level = round % 3;
    const std::uint64_t span = mmu.span(level);
    const std::uint64_t frame = random() % 64 == 0 ? (1ULL << 52) - span : random() % 0x100 * span;
    const std::uint64_t low = (random() & (all | A | D | 0x840)) | R | WB | (level == 0 ? 0 : maps);
    const std::uint64_t before = (random() & 0x01F0000000000000) | frame | low;
    const std::uint64_t raw = before + span + (random() % 4 == 0 ? 1ULL << random() % 64 : 0);
    if (!mmu.continues(before, raw, level, {}))
      continue;
    ++continued;
    Decoded want = mmu.decode(before, level, 0, {});
    want.address += span;
    EXPECT_EQ(mmu.decode(raw, level, 0, {}), want) << std::hex << before << ' ' << raw;
  }
  EXPECT_GT(continued, 50000U);
  EXPECT_FALSE(mmu.continues((1ULL << 40) - K4 + 1, (1ULL << 40) + 1, 0, {.pa_bits = 40}));
}

} // namespace
} // namespace reference
