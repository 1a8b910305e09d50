// AArch64 stage 2 over words and tables assembled by hand from the Arm ARM: D8.3.1 (tables D8-51 and D8-53),
// D8.4 (permissions), D8.5 (flags), and concatenated tables of the initial lookup. Levels are ours: 0 is the
// page.
#include "reference/mmu/aarch64_s2.hpp"
#include "tests/reference/aarch64_words.hpp"
#include "tests/reference/arena.hpp"
#include "tests/reference/translation.hpp"

#include <array>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace reference {
namespace {

using namespace aarch64_words;

constexpr std::uint64_t S2AP0 = 0x40, S2AP1 = 0x80;
constexpr std::uint64_t XN0 = PXN, XN1 = UXN;
constexpr std::uint64_t write_back = 0x3C; // MemAttr = 1111

const std::array<const Mmu*, 3> mmus{&aarch64_s2_4k(), &aarch64_s2_16k(), &aarch64_s2_64k()};

Decoded decode(std::uint64_t raw, unsigned level, unsigned index = 0) {
  return aarch64_s2_4k().decode(raw, level, index, {});
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

TEST(Aarch64Stage2Decode, HolesAreThoseOfStage1) {
  for (const Mmu* mmu : mmus) {
    EXPECT_EQ(mmu->decode(0x1234567800000000, 0, 0, {}).marker, 0x12345678U);
    EXPECT_EQ(mmu->decode(block_type, 0, 0, {}).kind, SlotKind::hole);
    EXPECT_EQ(mmu->decode(block_type, 0, 0, {}).violations, violation::hole_pattern);
    EXPECT_EQ(mmu->decode(0x2, 1, 0, {}).violations, violation::hole_pattern);
  }
}

TEST(Aarch64Stage2Decode, GoldenWords) {
  // Memory of a guest: write-back, inner shareable, everything allowed and used.
  Decoded want = page({true, true, true, true, 63}, {true, true});
  want.address = 0x80200000;
  want.bytes = M2;
  EXPECT_EQ(decode(0x00080000802007FD, 1), want);
  // A device: Device-nGnRE, not executable, clean.
  want = page({.read = true, .write = true, .memory_type = 1}, {true, false});
  want.address = 0x09000000;
  EXPECT_EQ(decode(0x0048000009000447, 0), want);
  // Slot 7 of 2 MiB of the 16 KiB granule, read-only, software bits 101.
  want = page({.read = true, .memory_type = 15, .software = 5});
  want.address = 0x40000000;
  want.bytes = M2;
  want.copies = 128;
  EXPECT_EQ(aarch64_s2_16k().decode(0x055000004001C07F, 0, 7, {}), want);
  // The guest's kernel: EL1 alone may execute, write-back, inner shareable, read-only, used.
  want = page({.read = true, .execute = true, .memory_type = 63}, {true, false});
  want.address = 0x40080000;
  EXPECT_EQ(decode(0x006000004008077F, 0), want);
}

TEST(Aarch64Stage2Decode, PageBitsOneByOne) {
  constexpr std::uint64_t at = 0x5000 | page_type | XN1;
  EXPECT_EQ(decode(at | S2AP0, 0), page({.read = true}));
  EXPECT_EQ(decode((at & ~XN1) | S2AP0, 0), page({.read = true, .execute = true, .user = true}));
  EXPECT_EQ(decode(at & ~XN1, 0), page({.execute = true, .user = true}));
  EXPECT_EQ(decode(at | XN0, 0), page({.execute = true}));
  EXPECT_EQ(decode(at | DBM, 0), page({.write = true}));
  EXPECT_EQ(decode(at | DBM | S2AP1, 0), page({.write = true}, {false, true}));
  EXPECT_EQ(decode(at | S2AP0 | AF, 0), page({.read = true}, {true, false}));
  for (unsigned index = 0; index < 3; ++index)
    EXPECT_EQ(decode(at | S2AP0 | bit(56 + index), 0),
              page({.read = true, .software = static_cast<std::uint16_t>(1U << index)}));
  for (const unsigned device : {1U, 2U, 3U})
    EXPECT_EQ(decode(at | S2AP0 | device << 2, 0),
              page({.read = true, .memory_type = static_cast<std::uint8_t>(device)}));
  EXPECT_EQ(decode(at | S2AP0 | bit(9), 0), page({.read = true, .memory_type = 32}));
}

// DBM, S2AP[1] and our mark in bit 55.
TEST(Aarch64Stage2Decode, WritableAndDirtyInAllTheirWords) {
  struct Row {
    std::uint64_t bits;
    bool write, dirty, ours;
  };
  for (const Row& row : {Row{0, false, false, true},
                         {was_dirty, false, true, true},
                         {DBM, true, false, true},
                         {DBM | S2AP1, true, true, true},
                         {S2AP1, true, true, false},
                         {S2AP1 | was_dirty, true, true, false},
                         {DBM | was_dirty, true, false, false},
                         {DBM | S2AP1 | was_dirty, true, true, false}}) {
    const Decoded slot = decode(page_type | S2AP0 | XN1 | row.bits, 0);
    EXPECT_EQ(slot.attributes.write, row.write) << std::hex << row.bits;
    EXPECT_EQ(slot.flags.dirty, row.dirty) << std::hex << row.bits;
    EXPECT_EQ(slot.violations, row.ours ? 0 : violation::leaf_bits) << std::hex << row.bits;
  }
}

// XN[1:0] with FEAT_XNX, in the manual's order.
TEST(Aarch64Stage2Decode, XnSaysWhetherEl1AndWhetherEl0MayExecute) {
  struct Row {
    std::uint64_t never;
    bool el1, el0, ours;
  };
  for (const Row& row : {Row{0, true, true, true},
                         {XN0, false, true, false},
                         {XN1, false, false, true},
                         {XN1 | XN0, true, false, true}}) {
    const Decoded slot = decode(0x5000 | page_type | S2AP0 | row.never, 0);
    Decoded want = page({.read = true, .execute = row.el1, .user = row.el0});
    want.violations = row.ours ? 0 : violation::leaf_bits;
    EXPECT_EQ(slot, want) << std::hex << row.never;
    EXPECT_EQ(aarch64_s2_4k().profile().expressible(slot.attributes, K4), row.ours) << std::hex << row.never;
  }
}

// What EL0 alone may execute allows something, but has bits that are not ours.
TEST(Aarch64Stage2Decode, ALeafWithoutRightsIsLegalButNotOurs) {
  EXPECT_EQ(violations(page_type | XN1, 0), violation::no_rights);
  EXPECT_EQ(violations(page_type | XN0, 0), violation::leaf_bits);
}

TEST(Aarch64Stage2Decode, LeafBitsThatHardwareIgnoresAreNotOurs) {
  for (unsigned level = 0; level < 3; ++level)
    for (const unsigned at : {11U, 48U, 49U, 50U, 59U, 60U, 61U, 62U, 63U}) {
      const std::uint64_t raw = S2AP0 | XN1 | (level == 0 ? page_type : block_type);
      Decoded slot = decode(raw | bit(at), level);
      EXPECT_EQ(slot.violations, violation::leaf_bits) << at;
      slot.violations = 0;
      EXPECT_EQ(slot, decode(raw, level)) << at;
    }
}

TEST(Aarch64Stage2Decode, ReservedMemoryTypesAreNotOurs) {
  for (std::uint64_t attr = 0; attr < 16; ++attr)
    for (std::uint64_t share = 0; share < 4; ++share) {
      const bool reserved = attr == 4 || attr == 8 || attr == 12 || share == 1;
      const Decoded slot = decode(page_type | S2AP0 | XN1 | attr << 2 | share << 8, 0);
      EXPECT_EQ(slot.attributes.memory_type, attr | share << 4);
      EXPECT_EQ(slot.violations, reserved ? violation::leaf_bits : 0) << attr << ' ' << share;
      EXPECT_EQ(aarch64_s2_4k().profile().expressible(slot.attributes, K4), !reserved);
    }
}

// There are no hierarchical permissions at stage 2.
TEST(Aarch64Stage2Decode, ATableRestrictsNothing) {
  Decoded table;
  table.kind = SlotKind::table;
  table.address = 0x5000;
  table.bytes = M2;
  table.attributes = {.read = true, .write = true, .execute = true, .user = true};
  EXPECT_EQ(decode(0x5000 | table_type, 1), table);
  table.violations = violation::table_bits;
  for (const unsigned at : {2U, 6U, 7U, 10U, 11U, 48U, 51U, 53U, 54U, 58U, 59U, 60U, 61U, 62U, 63U})
    EXPECT_EQ(decode(0x5000 | table_type | bit(at), 1), table) << at;
}

TEST(Aarch64Stage2Decode, AnAddressBeyondTheConfiguredSizeFaults) {
  const Mode narrow{.pa_bits = 40};
  for (const Mmu* mmu : mmus) {
    EXPECT_EQ(mmu->decode(bit(40) | page_type | S2AP0 | XN1, 0, 0, narrow).violations,
              violation::address_width);
    EXPECT_EQ(mmu->decode(bit(40) | table_type, 1, 0, narrow).violations, violation::address_width);
    EXPECT_EQ(mmu->decode(bit(39) | table_type, 1, 0, narrow).violations, 0U);
  }
}

TEST(Aarch64Stage2Profile, AnyRightAndTheUsersFetchOnlyWithTheSupervisors) {
  constexpr std::array legal{false, true,  true,  true,  true, true, true, true,  // without user
                             false, false, false, false, true, true, true, true}; // with it
  for (const Mmu* mmu : mmus)
    for (unsigned set = 0; set < 16; ++set) {
      const Rights rights{(set & 1) != 0, (set & 2) != 0, (set & 4) != 0, (set & 8) != 0};
      EXPECT_EQ(mmu->profile().expressible_rights(rights), legal[set]) << set;
      EXPECT_EQ(mmu->profile().expressible(with_rights({}, rights), K64), legal[set]) << set;
    }
}

TEST(Aarch64Stage2Profile, UserBindsNothingButFetches) {
  const auto permits = aarch64_s2_4k().profile().permits;
  for (unsigned set = 0; set < 16; ++set) {
    const Attributes a{(set & 1) != 0, (set & 2) != 0, (set & 4) != 0, (set & 8) != 0};
    for (const bool user : {false, true}) {
      EXPECT_EQ(permits(a, {AccessKind::read, user}), a.read);
      EXPECT_EQ(permits(a, {AccessKind::write, user}), a.write);
      EXPECT_EQ(permits(a, {AccessKind::execute, user}), user ? a.user : a.execute);
    }
  }
}

TEST(Aarch64Stage2Profile, HasThreeSoftwareBitsNoKeysAndNothingGlobal) {
  const Profile& profile = aarch64_s2_4k().profile();
  EXPECT_TRUE(profile.expressible({.read = true, .memory_type = 63, .software = 7}, K4));
  EXPECT_FALSE(profile.expressible({.read = true, .memory_type = 64}, K4));
  EXPECT_FALSE(profile.expressible({.read = true, .software = 8}, K4));
  EXPECT_FALSE(profile.expressible({.read = true, .key = 1}, K4));
  EXPECT_FALSE(profile.expressible({.read = true, .global = true}, K4));
}

TEST(Aarch64Stage2Tables, PassingThroughIsDecoding) {
  const Aarch64Stage2 mmu({14, 40, 2}, "stage 2");
  std::mt19937_64 random(1);
  unsigned tables = 0;
  for (unsigned round = 0; round < 20000; ++round) {
    const std::uint64_t raw = random();
    const unsigned level = round % 2;
    const Mode mode{.pa_bits = random() % 2 == 0 ? 52U : 44U};
    const Decoded slot = mmu.decode(raw, level, 0, mode);
    const bool led = slot.kind == SlotKind::table && (slot.violations & violation::faulting) == 0;
    const auto below = mmu.below(raw, level, mode);
    ASSERT_EQ(below.has_value(), led) << std::hex << raw;
    if (!below)
      continue;
    ++tables;
    EXPECT_EQ(below->node, slot.address);
    EXPECT_EQ(below->rights, rights_of(slot.attributes));
  }
  EXPECT_GT(tables, 1000U);
}

// A path of tables to ipa, which lies in the second of the two concatenated tables: indexes 513, 2 and 4.
constexpr std::uint64_t base = 0x100000000;
constexpr std::uint64_t ipa = (513ULL << 30) | (2ULL << 21) | (4ULL << 12) | 0x123;

constexpr Access user_read{AccessKind::read, true};
constexpr Access user_write{AccessKind::write, true};
constexpr Access user_fetch{AccessKind::execute, true};
constexpr Access kernel_read{AccessKind::read, false};
constexpr Access kernel_write{AccessKind::write, false};
constexpr Access kernel_fetch{AccessKind::execute, false};

constexpr std::uint64_t frame = 0x77000;
constexpr std::uint64_t clean = frame | page_type | write_back | S2AP0 | DBM; // read, write, execute
constexpr Mode software{.adue = false};                                       // VTCR_EL2.HA and HD are 0

class Aarch64Stage2Walk : public ::testing::Test {
 protected:
  Aarch64Stage2Walk() {
    arena_.put(root_, (base + 0x2000) | table_type);
    arena_.put(middle_, (base + 0x3000) | table_type);
  }

  void page(std::uint64_t raw) { arena_.put(pte_, raw); }
  Walk access(const Access& access, const Mode& mode = {}) {
    return aarch64_s2_4k().access(arena_.memory(), base, ipa, access, mode);
  }
  [[nodiscard]] std::optional<Translation> translate(std::uint64_t at = ipa) const {
    return aarch64_s2_4k().translate(arena_.memory(), base, at, {});
  }
  void expect(const Access& access, Outcome outcome, const Mode& mode = {}) const {
    const Walk done = aarch64_s2_4k().walk(arena_.memory(), base, ipa, access, mode);
    EXPECT_STREQ(to_text(done.outcome), to_text(outcome));
    EXPECT_EQ(done.error_code, 0U);
  }

  Arena arena_{base, 0x6000};
  static constexpr std::uint64_t root_ = base + 513 * 8ULL, middle_ = base + 0x2010, pte_ = base + 0x3020;
};

TEST_F(Aarch64Stage2Walk, TheRootIsTwoConcatenatedTables) {
  page(clean);
  const Walk done = aarch64_s2_4k().walk(arena_.memory(), base, ipa, kernel_read, {});
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 3U);
  EXPECT_EQ(done.steps[0], (Step{2, root_, (base + 0x2000) | table_type}));
  EXPECT_EQ(done.translation, (Translation{0x77123, K4, {true, true, true, true, 15}, {}}));
  EXPECT_EQ(translate(), done.translation);
  EXPECT_EQ(translate(ipa & ~bit(39)), std::nullopt);
}

TEST_F(Aarch64Stage2Walk, ContentsReachBothHalvesOfTheRoot) {
  page(clean);
  arena_.put(base, 5 * G1 | block_type | S2AP0 | XN1);
  arena_.put(base + 1023 * 8ULL, 7 * G1 | block_type | S2AP0 | XN1);
  Contents found;
  read_contents(arena_.memory(), base, aarch64_s2_4k(), {}, found);
  EXPECT_EQ(found.broken, nullptr);
  EXPECT_EQ(found.nodes, 3U);
  const Attributes read_only{.read = true};
  EXPECT_EQ(found.leaves,
            (std::vector<LeafRun>{{0, G1, 5 * G1, G1, read_only, {}},
                                  {ipa & ~0xFFFULL, K4, frame, K4, {true, true, true, true, 15}, {}},
                                  {1023 * G1, G1, 7 * G1, G1, read_only, {}}}));
}

// S2AP says for both modes what data accesses may do, and XN[1:0] for each mode whether it may fetch.
TEST_F(Aarch64Stage2Walk, DataAccessesNeedTheirRightWhoeverAsksAndFetchesThatOfTheirMode) {
  struct Data {
    std::uint64_t bits;
    bool read, write;
  };
  struct Fetch {
    std::uint64_t never;
    bool el1, el0;
  };
  const auto outcome = [](bool may) { return may ? Outcome::ok : Outcome::protection; };
  for (const Data& data :
       {Data{0, false, false}, {S2AP0, true, false}, {DBM, false, true}, {S2AP0 | DBM, true, true}})
    for (const Fetch& fetch :
         {Fetch{0, true, true}, {XN0, false, true}, {XN1, false, false}, {XN1 | XN0, true, false}}) {
      page(frame | page_type | data.bits | fetch.never);
      for (const bool user : {false, true}) {
        expect({AccessKind::read, user}, outcome(data.read));
        expect({AccessKind::write, user}, outcome(data.write));
        expect({AccessKind::execute, user}, outcome(user ? fetch.el0 : fetch.el1));
      }
    }
}

// The machines of fuzz/ ask the profile what the walker answers in the default mode.
TEST_F(Aarch64Stage2Walk, TheProfilePermitsWhatTheWalkerDoes) {
  for (const std::uint64_t rights : {S2AP0, DBM, XN1, XN0, XN1 | XN0, S2AP0 | DBM, S2AP0 | XN1, DBM | XN1})
    for (const Access& each : {user_read, user_write, user_fetch, kernel_read, kernel_write, kernel_fetch}) {
      page(frame | page_type | rights);
      const Walk done = aarch64_s2_4k().walk(arena_.memory(), base, ipa, each, {});
      EXPECT_EQ(done.outcome == Outcome::ok,
                aarch64_s2_4k().profile().permits(done.translation.attributes, each));
    }
}

TEST_F(Aarch64Stage2Walk, BitsOfStage1InATableLimitNothing) {
  page(clean);
  arena_.put(middle_, arena_.at(middle_) | APTable0 | APTable1 | UXNTable | PXNTable);
  for (const Access& each : {user_read, user_write, user_fetch, kernel_read, kernel_write, kernel_fetch})
    expect(each, Outcome::ok);
}

TEST_F(Aarch64Stage2Walk, AHoleFaultsWhereItIs) {
  for (const std::uint64_t slot : {pte_, middle_, root_}) {
    arena_.put(slot, 0);
    const Walk done = aarch64_s2_4k().walk(arena_.memory(), base, ipa, kernel_read, {});
    EXPECT_EQ(done.outcome, Outcome::not_present);
    EXPECT_EQ(done.steps[done.steps_taken - 1].address, slot);
  }
}

TEST_F(Aarch64Stage2Walk, AWriteSetsS2ap1) {
  page(clean);
  EXPECT_EQ(access(kernel_read).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(pte_), clean | AF);
  EXPECT_EQ(access(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(pte_), clean | AF | S2AP1);
  EXPECT_EQ(translate()->flags, (Flags{true, true}));
  EXPECT_EQ(arena_.at(root_), (base + 0x2000) | table_type);
  EXPECT_EQ(arena_.at(middle_), (base + 0x3000) | table_type);
}

TEST_F(Aarch64Stage2Walk, AFaultingAccessLeavesMemoryAlone) {
  page(clean & ~DBM);
  const auto before = arena_.bytes();
  EXPECT_EQ(access(kernel_write).outcome, Outcome::protection);
  EXPECT_EQ(arena_.bytes(), before);
}

TEST_F(Aarch64Stage2Walk, WithoutManagementTheAccessFlagComesFirstAndDbmMeansNothing) {
  page((clean & ~S2AP0) | S2AP1);
  for (const Access& each : {kernel_read, kernel_write, kernel_fetch})
    expect(each, Outcome::access_flag, software);
  page((clean & ~S2AP0) | S2AP1 | AF);
  expect(kernel_read, Outcome::protection, software);
  expect(kernel_write, Outcome::ok, software);
  page(clean | AF);
  expect(kernel_read, Outcome::ok, software);
  expect(kernel_write, Outcome::protection, software);
}

TEST_F(Aarch64Stage2Walk, AddressesBeyondTheInputSizeAreNotTranslated) {
  page(clean);
  for (const Mmu* mmu : mmus)
    for (unsigned at = 40; at < 64; ++at) {
      const Walk done = mmu->walk(arena_.memory(), base, ipa | bit(at), kernel_read, {});
      EXPECT_EQ(done.outcome, Outcome::not_present) << at;
      EXPECT_EQ(done.steps_taken, 0U);
    }
}

TEST(Aarch64Stage2Granules, The16KRootIsSixteenConcatenatedTables) {
  Arena arena(base, 0x44000);
  for (const std::uint64_t slot : {0ULL, 2048ULL, 32767ULL}) {
    arena.put(base + slot * 8, (base + 0x40000) | table_type);
    arena.put(base + 0x40000 + 5 * 8ULL, 0x70000 | page_type | S2AP0 | XN1);
    EXPECT_EQ(aarch64_s2_16k().translate(arena.memory(), base, slot << 25 | 5 << 14 | 0x123, {}),
              (Translation{0x70123, K16, {.read = true}, {}}))
        << slot;
    arena.put(base + slot * 8, 0);
  }
}

TEST(Aarch64Stage2Granules, The16KRootMayHoldContiguousBlocks) {
  Arena arena(base, 0x40000);
  for (unsigned copy = 0; copy < 32; ++copy)
    arena.put(base + (32736 + copy) * 8ULL, (5 * G1 + copy * M32) | block_type | Contiguous | S2AP0 | XN1);
  Contents found;
  read_contents(arena.memory(), base, aarch64_s2_16k(), {}, found);
  EXPECT_EQ(found.broken, nullptr);
  EXPECT_EQ(found.nodes, 1U);
  EXPECT_EQ(found.leaves, (std::vector<LeafRun>{{bit(40) - G1, G1, 5 * G1, G1, {.read = true}, {}}}));
}

TEST(Aarch64Stage2Granules, The64KRootIsAPartOfATable) {
  Arena arena(base, 0x20000);
  arena.put(base + 2047 * 8ULL, (base + 0x10000) | table_type);
  arena.put(base + 2048 * 8ULL, ~0ULL); // beyond the root: no one looks
  arena.put(base + 0x10000 + 8191 * 8ULL, 0x70000 | page_type | S2AP0 | XN1);
  EXPECT_EQ(pa_of(aarch64_s2_64k().translate(arena.memory(), base, bit(40) - 1, {})), 0x7FFFFU);
  Contents found;
  read_contents(arena.memory(), base, aarch64_s2_64k(), {}, found);
  EXPECT_EQ(found.broken, nullptr);
  EXPECT_EQ(found.nodes, 2U);
}

} // namespace
} // namespace reference
