// unmap, unmap_collect and clear by their rows in docs/table.md: splits, reports, and nodes that go as soon
// as they are empty.
#include "tests/table/table_test.hpp"

namespace pagetwin::fuzz {
namespace {

// Leaf by leaf, as reported: nothing is joined.
Leaves collected(TableUnderTest& table, std::uint64_t va, std::uint64_t length, std::uint64_t bytes) {
  std::vector<LeafReport> reports;
  const Amount removed = table.subject().unmap_collect(0, va, length, reports);
  EXPECT_EQ(removed.status, Status::ok);
  EXPECT_EQ(removed.bytes, bytes);
  Leaves found;
  for (const LeafReport& report : reports)
    found.push_back(to_reference(report));
  return found;
}

TABLE_TESTS(TableUnmap);

TEST_P(TableUnmap, OfHolesIsOkAndRemovesNothing) {
  EXPECT_EQ(table.unmap(0, table.half_bytes()).status, Status::ok);
  EXPECT_EQ(table.unmap(largest, page).bytes, 0U);
  ASSERT_OK(table.map(largest, frames, page));
  EXPECT_EQ(table.unmap(0, largest).bytes, 0U);
  EXPECT_EQ(table.unmap(largest + page, largest - page).bytes, 0U);
  EXPECT_MAPPINGS(table, leaf(largest, frames, page));
}

TEST_P(TableUnmap, OfOnePageSplitsALeafOnceForEverySmallerSize) {
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    const auto whole = leaf(largest, frames, table.size(i));
    const std::uint64_t last = largest + table.size(i) - page;
    for (const std::uint64_t hole : {largest, largest + table.size(i) / 2 / page * page, last}) {
      ASSERT_OK(table.map(largest, frames, table.size(i)));
      const Amount removed = table.unmap(hole, page);
      EXPECT_EQ(removed.status, Status::ok);
      EXPECT_EQ(removed.bytes, page);
      EXPECT_TRUE(holds(table, table.without_page(whole, hole)));
      EXPECT_EQ(table.nodes(), i == 0 ? 1 : table.mmu().levels());
      EXPECT_EQ(table.unmap(largest, largest).bytes, table.size(i) - page);
    }
  }
}

TEST_P(TableUnmap, OfTheMiddleOfALeafKeepsBothEnds) {
  ASSERT_OK(table.map(largest, frames, largest));
  const Amount removed = table.unmap(largest + page, largest - 2 * page);
  EXPECT_EQ(removed.bytes, largest - 2 * page);
  EXPECT_MAPPINGS(table, leaf(largest, frames, page),
                  leaf(2 * largest - page, frames + largest - page, page));
}

TEST_P(TableUnmap, CutsTheLeavesAtBothEndsOfARange) {
  ASSERT_OK(table.map(largest, frames, largest));
  ASSERT_OK(table.map(2 * largest, more_frames, largest));
  const std::uint64_t first = 2 * largest - page;
  EXPECT_EQ(table.unmap(first, 2 * page).bytes, 2 * page);
  EXPECT_TRUE(
      holds(table, joined({table.without_page(leaf(largest, frames, largest), first),
                           table.without_page(leaf(2 * largest, more_frames, largest), 2 * largest)})));
}

TEST_P(TableUnmap, AtABoundaryOfASizeSplitsNoSmaller) {
  for (std::size_t i = 1; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i), child = table.size(i - 1);
    ASSERT_OK(table.map(largest, frames, size));
    EXPECT_EQ(table.unmap(largest, child).bytes, child);
    EXPECT_MAPPINGS(table, leaves(largest + child, frames + child, size - child, child));
    EXPECT_EQ(table.unmap(largest, size).bytes, size - child);
  }
}

TEST_P(TableUnmap, OfAHalfLeavesTheOtherHalfAndTheRoot) {
  ASSERT_OK(table.map(0, frames, page));
  ASSERT_OK(table.map(table.half_bytes() - largest, frames, largest));
  ASSERT_OK(table.map(table.upper_half(), more_frames, page));
  EXPECT_EQ(table.unmap(0, table.half_bytes()).bytes, page + largest);
  EXPECT_MAPPINGS(table, leaf(table.upper_half(), more_frames, page));
  EXPECT_EQ(table.unmap(table.upper_half(), table.half_bytes()).bytes, page);
  EXPECT_MAPPINGS(table);
  EXPECT_EQ(table.nodes(), 1U);
}

TEST_P(TableUnmap, OfTheLastPageGivesItsNodesBackAtOnce) {
  const std::uint64_t path = table.mmu().levels() - 1;
  ASSERT_OK(table.map(largest, frames, page));
  ASSERT_OK(table.map(largest + page, frames, page));
  EXPECT_EQ(table.nodes(), 1 + path);
  EXPECT_EQ(table.unmap(largest, page).bytes, page);
  EXPECT_EQ(table.nodes(), 1 + path);
  EXPECT_EQ(table.unmap(largest + page, page).bytes, page);
  EXPECT_EQ(table.nodes(), 1U);
}

TEST_P(TableUnmap, TwiceAnswersZeroTheSecondTime) {
  const std::uint64_t size = std::max(table.size(1), table.smallest_of(largest, 1U << 14));
  ASSERT_OK(table.map_range(largest, frames, largest, size));
  EXPECT_EQ(table.unmap(largest, largest).bytes, largest);
  EXPECT_EQ(table.unmap(largest, largest).bytes, 0U);
  ASSERT_OK(table.map(largest, more_frames, largest));
  EXPECT_MAPPINGS(table, leaf(largest, more_frames, largest));
}

TEST_P(TableUnmap, PageByPageIsTheSameAsAtOnce) {
  const std::uint64_t size = table.size(1);
  ASSERT_OK(table.map(largest, frames, size));
  for (std::uint64_t done = 0; done < size; done += page) {
    EXPECT_EQ(table.unmap(largest + done, page).bytes, page);
    if (done + page < size) {
      EXPECT_MAPPINGS(table, leaves(largest + done + page, frames + done + page, size - done - page, page));
    }
  }
  EXPECT_MAPPINGS(table);
}

TEST_P(TableUnmap, SplitsKeepAttributesAndFlagsInEveryChild) {
  const Attributes many = decorated(table.profile(), read_write)[1];
  for (std::size_t i = 1; i < table.size_count(); ++i) {
    ASSERT_OK(table.map(largest, frames, table.size(i), many));
    table.read(largest);
    table.write(largest + table.size(i) - 1);
    const auto whole = leaf(largest, frames, table.size(i), many, written);
    EXPECT_TRUE(holds(table, {whole}));
    EXPECT_EQ(table.unmap(largest + page, page).bytes, page);
    EXPECT_TRUE(holds(table, table.without_page(whole, largest + page)));
    EXPECT_EQ(table.unmap(largest, largest).bytes, table.size(i) - page);
  }
}

TEST_P(TableUnmap, ClearEmptiesBothHalves) {
  ASSERT_OK(table.map(0, frames, page));
  ASSERT_OK(table.map(table.top() - largest, frames, largest));
  ASSERT_OK(table.mark(largest, largest, 5));
  const Amount removed = table.subject().clear(0);
  EXPECT_EQ(removed.status, Status::ok);
  EXPECT_EQ(removed.bytes, page + largest);
  EXPECT_MAPPINGS(table);
  EXPECT_EQ(table.nodes(), 1U);
  EXPECT_EQ(table.subject().clear(0).bytes, 0U);
}

// Also of a page beside one that was edited before its nodes went, and came back as those of others.
TEST_P(TableUnmap, LeavesNoWayToNodesThatWent) {
  const std::uint64_t beside = largest + table.mmu().span(1), elsewhere = 3 * largest;
  for (const std::uint64_t length : {page, table.half_bytes()}) {
    ASSERT_OK(table.map(largest, frames, page));
    ASSERT_OK(table.map(beside, frames, page));
    for (const std::uint64_t va : {largest, beside})
      EXPECT_EQ(table.unmap(length == page ? va : 0, length).status, Status::ok);
    EXPECT_EQ(table.nodes(), 1U);
    ASSERT_OK(table.map(elsewhere, more_frames, page));
    EXPECT_EQ(table.unmap(beside, page).bytes, 0U);
    ASSERT_OK(table.map(largest, frames, page));
    EXPECT_MAPPINGS(table, leaf(largest, frames, page), leaf(elsewhere, more_frames, page));
    EXPECT_EQ(table.unmap(0, table.half_bytes()).bytes, 2 * page);
  }
}

TABLE_TESTS(TableUnmapCollect);

TEST_P(TableUnmapCollect, ReportsEveryLeafAscendingWithItsFlags) {
  ASSERT_OK(table.map(largest, frames, page));
  ASSERT_OK(table.map(largest + page, frames + page, page, {.rights = read_only}));
  ASSERT_OK(table.map(2 * largest, more_frames, largest));
  ASSERT_OK(table.map(table.half_bytes() - page, frames, page));
  table.read(largest);
  table.write(2 * largest + largest / 2);
  const Leaves want{leaf(largest, frames, page, plain_attributes, {true, false}),
                    leaf(largest + page, frames + page, page, {.rights = read_only}),
                    leaf(2 * largest, more_frames, largest, plain_attributes, written),
                    leaf(table.half_bytes() - page, frames, page)};
  EXPECT_EQ(collected(table, 0, table.half_bytes(), 3 * page + largest), want);
  EXPECT_MAPPINGS(table);
}

TEST_P(TableUnmapCollect, ReportsThePartsOfTheLeavesThatItCut) {
  ASSERT_OK(table.map(largest, frames, largest));
  table.write(largest + page);
  const std::uint64_t first = 2 * largest - page;
  const Leaves want{leaf(first, frames + largest - page, page, plain_attributes, written)};
  EXPECT_EQ(collected(table, first, 2 * page, page), want);
  EXPECT_TRUE(
      holds(table, table.without_page(leaf(largest, frames, largest, plain_attributes, written), first)));
}

TEST_P(TableUnmapCollect, DropsACoveredSubtreeWithEveryLeafReported) {
  const std::uint64_t span = table.mmu().span(1);
  ASSERT_OK(table.map_range(largest, frames, span, page));
  table.write(largest + span - page);
  const auto found = collected(table, largest, span, span);
  ASSERT_EQ(found.size(), span / page);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Flags flags = i + 1 == found.size() ? written : Flags{};
    EXPECT_EQ(found[i], leaf(largest + i * page, frames + i * page, page, plain_attributes, flags));
  }
  EXPECT_EQ(table.nodes(), 1U);
}

TEST_P(TableUnmapCollect, OfAGroupReportsTheOrOfItsCopiesOnce) {
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i);
    ASSERT_OK(table.map(largest, frames, size));
    table.read(largest);
    table.write(largest + size - 1);
    const Leaves want{leaf(largest, frames, size, plain_attributes, written)};
    EXPECT_EQ(collected(table, largest, size, size), want);
  }
}

} // namespace
} // namespace pagetwin::fuzz
