// The ARMv7 walker over tables assembled by hand from ARM DDI 0406C: each fault by itself, domains, the
// Access flag, and whatever depends on words having four bytes.
#include "reference/flat_map.hpp"
#include "reference/mmu/contents.hpp"
#include "tests/reference/arena.hpp"
#include "tests/reference/armv7_words.hpp"
#include "tests/reference/translation.hpp"

#include <array>
#include <gtest/gtest.h>
#include <vector>

namespace reference {
namespace {

using namespace armv7_words;
using second::AP0;
using second::AP1;
using second::AP2;

// One path at va: word 0xABC of a root of 16 KiB, and word 0x24 of the 1 KiB behind it. Page 0x24 lies in the
// large page of words 0x20 to 0x2F, and word 0xABC in the supersection of words 0xAB0 to 0xABF.
constexpr std::uint64_t base = 0x40000000;
constexpr std::uint64_t node = base + 0x4000;
constexpr std::uint64_t va = 0xABC24123;
constexpr std::uint64_t root_slot = base + 0xABC * 4ULL;
constexpr std::uint64_t page_slot = node + 0x24 * 4ULL;

constexpr Access user_read{AccessKind::read, true};
constexpr Access user_write{AccessKind::write, true};
constexpr Access user_fetch{AccessKind::execute, true};
constexpr Access kernel_read{AccessKind::read, false};
constexpr Access kernel_write{AccessKind::write, false};
constexpr Access kernel_fetch{AccessKind::execute, false};
constexpr std::array everyone{user_read, user_write, user_fetch, kernel_read, kernel_write, kernel_fetch};

// DACR with one domain changed.
constexpr std::uint32_t no_access = 0;
constexpr std::uint32_t client = 1;
constexpr std::uint32_t reserved = 2;
constexpr std::uint32_t manager = 3;
constexpr std::uint32_t dacr(unsigned number, std::uint32_t access) {
  return (0x55555555U & ~(3U << (2 * number))) | access << (2 * number);
}

class Armv7Walk : public ::testing::Test {
 protected:
  Armv7Walk() { put(root_slot, node | table); }

  void put(std::uint64_t slot, std::uint64_t word) { arena_.memory().store(slot, word, 4); }
  [[nodiscard]] std::uint64_t at(std::uint64_t slot) const {
    return arena_.memory().load(slot, 4).value_or(0);
  }
  void page(std::uint64_t word) { put(page_slot, word); }
  void large_page(std::uint64_t word) {
    for (unsigned copy = 0x20; copy < 0x30; ++copy)
      put(node + copy * 4ULL, word);
  }
  void supersection_of(std::uint64_t word) {
    for (unsigned copy = 0xAB0; copy < 0xAC0; ++copy)
      put(base + copy * 4ULL, word);
  }
  [[nodiscard]] Walk walk(const Access& access, const Mode& mode = {}) const {
    return armv7().walk(arena_.memory(), base, va, access, mode);
  }
  [[nodiscard]] Walk access(const Access& access, const Mode& mode = {}, std::uint64_t where = va) {
    return armv7().access(arena_.memory(), base, where, access, mode);
  }
  [[nodiscard]] std::optional<Translation> translate(std::uint64_t where = va) const {
    return armv7().translate(arena_.memory(), base, where, {});
  }
  [[nodiscard]] Contents contents() const {
    Contents found;
    read_contents(arena_.memory(), base, armv7(), {}, found);
    return found;
  }
  void expect(const Access& access, const Mode& mode, Outcome outcome) const {
    const Walk done = walk(access, mode);
    EXPECT_STREQ(to_text(done.outcome), to_text(outcome));
    EXPECT_EQ(done.error_code, 0U);
  }
  void expect_all(const Mode& mode, Outcome outcome) const {
    for (const Access& each : everyone)
      expect(each, mode, outcome);
  }
  // A fault for whoever asks, whatever the domains say, and no translation.
  void expect_fault(Outcome outcome, unsigned level) const {
    for (const std::uint32_t domains : {0x55555555U, 0U, 0xFFFFFFFFU})
      expect_all({.dacr = domains}, outcome);
    EXPECT_EQ(walk(kernel_read).level, level);
    EXPECT_EQ(translate(), std::nullopt);
  }

  Arena arena_{base, 0x4800};
};

TEST_F(Armv7Walk, ReadsBothDescriptors) {
  page(0x77000 | small | AP1 | AP0 | C);
  const Walk done = walk(user_read);
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 2U);
  EXPECT_EQ(
      done.steps,
      (std::array<Step, 5>{
          Step{1, root_slot, node | table}, {0, page_slot, 0x77000 | small | AP1 | AP0 | C}, {}, {}, {}}));
  EXPECT_EQ(done.leaf_address, page_slot);
  EXPECT_EQ(done.translation,
            (Translation{0x77123, K4, {true, true, true, true, 2, true, 0, 0}, {true, false}}));
  EXPECT_EQ(translate(), done.translation);
}

TEST_F(Armv7Walk, SectionsEndTheWalkEarly) {
  put(root_slot, 3 * M1 | section | first::AP2 | first::nG);
  EXPECT_EQ(translate(), (Translation{3 * M1 + 0x24123, M1, {.read = true, .execute = true}, {}}));
  EXPECT_EQ(walk(kernel_read).steps_taken, 1U);
}

TEST_F(Armv7Walk, ALargePageIs64KFromEachOfItsWords) {
  large_page(7 * K64 | large | AP2 | second::nG);
  for (std::uint64_t slot = 0; slot < 16; ++slot)
    EXPECT_EQ(translate(va - 4 * K4 + slot * K4),
              (Translation{7 * K64 + slot * K4 + 0x123, K64, {.read = true, .execute = true}, {}}))
        << slot;
  EXPECT_EQ(translate(va - 5 * K4), std::nullopt);
  EXPECT_EQ(translate(va + 12 * K4), std::nullopt);
}

TEST_F(Armv7Walk, ASupersectionIs16MFromEachOfItsWords) {
  put(root_slot, 0);
  supersection_of(7 * M16 | supersection | first::AP2 | first::nG);
  for (std::uint64_t slot = 0; slot < 16; ++slot)
    EXPECT_EQ(translate(va - 12 * M1 + slot * M1),
              (Translation{7 * M16 + slot * M1 + 0x24123, M16, {.read = true, .execute = true}, {}}))
        << slot;
  EXPECT_EQ(translate(va - 13 * M1), std::nullopt);
  EXPECT_EQ(translate(va + 4 * M1), std::nullopt);
}

TEST_F(Armv7Walk, AHoleFaultsWhereItIs) {
  expect_fault(Outcome::not_present, 0);
  page(0xFFFFFFFC);
  expect_fault(Outcome::not_present, 0);
  put(root_slot, 0);
  expect_fault(Outcome::not_present, 1);
}

TEST_F(Armv7Walk, Type11OfTheFirstLevelFaultsAsAHole) {
  put(root_slot, 3 * M1 | 0x3 | first::AP0);
  expect_fault(Outcome::not_present, 1);
}

TEST_F(Armv7Walk, ASupersectionBeyond32BitsFaults) {
  put(root_slot, 7 * M16 | supersection | bit(20));
  expect_fault(Outcome::reserved, 1);
  put(root_slot, 7 * M16 | supersection | bit(8));
  expect_fault(Outcome::reserved, 1);
}

TEST_F(Armv7Walk, ANodeOutsideTheMemoryIsNotRead) {
  put(root_slot, (base + 0x4800) | table);
  expect_fault(Outcome::outside_memory, 0);
}

TEST_F(Armv7Walk, AddressesBeyond32BitsNeverReachATable) {
  page(0x77000 | small);
  for (unsigned above = 32; above < 64; ++above) {
    const Walk done = armv7().walk(arena_.memory(), base, va | bit(above), kernel_read, {});
    EXPECT_EQ(done.outcome, Outcome::not_present) << above;
    EXPECT_EQ(done.steps_taken, 0U);
    EXPECT_EQ(translate(va | bit(above)), std::nullopt) << above;
  }
}

TEST_F(Armv7Walk, TheLowBitsOfTtbr0AreNoAddress) {
  page(0x77000 | small);
  EXPECT_EQ(pa_of(armv7().translate(arena_.memory(), base | 0x3FFF, va, {})), 0x77123U);
}

TEST_F(Armv7Walk, TheTopOfTheSpaceIsTheLastWordOfTheRoot) {
  put(base + 4095 * 4ULL, 7 * M1 | section);
  EXPECT_EQ(pa_of(translate(0xFFFFFFFF)), 8 * M1 - 1);
}

// The last word of the memory, and a table whose second half is not there.
TEST_F(Armv7Walk, WordsHaveFourBytes) {
  put(root_slot, (node + 0x400) | table);
  put(node + 0x7FC, 0x77000 | small);
  put(node + 0x7F8, 0x99000 | small);
  const std::uint64_t last = va - 0x24 * K4 + 0xFF * K4;
  EXPECT_EQ(access(kernel_write, {}, last - K4).translation.pa, 0x99123U);
  EXPECT_EQ(at(node + 0x7F8), 0x99000 | small | AP0);
  EXPECT_EQ(at(node + 0x7FC), 0x77000 | small);
  EXPECT_EQ(access(kernel_write, {}, last).translation.pa, 0x77123U);
  EXPECT_EQ(at(node + 0x7FC), 0x77000 | small | AP0);
}

TEST_F(Armv7Walk, AP2TakesWritesAway) {
  page(0x77000 | small | AP1);
  expect_all({}, Outcome::ok);
  page(0x77000 | small | AP1 | AP2);
  for (const Access& each : everyone)
    expect(each, {}, each.kind == AccessKind::write ? Outcome::protection : Outcome::ok);
}

TEST_F(Armv7Walk, AP1LetsUsersIn) {
  page(0x77000 | small);
  for (const Access& each : everyone)
    expect(each, {}, each.user ? Outcome::protection : Outcome::ok);
}

TEST_F(Armv7Walk, XnTakesFetchesAway) {
  const auto only_data = [this] {
    for (const Access& each : everyone)
      expect(each, {}, each.kind == AccessKind::execute ? Outcome::protection : Outcome::ok);
  };
  page(0x77000 | small | AP1 | XN_small);
  only_data();
  large_page(K64 | large | AP1 | XN_large);
  only_data();
  put(root_slot, M1 | section | first::AP1 | first::XN);
  only_data();
  put(root_slot, M16 | supersection | first::AP1 | first::XN);
  only_data();
}

TEST_F(Armv7Walk, APageIsInTheDomainOfItsTable) {
  page(0x77000 | small | AP1);
  for (unsigned number = 0; number < 16; ++number) {
    put(root_slot, node | table | domain(number));
    EXPECT_EQ(translate()->attributes.key, number);
    EXPECT_EQ(walk(kernel_read).translation.attributes.key, number);
    expect_all({.dacr = dacr(number, client)}, Outcome::ok);
    expect_all({.dacr = dacr(number, no_access)}, Outcome::protection_key);
    expect_all({.dacr = dacr((number + 1) % 16, no_access)}, Outcome::ok);
    EXPECT_EQ(walk(kernel_read, {.dacr = dacr(number, no_access)}).level, 0U);
  }
}

TEST_F(Armv7Walk, ASectionIsInItsOwnDomain) {
  for (unsigned number = 0; number < 16; ++number) {
    put(root_slot, M1 | section | first::AP1 | domain(number));
    EXPECT_EQ(translate()->attributes.key, number);
    expect_all({.dacr = dacr(number, no_access)}, Outcome::protection_key);
    expect_all({.dacr = dacr((number + 1) % 16, no_access)}, Outcome::ok);
  }
}

TEST_F(Armv7Walk, ASupersectionIsInDomain0) {
  put(root_slot, M16 | supersection | first::AP1);
  EXPECT_EQ(translate()->attributes.key, 0U);
  expect_all({.dacr = dacr(0, no_access)}, Outcome::protection_key);
  expect_all({.dacr = 0x00000001}, Outcome::ok);
}

TEST_F(Armv7Walk, AReservedDomainAccessLetsNobodyIn) {
  page(0x77000 | small | AP1);
  expect_all({.dacr = dacr(0, reserved)}, Outcome::protection_key);
}

TEST_F(Armv7Walk, AManagerIsNotAskedForRights) {
  page(0x77000 | small | AP2 | XN_small);
  expect_all({.dacr = dacr(0, manager)}, Outcome::ok);
  put(root_slot, M1 | section | first::AP2 | first::XN);
  expect_all({.dacr = dacr(0, manager)}, Outcome::ok);
}

// The machines of fuzz/ ask the profile what the walker answers in the default mode.
TEST_F(Armv7Walk, TheProfilePermitsWhatTheWalkerDoes) {
  for (std::uint64_t set = 0; set < 8; ++set) {
    page(0x77000 | small | (set & 1) * XN_small | (set >> 1 & 1) * AP1 | (set >> 2 & 1) * AP2);
    for (const Access& each : everyone) {
      const Walk done = walk(each);
      EXPECT_EQ(done.outcome == Outcome::ok, armv7().profile().permits(done.translation.attributes, each))
          << set;
    }
  }
}

TEST_F(Armv7Walk, AnAccessSetsAP0OfAPageAndNothingElse) {
  page(0x77000 | small | AP1);
  const auto untouched = arena_.bytes();
  EXPECT_EQ(walk(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(arena_.bytes(), untouched);
  EXPECT_EQ(access(user_write).outcome, Outcome::ok);
  EXPECT_EQ(at(page_slot), 0x77000 | small | AP1 | AP0);
  EXPECT_EQ(at(root_slot), node | table);
  EXPECT_EQ(translate()->flags, (Flags{true, false}));
}

TEST_F(Armv7Walk, AnAccessSetsAP0OfASection) {
  put(root_slot, M1 | section);
  EXPECT_EQ(access(kernel_write).outcome, Outcome::ok);
  EXPECT_EQ(at(root_slot), M1 | section | first::AP0);
}

TEST_F(Armv7Walk, AFaultingAccessLeavesMemoryAlone) {
  page(0x77000 | small | AP2);
  const auto before = arena_.bytes();
  EXPECT_EQ(access(kernel_write).outcome, Outcome::protection);
  EXPECT_EQ(access(kernel_read, {.dacr = 0}).outcome, Outcome::protection_key);
  EXPECT_EQ(access(kernel_read, {.adue = false}).outcome, Outcome::access_flag);
  EXPECT_EQ(arena_.bytes(), before);
}

TEST_F(Armv7Walk, ALargePageKeepsTheFlagInTheCopyThatWasWalkedAndTranslateOrsThem) {
  large_page(7 * K64 | large);
  EXPECT_EQ(access(kernel_write).outcome, Outcome::ok);
  for (std::uint64_t copy = 0x20; copy < 0x30; ++copy)
    EXPECT_EQ(at(node + copy * 4), 7 * K64 | large | (copy == 0x24 ? AP0 : 0)) << copy;
  EXPECT_EQ(translate(va + 5 * K4)->flags, (Flags{true, false}));
}

TEST_F(Armv7Walk, ASupersectionKeepsTheFlagInTheCopyThatWasWalkedAndTranslateOrsThem) {
  supersection_of(7 * M16 | supersection);
  EXPECT_EQ(access(kernel_read).outcome, Outcome::ok);
  for (std::uint64_t copy = 0xAB0; copy < 0xAC0; ++copy)
    EXPECT_EQ(at(base + copy * 4), 7 * M16 | supersection | (copy == 0xABC ? first::AP0 : 0)) << copy;
  EXPECT_EQ(translate(va - 9 * M1)->flags, (Flags{true, false}));
}

TEST_F(Armv7Walk, WithoutHardwareManagementAClearAccessFlagFaults) {
  page(0x77000 | small | AP1);
  expect_all({.adue = false}, Outcome::access_flag);
  page(0x77000 | small | AP1 | AP0);
  expect_all({.adue = false}, Outcome::ok);
  put(root_slot, M1 | section | first::AP1);
  expect_all({.adue = false}, Outcome::access_flag);
  put(root_slot, M1 | section | first::AP1 | first::AP0);
  expect_all({.adue = false}, Outcome::ok);
}

TEST_F(Armv7Walk, WithoutHardwareManagementTheCopyThatWasWalkedIsAsked) {
  large_page(7 * K64 | large);
  page(7 * K64 | large | AP0);
  EXPECT_EQ(access(kernel_read, {.adue = false}).outcome, Outcome::ok);
  EXPECT_EQ(access(kernel_read, {.adue = false}, va + K4).outcome, Outcome::access_flag);
}

// Translation, Access flag, domain, permission: of a word that deserves each, the first is reported.
TEST_F(Armv7Walk, FaultsComeInTheOrderOfTheManual) {
  put(root_slot, node | table | domain(3));
  const Mode nothing{.adue = false, .dacr = dacr(3, no_access)};
  expect(user_write, nothing, Outcome::not_present);
  page(0x77000 | small | AP2);
  expect(user_write, nothing, Outcome::access_flag);
  expect(user_write, {.adue = false, .dacr = dacr(3, manager)}, Outcome::access_flag);
  page(0x77000 | small | AP2 | AP0);
  expect(user_write, nothing, Outcome::protection_key);
  expect(user_write, {.adue = false}, Outcome::protection);
}

TEST_F(Armv7Walk, ContentsShowEachLeafOnceWithTheFlagsOfAllCopies) {
  large_page(7 * K64 | large | second::nG);
  page(7 * K64 | large | second::nG | AP0);
  put(node + 0x30 * 4ULL, 0x99000 | small | second::nG);
  put(node + 0x31 * 4ULL, 0x9A000 | small | second::nG);
  put(node + 0x40 * 4ULL, 0xABC << 2);
  put(base + 4095 * 4ULL, 5 * M1 | section | first::nG);
  const Contents found = contents();
  EXPECT_EQ(found.broken, nullptr);
  EXPECT_EQ(found.nodes, 2U);
  const std::uint64_t first = va & ~(K64 - 1);
  const Attributes all{.read = true, .write = true, .execute = true};
  EXPECT_EQ(found.leaves, (std::vector<LeafRun>{{first, K64, 7 * K64, K64, all, {true, false}},
                                                {first + K64, 2 * K4, 0x99000, K4, all, {}},
                                                {4095 * M1, M1, 5 * M1, M1, all, {}}}));
  EXPECT_EQ(found.markers, (std::vector<Marker>{{first + 2 * K64, K4, 0xABC}}));
}

TEST_F(Armv7Walk, ContentsShowASupersectionOnceAndTheDomainOfAPage) {
  put(root_slot, 0);
  for (unsigned copy = 0; copy < 16; ++copy)
    put(base + copy * 4ULL, 7 * M16 | supersection | first::nG);
  put(base + 3 * 4ULL, 7 * M16 | supersection | first::nG | first::AP0);
  put(base + 16 * 4ULL, node | table | domain(9));
  put(node, 0x77000 | small | second::nG);
  const Contents found = contents();
  EXPECT_STREQ(found.broken, "table descriptor other than our table writes it");
  EXPECT_EQ(found.where, M16);
  const Attributes all{.read = true, .write = true, .execute = true};
  Attributes of_domain_9 = all;
  of_domain_9.key = 9;
  EXPECT_EQ(found.leaves, (std::vector<LeafRun>{{0, M16, 7 * M16, M16, all, {true, false}},
                                                {M16, K4, 0x77000, K4, of_domain_9, {}}}));
}

TEST(Armv7Map, KnowsNoDirtyPages) {
  FlatMap map(armv7().profile());
  EXPECT_EQ(map.map(M16, 7 * M16, M16, {.read = true, .write = true}).status, Status::ok);
  EXPECT_EQ(map.set_flags(M16, true, true).status, Status::ok);
  EXPECT_EQ(map.lookup(M16 + 5)->flags, (Flags{true, false}));
}

} // namespace
} // namespace reference
