// Walks of AArch64 stage 1 through tables assembled by hand: outcomes as D8.4 (permissions) and D8.5 (flags)
// of the Arm ARM have them, each fault by itself. Levels are ours: 0 is the page.
#include "reference/mmu/aarch64_s1.hpp"
#include "tests/reference/aarch64_words.hpp"
#include "tests/reference/arena.hpp"
#include "tests/reference/translation.hpp"

#include <array>
#include <gtest/gtest.h>
#include <vector>

namespace reference {
namespace {

using namespace aarch64_words;

// One path of tables at va: indexes 1, 2, 3, 4 from the root down.
constexpr std::uint64_t base = 0x100000000;
constexpr std::uint64_t va = (1ULL << 39) | (2ULL << 30) | (3ULL << 21) | (4ULL << 12) | 0x123;

constexpr Access user_read{AccessKind::read, true};
constexpr Access user_write{AccessKind::write, true};
constexpr Access user_fetch{AccessKind::execute, true};
constexpr Access kernel_read{AccessKind::read, false};
constexpr Access kernel_write{AccessKind::write, false};
constexpr Access kernel_fetch{AccessKind::execute, false};
constexpr std::array<Access, 6> everybody{user_read,   user_write,   user_fetch,
                                          kernel_read, kernel_write, kernel_fetch};

// Pages as ours writes them, at 0x77000.
constexpr std::uint64_t frame = 0x77000;
constexpr std::uint64_t user_rw = frame | page_type | nG | AP1 | DBM | AP2 | UXN | PXN;
constexpr std::uint64_t user_rx = frame | page_type | nG | AP1 | AP2 | PXN;
constexpr std::uint64_t user_rwx = frame | page_type | nG | AP1 | DBM | AP2 | PXN;
constexpr std::uint64_t kernel_ro = frame | page_type | nG | AP2 | UXN | PXN;
constexpr std::uint64_t kernel_rw = frame | page_type | nG | DBM | AP2 | UXN | PXN;
constexpr std::uint64_t kernel_rwx = frame | page_type | nG | DBM | AP2 | UXN;

constexpr Mode software{.adue = false}; // TCR_EL1.HA and HD are 0

class Aarch64Walk : public ::testing::Test {
 protected:
  Aarch64Walk() {
    arena_.put(root_, (base + 0x1000) | table_type);
    arena_.put(upper_, (base + 0x2000) | table_type);
    arena_.put(middle_, (base + 0x3000) | table_type);
  }

  void page(std::uint64_t raw) { arena_.put(pte_, raw); }
  // 64 KiB in slots 0 to 15.
  void set(std::uint64_t raw) {
    for (unsigned copy = 0; copy < 16; ++copy)
      arena_.put(base + 0x3000 + copy * 8ULL, (raw + copy * K4) | Contiguous);
  }
  [[nodiscard]] Walk walk(const Access& access, const Mode& mode = {}) const {
    return aarch64_s1_4k().walk(arena_.memory(), base, va, access, mode);
  }
  Walk access(const Access& access, const Mode& mode = {}, std::uint64_t at = va) {
    return aarch64_s1_4k().access(arena_.memory(), base, at, access, mode);
  }
  [[nodiscard]] std::optional<Translation> translate(std::uint64_t at = va) const {
    return aarch64_s1_4k().translate(arena_.memory(), base, at, {});
  }
  void expect(const Access& access, Outcome outcome, const Mode& mode = {}) const {
    const Walk done = walk(access, mode);
    EXPECT_STREQ(to_text(done.outcome), to_text(outcome));
    EXPECT_EQ(done.error_code, 0U);
  }
  // Of user_read, user_write, user_fetch, kernel_read, kernel_write, kernel_fetch: 'y' may, '-' may not.
  void expect_all(const char* may) const {
    for (std::size_t i = 0; i < everybody.size(); ++i)
      EXPECT_EQ(walk(everybody[i]).outcome, may[i] == 'y' ? Outcome::ok : Outcome::protection)
          << may << ' ' << i;
  }
  // For whoever asks; and no translation.
  void expect_fault(Outcome outcome, unsigned level, const Mode& mode = {}) const {
    for (const Access& each : everybody) {
      expect(each, outcome, mode);
      EXPECT_EQ(walk(each, mode).level, level);
    }
    EXPECT_EQ(aarch64_s1_4k().translate(arena_.memory(), base, va, mode), std::nullopt);
  }

  Arena arena_{base, 0x6000};
  static constexpr std::uint64_t root_ = base + 8, upper_ = base + 0x1010, middle_ = base + 0x2018,
                                 pte_ = base + 0x3020;
};

TEST_F(Aarch64Walk, ReadsEveryDescriptorFromTheRootDown) {
  page(user_rx);
  const Walk done = walk(user_read);
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 4U);
  EXPECT_EQ(done.steps, (std::array<Step, 5>{Step{3, root_, (base + 0x1000) | table_type},
                                             {2, upper_, (base + 0x2000) | table_type},
                                             {1, middle_, (base + 0x3000) | table_type},
                                             {0, pte_, user_rx},
                                             {}}));
  EXPECT_EQ(done.leaf_address, pte_);
  EXPECT_EQ(done.translation, (Translation{0x77123, K4, {.read = true, .execute = true, .user = true}, {}}));
  EXPECT_EQ(translate(), done.translation);
}

TEST_F(Aarch64Walk, BlocksEndTheWalkEarly) {
  constexpr std::uint64_t low = block_type | nG | AP2 | UXN | PXN;
  arena_.put(middle_, 5 * M2 | low);
  EXPECT_EQ(translate(), (Translation{5 * M2 + 0x4123, M2, {.read = true}, {}}));
  arena_.put(upper_, 7 * G1 | low);
  EXPECT_EQ(translate(), (Translation{7 * G1 + 3 * M2 + 0x4123, G1, {.read = true}, {}}));
  EXPECT_EQ(walk(kernel_read).steps_taken, 2U);
}

TEST_F(Aarch64Walk, AContiguousSetIsOneLeafFromEachOfItsSlots) {
  set((kernel_ro & ~frame) | 7 * K64);
  for (std::uint64_t slot = 0; slot < 16; ++slot)
    EXPECT_EQ(translate(va - 4 * K4 + slot * K4),
              (Translation{7 * K64 + slot * K4 + 0x123, K64, {.read = true}, {}}))
        << slot;
  EXPECT_EQ(translate(va + 12 * K4), std::nullopt);
}

TEST_F(Aarch64Walk, ContiguousBlocksAre32MAnd16G) {
  constexpr std::uint64_t low = block_type | nG | AP2 | UXN | PXN | Contiguous;
  arena_.put(middle_, (9 * M32 + 3 * M2) | low); // slot 3
  EXPECT_EQ(translate(), (Translation{9 * M32 + 3 * M2 + 0x4123, M32, {.read = true}, {}}));
  arena_.put(upper_, (5 * G16 + 2 * G1) | low); // slot 2
  EXPECT_EQ(translate(), (Translation{5 * G16 + 2 * G1 + 3 * M2 + 0x4123, G16, {.read = true}, {}}));
}

// Hardware takes what its index says, whatever the copy holds there.
TEST_F(Aarch64Walk, ACopyInTheWrongPlaceStillTranslatesByItsSet) {
  page((kernel_ro & ~frame) | 7 * K64 | Contiguous);
  EXPECT_EQ(pa_of(translate()), 7 * K64 + 0x4123);
}

TEST_F(Aarch64Walk, AHoleFaultsWhereItIs) {
  expect_fault(Outcome::not_present, 0);
  page(bit(40));
  expect_fault(Outcome::not_present, 0);
  arena_.put(middle_, 0);
  expect_fault(Outcome::not_present, 1);
  arena_.put(upper_, 0);
  expect_fault(Outcome::not_present, 2);
  arena_.put(root_, 0);
  expect_fault(Outcome::not_present, 3);
}

TEST_F(Aarch64Walk, ABlockWhereThereIsNoneIsATranslationFault) {
  page(kernel_rwx & ~bit(1));
  expect_fault(Outcome::not_present, 0);
  arena_.put(root_, block_type | nG | AP2 | UXN);
  expect_fault(Outcome::not_present, 3);
}

TEST_F(Aarch64Walk, AnAddressBeyondTheConfiguredSizeFaults) {
  page(user_rwx | bit(40));
  expect_fault(Outcome::reserved, 0, {.pa_bits = 40});
  page(user_rwx);
  arena_.put(middle_, bit(40) | (base + 0x3000) | table_type);
  expect_fault(Outcome::reserved, 1, {.pa_bits = 40});
}

// The size of the address is looked at first.
TEST_F(Aarch64Walk, AnAddressSizeFaultComesBeforeTheAccessFlag) {
  page(user_rwx | bit(40));
  expect_fault(Outcome::reserved, 0, {.pa_bits = 40, .adue = false});
}

TEST_F(Aarch64Walk, Res0AndIgnoredBitsOfALeafDoNotFault) {
  page(user_rx);
  const auto want = translate();
  for (const unsigned at : {5U, 48U, 49U, 50U, 59U, 60U, 61U, 62U, 63U}) {
    page(user_rx | bit(at));
    EXPECT_EQ(translate(), want) << at;
    expect(user_read, Outcome::ok);
  }
}

TEST_F(Aarch64Walk, IgnoredBitsOfATableDoNotFault) {
  page(user_rx);
  const auto want = translate();
  for (const unsigned at : {2U, 7U, 8U, 9U, 10U, 11U, 48U, 49U, 50U, 51U, 52U, 53U, 54U, 58U, 63U}) {
    arena_.put(middle_, (base + 0x3000) | table_type | bit(at));
    EXPECT_EQ(translate(), want) << at;
  }
}

TEST_F(Aarch64Walk, EachAccessNeedsItsRight) {
  page(user_rw);
  expect_all("yy-yy-");
  page(user_rx);
  expect_all("y-yy--");
  page(user_rwx);
  expect_all("yyyyy-");
  page(kernel_ro);
  expect_all("---y--");
  page(kernel_rw);
  expect_all("---yy-");
  page(kernel_rwx);
  expect_all("---yyy");
}

// The machines of fuzz/ ask the profile what the walker answers in the default mode.
TEST_F(Aarch64Walk, TheProfilePermitsWhatTheWalkerDoes) {
  for (const std::uint64_t raw : {user_rw, user_rx, user_rwx, kernel_ro, kernel_rw, kernel_rwx}) {
    page(raw);
    for (const Access& each : everybody) {
      const Walk done = walk(each);
      EXPECT_EQ(done.outcome == Outcome::ok,
                aarch64_s1_4k().profile().permits(done.translation.attributes, each));
    }
  }
}

TEST_F(Aarch64Walk, EachTableLimitsWhatIsBelow) {
  for (const std::uint64_t table : {root_, upper_, middle_}) {
    const std::uint64_t before = arena_.at(table);
    const auto expect_limited = [&](std::uint64_t limit, std::uint64_t raw, const char* may) {
      arena_.put(table, before | limit);
      page(raw);
      expect_all(may);
      EXPECT_EQ(translate(), walk(kernel_read).translation);
    };
    expect_limited(APTable0, user_rwx, "---yy-");
    expect_limited(APTable0, kernel_rwx, "---yyy");
    expect_limited(APTable1, user_rwx, "y-yy--");
    expect_limited(APTable1, kernel_rwx, "---y-y");
    expect_limited(UXNTable, user_rwx, "yy-yy-");
    expect_limited(UXNTable, kernel_rwx, "---yyy");
    expect_limited(PXNTable, user_rwx, "yyyyy-");
    expect_limited(PXNTable, kernel_rwx, "---yy-");
    arena_.put(table, before);
  }
}

TEST_F(Aarch64Walk, LimitsOfSeveralTablesAddUp) {
  arena_.put(root_, arena_.at(root_) | APTable1);
  arena_.put(upper_, arena_.at(upper_) | PXNTable);
  page(kernel_rwx);
  expect_all("---y--");
  arena_.put(middle_, arena_.at(middle_) | APTable0);
  page(user_rwx);
  expect_all("---y--");
}

// D8.4, as its tables have it: what EL1 and EL0 may, from AP[2:1], APTable, UXN, PXN and their tables' bits.
struct Manual {
  bool pr = true, pw, ur, uw, px, ux;

  Manual(std::uint64_t leaf, std::uint64_t limits)
      : pw((leaf & AP2) == 0 || (leaf & DBM) != 0), ur((leaf & AP1) != 0), uw(pw && ur) {
    if ((limits & APTable0) != 0)
      ur = uw = false;
    if ((limits & APTable1) != 0)
      pw = uw = false;
    px = (leaf & PXN) == 0 && (limits & PXNTable) == 0 && !uw;
    ux = (leaf & UXN) == 0 && (limits & UXNTable) == 0;
  }
  [[nodiscard]] bool allows(const Access& access) const {
    const std::array<bool, 6> may{pr, pw, px, ur, uw, ux};
    return may[static_cast<std::size_t>(access.kind) + (access.user ? 3 : 0)];
  }
};

// What our words cannot say: a page that EL0 may execute and not read. Only APTable[0] over a user's page
// makes one.
TEST_F(Aarch64Walk, OurPagesUnderAllLimitsAreWhatTheManualsTablesSay) {
  unsigned lost = 0;
  for (const std::uint64_t raw : {user_rw, user_rx, user_rwx, kernel_ro, kernel_rw, kernel_rwx})
    for (std::uint64_t limits = 0; limits < 16; ++limits) {
      const std::uint64_t high = limits << 59, low = (limits & 5) << 59;
      arena_.put(root_, (base + 0x1000) | table_type | low);
      arena_.put(middle_, (base + 0x3000) | table_type | (high & ~low));
      page(raw);
      for (const Access& each : everybody) {
        const bool unsaid = each.user && each.kind == AccessKind::execute && (high & APTable0) != 0
                            && (raw & AP1) != 0 && Manual(raw, high).allows(each);
        lost += unsaid ? 1 : 0;
        expect(each, Manual(raw, high).allows(each) && !unsaid ? Outcome::ok : Outcome::protection);
      }
    }
  EXPECT_EQ(lost, 8U); // two pages that a user may execute, four limits with APTable[0] and without UXNTable
}

TEST_F(Aarch64Walk, ContentsShowWhatTheLimitsLeave) {
  page(user_rwx);
  arena_.put(middle_, arena_.at(middle_) | UXNTable | APTable1);
  Contents found;
  read_contents(arena_.memory(), base, aarch64_s1_4k(), {}, found);
  ASSERT_EQ(found.leaves.size(), 1U);
  EXPECT_EQ(found.leaves[0].attributes, (Attributes{.read = true, .user = true}));
  EXPECT_STREQ(found.broken, violation_name(violation::table_bits));
  EXPECT_EQ(attributes_of(translate()), found.leaves[0].attributes);
}

TEST_F(Aarch64Walk, AnAccessSetsTheAccessFlagAndAWriteClearsReadOnly) {
  page(kernel_rw);
  const auto untouched = arena_.bytes();
  EXPECT_EQ(walk(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(arena_.bytes(), untouched);
  EXPECT_EQ(access(kernel_read).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(pte_), kernel_rw | AF);
  EXPECT_EQ(access(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(pte_), (kernel_rw & ~AP2) | AF);
  EXPECT_EQ(translate()->flags, (Flags{true, true}));
  EXPECT_EQ(arena_.at(root_), (base + 0x1000) | table_type);
  EXPECT_EQ(arena_.at(upper_), (base + 0x2000) | table_type);
  EXPECT_EQ(arena_.at(middle_), (base + 0x3000) | table_type);
}

// Bit 7 of a table is ignored, and no AP[2].
TEST_F(Aarch64Walk, AWriteChangesNoTableWhateverItHolds) {
  page(kernel_rw);
  for (const std::uint64_t table : {root_, upper_, middle_})
    arena_.put(table, arena_.at(table) | AP2);
  const auto root = arena_.at(root_), upper = arena_.at(upper_), middle = arena_.at(middle_);
  EXPECT_EQ(access(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(root_), root);
  EXPECT_EQ(arena_.at(upper_), upper);
  EXPECT_EQ(arena_.at(middle_), middle);
}

TEST_F(Aarch64Walk, AFirstWriteSetsBothInABlock) {
  constexpr std::uint64_t raw = 5 * M2 | block_type | DBM | AP2 | UXN | PXN;
  arena_.put(middle_, raw);
  EXPECT_EQ(access(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(middle_), (raw & ~AP2) | AF);
}

TEST_F(Aarch64Walk, AReadOfADirtyPageLeavesItDirty) {
  page(kernel_rw & ~AP2);
  EXPECT_EQ(access(kernel_read).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(pte_), (kernel_rw & ~AP2) | AF);
}

TEST_F(Aarch64Walk, AFaultingAccessLeavesMemoryAlone) {
  page(kernel_ro | was_dirty);
  const auto before = arena_.bytes();
  EXPECT_EQ(access(kernel_write).outcome, Outcome::protection);
  EXPECT_EQ(access(user_read).outcome, Outcome::protection);
  EXPECT_EQ(arena_.bytes(), before);
}

// What a table above forbids, DBM does not bring back.
TEST_F(Aarch64Walk, AWriteThatATableForbidsDoesNotMakeAPageDirty) {
  page(kernel_rw);
  arena_.put(upper_, arena_.at(upper_) | APTable1);
  EXPECT_EQ(access(kernel_write).outcome, Outcome::protection);
  EXPECT_EQ(arena_.at(pte_), kernel_rw);
}

TEST_F(Aarch64Walk, ASetKeepsFlagsInTheCopyThatWasWalkedAndTranslateOrsThem) {
  const std::uint64_t raw = (kernel_rw & ~frame) | 7 * K64;
  set(raw);
  EXPECT_EQ(access(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(access(kernel_read, {}, va + K4).outcome, Outcome::ok);
  for (std::uint64_t slot = 0; slot < 16; ++slot) {
    const std::uint64_t copy = (raw + slot * K4) | Contiguous;
    EXPECT_EQ(arena_.at(base + 0x3000 + slot * 8), slot == 4   ? (copy & ~AP2) | AF
                                                   : slot == 5 ? copy | AF
                                                               : copy)
        << slot;
  }
  EXPECT_EQ(translate(va + 9 * K4)->flags, (Flags{true, true}));
}

TEST_F(Aarch64Walk, ContentsShowASetOnceWithTheFlagsOfAllCopies) {
  const std::uint64_t raw = (kernel_rw & ~frame) | 7 * K64;
  set(raw);
  page(((raw + 4 * K4) | Contiguous) & ~AP2);
  arena_.put(base + 0x3000 + 16 * 8ULL, kernel_ro);
  Contents found;
  read_contents(arena_.memory(), base, aarch64_s1_4k(), {}, found);
  EXPECT_EQ(found.broken, nullptr);
  EXPECT_EQ(found.nodes, 4U);
  const std::uint64_t first = va & ~(K64 - 1);
  EXPECT_EQ(found.leaves,
            (std::vector<LeafRun>{{first, K64, 7 * K64, K64, {.read = true, .write = true}, {false, true}},
                                  {first + K64, K4, frame, K4, {.read = true}, {}}}));
}

TEST_F(Aarch64Walk, WithoutManagementAClearAccessFlagFaults) {
  page(kernel_rwx & ~AP2);
  for (const Access& each : {kernel_read, kernel_write, kernel_fetch})
    expect(each, Outcome::access_flag, software);
  const auto before = arena_.bytes();
  EXPECT_EQ(access(kernel_read, software).outcome, Outcome::access_flag);
  EXPECT_EQ(arena_.bytes(), before);
}

TEST_F(Aarch64Walk, AnAccessFlagFaultComesBeforeAPermissionFault) {
  page(kernel_ro);
  for (const Access& each : everybody)
    expect(each, Outcome::access_flag, software);
  page(kernel_ro | AF);
  expect(user_read, Outcome::protection, software);
  expect(kernel_read, Outcome::ok, software);
}

TEST_F(Aarch64Walk, WithoutManagementDbmMeansNothing) {
  page(kernel_rw | AF);
  expect(kernel_read, Outcome::ok, software);
  expect(kernel_write, Outcome::protection, software);
  page((kernel_rw & ~AP2) | AF);
  expect(kernel_write, Outcome::ok, software);
  page((kernel_rw & ~(AP2 | DBM)) | AF);
  expect(kernel_write, Outcome::ok, software);
  page(kernel_rw | AF | was_dirty);
  expect(kernel_write, Outcome::protection, software);
}

TEST_F(Aarch64Walk, WithoutManagementTheCopyThatWasWalkedIsAsked) {
  const std::uint64_t raw = (kernel_ro & ~frame) | 7 * K64;
  set(raw);
  page((raw + 4 * K4) | Contiguous | AF);
  EXPECT_EQ(access(kernel_read, software).outcome, Outcome::ok);
  EXPECT_EQ(access(kernel_read, software, va + K4).outcome, Outcome::access_flag);
}

TEST_F(Aarch64Walk, AddressesBeyondTheInputSizeAreNotTranslated) {
  page(kernel_ro);
  for (const Mmu* mmu : {&aarch64_s1_4k(), &aarch64_s1_16k(), &aarch64_s1_64k(), &aarch64_s1_4k_lpa2()})
    for (unsigned at = mmu->profile().va_bits; at < 64; ++at) {
      const Walk done = mmu->walk(arena_.memory(), base, va | bit(at), kernel_read, {});
      EXPECT_EQ(done.outcome, Outcome::not_present) << at;
      EXPECT_EQ(done.steps_taken, 0U);
      EXPECT_EQ(mmu->translate(arena_.memory(), base, va | bit(at), {}), std::nullopt) << at;
    }
}

TEST_F(Aarch64Walk, ANodeOutsideTheMemoryIsNotRead) {
  arena_.put(middle_, (base + 0x6000) | table_type);
  EXPECT_EQ(walk(kernel_read).outcome, Outcome::outside_memory);
  EXPECT_EQ(translate(), std::nullopt);
}

// A root of 16 entries above the four levels, and memory at 2^50, which is bit 8 of a descriptor.
TEST(Aarch64Lpa2, WalksFiveLevelsThroughNodesBeyond48Bits) {
  constexpr std::uint64_t high = bit(50) | bit(48), at = 15ULL << 48 | va;
  Arena arena(high, 0x6000);
  const std::array<std::uint64_t, 5> index{15, 1, 2, 3, 4};
  for (unsigned node = 0; node < 4; ++node)
    arena.put(high + node * K4 + index[node] * 8,
              bit(48) | bit(8) | (node + 1) * K4 | table_type); // 51:50 in 9:8
  arena.put(high + 0x4020, bit(9) | frame | page_type | nG | AP2 | UXN | PXN);
  const Walk done = aarch64_s1_4k_lpa2().walk(arena.memory(), high, at, kernel_read, {});
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 5U);
  EXPECT_EQ(done.steps[0].level, 4U);
  EXPECT_EQ(done.steps[0].address, high + 15 * 8ULL);
  EXPECT_EQ(done.translation, (Translation{bit(51) | 0x77123, K4, {.read = true}, {}}));
  EXPECT_EQ(aarch64_s1_4k_lpa2().translate(arena.memory(), high, at, {}), done.translation);
}

TEST(Aarch64Lpa2, HasBlocksOf512GAnd64G) {
  Arena arena(base, 0x8000);
  arena.put(base + 15 * 8ULL, (base + 0x1000) | table_type);
  arena.put(base + 0x1008, 3 * G512 | block_type | nG | AP2 | UXN | PXN);
  EXPECT_EQ(aarch64_s1_4k_lpa2().translate(arena.memory(), base, 15ULL << 48 | 1ULL << 39 | 0x123, {}),
            (Translation{3 * G512 + 0x123, G512, {.read = true}, {}}));
  arena.put(base + 31 * 8ULL, (base + 0x4000) | table_type);
  arena.put(base + 0x4000 + 2047 * 8ULL, 5 * G64 | block_type | nG | AP2 | UXN | PXN);
  EXPECT_EQ(aarch64_s1_16k_lpa2().translate(arena.memory(), base, bit(52) - 1, {}),
            (Translation{6 * G64 - 1, G64, {.read = true}, {}}));
}

TEST(Aarch64Granules, The16KRootHas2048EntriesAndASet128) {
  Arena arena(base, 0xC000);
  arena.put(base + 2047 * 8ULL, (base + 0x4000) | table_type);
  arena.put(base + 0x4000 + 2047 * 8ULL, (base + 0x8000) | table_type);
  constexpr std::uint64_t raw = 3 * M2 | page_type | Contiguous | nG | DBM | AP2 | UXN | PXN;
  for (unsigned copy = 0; copy < 128; ++copy)
    arena.put(base + 0x8000 + (1920 + copy) * 8ULL, raw + copy * K16);
  const std::uint64_t first = bit(47) - M2;
  EXPECT_EQ(aarch64_s1_16k().access(arena.memory(), base, first, kernel_write, {}).outcome, Outcome::ok);
  EXPECT_EQ(arena.at(base + 0x8000 + 1920 * 8ULL), (raw & ~AP2) | AF);
  EXPECT_EQ(aarch64_s1_16k().translate(arena.memory(), base, bit(47) - 1, {}),
            (Translation{4 * M2 - 1, M2, {.read = true, .write = true}, {true, true}}));
  Contents found;
  read_contents(arena.memory(), base, aarch64_s1_16k(), {}, found);
  EXPECT_EQ(found.broken, nullptr);
  EXPECT_EQ(found.leaves,
            (std::vector<LeafRun>{{first, M2, 3 * M2, M2, {.read = true, .write = true}, {true, true}}}));
}

TEST(Aarch64Granules, The64KRootIsThe64EntriesAtTheStartOfItsNode) {
  Arena arena(base, 0x30000);
  arena.put(base + 63 * 8ULL, (base + 0x10000) | table_type);
  arena.put(base + 64 * 8ULL, ~0ULL); // beyond the root: no one looks
  arena.put(base + 0x10000 + 8191 * 8ULL, (base + 0x20000) | table_type);
  arena.put(base + 0x20000 + 8191 * 8ULL, 0x70000 | page_type | nG | AP2 | UXN | PXN);
  EXPECT_EQ(aarch64_s1_64k().translate(arena.memory(), base, bit(48) - 1, {}),
            (Translation{0x7FFFF, K64, {.read = true}, {}}));
  Contents found;
  read_contents(arena.memory(), base, aarch64_s1_64k(), {}, found);
  EXPECT_EQ(found.broken, nullptr);
  EXPECT_EQ(found.nodes, 3U);
  EXPECT_EQ(found.leaves.size(), 1U);
}

} // namespace
} // namespace reference
