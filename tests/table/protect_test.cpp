// protect and remap by their rows in docs/table.md.
#include "tests/table/table_test.hpp"

#include <algorithm>

namespace pagetwin::fuzz {
namespace {

TABLE_TESTS(TableProtect);

TEST_P(TableProtect, ChangesTheRightsOfAWholeLeafAndNothingElse) {
  const Attributes many = decorated(table.profile(), read_write)[0];
  const Rights others = rights_in(table.profile(), Rights::read | Rights::execute | Rights::user);
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i);
    ASSERT_OK(table.map(largest, frames, size, many));
    table.read(largest);
    table.write(largest + size - 1);
    const Amount changed = table.protect(largest, size, others);
    EXPECT_EQ(changed.status, Status::ok);
    EXPECT_EQ(changed.bytes, size);
    EXPECT_MAPPINGS(table, leaf(largest, frames, size, with_rights(many, others), written));
    EXPECT_EQ(table.nodes(), table.nodes_to(size));
    EXPECT_EQ(table.unmap(largest, size).bytes, size);
  }
}

TEST_P(TableProtect, SplitsALeafThatTheRangeCuts) {
  const Attributes many = decorated(table.profile(), read_write)[0];
  for (std::size_t i = 1; i < table.size_count(); ++i) {
    const auto whole = leaf(largest, frames, table.size(i), many);
    for (const std::uint64_t at : {largest, largest + page, largest + table.size(i) - page}) {
      ASSERT_OK(table.map(largest, frames, table.size(i), many));
      EXPECT_EQ(table.protect(at, page, read_only).bytes, page);
      Leaves want = table.without_page(whole, at);
      want.push_back(leaf(at, frames + (at - largest), page, with_rights(many, read_only)));
      std::ranges::sort(want, {}, &reference::LeafRun::va);
      EXPECT_TRUE(holds(table, want));
      EXPECT_EQ(table.unmap(largest, largest).bytes, table.size(i));
    }
  }
}

TEST_P(TableProtect, ToTheSameRightsSplitsNothing) {
  const Attributes many = decorated(table.profile(), read_write)[0];
  ASSERT_OK(table.map(largest, frames, largest, many));
  const std::string before = table.dump();
  EXPECT_EQ(table.protect(largest + page, page, read_write).status, Status::ok);
  EXPECT_EQ(table.protect(largest, largest, read_write).bytes, 0U);
  EXPECT_EQ(table.dump(), before);
  EXPECT_MAPPINGS(table, leaf(largest, frames, largest, many));
}

TEST_P(TableProtect, SkipsHolesAndCountsOnlyWhatChanged) {
  ASSERT_OK(table.map(largest - page, frames, page));
  ASSERT_OK(table.map(largest + page, frames, page, {.rights = read_only}));
  ASSERT_OK(table.map(2 * largest, more_frames, largest));
  EXPECT_EQ(table.protect(0, 3 * largest, read_only).bytes, page + largest);
  EXPECT_MAPPINGS(table, leaf(largest - page, frames, page, {.rights = read_only}),
                  leaf(largest + page, frames, page, {.rights = read_only}),
                  leaf(2 * largest, more_frames, largest, {.rights = read_only}));
  EXPECT_EQ(table.protect(table.upper_half(), table.half_bytes(), read_only).bytes, 0U);
}

TEST_P(TableProtect, OfTheLastPageOfTheSpace) {
  const std::uint64_t first = table.top() - largest, last = table.top() - page;
  ASSERT_OK(table.map(first, frames, largest));
  EXPECT_EQ(table.protect(last, page, read_only).bytes, page);
  Leaves want = table.without_page(leaf(first, frames, largest), last);
  want.push_back(leaf(last, frames + largest - page, page, {.rights = read_only}));
  EXPECT_TRUE(holds(table, want));
}

TEST_P(TableProtect, WithoutAnyRightIsRefused) {
  ASSERT_OK(table.map(largest, frames, page));
  for (const Rights rights : {Rights::none, Rights::user})
    EXPECT_TRUE(
        refuses(table, Status::bad_attributes, [&] { return table.protect(largest, page, rights).status; }));
}

TEST_P(TableProtect, OfManyPagesKeepsTheFlagsOfEach) {
  const std::uint64_t span = table.mmu().span(1);
  ASSERT_OK(table.map_range(largest, frames, span, page));
  table.write(largest + page);
  EXPECT_EQ(table.protect(largest, span, read_only).bytes, span);
  EXPECT_MAPPINGS(
      table, leaf(largest, frames, page, {.rights = read_only}),
      leaf(largest + page, frames + page, page, {.rights = read_only}, written),
      leaves(largest + 2 * page, frames + 2 * page, span - 2 * page, page, {.rights = read_only}));
}

TABLE_TESTS(TableRemap);

TEST_P(TableRemap, GivesALeafAnotherFrameAndClearsItsFlags) {
  const Attributes many = decorated(table.profile(), read_write)[1];
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i);
    ASSERT_OK(table.map(largest, frames, size, many));
    table.write(largest + size - 1);
    ASSERT_OK(table.remap(largest, more_frames));
    EXPECT_MAPPINGS(table, leaf(largest, more_frames, size, many));
    EXPECT_EQ(table.unmap(largest, size).bytes, size);
  }
}

TEST_P(TableRemap, ToTheSameFrameClearsTheFlagsToo) {
  ASSERT_OK(table.map(largest, frames, largest));
  table.write(largest);
  ASSERT_OK(table.remap(largest, frames));
  EXPECT_MAPPINGS(table, leaf(largest, frames, largest));
}

TEST_P(TableRemap, NeedsTheBaseOfALeaf) {
  ASSERT_OK(table.map(largest, frames, largest));
  for (const std::uint64_t va : {std::uint64_t{0}, largest + page, 2 * largest - page, 2 * largest})
    EXPECT_TRUE(refuses(table, Status::not_mapped, [&] { return table.remap(va, more_frames); }));
  EXPECT_MAPPINGS(table, leaf(largest, frames, largest));
}

TEST_P(TableRemap, AlignsTheFrameToTheLeafThatIsThere) {
  for (std::size_t i = 1; i < table.size_count(); ++i) {
    ASSERT_OK(table.map(largest, frames, table.size(i)));
    EXPECT_TRUE(refuses(table, Status::misaligned,
                        [&] { return table.remap(largest, more_frames + table.size(i - 1)); }));
    EXPECT_TRUE(refuses(table, Status::misaligned, [&] { return table.remap(0, more_frames + 8); }));
    EXPECT_EQ(table.unmap(largest, largest).bytes, table.size(i));
  }
}

TEST_P(TableRemap, RefusesWhatIsOutOfRange) {
  const std::uint64_t va = table.top() - largest, end = std::uint64_t{1} << table.profile().pa_bits;
  ASSERT_OK(table.map(va, frames, largest));
  EXPECT_TRUE(refuses(table, Status::out_of_range, [&] { return table.remap(va, end); }));
  EXPECT_TRUE(refuses(table, Status::out_of_range, [&] { return table.remap(table.hole(), frames); }));
  ASSERT_OK(table.remap(va, end - largest));
  EXPECT_MAPPINGS(table, leaf(va, end - largest, largest));
}

} // namespace
} // namespace pagetwin::fuzz
