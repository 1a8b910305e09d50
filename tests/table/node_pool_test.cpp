// The node pool where nodes of several sizes come from it: alignment, and that no unit is lost on the way.
#include "src/table/node_pool.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace pagetwin {
namespace {

// Units of 64 bytes above an address that is a multiple of every node's size.
class NodePoolTest : public testing::Test {
 protected:
  static constexpr unsigned unit = 6;
  static constexpr std::size_t units = 16;
  static constexpr PhysAddr base{bytes_of(32)};
  static constexpr std::uint64_t unit_bytes = bytes_of(unit);

  // The place of a new node, in units from the base.
  [[nodiscard]] std::uint64_t taken(unsigned shift, Fill fill = Fill::zero) {
    return (pool.allocate(shift, fill) - base) >> unit;
  }
  [[nodiscard]] static PhysAddr at(std::uint64_t place) { return base + place * unit_bytes; }
  [[nodiscard]] unsigned byte_at(std::uint64_t place) const {
    return static_cast<unsigned>(*pool.host<std::byte>(at(place)));
  }

  std::vector<std::byte> bytes = std::vector<std::byte>(units << unit, std::byte{0xA5});
  std::vector<NodeRecord> records{units};
  NodePool pool{bytes, base, unit, records};
};

TEST_F(NodePoolTest, ALargerNodeIsAlignedToItsSize) {
  EXPECT_EQ(taken(unit), 0U);
  EXPECT_EQ(taken(unit + 2), 4U);
  EXPECT_EQ(taken(unit + 1), 8U);
  EXPECT_EQ(taken(unit + 2), 12U);
  EXPECT_EQ(pool.used(), 4U);
}

TEST_F(NodePoolTest, WhatAlignmentSkipsIsHandedOutAsSingleUnits) {
  EXPECT_EQ(taken(unit), 0U);
  EXPECT_TRUE(pool.available(unit, 15));
  EXPECT_EQ(taken(unit + 2), 4U);
  EXPECT_TRUE(pool.available(unit, 3 + 8));
  EXPECT_FALSE(pool.available(unit, 3 + 8 + 1));
  EXPECT_EQ(taken(unit), 3U);
  EXPECT_EQ(byte_at(3), 0U); // the arena was not zero there
  EXPECT_EQ(taken(unit), 2U);
  EXPECT_EQ(taken(unit), 1U);
  EXPECT_EQ(taken(unit), 8U);
  EXPECT_EQ(pool.used(), 6U);
}

TEST_F(NodePoolTest, RootsAloneFillThePoolToItsLastUnit) {
  for (const std::uint64_t place : {0U, 4U, 8U, 12U})
    EXPECT_EQ(taken(unit + 2), place);
  EXPECT_FALSE(pool.available(unit, 1));
  EXPECT_FALSE(pool.available(unit + 2, 1));
  pool.release(at(8), unit + 2, Contents::stale);
  EXPECT_FALSE(pool.available(unit, 1)); // a root stays a root
  EXPECT_TRUE(pool.available(unit + 2, 1));
  EXPECT_EQ(taken(unit + 2), 8U);
  EXPECT_EQ(pool.used(), 4U);
}

TEST_F(NodePoolTest, ARootThatDoesNotFitBehindItsGapIsNotThere) {
  for (unsigned i = 0; i < 13; ++i)
    EXPECT_EQ(taken(unit), i);
  EXPECT_TRUE(pool.available(unit, 3));
  EXPECT_FALSE(pool.available(unit + 2, 1));
  EXPECT_TRUE(pool.available(unit + 1, 1)); // units 14 and 15
}

TEST_F(NodePoolTest, AReusedRootIsZeroFromItsFirstUnitToItsLast) {
  EXPECT_EQ(taken(unit + 2), 0U);
  for (std::uint64_t place = 0; place < 4; ++place)
    *pool.host<std::byte>(at(place)) = std::byte{1};
  pool.release(base, unit + 2, Contents::stale);
  EXPECT_EQ(taken(unit + 2), 0U);
  for (std::uint64_t place = 0; place < 4; ++place)
    EXPECT_EQ(byte_at(place), 0U) << place;
}

TEST_F(NodePoolTest, WhatIsThereForSeveralClassesIsThereInAnyOrder) {
  NodePool::Demand demand;
  demand.add(unit, 2);
  demand.add(unit + 2, 1);
  demand.add(unit, 1);
  EXPECT_EQ(demand.nodes(), 4U);
  EXPECT_TRUE(pool.available(demand)) << "four of four units are sixteen";
  demand.add(unit + 1, 1);
  EXPECT_FALSE(pool.available(demand)) << "it might be taken before the one of four";
  for (const unsigned shift : {unit, unit + 2, unit, unit}) {
    EXPECT_TRUE(pool.available(shift, 1));
    (void)pool.allocate(shift, Fill::zero);
  }
}
TEST_F(NodePoolTest, OfSeveralClassesOnlyWhatNeverCameBackIsAskedOfTheRest) {
  const PhysAddr small = pool.allocate(unit, Fill::zero), large = pool.allocate(unit + 3, Fill::zero);
  EXPECT_EQ(pool.used_bytes(), 9 * unit_bytes);
  NodePool::Demand one_of_each;
  one_of_each.add(unit, 1);
  one_of_each.add(unit + 3, 1);
  EXPECT_FALSE(pool.available(one_of_each)) << "seven units were skipped, and none is left behind";
  pool.release(large, unit + 3, Contents::zero);
  EXPECT_TRUE(pool.available(one_of_each));
  pool.release(small, unit, Contents::stale);
  EXPECT_EQ(pool.used_bytes(), 0U);
}
TEST_F(NodePoolTest, SeveralAtOnceAreThoseThatWereKnownToBeZero) {
  for (unsigned i = 0; i < 4; ++i)
    EXPECT_EQ(taken(unit), i);
  pool.release(at(1), unit, Contents::zero);
  pool.release(at(2), unit, Contents::stale);
  pool.release(at(3), unit, Contents::zero);
  const auto two = pool.allocate_empty<2>(unit);
  EXPECT_EQ(two[0], at(3));
  EXPECT_EQ(two[1], at(1));
  EXPECT_EQ(pool.used(), 3U);
  EXPECT_EQ(taken(unit, Fill::any), 2U);
}

TEST_F(NodePoolTest, SeveralAtOnceAreZeroWhereTooFewWereKnownToBe) {
  EXPECT_EQ(taken(unit), 0U);
  EXPECT_EQ(taken(unit), 1U);
  pool.release(at(0), unit, Contents::zero);
  *pool.host<std::byte>(at(1)) = std::byte{1};
  pool.release(at(1), unit, Contents::stale);
  const auto three = pool.allocate_empty<3>(unit);
  for (unsigned place = 0; place < 3; ++place) {
    EXPECT_EQ(std::ranges::count(three, at(place)), 1);
    EXPECT_EQ(byte_at(place), 0U);
  }
  EXPECT_EQ(pool.used(), 3U);
  EXPECT_TRUE(pool.available(unit, units - 3));
  EXPECT_FALSE(pool.available(unit, units - 2));
}

TEST_F(NodePoolTest, WhatCameBackLastIsTakenFirstHoweverManyCameBack) {
  for (unsigned i = 0; i < units; ++i)
    EXPECT_EQ(taken(unit), i);
  for (unsigned i = 0; i < units; ++i) {
    pool.release(at(i), unit, Contents::zero);
    EXPECT_EQ(pool.used(), units - 1 - i);
  }
  EXPECT_TRUE(pool.available(unit, units));
  EXPECT_FALSE(pool.available(unit, units + 1));
  for (std::uint64_t last = units; last > 1; last -= 3) {
    const auto three = pool.allocate_empty<3>(unit);
    for (unsigned i = 0; i < 3; ++i)
      EXPECT_EQ(three[i], at(last - 1 - i));
  }
  EXPECT_EQ(taken(unit, Fill::any), 0U);
  EXPECT_EQ(pool.used(), units);
  EXPECT_FALSE(pool.available(unit, 1));
}

TEST_F(NodePoolTest, OfABranchThatIsReleasedOnlySoManyNodesComeBackAsAreSaid) {
  for (unsigned i = 0; i < 12; ++i)
    EXPECT_EQ(taken(unit), i);
  for (std::uint64_t first = 0; first < 12; first += 3) // more than are held at once
    pool.release_empty(std::array{at(first), at(first + 1), at(first + 2)}, 2, unit);
  EXPECT_EQ(pool.used(), 4U);
  for (const std::uint64_t place : {10U, 9U, 7U, 6U, 4U, 3U, 1U, 0U, 12U})
    EXPECT_EQ(taken(unit), place);
}

} // namespace
} // namespace pagetwin
