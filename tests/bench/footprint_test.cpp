// What a stream of accesses needs to have mapped: the pages it touched, 2 MiB in one only where all of them
// were touched.
#include "bench/footprint.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace pagetwin::bench {
namespace {

using Addresses = std::vector<std::uint64_t>;

// One address within each page of a block, last page first.
Addresses block(std::uint64_t base) {
  Addresses addresses;
  for (std::uint64_t page = 512; page-- > 0;)
    addresses.push_back(base + page * 0x1000 + page);
  return addresses;
}

TEST(Footprint, HasEachPageOnceInOrder) {
  const Footprint f({0x7fff'1008, 0x1000, 0x7fff'1fff, 0x1ffe, 0x2000});
  EXPECT_EQ(f.pages(), (Addresses{0x1000, 0x2000, 0x7fff'1000}));
  EXPECT_EQ(f.loose_pages(), f.pages());
  EXPECT_EQ(f.blocks(), Addresses{});
}

TEST(Footprint, TakesABlockWhereEveryPageWasTouched) {
  Addresses addresses = block(0x40'0000);
  addresses.push_back(0x3f'ffff);
  addresses.push_back(0x60'0000);
  const Footprint f(addresses);
  EXPECT_EQ(f.blocks(), Addresses{0x40'0000});
  EXPECT_EQ(f.loose_pages(), (Addresses{0x3f'f000, 0x60'0000}));
  EXPECT_EQ(f.pages().size(), 514U);
}

TEST(Footprint, TakesNoBlockWhereOnePageIsMissing) {
  Addresses addresses = block(0x40'0000);
  addresses.erase(addresses.begin() + 300);
  const Footprint f(addresses);
  EXPECT_EQ(f.blocks(), Addresses{});
  EXPECT_EQ(f.loose_pages().size(), 511U);
}

TEST(Footprint, CountsTheNodesOfEveryLevel) {
  EXPECT_EQ(Footprint({0x1000}).nodes(), 5U);
  EXPECT_EQ(Footprint({0x1000, 0x2000, 0x20'0000}).nodes(), 6U);
  EXPECT_EQ(Footprint({0x1000, 0x4000'0000, 0x80'0000'0000}).nodes(), 1U + 3 + 3 + 2 + 1);
}

TEST(Footprint, OfNothingIsEmpty) { EXPECT_EQ(Footprint(Addresses{}).nodes(), 1U); }

} // namespace
} // namespace pagetwin::bench
