// mark and marker by their rows in docs/table.md, and what every other operation does to markers.
#include "tests/table/table_test.hpp"

namespace pagetwin::fuzz {
namespace {

TABLE_TESTS(TableMarker);

TEST_P(TableMarker, EverySizeCarriesAWord) {
  const std::uint64_t all_ones = low_mask(table.profile().marker_bits);
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i);
    ASSERT_OK(table.mark(largest, size, all_ones));
    EXPECT_TRUE(holds(table, {}, {{largest, size, all_ones}}));
    EXPECT_EQ(table.nodes(), table.nodes_to(size));
    EXPECT_EQ(table.marker(largest, size).word, all_ones);
    EXPECT_EQ(table.marker(largest + size - page, page).word, all_ones);
    EXPECT_EQ(table.marker(0, page).word, 0U);
    ASSERT_OK(table.mark(largest, size, 0));
    EXPECT_TRUE(holds(table, {}));
    EXPECT_EQ(table.nodes(), 1U);
  }
}

TEST_P(TableMarker, IsNoMapping) {
  ASSERT_OK(table.mark(largest, largest, 1));
  EXPECT_FALSE(table.subject().lookup(0, largest));
  EXPECT_EQ(table.protect(largest, largest, read_only).bytes, 0U);
  EXPECT_TRUE(refuses(table, Status::not_mapped, [&] { return table.remap(largest, frames); }));
  EXPECT_TRUE(refuses(table, Status::not_uniform, [&] { return table.promote(largest, largest); }));
  EXPECT_TRUE(holds(table, {}, {{largest, largest, 1}}));
}

TEST_P(TableMarker, ReplacesTheWordThatWasThere) {
  ASSERT_OK(table.mark(largest, largest, 1));
  ASSERT_OK(table.mark(largest, page, 2));
  EXPECT_TRUE(holds(table, {}, {{largest, page, 2}, {largest + page, largest - page, 1}}));
  EXPECT_EQ(table.marker(largest, page).word, 2U);
  EXPECT_EQ(table.marker(largest, largest).status, Status::not_uniform);
  ASSERT_OK(table.mark(largest, largest, 3));
  EXPECT_TRUE(holds(table, {}, {{largest, largest, 3}}));
  EXPECT_EQ(table.nodes(), table.nodes_to(largest));
}

TEST_P(TableMarker, WordZeroErasesAPart) {
  ASSERT_OK(table.mark(largest, largest, 7));
  ASSERT_OK(table.mark(largest + page, page, 0));
  EXPECT_TRUE(holds(table, {}, {{largest, page, 7}, {largest + 2 * page, largest - 2 * page, 7}}));
  EXPECT_EQ(table.marker(largest, largest).status, Status::not_uniform);
  EXPECT_EQ(table.marker(largest + page, page).word, 0U);
  ASSERT_OK(table.mark(largest, largest, 0));
  EXPECT_TRUE(holds(table, {}));
  EXPECT_EQ(table.nodes(), 1U);
}

TEST_P(TableMarker, SurvivesAPageThatIsMappedIntoIt) {
  ASSERT_OK(table.mark(largest, largest, 7));
  const std::uint64_t at = largest + largest / 2;
  ASSERT_OK(table.map(at, frames, page));
  EXPECT_TRUE(holds(table, {leaf(at, frames, page)},
                    {{largest, at - largest, 7}, {at + page, largest / 2 - page, 7}}));
  EXPECT_EQ(table.marker(largest, largest).status, Status::overlap);
  EXPECT_EQ(table.marker(at + page, page).word, 7U);
  EXPECT_TRUE(refuses(table, Status::overlap, [&] { return table.mark(largest, largest, 8); }));
  EXPECT_EQ(table.unmap(at, page).bytes, page);
  EXPECT_TRUE(holds(table, {}, {{largest, at - largest, 7}, {at + page, largest / 2 - page, 7}}));
  EXPECT_EQ(table.marker(largest, largest).status, Status::not_uniform);
}

TEST_P(TableMarker, IsReplacedByALargerLeaf) {
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i);
    ASSERT_OK(table.mark(largest, page, 1));
    ASSERT_OK(table.mark(largest + size - page, page, 2));
    ASSERT_OK(table.map(largest, frames, size));
    EXPECT_MAPPINGS(table, leaf(largest, frames, size));
    EXPECT_EQ(table.nodes(), table.nodes_to(size));
    EXPECT_EQ(table.unmap(largest, size).bytes, size);
    EXPECT_EQ(table.nodes(), 1U);
  }
}

TEST_P(TableMarker, IsReplacedByARangeInTheBytesMappedOnly) {
  ASSERT_OK(table.mark(largest, largest, 1));
  ASSERT_OK(table.mark(2 * largest, largest, 2));
  ASSERT_OK(table.map_range(2 * largest - page, frames, 2 * page, page));
  EXPECT_TRUE(holds(table, {leaves(2 * largest - page, frames, 2 * page, page)},
                    {{largest, largest - page, 1}, {2 * largest + page, largest - page, 2}}));
}

TEST_P(TableMarker, IsErasedByUnmapInItsRangeOnly) {
  ASSERT_OK(table.mark(table.top() - largest, largest, 9));
  EXPECT_EQ(table.unmap(table.top() - page, page).bytes, 0U);
  EXPECT_TRUE(holds(table, {}, {{table.top() - largest, largest - page, 9}}));
  EXPECT_EQ(table.unmap(table.top() - largest, page).bytes, 0U);
  EXPECT_TRUE(holds(table, {}, {{table.top() + page - largest, largest - 2 * page, 9}}));
  EXPECT_EQ(table.unmap(table.upper_half(), table.half_bytes()).bytes, 0U);
  EXPECT_EQ(table.nodes(), 1U);
}

TEST_P(TableMarker, KeepsItsNodeAlive) {
  ASSERT_OK(table.map(largest, frames, page));
  ASSERT_OK(table.mark(largest + page, page, 1));
  EXPECT_EQ(table.unmap(largest, page).bytes, page);
  EXPECT_TRUE(holds(table, {}, {{largest + page, page, 1}}));
  EXPECT_EQ(table.nodes(), table.nodes_to(page));
}

TEST_P(TableMarker, OfEqualNeighboursReadsAsOne) {
  const std::uint64_t size = table.size(1);
  for (std::uint64_t done = 0; done < size; done += page)
    ASSERT_OK(table.mark(largest + done, page, 4));
  EXPECT_EQ(table.marker(largest, size).word, 4U);
  EXPECT_TRUE(holds(table, {}, {{largest, size, 4}}));
}

TEST_P(TableMarker, WiderThanTheFormatAllowsIsRefused) {
  for (const std::uint64_t word : {bytes_of(table.profile().marker_bits), ~std::uint64_t{0}})
    EXPECT_TRUE(refuses(table, Status::bad_attributes, [&] { return table.mark(largest, page, word); }));
}

} // namespace
} // namespace pagetwin::fuzz
