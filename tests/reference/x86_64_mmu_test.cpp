// The x86-64 walker over tables assembled by hand from the Intel SDM volume 3A, chapter 4.
#include "reference/mmu/mmu.hpp"
#include "tests/reference/arena.hpp"
#include "tests/reference/translation.hpp"

#include <array>
#include <gtest/gtest.h>

namespace reference {
namespace {

constexpr std::uint64_t K4 = 0x1000;
constexpr std::uint64_t M2 = 0x200000;
constexpr std::uint64_t G1 = 0x40000000;
constexpr std::uint64_t XD = 0x8000000000000000;

// Error codes of section 4.7.
constexpr std::uint32_t e_p = 1;
constexpr std::uint32_t e_w = 2;
constexpr std::uint32_t e_u = 4;
constexpr std::uint32_t e_rsvd = 8;
constexpr std::uint32_t e_id = 16;
constexpr std::uint32_t e_pk = 32;

constexpr Access user_read{AccessKind::read, true};
constexpr Access user_write{AccessKind::write, true};
constexpr Access user_fetch{AccessKind::execute, true};
constexpr Access kernel_read{AccessKind::read, false};
constexpr Access kernel_write{AccessKind::write, false};
constexpr Access kernel_fetch{AccessKind::execute, false};

// One path of tables at va: indexes 1, 2, 3, 4 from the root down, leaf slots at each level.
constexpr std::uint64_t base = 0x100000000; // nodes above 4 GiB
constexpr std::uint64_t va_4k = (1ULL << 39) | (2ULL << 30) | (3ULL << 21) | (4ULL << 12) | 0x123;

class X86Walk : public ::testing::Test {
 protected:
  X86Walk() {
    arena_.put(base + 1 * 8ULL, base + 0x1007);
    arena_.put(base + 0x1000 + 2 * 8ULL, base + 0x2007);
    arena_.put(base + 0x2000 + 3 * 8ULL, base + 0x3007);
  }

  void page(std::uint64_t raw) { arena_.put(pte_, raw); }
  [[nodiscard]] Walk walk(const Access& access, const Mode& mode = {}) const {
    return x86_64_4().walk(arena_.memory(), base, va_4k, access, mode);
  }
  void expect(const Access& access, const Mode& mode, Outcome outcome, std::uint32_t error_code) const {
    const Walk done = walk(access, mode);
    EXPECT_STREQ(to_text(done.outcome), to_text(outcome));
    EXPECT_EQ(done.error_code, error_code);
  }

  Arena arena_{base, 0x6000};
  static constexpr std::uint64_t pte_ = base + 0x3000 + 4 * 8ULL;
};

TEST_F(X86Walk, ReadsEveryDescriptorFromTheRootDown) {
  page(0x77005);
  const Walk done = walk(user_read);
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 4U);
  EXPECT_EQ(done.steps, (std::array<Step, 5>{Step{3, base + 8, base + 0x1007},
                                             {2, base + 0x1010, base + 0x2007},
                                             {1, base + 0x2018, base + 0x3007},
                                             {0, pte_, 0x77005},
                                             {}}));
  EXPECT_EQ(done.leaf_address, pte_);
  EXPECT_EQ(done.translation, (Translation{0x77123, K4, {.read = true, .execute = true, .user = true}, {}}));
  EXPECT_EQ(x86_64_4().translate(arena_.memory(), base, va_4k, {}), done.translation);
}

TEST_F(X86Walk, TheLowBitsOfCr3AreNoAddress) {
  page(0x77005);
  EXPECT_EQ(pa_of(x86_64_4().translate(arena_.memory(), base | 0xFFF, va_4k, {})), 0x77123U);
}

TEST_F(X86Walk, LargePagesEndTheWalkEarly) {
  arena_.put(base + 0x2018, 3 * M2 + 0x87);
  EXPECT_EQ(pa_of(x86_64_4().translate(arena_.memory(), base, va_4k, {})), 3 * M2 + 0x4123);
  arena_.put(base + 0x1010, 5 * G1 + 0x87);
  const Attributes all{.read = true, .write = true, .execute = true, .user = true};
  EXPECT_EQ(x86_64_4().translate(arena_.memory(), base, va_4k, {}),
            (Translation{5 * G1 + 3 * M2 + 0x4123, G1, all, {}}));
}

TEST_F(X86Walk, NotPresentHasNoPBitWhateverTheAccess) {
  expect(user_read, {}, Outcome::not_present, e_u);
  expect(kernel_read, {}, Outcome::not_present, 0);
  expect(user_write, {}, Outcome::not_present, e_u | e_w);
  expect(kernel_fetch, {}, Outcome::not_present, e_id);
  expect(kernel_fetch, {.nxe = false, .smep = false}, Outcome::not_present, 0);
  expect(kernel_fetch, {.nxe = false, .smep = true}, Outcome::not_present, e_id);
  EXPECT_EQ(x86_64_4().translate(arena_.memory(), base, va_4k, {}), std::nullopt);
  EXPECT_EQ(walk(user_read).level, 0U);
  arena_.put(base + 0x1010, 0);
  EXPECT_EQ(walk(user_read).level, 2U);
}

TEST_F(X86Walk, RightsAreTheAndOverAllLevels) {
  page(0x77007);
  expect(user_write, {}, Outcome::ok, 0);
  arena_.put(base + 0x1010, base + 0x2005);
  expect(user_write, {}, Outcome::protection, e_p | e_w | e_u);
  expect(user_read, {}, Outcome::ok, 0);
  arena_.put(base + 0x1010, base + 0x2003);
  expect(user_read, {}, Outcome::protection, e_p | e_u);
  expect(kernel_write, {}, Outcome::ok, 0);
  arena_.put(base + 0x1010, (base + 0x2007) | XD);
  expect(user_fetch, {}, Outcome::protection, e_p | e_u | e_id);
  const Attributes effective{.read = true, .write = true, .user = true};
  EXPECT_EQ(attributes_of(x86_64_4().translate(arena_.memory(), base, va_4k, {})), effective);
}

TEST_F(X86Walk, SupervisorWritesObeyWp) {
  page(0x77001);
  expect(kernel_write, {.wp = true}, Outcome::protection, e_p | e_w);
  expect(kernel_write, {.wp = false}, Outcome::ok, 0);
  page(0x77005);
  expect(user_write, {.wp = false}, Outcome::protection, e_p | e_w | e_u);
  expect(kernel_write, {.wp = false, .smap = false}, Outcome::ok, 0);
  expect(kernel_write, {.wp = true, .smap = false}, Outcome::protection, e_p | e_w);
}

TEST_F(X86Walk, SmapKeepsTheSupervisorFromUserDataUnlessAc) {
  page(0x77007);
  expect(kernel_read, {.smap = true}, Outcome::protection, e_p);
  expect(kernel_write, {.wp = false, .smap = true}, Outcome::protection, e_p | e_w);
  expect(kernel_read, {.smap = true, .ac = true}, Outcome::ok, 0);
  expect(kernel_write, {.smap = true, .ac = true}, Outcome::ok, 0);
  expect(kernel_read, {.smap = false}, Outcome::ok, 0);
  expect(kernel_fetch, {.smep = false, .smap = true}, Outcome::ok, 0);
  page(0x77003);
  expect(kernel_read, {.smap = true}, Outcome::ok, 0);
}

TEST_F(X86Walk, SmepKeepsTheSupervisorFromUserCode) {
  page(0x77005);
  expect(kernel_fetch, {.smep = true}, Outcome::protection, e_p | e_id);
  expect(kernel_fetch, {.smep = true, .ac = true}, Outcome::protection, e_p | e_id);
  expect(kernel_fetch, {.smep = false}, Outcome::ok, 0);
  expect(user_fetch, {.smep = true}, Outcome::ok, 0);
  page(0x77001);
  expect(kernel_fetch, {.smep = true}, Outcome::ok, 0);
  expect(user_fetch, {}, Outcome::protection, e_p | e_u | e_id);
}

TEST_F(X86Walk, NoExecuteBindsEverybody) {
  page(0x77005 | XD);
  expect(user_fetch, {}, Outcome::protection, e_p | e_u | e_id);
  expect(user_read, {}, Outcome::ok, 0);
  page(0x77001 | XD);
  expect(kernel_fetch, {}, Outcome::protection, e_p | e_id);
}

TEST_F(X86Walk, ReservedBitsFaultBeforeRightsAndBeforeWhatIsBelow) {
  page(0);
  arena_.put(base + 0x2018, (base + 0x3007) | XD);
  expect(user_read, {.nxe = false}, Outcome::reserved, e_p | e_u | e_rsvd);
  page(0x77007);
  EXPECT_EQ(x86_64_4().translate(arena_.memory(), base, va_4k, {.nxe = false}), std::nullopt);
  EXPECT_EQ(pa_of(x86_64_4().translate(arena_.memory(), base, va_4k, {})), 0x77123U);
  page(0);
  expect(user_read, {}, Outcome::not_present, e_u);
  arena_.put(base + 0x2018, 0x2081);
  expect(user_write, {}, Outcome::reserved, e_p | e_w | e_u | e_rsvd);
  expect(kernel_fetch, {}, Outcome::reserved, e_p | e_id | e_rsvd);
  EXPECT_EQ(x86_64_4().translate(arena_.memory(), base, va_4k, {}), std::nullopt);
  arena_.put(base + 8, 0x87);
  expect(user_read, {}, Outcome::reserved, e_p | e_u | e_rsvd);
}

TEST_F(X86Walk, ProtectionKeysBindDataAccessesToUserPages) {
  page(0x77007 | 5ULL << 59);
  const std::uint32_t ad5 = 1U << 10;
  const std::uint32_t wd5 = 1U << 11;
  expect(user_read, {.pkru = ad5}, Outcome::protection_key, e_p | e_u | e_pk);
  expect(user_write, {.pkru = ad5}, Outcome::protection_key, e_p | e_w | e_u | e_pk);
  expect(user_read, {.pkru = wd5}, Outcome::ok, 0);
  expect(user_write, {.pkru = wd5}, Outcome::protection_key, e_p | e_w | e_u | e_pk);
  expect(user_fetch, {.pkru = ad5 | wd5}, Outcome::ok, 0);
  expect(user_read, {.pke = false, .pkru = ad5}, Outcome::ok, 0);
  expect(user_read, {.pkru = ~(ad5 | wd5)}, Outcome::ok, 0);
}

TEST_F(X86Walk, ProtectionKeysBindTheSupervisorOnUserPagesOnly) {
  const std::uint32_t ad5 = 1U << 10;
  const std::uint32_t wd5 = 1U << 11;
  page(0x77007 | 5ULL << 59);
  expect(kernel_read, {.ac = true, .pkru = ad5}, Outcome::protection_key, e_p | e_pk);
  expect(kernel_write, {.ac = true, .pkru = wd5}, Outcome::protection_key, e_p | e_w | e_pk);
  expect(kernel_write, {.wp = false, .ac = true, .pkru = wd5}, Outcome::ok, 0);
  expect(kernel_read, {.pkru = ad5}, Outcome::protection, e_p | e_pk);
  page(0x77003 | 5ULL << 59);
  expect(kernel_read, {.pkru = ad5}, Outcome::ok, 0);
}

TEST_F(X86Walk, AnAccessSetsAccessedOnThePathAndDirtyInTheLeafOnly) {
  page(0x77007);
  const auto untouched = arena_.bytes();
  EXPECT_EQ(walk(user_write).outcome, Outcome::ok);
  EXPECT_EQ(arena_.bytes(), untouched);
  EXPECT_EQ(x86_64_4().access(arena_.memory(), base, va_4k, user_read, {}).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(base + 8), base + 0x1027);
  EXPECT_EQ(arena_.at(base + 0x1010), base + 0x2027);
  EXPECT_EQ(arena_.at(base + 0x2018), base + 0x3027);
  EXPECT_EQ(arena_.at(pte_), 0x77027U);
  EXPECT_EQ(x86_64_4().access(arena_.memory(), base, va_4k, user_write, {}).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(base + 0x2018), base + 0x3027);
  EXPECT_EQ(arena_.at(pte_), 0x77067U);
}

TEST_F(X86Walk, AFaultingAccessLeavesMemoryAlone) {
  page(0x77005);
  const auto before = arena_.bytes();
  EXPECT_EQ(x86_64_4().access(arena_.memory(), base, va_4k, user_write, {}).outcome, Outcome::protection);
  EXPECT_EQ(arena_.bytes(), before);
}

TEST_F(X86Walk, NonCanonicalAddressesNeverReachATable) {
  for (unsigned bit = 47; bit < 64; ++bit) {
    const Walk done = x86_64_4().walk(arena_.memory(), base, va_4k ^ (1ULL << bit), user_read, {});
    EXPECT_EQ(done.outcome, Outcome::non_canonical) << bit;
    EXPECT_EQ(done.error_code, 0U);
    EXPECT_EQ(done.steps_taken, 0U);
    EXPECT_EQ(x86_64_4().translate(arena_.memory(), base, va_4k ^ (1ULL << bit), {}), std::nullopt) << bit;
  }
}

TEST_F(X86Walk, TheTopOfTheSpaceIsTheLastSlotOfEveryLevel) {
  arena_.put(base + 511 * 8ULL, base + 0x4007);
  arena_.put(base + 0x4000 + 511 * 8ULL, 7 * G1 + 0x83);
  EXPECT_EQ(pa_of(x86_64_4().translate(arena_.memory(), base, ~0ULL, {})), 8 * G1 - 1);
}

TEST_F(X86Walk, ANodeOutsideTheMemoryIsNotRead) {
  arena_.put(base + 0x2018, 0x7);
  EXPECT_EQ(walk(user_read).outcome, Outcome::outside_memory);
  arena_.put(base + 0x2018, (base + 0x6000) | 7);
  EXPECT_EQ(walk(user_read).outcome, Outcome::outside_memory);
  EXPECT_EQ(x86_64_4().translate(arena_.memory(), base, va_4k, {}), std::nullopt);
}

TEST_F(X86Walk, AFifthLevelTakesBits56To48) {
  arena_.put(base + 0x4000 + 0x1FF * 8ULL, base + 0x0007);
  page(0x77005);
  const std::uint64_t high = (~0ULL << 48) | va_4k;
  const Walk done = x86_64_5().walk(arena_.memory(), base + 0x4000, high, user_read, {});
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 5U);
  EXPECT_EQ(done.translation.pa, 0x77123U);
  EXPECT_EQ(x86_64_5().walk(arena_.memory(), base + 0x4000, va_4k, user_read, {}).level, 4U);
  EXPECT_EQ(x86_64_5().walk(arena_.memory(), base, high ^ (1ULL << 57), user_read, {}).outcome,
            Outcome::non_canonical);
  EXPECT_EQ(x86_64_5().walk(arena_.memory(), base, high ^ (1ULL << 47), user_read, {}).outcome,
            Outcome::not_present);
}

} // namespace
} // namespace reference
