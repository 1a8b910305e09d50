// The walker of tiny_32 against words assembled by hand from docs/tiny.md, and whatever depends on words
// having four bytes: neighbours, the end of memory, runs.
#include "reference/mmu/contents.hpp"
#include "tests/reference/arena.hpp"
#include "tests/reference/translation.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace reference {
namespace {

Decoded decode(std::uint64_t raw, unsigned level) { return tiny_32().decode(raw, level, 0, {}); }

TEST(Tiny32Decode, EveryFieldOfALeafAtEveryLevel) {
  const std::uint64_t words[] = {0x140A9BF6, 0x140A9FB5, 0x140A9DAF};
  for (unsigned level = 0; level < 3; ++level) {
    Decoded leaf;
    leaf.kind = SlotKind::leaf;
    leaf.address = 0x140000;
    leaf.bytes = tiny_32().span(level);
    leaf.attributes = {true, false, true, true, 5, true, 9, 10};
    leaf.flags = {true, true};
    EXPECT_EQ(decode(words[level], level), leaf) << level;
  }
}

TEST(Tiny32Decode, GroupsOfFourAreEqualWordsInTheLowestNodeAndInTheRoot) {
  EXPECT_EQ(decode(0x0040000F, 0).copies, 4U);
  EXPECT_EQ(decode(0x0040000F, 0).bytes, 0x4000U);
  EXPECT_EQ(decode(0x0040000F, 0).violations, 0U);
  EXPECT_EQ(decode(0x100003C0, 2).copies, 4U);
  EXPECT_EQ(decode(0x100003C0, 2).bytes, 0x100000U);
  EXPECT_EQ(decode(0x100003C0, 2).violations, 0U);
  EXPECT_EQ(decode(0x00800078, 1).violations, violation::bad_level); // KIND 3 between them
}

TEST(Tiny32Decode, TablesHoldAddressesOfThirtyTwoByteNodes) {
  EXPECT_EQ(decode(0x091A31E8, 1).address, 0x123460U);
  EXPECT_EQ(decode(0x091A3F40, 2).address, 0x123460U);
  EXPECT_EQ(decode(0x091A3F40, 2).kind, SlotKind::table);
  EXPECT_EQ(decode(0x091A3F40, 2).violations, 0U);
  EXPECT_EQ(decode(0x891A3F40, 2).violations, violation::reserved_bit);
  EXPECT_EQ(decode(0x091A3640, 2).violations, violation::table_bits); // without R and U
  EXPECT_EQ(decode(0x0000003D, 0).violations, violation::bad_level);
}

TEST(Tiny32Decode, HolesMarkersAndJunk) {
  EXPECT_EQ(decode(0, 1).kind, SlotKind::hole);
  EXPECT_EQ(decode(0xDEADB000, 1).marker, 0xDEADBU);
  EXPECT_EQ(decode(0xDEADB000, 1).violations, 0U);
  for (unsigned bit = 2; bit < 12; ++bit)
    EXPECT_EQ(decode(1ULL << bit, 0).violations, violation::hole_pattern) << bit;
  EXPECT_EQ(decode(0x00800030, 0).violations, violation::hole_pattern); // of level 1
}

TEST(Tiny32Decode, FramesAreAlignedToTheWholeLeaf) {
  EXPECT_EQ(decode(0x0050000F, 0).violations, violation::misaligned_frame);
  EXPECT_EQ(decode(0x00900030, 1).violations, violation::misaligned_frame);
  EXPECT_EQ(decode(0x040003C0, 2).violations, violation::misaligned_frame);
  EXPECT_EQ(decode(0x00000022, 0).violations, violation::no_rights); // U alone
}

constexpr std::uint64_t base = 0x123000;
// Indexes 31, 7 and 7: the last slot of each node, and the memory ends with the last one.
constexpr std::uint64_t last_page = ~std::uint64_t{0} - 0xFFF;

class Tiny32Walk : public ::testing::Test {
 protected:
  Tiny32Walk() {
    put(31, 0x09184000 | 0xF40); // the node behind the root, 0x123080
    put(32 + 7, 0x09185000 | 0x1E8);
    put(40 + 6, 0x0070000E); // 4 KiB, R W
    put(40 + 7, 0x0080000E); // one frame on
  }
  void put(unsigned word, std::uint64_t raw) { arena_.memory().store(base + 4ULL * word, raw, 4); }
  [[nodiscard]] std::uint64_t at(unsigned word) const { return *arena_.memory().load(base + 4ULL * word, 4); }

  Arena arena_{base, 4ULL * 48};
};

TEST_F(Tiny32Walk, ReachesTheLastWordOfMemory) {
  EXPECT_EQ(pa_of(tiny_32().translate(arena_.memory(), base, last_page + 0x123, {})), 0x8123U);
  EXPECT_EQ(pa_of(tiny_32().translate(arena_.memory(), base, last_page - 0x1000, {})), 0x7000U);
  EXPECT_EQ(pa_of(tiny_32().translate(arena_.memory(), base, last_page - 0x2000, {})), std::nullopt);
  EXPECT_EQ(arena_.memory().load(base + 4ULL * 47), std::nullopt); // not for a word of eight bytes
}

TEST_F(Tiny32Walk, AnAccessWritesItsOwnFourBytes) {
  const auto walk =
      tiny_32().access(arena_.memory(), base, last_page - 0x1000, {AccessKind::write, false}, {});
  EXPECT_EQ(walk.outcome, Outcome::ok);
  EXPECT_EQ(walk.leaf_address, base + 4ULL * 46);
  EXPECT_EQ(at(46), 0x007000CEU);
  EXPECT_EQ(at(47), 0x0080000EU);
  EXPECT_EQ(at(45), 0U);
  EXPECT_EQ(tiny_32().access(arena_.memory(), base, last_page, {AccessKind::read, false}, {}).outcome,
            Outcome::ok);
  EXPECT_EQ(at(47), 0x0080004EU);
  EXPECT_EQ(tiny_32().walk(arena_.memory(), base, last_page, {AccessKind::read, true}, {}).outcome,
            Outcome::protection);
}

TEST_F(Tiny32Walk, FlagsOfAGroupAreThoseOfAllFourWords) {
  for (unsigned copy = 0; copy < 4; ++copy)
    put(4 + copy, copy == 2 ? 0x100003C2 : 0x100003C0); // 1 MiB in the root, D in the third
  const auto found = tiny_32().translate(arena_.memory(), base, 0x1FFFFF, {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pa, 0x1FFFFFU);
  EXPECT_EQ(found->size, 0x100000U);
  EXPECT_EQ(found->flags, (Flags{false, true}));
}

TEST_F(Tiny32Walk, ContentsAreRunsOfNarrowWords) {
  put(0, 0xABCDE000); // a marker in the root
  Contents seen;
  read_contents(arena_.memory(), base, tiny_32(), {}, seen);
  EXPECT_EQ(seen.broken, nullptr);
  EXPECT_EQ(seen.nodes, 3U);
  const Attributes rw{.read = true, .write = true};
  EXPECT_EQ(seen.leaves, (std::vector<LeafRun>{{last_page - 0x1000, 0x2000, 0x7000, 0x1000, rw, {}}}));
  EXPECT_EQ(seen.markers, (std::vector<Marker>{{0, 0x40000, 0xABCDE}}));
  EXPECT_EQ(tiny_32().run_length(arena_.memory(), base + 4ULL * 46, 2, 0, {}), 2U);
}

TEST(NextNonzero, OfNarrowWordsFindsEachOne) {
  for (unsigned place = 0; place < 40; ++place) {
    std::vector<std::uint32_t> words(40);
    words[place] = 0x80000000;
    const auto* bytes = reinterpret_cast<const unsigned char*>(words.data());
    EXPECT_EQ(next_nonzero<std::uint32_t>(bytes, 0, 40), place);
    EXPECT_EQ(next_nonzero<std::uint32_t>(bytes, place + 1, 40), 40U);
    EXPECT_EQ(next_nonzero<std::uint32_t>(bytes, 0, place), place);
  }
}

} // namespace
} // namespace reference
