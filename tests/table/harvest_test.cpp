// harvest and for_each by their rows in docs/table.md.
#include "tests/table/table_test.hpp"

namespace pagetwin::fuzz {
namespace {

Leaves harvested(TableUnderTest& table, std::uint64_t va, std::uint64_t length, Harvest what) {
  std::vector<LeafReport> reports;
  EXPECT_EQ(table.subject().harvest(0, va, length, what, reports), Status::ok);
  Leaves found;
  for (const LeafReport& report : reports)
    found.push_back(to_reference(report));
  return found;
}

TABLE_TESTS(TableHarvest);

TEST_P(TableHarvest, ReportsTheFlagsOfEachLeafAscending) {
  ASSERT_OK(table.map(largest, frames, page));
  ASSERT_OK(table.map(largest + page, frames + page, page));
  ASSERT_OK(table.map(2 * largest, more_frames, largest));
  table.read(largest);
  table.write(3 * largest - 1);
  const Leaves want{leaf(largest, frames, page, plain_attributes, {true, false}),
                    leaf(largest + page, frames + page, page),
                    leaf(2 * largest, more_frames, largest, plain_attributes, written)};
  EXPECT_EQ(harvested(table, 0, table.half_bytes(), Harvest::keep), want);
  EXPECT_TRUE(holds(table, want));
}

TEST_P(TableHarvest, ClearsTheFlagsThatItReports) {
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i);
    ASSERT_OK(table.map(largest, frames, size));
    table.read(largest);
    table.write(largest + size - 1);
    const Leaves dirty{leaf(largest, frames, size, plain_attributes, written)};
    EXPECT_EQ(harvested(table, largest, size, Harvest::keep), dirty);
    EXPECT_EQ(harvested(table, largest, size, Harvest::clear), dirty);
    EXPECT_EQ(harvested(table, largest, size, Harvest::clear), Leaves{leaf(largest, frames, size)});
    EXPECT_MAPPINGS(table, leaf(largest, frames, size));
    EXPECT_EQ(table.unmap(largest, size).bytes, size);
  }
}

TEST_P(TableHarvest, OfAPartReportsTheWholeLeafAndKeepsItsFlags) {
  for (std::size_t i = 1; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i);
    ASSERT_OK(table.map(largest, frames, size));
    table.write(largest);
    const Leaves dirty{leaf(largest, frames, size, plain_attributes, written)};
    EXPECT_EQ(harvested(table, largest, size - page, Harvest::clear), dirty);
    EXPECT_EQ(harvested(table, largest + size - page, 2 * page, Harvest::clear), dirty);
    EXPECT_TRUE(holds(table, dirty));
    EXPECT_EQ(table.nodes(), table.nodes_to(size));
    EXPECT_EQ(table.unmap(largest, size).bytes, size);
  }
}

TEST_P(TableHarvest, BetweenTwoCutLeavesClearsOnlyWhatItCovers) {
  const std::uint64_t size = table.size(1);
  const auto part = [&](unsigned i, Flags flags) {
    return leaf(largest + i * size, frames + std::uint64_t{2} * i * size, size, plain_attributes, flags);
  };
  for (unsigned i = 0; i < 3; ++i) {
    ASSERT_OK(table.map(largest + i * size, frames + std::uint64_t{2} * i * size, size));
    table.write(largest + i * size);
  }
  const Flags dirty = written;
  EXPECT_EQ(harvested(table, largest + page, 3 * size - 2 * page, Harvest::clear),
            (Leaves{part(0, dirty), part(1, dirty), part(2, dirty)}));
  EXPECT_MAPPINGS(table, part(0, dirty), part(1, {}), part(2, dirty));
}

TEST_P(TableHarvest, OfHolesReportsNothing) {
  EXPECT_TRUE(harvested(table, 0, table.half_bytes(), Harvest::clear).empty());
  ASSERT_OK(table.mark(largest, largest, 4));
  EXPECT_TRUE(harvested(table, 0, table.half_bytes(), Harvest::clear).empty());
  EXPECT_TRUE(holds(table, {}, {{largest, largest, 4}}));
}

TEST_P(TableHarvest, FlagsSetAfterAHarvestAreSeenByTheNext) {
  ASSERT_OK(table.map(table.top() - largest, frames, largest));
  for (int round = 0; round < 3; ++round) {
    table.write(table.top() - page);
    EXPECT_EQ(harvested(table, table.top() - largest, largest, Harvest::clear),
              Leaves{leaf(table.top() - largest, frames, largest, plain_attributes, written)});
  }
}

TABLE_TESTS(TableForEach);

std::vector<reference::Extent> shown(TableUnderTest& table, std::uint64_t va, std::uint64_t length) {
  std::vector<Stretch> stretches;
  EXPECT_EQ(table.subject().for_each(0, va, length, stretches), Status::ok);
  std::vector<reference::Extent> extents;
  for (const Stretch& s : stretches)
    extents.push_back(to_reference(s));
  return extents;
}

TEST_P(TableForEach, JoinsSizesAndFlagsButNotAttributesOrFrames) {
  const reference::Attributes rw = to_reference(plain_attributes);
  ASSERT_OK(table.map_range(largest - page, frames - page, largest + page, largest)); // a page, a superpage
  table.write(largest);
  ASSERT_OK(table.map(2 * largest, more_frames, page)); // another frame
  ASSERT_OK(table.map(2 * largest + page, more_frames + page, page, {.rights = read_only}));
  EXPECT_EQ(shown(table, 0, table.half_bytes()),
            (std::vector<reference::Extent>{{largest - page, largest + page, frames - page, rw},
                                            {2 * largest, page, more_frames, rw},
                                            {2 * largest + page, page, more_frames + page,
                                             to_reference(Attributes{.rights = read_only})}}));
}

TEST_P(TableForEach, ClipsToTheRange) {
  const reference::Attributes rw = to_reference(plain_attributes);
  ASSERT_OK(table.map(largest, frames, largest));
  EXPECT_EQ(shown(table, largest + page, page),
            (std::vector<reference::Extent>{{largest + page, page, frames + page, rw}}));
  EXPECT_EQ(shown(table, 0, largest + page), (std::vector<reference::Extent>{{largest, page, frames, rw}}));
  EXPECT_EQ(shown(table, 2 * largest - page, largest),
            (std::vector<reference::Extent>{{2 * largest - page, page, frames + largest - page, rw}}));
  EXPECT_TRUE(shown(table, 2 * largest, largest).empty());
}

} // namespace
} // namespace pagetwin::fuzz
