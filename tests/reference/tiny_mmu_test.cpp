// The tiny walker and decoder against words assembled by hand from docs/tiny.md.
#include "reference/mmu/mmu.hpp"
#include "tests/reference/arena.hpp"
#include "tests/reference/translation.hpp"

#include <bit>
#include <gtest/gtest.h>
#include <vector>

namespace reference {
namespace {

// What the document's table calls each bit, before rotation.
constexpr std::uint32_t V = 0x1;
constexpr std::uint32_t T = 0x2;
constexpr std::uint32_t R = 0x4;
constexpr std::uint32_t W = 0x8;
constexpr std::uint32_t X = 0x10;
constexpr std::uint32_t U = 0x20;
constexpr std::uint32_t C = 0x40;
constexpr std::uint32_t A = 0x80;
constexpr std::uint32_t D = 0x100;

std::uint64_t word(unsigned level, std::uint32_t low, std::uint64_t high) {
  return std::rotl(low, static_cast<int>(5 * level)) | high << 32;
}
std::uint64_t frame(std::uint64_t pa) { return pa >> 12; }

Decoded decode(std::uint64_t raw, unsigned level, unsigned index = 0) {
  return tiny().decode(raw, level, index, {});
}

TEST(TinyDecode, GoldenWordsAtEveryLevel) {
  EXPECT_EQ(decode(0x0000000500000005, 0).address, 0x5000U);
  EXPECT_EQ(decode(0x00000004000000A0, 1).address, 0x4000U);
  EXPECT_EQ(decode(0x0000001000001400, 2).address, 0x10000U);
  EXPECT_EQ(decode(0x00000001001F8000, 3).address, 32U); // V T R W X U, rotated by 15: a table
  EXPECT_EQ(decode(0x00000001001F8000, 3).kind, SlotKind::table);
  EXPECT_EQ(decode(0x00000001001F8000, 3).violations, 0U);
}

TEST(TinyDecode, EveryFieldOfALeaf) {
  const std::uint32_t low = V | R | X | U | A | D | (5U << 9) | (1U << 12) | (9U << 13) | (0xAU << 17);
  for (unsigned level = 0; level < 3; ++level) {
    Decoded leaf;
    leaf.kind = SlotKind::leaf;
    leaf.address = 0xFFFFFF0000;
    leaf.bytes = tiny().span(level);
    leaf.attributes = {true, false, true, true, 5, true, 9, 0xA};
    leaf.flags = {true, true};
    EXPECT_EQ(decode(word(level, low, frame(0xFFFFFF0000)), level), leaf) << level;
  }
}

TEST(TinyDecode, AWordReadAtTheWrongLevelIsNoLeafOfItsOwn) {
  const std::uint64_t raw = word(1, V | R | W, frame(0x4000));
  EXPECT_EQ(decode(raw, 0).violations, violation::hole_pattern);
  EXPECT_EQ(decode(raw, 2).violations, violation::hole_pattern);
}

TEST(TinyDecode, HolesMarkersAndJunk) {
  Decoded hole;
  hole.bytes = 0x4000;
  EXPECT_EQ(decode(0, 1), hole);
  hole.marker = 0x80000001;
  EXPECT_EQ(decode(0x8000000100000000, 1), hole);
  for (unsigned bit = 1; bit < 32; ++bit)
    EXPECT_EQ(decode(word(2, 1U << bit, 0), 2).violations, violation::hole_pattern) << bit;
}

TEST(TinyDecode, ReservedBitsAndAddressWidth) {
  for (unsigned bit = 21; bit < 32; ++bit) {
    EXPECT_EQ(decode(word(1, V | R | 1U << bit, 0), 1).violations, violation::reserved_bit) << bit;
    EXPECT_EQ(decode(word(1, V | T | R | W | X | U | 1U << bit, 0), 1).violations, violation::reserved_bit)
        << bit;
  }
  for (unsigned bit = 28; bit < 32; ++bit)
    EXPECT_EQ(decode(word(0, V | R, 1ULL << bit), 0).violations, violation::address_width) << bit;
  EXPECT_EQ(decode(word(0, V | R, 0x0FFFFFFF), 0).address, 0xFFFFFFF000U);
}

TEST(TinyDecode, TablesReachTo2To37AndCarryNothingElse) {
  EXPECT_EQ(decode(word(3, V | T | R | W | X | U, 0xFFFFFFFF), 3).address, 0x1FFFFFFFE0U);
  for (unsigned bit = 6; bit < 21; ++bit)
    EXPECT_EQ(decode(word(3, V | T | R | W | X | U | 1U << bit, 0), 3).violations, violation::table_bits)
        << bit;
  EXPECT_EQ(decode(word(3, V | T | R, 0), 3).violations, violation::table_bits);
  EXPECT_EQ(decode(word(0, V | T | R | W | X | U, 0), 0).violations, violation::bad_level);
}

TEST(TinyDecode, ALeafAtTheRootIsIllegalAndALeafWithoutRightsIsNotOurs) {
  EXPECT_EQ(decode(word(3, V | R, 0), 3).violations, violation::bad_level);
  EXPECT_EQ(decode(word(0, V | U, 0), 0).violations, violation::no_rights);
}

TEST(TinyDecode, FramesAreAlignedToTheirPage) {
  EXPECT_EQ(decode(word(1, V | R, frame(0x1000)), 1).violations, violation::misaligned_frame);
  EXPECT_EQ(decode(word(2, V | R, frame(0x4000)), 2).violations, violation::misaligned_frame);
  EXPECT_EQ(decode(word(1, V | R | C, frame(0x4000)), 1).violations, violation::misaligned_frame);
  EXPECT_EQ(decode(word(2, V | R | C, frame(0x10000)), 2).violations, violation::misaligned_frame);
}

TEST(TinyDecode, EachCopyOf8KHoldsItsOwnAddress) {
  const std::uint64_t first = word(0, V | R | C, frame(0x6000));
  const std::uint64_t second = word(0, V | R | C, frame(0x7000));
  for (const Decoded& copy : {decode(first, 0, 2), decode(second, 0, 3)}) {
    EXPECT_EQ(copy.violations, 0U);
    EXPECT_EQ(copy.address, 0x6000U);
    EXPECT_EQ(copy.bytes, 0x2000U);
    EXPECT_EQ(copy.copies, 2U);
  }
  EXPECT_EQ(decode(first, 0, 3).violations, violation::misaligned_frame);
  EXPECT_EQ(decode(second, 0, 2).violations, violation::misaligned_frame);
  EXPECT_EQ(decode(word(0, V | R | C, 0), 0, 1).violations, violation::misaligned_frame);
}

TEST(TinyDecode, CopiesOf32KAnd128KAreTheSameWord) {
  for (const auto& [level, bytes] : {std::pair{1U, 0x8000ULL}, {2U, 0x20000ULL}}) {
    const std::uint64_t raw = word(level, V | R | C, frame(0x40000));
    EXPECT_EQ(decode(raw, level, 0), decode(raw, level, 1));
    EXPECT_EQ(decode(raw, level, 1).address, 0x40000U);
    EXPECT_EQ(decode(raw, level, 1).bytes, bytes);
  }
}

TEST(TinyDecode, CopiesMayDifferInTheirFlagsOnly) {
  const auto copy = [](std::uint32_t more, std::uint64_t pa, unsigned index) {
    return decode(word(0, V | R | C | more, frame(pa)), 0, index);
  };
  EXPECT_TRUE(same_leaf(copy(0, 0x6000, 0), copy(A | D, 0x7000, 1)));
  EXPECT_FALSE(same_leaf(copy(0, 0x6000, 0), copy(W, 0x7000, 1)));
  EXPECT_FALSE(same_leaf(copy(0, 0x6000, 0), copy(0, 0x9000, 1)));
}

TEST(TinyProfile, IsWhatTheDocumentSays) {
  const Profile& profile = tiny().profile();
  EXPECT_EQ(std::vector(profile.sizes.begin(), profile.sizes.end()),
            (std::vector<std::uint64_t>{4096, 8192, 16384, 32768, 65536, 131072}));
  EXPECT_EQ(profile.va_bits, 20U);
  EXPECT_EQ(profile.pa_bits, 40U);
  EXPECT_TRUE(profile.expressible({.write = true}, 4096));
  EXPECT_FALSE(profile.expressible({.user = true}, 4096));
  EXPECT_FALSE(profile.expressible({.read = true, .memory_type = 8}, 4096));
  EXPECT_FALSE(profile.expressible({.read = true, .key = 16}, 4096));
  EXPECT_FALSE(profile.expressible({.read = true, .software = 16}, 4096));
  EXPECT_EQ(tiny().node_bytes(0), 32U);
  EXPECT_EQ(tiny().span(3), 0x40000U);
}

constexpr std::uint64_t base = 0x1000;
constexpr std::uint32_t table = V | T | R | W | X | U;
constexpr std::uint64_t va = 0x40000 + 0x20000 + 0xC000 + 0x1000 + 0x123; // indexes 1, 2, 3, 1

class TinyWalk : public ::testing::Test {
 protected:
  TinyWalk() {
    arena_.put(base + 1 * 8ULL, word(3, table, (base + 32) >> 5));
    arena_.put(base + 32 + 2 * 8ULL, word(2, table, (base + 64) >> 5));
    arena_.put(base + 64 + 3 * 8ULL, word(1, table, (base + 96) >> 5));
  }
  [[nodiscard]] Walk walk(AccessKind kind, bool user) const {
    return tiny().walk(arena_.memory(), base, va, {kind, user}, {});
  }
  [[nodiscard]] std::optional<Translation> translate(std::uint64_t at) const {
    return tiny().translate(arena_.memory(), base, at, {});
  }

  Arena arena_{base, 256};
  static constexpr std::uint64_t pte_ = base + 96 + 8;
};

TEST_F(TinyWalk, GoesThroughFourLevels) {
  arena_.put(pte_, word(0, V | R, frame(0x9000)));
  const Walk done = walk(AccessKind::read, false);
  EXPECT_EQ(done.outcome, Outcome::ok);
  EXPECT_EQ(done.steps_taken, 4U);
  EXPECT_EQ(done.leaf_address, pte_);
  EXPECT_EQ(done.translation, (Translation{0x9123, 4096, {.read = true}, {}}));
  EXPECT_EQ(translate(va), done.translation);
}

TEST_F(TinyWalk, NoRightImpliesAnother) {
  const struct {
    AccessKind kind;
    std::uint32_t bit;
  } rights[] = {{AccessKind::read, R}, {AccessKind::write, W}, {AccessKind::execute, X}};
  for (const auto& [kind, bit] : rights) {
    arena_.put(pte_, word(0, V | bit, 0));
    EXPECT_EQ(walk(kind, false).outcome, Outcome::ok);
    EXPECT_EQ(walk(kind, true).outcome, Outcome::protection);
    arena_.put(pte_, word(0, V | bit | U, 0));
    EXPECT_EQ(walk(kind, true).outcome, Outcome::ok);
    EXPECT_EQ(walk(kind, false).outcome, Outcome::ok);
    arena_.put(pte_, word(0, V | ((R | W | X) & ~bit) | U, 0));
    EXPECT_EQ(walk(kind, false).outcome, Outcome::protection);
  }
}

TEST_F(TinyWalk, TablesRestrictWhatIsBelow) {
  arena_.put(pte_, word(0, V | R | W | X | U, 0));
  arena_.put(base + 64 + 3 * 8ULL, word(1, V | T | R | X | U, (base + 96) >> 5));
  EXPECT_EQ(walk(AccessKind::write, true).outcome, Outcome::protection);
  const Attributes effective{.read = true, .execute = true, .user = true};
  EXPECT_EQ(attributes_of(translate(va)), effective);
}

TEST_F(TinyWalk, FaultsInTheOrderOfTheDescriptors) {
  EXPECT_EQ(walk(AccessKind::read, false).outcome, Outcome::not_present);
  arena_.put(base + 64 + 3 * 8ULL, word(1, table | 1U << 21, (base + 96) >> 5));
  EXPECT_EQ(walk(AccessKind::read, false).outcome, Outcome::reserved);
  arena_.put(base + 1 * 8ULL, word(3, V | R, 0));
  EXPECT_EQ(walk(AccessKind::read, false).outcome, Outcome::reserved);
  EXPECT_EQ(walk(AccessKind::read, false).level, 3U);
  EXPECT_EQ(walk(AccessKind::read, false).error_code, 0U);
  arena_.put(base + 1 * 8ULL, word(3, table, 0));
  EXPECT_EQ(walk(AccessKind::read, false).outcome, Outcome::outside_memory);
}

TEST_F(TinyWalk, NonCanonicalAddressesNeverReachATable) {
  arena_.put(pte_, word(0, V | R, frame(0x9000)));
  for (unsigned bit = 19; bit < 64; ++bit)
    EXPECT_EQ(tiny().walk(arena_.memory(), base, va ^ (1ULL << bit), {}, {}).outcome, Outcome::non_canonical)
        << bit;
}

TEST_F(TinyWalk, TheUpperHalfIsSignExtended) {
  arena_.put(base + 3 * 8ULL, word(3, table, (base + 128) >> 5));
  arena_.put(base + 128 + 3 * 8ULL, word(2, V | R, frame(0x30000)));
  EXPECT_EQ(pa_of(translate(~0ULL)), 0x3FFFFU);
  EXPECT_EQ(translate(0xFFFFF), std::nullopt);
}

TEST_F(TinyWalk, BothCopiesOfAPairLeadToTheSameFrame) {
  arena_.put(base + 96, word(0, V | R | C, frame(0x6000)));
  arena_.put(base + 96 + 8, word(0, V | R | C, frame(0x7000)));
  EXPECT_EQ(translate(va), (Translation{0x7123, 0x2000, {.read = true}, {}}));
  EXPECT_EQ(translate(va - 0x1000), (Translation{0x6123, 0x2000, {.read = true}, {}}));
}

TEST_F(TinyWalk, AnAccessSetsFlagsInTheCopyThatItWalkedThroughAndTranslateOrsThem) {
  arena_.put(base + 64, word(1, V | R | W | C, frame(0x8000)));
  arena_.put(base + 64 + 8, word(1, V | R | W | C, frame(0x8000)));
  const std::uint64_t in_second = 0x60000 + 0x4000 + 7;
  EXPECT_EQ(tiny().access(arena_.memory(), base, in_second, {AccessKind::write, false}, {}).outcome,
            Outcome::ok);
  EXPECT_EQ(arena_.at(base + 64), word(1, V | R | W | C, frame(0x8000)));
  EXPECT_EQ(arena_.at(base + 64 + 8), word(1, V | R | W | C | A | D, frame(0x8000)));
  EXPECT_EQ(arena_.at(base + 8), word(3, table, (base + 32) >> 5));
  EXPECT_EQ(translate(0x60000), (Translation{0x8000, 0x8000, {.read = true, .write = true}, {true, true}}));
}

TEST_F(TinyWalk, TranslateFindsTheFlagsOfEitherCopy) {
  const Attributes r{.read = true};
  arena_.put(base + 64, word(1, V | R | C | A, frame(0x8000)));
  arena_.put(base + 64 + 8, word(1, V | R | C | D, frame(0x8000)));
  EXPECT_EQ(translate(0x60000), (Translation{0x8000, 0x8000, r, {true, true}}));
  EXPECT_EQ(translate(0x64000), (Translation{0xC000, 0x8000, r, {true, true}}));
}

TEST_F(TinyWalk, AReadSetsAccessedOnlyAndAFaultNothing) {
  arena_.put(pte_, word(0, V | R, 0));
  EXPECT_EQ(tiny().access(arena_.memory(), base, va, {AccessKind::write, false}, {}).outcome,
            Outcome::protection);
  EXPECT_EQ(arena_.at(pte_), word(0, V | R, 0));
  EXPECT_EQ(tiny().access(arena_.memory(), base, va, {AccessKind::read, false}, {}).outcome, Outcome::ok);
  EXPECT_EQ(arena_.at(pte_), word(0, V | R | A, 0));
}

// The root's slot is reached again as a page's. Level 3 sees its bits 0, 2 and 3 in the software field, level
// 0 those of level 3 in key and software.
TEST_F(TinyWalk, ASlotThatIsATableAndThenTheLeafIsMarkedAsTheLeafOnly) {
  const std::uint64_t both = word(3, table, (base + 32) >> 5) | V | R | W;
  arena_.put(base, both);
  arena_.put(base + 32, word(2, table, (base + 64) >> 5));
  arena_.put(base + 64, word(1, table, base >> 5));
  const Walk walk = tiny().access(arena_.memory(), base, 0, {AccessKind::write, false}, {});
  EXPECT_EQ(walk.outcome, Outcome::ok);
  EXPECT_EQ(walk.leaf_address, base);
  EXPECT_EQ(arena_.at(base), both | A | D);
}

} // namespace
} // namespace reference
