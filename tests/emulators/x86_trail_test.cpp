// Where addresses and entries lead, for a harness that has to know before an access. Rule: Intel SDM 3A, 4.5.
#include "fuzz/emulators/x86_trail.hpp"
#include "tests/emulators/x86_fixture.hpp"

namespace pagetwin::emulators {
namespace {

using namespace x86_entry;

const X86Paging& paging(unsigned levels) { return *find_x86_paging(levels == 4 ? "x86_64_4" : "x86_64_5"); }

TEST(X86PagingTest, KnowsCanonicalAddressesAndWhereSlotsBegin) {
  for (const unsigned levels : {4U, 5U}) {
    const std::uint64_t half = bit(11 + 9 * levels);
    for (const std::uint64_t address : {std::uint64_t{0}, half - 1, 0 - half, ~std::uint64_t{0}})
      EXPECT_TRUE(paging(levels).is_canonical(address)) << address;
    for (const std::uint64_t address : {half, 0 - half - 1, 2 * half, bit(63)})
      EXPECT_FALSE(paging(levels).is_canonical(address)) << address;
    EXPECT_EQ(paging(levels).base_of(1), 2 * half / 512);
    EXPECT_EQ(paging(levels).base_of(256), 0 - half);
    EXPECT_TRUE(paging(levels).is_harness(paging(levels).base_of(x86_harness_slot)));
    EXPECT_FALSE(paging(levels).is_harness(paging(levels).base_of(x86_harness_slot) - 1));
  }
}

TEST(X86TrailTest, LeadsToTheBytesOfPagesOfEverySize) {
  for (const unsigned levels : {4U, 5U}) {
    Tables t = x86_tables(levels);
    t.set(0, 1, frame | P | XD);
    t.set(1, 1, 0x12'3440'2000 | P | PS); // reserved bits lead nowhere else
    t.set(2, 1, 0x12'4000'0000 | P | PS);
    EXPECT_EQ(follow(paging(levels), t.image(), 0x1234).leaf, frame + 0x234);
    EXPECT_EQ(follow(paging(levels), t.image(), 0x20'0000 + 0x1'2345).leaf, 0x12'3441'2345U);
    const X86Trail large = follow(paging(levels), t.image(), 0x4000'0000 + 0x123'4567);
    EXPECT_EQ(large.leaf, 0x12'4123'4567U);
    EXPECT_TRUE(large.has_1g);
    EXPECT_FALSE(follow(paging(levels), t.image(), 0x20'0000).has_1g);
  }
}

// Not in tables that may hold pages, of which it is a flag.
TEST(X86TrailTest, FindsGInTheTablesThatNeverHoldPages) {
  Tables t = x86_tables(5);
  for (unsigned level = 0; level < 5; ++level) {
    const std::uint64_t link = t.word(level, 0);
    t.set(level, 0, link | P | G);
    EXPECT_EQ(follow(paging(5), t.image(), 0).has_top_g, level >= 3) << level;
    t.set(level, 0, (link | G) & ~P);
    EXPECT_FALSE(follow(paging(5), t.image(), 0).has_top_g) << level;
    t.set(level, 0, link);
  }
}

TEST(X86TrailTest, TellsWhenATableLeadsBackToTheRootAndItsHarness) {
  for (const unsigned levels : {4U, 5U}) {
    Tables t = x86_tables(levels);
    t.set(1, 3, t.node(levels - 1) | P);
    const std::uint64_t behind = 3 * bit(21), slot = x86_harness_slot * bit(12);
    EXPECT_TRUE(follow(paging(levels), t.image(), behind + slot).harness);
    EXPECT_FALSE(follow(paging(levels), t.image(), behind + slot + bit(12)).harness);
    EXPECT_TRUE(follow(paging(levels), t.image(), paging(levels).base_of(x86_harness_slot)).harness);
  }
}

TEST(X86TrailTest, EndsWhereNothingIsPresentAndAtTablesThatSayTheyArePages) {
  for (const unsigned levels : {4U, 5U}) {
    Tables t = x86_tables(levels);
    t.set(0, 0, frame | RW | US);
    t.set(levels - 1, 1, t.node(levels - 2) | P | PS);
    for (const std::uint64_t va : {std::uint64_t{0}, std::uint64_t{0x20'0000}, bit(12 + 9 * (levels - 1))}) {
      EXPECT_EQ(follow(paging(levels), t.image(), va).leaf, std::nullopt);
      EXPECT_FALSE(follow(paging(levels), t.image(), va).leaves);
    }
  }
}

TEST(X86TrailTest, SaysWhenItLeavesTheImage) {
  Tables t = x86_tables(4);
  t.set(1, 0, x86_link(tables_base - 4096));
  EXPECT_TRUE(follow(paging(4), t.image(), 0).leaves);
  t.set(1, 0, x86_link(tables_base + t.bytes().size()));
  EXPECT_TRUE(follow(paging(4), t.image(), 0).leaves);
}

TEST(X86TrailTest, KnowsTheWidestAddressOnTheWay) {
  Tables t = x86_tables(4);
  t.set(0, 0, 0x1000 | P | XD);
  EXPECT_EQ(follow(paging(4), t.image(), 0).pa_bits(), 33U); // of the tables
  t.set(0, 0, bit(51) | P);
  EXPECT_EQ(follow(paging(4), t.image(), 0).pa_bits(), 52U);
}

} // namespace
} // namespace pagetwin::emulators
