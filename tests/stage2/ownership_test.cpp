// The records of frames: regions, what lies outside of them, and the values that the specification calls
// INVALID.
#include "src/stage2/ownership.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace pagetwin {
namespace {

class OwnershipTest : public testing::Test {
 protected:
  OwnershipTest() { owners.reset(); }

  std::vector<MemoryRegion> regions{{0, 2}, {10, 3}, {pfn_end - 1, 1}};
  std::vector<PageRecord> records = std::vector<PageRecord>(6);
  Ownership owners{regions, records};
};

TEST_F(OwnershipTest, ARecordHoldsTheWidestValuesApart) {
  const PageRecord r(corevisor, max_share_count, gfn_end - 1);
  EXPECT_EQ(r.owner(), corevisor);
  EXPECT_EQ(r.count(), max_share_count);
  EXPECT_EQ(r.gfn(), gfn_end - 1);
  EXPECT_EQ(r.with_count(3), PageRecord(corevisor, 3, gfn_end - 1));
}

TEST_F(OwnershipTest, MemoryIsTheHostsButForFrameZero) {
  EXPECT_EQ(owners.at(0), PageRecord{});
  EXPECT_EQ(owners.at(0).owner(), PageRecord::nobody);
  EXPECT_EQ(owners.at(0).count(), PageRecord::not_counted);
  EXPECT_EQ(owners.at(0).gfn(), PageRecord::no_gfn);
  for (const std::uint64_t pfn : {std::uint64_t{1}, std::uint64_t{10}, std::uint64_t{12}, pfn_end - 1})
    EXPECT_EQ(owners.at(pfn), PageRecord(hostvisor, 0, pfn + 1'000'000'000)) << pfn;
}

TEST_F(OwnershipTest, WhatIsNoMemoryIsNobodys) {
  for (const std::uint64_t pfn :
       {std::uint64_t{2}, std::uint64_t{9}, std::uint64_t{13}, pfn_end - 2, pfn_end})
    EXPECT_EQ(owners.at(pfn), PageRecord{}) << pfn;
}

TEST_F(OwnershipTest, EachFrameHasARecordOfItsOwn) {
  owners.set(10, {1, 2, 3});
  owners.set(1, {4, 5, 6});
  EXPECT_EQ(owners.at(10), PageRecord(1, 2, 3));
  EXPECT_EQ(owners.at(1), PageRecord(4, 5, 6));
  EXPECT_EQ(owners.at(11), PageRecord::of_host(11));
  owners.reset();
  EXPECT_EQ(owners.at(10), PageRecord::of_host(10));
}

TEST_F(OwnershipTest, InvalidIsNoShare) {
  EXPECT_FALSE(PageRecord(1, 0, 1).is_shared());
  EXPECT_TRUE(PageRecord(1, 1, 1).is_shared());
  EXPECT_TRUE(PageRecord(1, max_share_count, 1).is_shared());
  EXPECT_FALSE(PageRecord(1, PageRecord::not_counted, 1).is_shared());
}

TEST_F(OwnershipTest, ARangeIsSeenInItsPartsThatAreMemory) {
  std::vector<std::pair<std::uint64_t, std::size_t>> parts;
  owners.for_memory(1, 11, [&](std::uint64_t first, std::span<PageRecord> part) {
    parts.emplace_back(first, part.size());
    EXPECT_EQ(part.front(), PageRecord::of_host(first));
  });
  EXPECT_EQ(parts, (std::vector<std::pair<std::uint64_t, std::size_t>>{{1, 1}, {10, 2}}));
  owners.for_memory(2, 8, [&](std::uint64_t, std::span<PageRecord>) { ADD_FAILURE(); });
  owners.for_memory(10, 0, [&](std::uint64_t, std::span<PageRecord>) { ADD_FAILURE(); });
}

} // namespace
} // namespace pagetwin
