// map, map_range and lookup by their rows in docs/table.md.
#include "tests/table/table_test.hpp"

#include <bit>

namespace pagetwin::fuzz {
namespace {

TABLE_TESTS(TableMap);

TEST_P(TableMap, AnEmptyTableIsOneNode) {
  EXPECT_MAPPINGS(table);
  EXPECT_EQ(table.nodes(), 1U);
  EXPECT_FALSE(table.subject().lookup(0, 0));
  EXPECT_FALSE(table.subject().lookup(0, table.hole()));
}

TEST_P(TableMap, EverySizeIsOneLeafAtTheEndOfOnePath) {
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i);
    ASSERT_OK(table.map(largest, frames, size));
    EXPECT_MAPPINGS(table, leaf(largest, frames, size));
    EXPECT_EQ(table.nodes(), table.nodes_to(size));
    EXPECT_EQ(table.unmap(largest, size).bytes, size);
    EXPECT_MAPPINGS(table);
    EXPECT_EQ(table.nodes(), 1U);
  }
}

TEST_P(TableMap, EveryAttributeComesBack) {
  const Rights rights = rights_in(table.profile(), Rights::read | Rights::execute | Rights::user);
  std::vector<Attributes> all = one_field_different(table.profile(), {.rights = rights});
  for (const Attributes& many : decorated(table.profile(), rights))
    all.push_back(many);
  for (std::size_t i = 0; i < table.size_count(); ++i)
    for (const Attributes& each : all) {
      const std::uint64_t size = table.size(i), va = table.top() - size;
      ASSERT_OK(table.map(va, frames, size, each));
      EXPECT_MAPPINGS(table, leaf(va, frames, size, each));
      EXPECT_EQ(table.unmap(va, size).bytes, size);
    }
}

TEST_P(TableMap, TheFirstAndTheLastPageOfBothHalves) {
  const std::uint64_t below = table.half_bytes() - page, above = table.upper_half(),
                      last = table.top() - page;
  std::uint64_t frame = frames;
  for (const std::uint64_t va : {std::uint64_t{0}, below, above, last}) {
    ASSERT_OK(table.map(va, frame, page)) << va;
    frame += 2 * page;
  }
  EXPECT_MAPPINGS(table, leaf(0, frames, page), leaf(below, frames + 2 * page, page),
                  leaf(above, frames + 4 * page, page), leaf(last, frames + 6 * page, page));
  EXPECT_EQ(table.nodes(), 1U + 4 * (table.mmu().levels() - 1));
}

TEST_P(TableMap, AByteThatIsMappedRefusesEverySizeAroundIt) {
  const std::uint64_t va = 3 * largest - page;
  ASSERT_OK(table.map(va, frames, page));
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i);
    EXPECT_TRUE(refuses(table, Status::overlap, [&] { return table.map(va & ~(size - 1), frames, size); }));
  }
  EXPECT_MAPPINGS(table, leaf(va, frames, page));
}

TEST_P(TableMap, ALeafRefusesEverySizeWithinIt) {
  ASSERT_OK(table.map(largest, frames, largest));
  for (std::size_t i = 0; i < table.size_count(); ++i)
    for (const std::uint64_t va : {largest, 2 * largest - table.size(i)})
      EXPECT_TRUE(refuses(table, Status::overlap, [&] { return table.map(va, frames, table.size(i)); }));
  EXPECT_MAPPINGS(table, leaf(largest, frames, largest));
}

TEST_P(TableMap, NeighboursShareNodesAndStayLeavesOfTheirOwn) {
  ASSERT_OK(table.map(largest, frames, page));
  const std::uint64_t nodes = table.nodes();
  ASSERT_OK(table.map(largest + page, frames + page, page));
  ASSERT_OK(table.map(largest + 2 * page, more_frames, page));
  EXPECT_EQ(table.nodes(), nodes);
  EXPECT_MAPPINGS(table, leaves(largest, frames, 2 * page, page),
                  leaf(largest + 2 * page, more_frames, page));
}

TEST_P(TableMap, TheLastFrameIsLegalAndTheNextIsNot) {
  const std::uint64_t end = std::uint64_t{1} << table.profile().pa_bits;
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i);
    ASSERT_OK(table.map(largest, end - size, size));
    EXPECT_MAPPINGS(table, leaf(largest, end - size, size));
    EXPECT_TRUE(refuses(table, Status::out_of_range, [&] { return table.map(0, end, size); }));
    EXPECT_EQ(table.unmap(largest, size).bytes, size);
  }
  EXPECT_TRUE(
      refuses(table, Status::out_of_range, [&] { return table.map_range(0, end - page, 2 * page, page); }));
}

TABLE_TESTS(TableMapRange);

// From one page above a boundary of the largest size to the next one: every size but the largest, ascending.
TEST_P(TableMapRange, ClimbsToTheLargestSizeThatIsAligned) {
  ASSERT_OK(table.map_range(largest + page, frames + page, largest - page, largest));
  Leaves want;
  for (std::size_t i = 0; i + 1 < table.size_count(); ++i)
    want.push_back(leaves(largest + table.size(i), frames + table.size(i), table.size(i + 1) - table.size(i),
                          table.size(i)));
  EXPECT_TRUE(holds(table, want));
}

TEST_P(TableMapRange, DescendsToTheLargestSizeThatFits) {
  ASSERT_OK(table.map_range(largest, frames, largest - page, largest));
  Leaves want;
  for (std::size_t i = table.size_count() - 1; i-- > 0;) {
    const std::uint64_t offset = largest - table.size(i + 1);
    want.push_back(
        leaves(largest + offset, frames + offset, table.size(i + 1) - table.size(i), table.size(i)));
  }
  EXPECT_TRUE(holds(table, want));
}

TEST_P(TableMapRange, IsOneLargestLeafBetweenTwoPages) {
  ASSERT_OK(table.map_range(largest - page, frames + largest - page, largest + 2 * page, largest));
  EXPECT_MAPPINGS(table, leaf(largest - page, frames + largest - page, page),
                  leaf(largest, frames + largest, largest), leaf(2 * largest, frames + 2 * largest, page));
}

TEST_P(TableMapRange, MaxSizeLimitsTheLeaves) {
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    const std::uint64_t length = table.most_bytes(table.size(i));
    ASSERT_OK(table.map_range(largest, frames, length, table.size(i)));
    EXPECT_MAPPINGS(table, leaves(largest, frames, length, table.size(i)));
    EXPECT_EQ(table.unmap(largest, length).bytes, length);
    EXPECT_EQ(table.nodes(), 1U);
  }
}

TEST_P(TableMapRange, FramesOutOfStepAllowSmallLeavesOnly) {
  for (std::size_t i = 0; i + 1 < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i), length = 2 * table.size(i + 1);
    ASSERT_OK(table.map_range(largest, frames + size, length, largest));
    EXPECT_MAPPINGS(table, leaves(largest, frames + size, length, size));
    EXPECT_EQ(table.unmap(largest, length).bytes, length);
  }
}

// From the first leaf to the second or from the second to the third.
TEST_P(TableMapRange, FramesCarryIntoEveryBitOfTheAddress) {
  for (std::size_t i = 0; i < table.size_count() && 4 * table.size(i) <= table.half_bytes(); ++i)
    for (unsigned bit = static_cast<unsigned>(std::countr_zero(table.size(i))) + 2;
         bit < table.profile().pa_bits; ++bit)
      for (const std::uint64_t before : {1U, 2U}) {
        const std::uint64_t size = table.size(i), frame = bytes_of(bit) - before * size;
        ASSERT_OK(table.map_range(0, frame, 4 * size, size));
        EXPECT_MAPPINGS(table, leaves(0, frame, 4 * size, size));
        EXPECT_EQ(table.unmap(0, 4 * size).bytes, 4 * size);
      }
}

TEST_P(TableMapRange, OneMappedPageAnywhereRefusesTheWholeRange) {
  const std::uint64_t first = largest - page, length = largest + 2 * page;
  for (const std::uint64_t taken : {first, largest, largest + largest / 2, 2 * largest}) {
    ASSERT_OK(table.map(taken, more_frames, page));
    EXPECT_TRUE(refuses(table, Status::overlap,
                        [&] { return table.map_range(first, frames + first, length, largest); }));
    EXPECT_MAPPINGS(table, leaf(taken, more_frames, page));
    EXPECT_EQ(table.unmap(taken, page).bytes, page);
  }
  ASSERT_OK(table.map_range(first, frames + first, length, largest));
}

TEST_P(TableMapRange, FillsTheHolesOfNodesThatAreThere) {
  ASSERT_OK(table.map(largest, more_frames, page));
  ASSERT_OK(table.map_range(largest + page, frames + page, 2 * page, page));
  ASSERT_OK(table.map_range(largest - 2 * page, frames - 2 * page, 2 * page, page));
  EXPECT_MAPPINGS(table, leaves(largest - 2 * page, frames - 2 * page, 2 * page, page),
                  leaf(largest, more_frames, page), leaves(largest + page, frames + page, 2 * page, page));
}

TEST_P(TableMapRange, ReachesTheLastByteOfBothHalves) {
  const std::uint64_t below = table.half_bytes() - 3 * page, last = table.top() - 3 * page;
  ASSERT_OK(table.map_range(below, frames, 3 * page, page));
  ASSERT_OK(table.map_range(last, more_frames, 3 * page, page));
  EXPECT_TRUE(
      refuses(table, Status::out_of_range, [&] { return table.map_range(last, frames, 4 * page, page); }));
  EXPECT_MAPPINGS(table, leaves(below, frames, 3 * page, page), leaves(last, more_frames, 3 * page, page));
}

// Between the halves there are addresses that are none, or nothing at all.
TEST_P(TableMapRange, CrossesTheMiddleOnlyWhereThereIsNoHole) {
  const std::uint64_t below = table.half_bytes() - page;
  const auto cross = [&] { return table.map_range(below, frames, 2 * page, page); };
  if (table.profile().sign_extended) {
    EXPECT_TRUE(refuses(table, Status::out_of_range, cross));
  } else {
    ASSERT_OK(cross());
    EXPECT_MAPPINGS(table, leaves(below, frames, 2 * page, page));
    EXPECT_EQ(table.protect(below, 2 * page, read_only).bytes, 2 * page);
    EXPECT_MAPPINGS(table, leaves(below, frames, 2 * page, page, {.rights = read_only}));
    EXPECT_EQ(table.unmap(0, table.top()).bytes, 2 * page);
  }
}

TEST_P(TableMapRange, OneCallOrManyMakeTheSameTable) {
  const std::uint64_t first = largest - page, length = largest + 2 * page;
  const std::uint64_t size = std::max(table.size(1), table.smallest_of(largest, 1U << 14));
  ASSERT_OK(table.map_range(first, frames + first, length, size));
  const auto at_once = table.contents();
  const std::uint64_t nodes = table.nodes();
  EXPECT_EQ(table.unmap(first, length).bytes, length);
  for (const auto& run : at_once.leaves)
    for (std::uint64_t done = 0; done < run.bytes; done += run.leaf_size)
      ASSERT_OK(table.map(run.va + done, run.pa + done, run.leaf_size));
  EXPECT_TRUE(holds(table, at_once.leaves));
  EXPECT_EQ(table.nodes(), nodes);
}

} // namespace
} // namespace pagetwin::fuzz
