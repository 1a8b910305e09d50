// split, set_attributes and add_flags by their rows in docs/table.md.
#include "tests/table/table_test.hpp"

namespace pagetwin::fuzz {
namespace {

TABLE_TESTS(TableSplit);

TEST_P(TableSplit, APartOfEverySizeBecomesALeafAndNoTranslationChanges) {
  for (std::size_t i = 0; i + 1 < table.size_count(); ++i) {
    const std::uint64_t part = largest + largest / 2;
    ASSERT_OK(table.map(largest, frames, largest));
    table.write(part);
    ASSERT_OK(table.split(part, table.size(i)));
    EXPECT_EQ(table.subject().lookup(0, part)->size, table.size(i));
    for (const std::uint64_t at : {largest, part - 1, part + table.size(i) - 1, 2 * largest - 1})
      EXPECT_EQ(table.subject().lookup(0, at)->pa, frames + (at - largest));
    EXPECT_EQ(table.unmap(part, table.size(i)).bytes, table.size(i));
    EXPECT_EQ(table.unmap(largest, largest).bytes, largest - table.size(i));
  }
}

TEST_P(TableSplit, WhatHasTheSizeAlreadyStaysAndWhatIsSmallerIsNotUniform) {
  ASSERT_OK(table.map(largest, frames, page));
  const std::string before = table.dump();
  ASSERT_OK(table.split(largest, page));
  EXPECT_TRUE(refuses(table, Status::not_uniform, [&] { return table.split(largest, largest); }));
  EXPECT_EQ(table.dump(), before);
}

TEST_P(TableSplit, APromotionTakesItBack) {
  ASSERT_OK(table.map(largest, frames, largest));
  const std::string before = table.dump();
  ASSERT_OK(table.split(largest, table.next_smaller(largest)));
  ASSERT_OK(table.promote(largest, largest));
  EXPECT_EQ(table.dump(), before);
}

TEST_P(TableSplit, AttributesChangeAndFrameAndFlagsStay) {
  for (const Attributes& many : decorated(table.profile(), read_write))
    for (std::size_t i = 0; i < table.size_count(); ++i) {
      ASSERT_OK(table.map(largest, frames, table.size(i)));
      table.write(largest);
      ASSERT_OK(table.set_attributes(largest, many));
      EXPECT_MAPPINGS(table, leaf(largest, frames, table.size(i), many, written));
      EXPECT_EQ(table.unmap(largest, table.size(i)).bytes, table.size(i));
    }
}

TEST_P(TableSplit, AttributesBelongToTheLeafThatBeginsThere) {
  ASSERT_OK(table.map(largest, frames, largest));
  EXPECT_TRUE(refuses(table, Status::not_mapped,
                      [&] { return table.set_attributes(largest + page, plain_attributes); }));
}

TEST_P(TableSplit, FlagsAreAddedToTheLeafThatCoversThePage) {
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    ASSERT_OK(table.map(largest, frames, table.size(i)));
    ASSERT_OK(table.add_flags(largest + table.size(i) - 1, {true, false}));
    EXPECT_MAPPINGS(table, leaf(largest, frames, table.size(i), plain_attributes, {true, false}));
    ASSERT_OK(table.add_flags(largest, {false, true}));
    EXPECT_MAPPINGS(table, leaf(largest, frames, table.size(i), plain_attributes, written));
    ASSERT_OK(table.add_flags(largest, {}));
    EXPECT_MAPPINGS(table, leaf(largest, frames, table.size(i), plain_attributes, written));
    EXPECT_EQ(table.unmap(largest, table.size(i)).bytes, table.size(i));
  }
}

} // namespace
} // namespace pagetwin::fuzz
