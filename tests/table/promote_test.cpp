// promote by its row in docs/table.md.
#include "tests/table/table_test.hpp"

namespace pagetwin::fuzz {
namespace {

TABLE_TESTS(TablePromote);

TEST_P(TablePromote, EverySizeFromEverySmallerOne) {
  for (std::size_t to = 1; to < table.size_count(); ++to)
    for (std::size_t from = 0; from < to; ++from) {
      const std::uint64_t size = table.size(to);
      if (size > table.most_bytes(table.size(from)))
        continue;
      ASSERT_OK(table.map_range(largest, frames, size, table.size(from)));
      ASSERT_OK(table.promote(largest, size));
      EXPECT_MAPPINGS(table, leaf(largest, frames, size));
      EXPECT_EQ(table.nodes(), table.nodes_to(size));
      EXPECT_EQ(table.unmap(largest, size).bytes, size);
    }
}

TEST_P(TablePromote, KeepsAttributesAndOrsTheFlags) {
  for (const Attributes& many : decorated(table.profile(), read_write))
    for (std::size_t i = 1; i < table.size_count(); ++i) {
      const std::uint64_t size = table.size(i);
      ASSERT_OK(table.map_range(largest, frames, size, table.size(i - 1), many));
      table.write(largest + size - page);
      ASSERT_OK(table.promote(largest, size));
      EXPECT_MAPPINGS(table, leaf(largest, frames, size, many, written));
      EXPECT_EQ(table.unmap(largest, size).bytes, size);
    }
}

TEST_P(TablePromote, MixedSizesBecomeOneLeaf) {
  const std::uint64_t first = table.top() - largest, last = table.top() - page;
  ASSERT_OK(table.map(first, frames, largest));
  table.read(last);
  EXPECT_EQ(table.protect(last, page, read_only).bytes, page);
  EXPECT_TRUE(refuses(table, Status::not_uniform, [&] { return table.promote(first, largest); }));
  EXPECT_EQ(table.protect(last, page, read_write).bytes, page);
  ASSERT_OK(table.promote(first, largest));
  EXPECT_MAPPINGS(table, leaf(first, frames, largest, plain_attributes, {true, false}));
}

TEST_P(TablePromote, OneLeafOfAtLeastTheSizeStaysAsItIs) {
  ASSERT_OK(table.map(largest, frames, largest));
  table.write(largest);
  const std::string before = table.dump();
  for (std::size_t i = 0; i < table.size_count(); ++i) {
    ASSERT_OK(table.promote(largest, table.size(i)));
    ASSERT_OK(table.promote(2 * largest - table.size(i), table.size(i)));
  }
  EXPECT_EQ(table.dump(), before);
  EXPECT_MAPPINGS(table, leaf(largest, frames, largest, plain_attributes, written));
}

TEST_P(TablePromote, OneHoleAnywhereForbidsIt) {
  for (std::size_t i = 1; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i);
    for (const std::uint64_t hole : {largest, largest + size / 2 / page * page, largest + size - page}) {
      ASSERT_OK(table.map(largest, frames, size));
      EXPECT_EQ(table.unmap(hole, page).bytes, page);
      EXPECT_TRUE(refuses(table, Status::not_uniform, [&] { return table.promote(largest, size); }));
      ASSERT_OK(table.map(hole, frames + (hole - largest), page));
      ASSERT_OK(table.promote(largest, size));
      EXPECT_EQ(table.unmap(largest, size).bytes, size);
    }
  }
  EXPECT_TRUE(refuses(table, Status::not_uniform, [&] { return table.promote(largest, page); }));
}

TEST_P(TablePromote, OneOddFrameForbidsIt) {
  for (std::size_t i = 1; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i), child = table.size(i - 1);
    for (const std::uint64_t odd : {largest, largest + size - child}) {
      ASSERT_OK(table.map_range(largest, frames, size, child));
      ASSERT_OK(table.remap(odd, more_frames));
      EXPECT_TRUE(refuses(table, Status::not_uniform, [&] { return table.promote(largest, size); }));
      EXPECT_EQ(table.unmap(largest, size).bytes, size);
    }
  }
}

TEST_P(TablePromote, FramesThatBeginBesideABoundaryForbidIt) {
  for (std::size_t i = 1; i < table.size_count(); ++i) {
    const std::uint64_t size = table.size(i), child = table.size(i - 1);
    ASSERT_OK(table.map_range(largest, frames + child, size, size));
    EXPECT_TRUE(refuses(table, Status::not_uniform, [&] { return table.promote(largest, size); }));
    EXPECT_MAPPINGS(table, leaves(largest, frames + child, size, child));
    EXPECT_EQ(table.unmap(largest, size).bytes, size);
  }
}

TEST_P(TablePromote, EveryAttributeCounts) {
  std::vector<Attributes> odd = one_field_different(table.profile(), plain_attributes);
  odd.push_back({.rights = read_only});
  const std::uint64_t size = table.size(1);
  for (const Attributes& other : odd) {
    ASSERT_OK(table.map_range(largest, frames, size - page, page));
    ASSERT_OK(table.map(largest + size - page, frames + size - page, page, other));
    EXPECT_TRUE(refuses(table, Status::not_uniform, [&] { return table.promote(largest, size); }));
    EXPECT_EQ(table.unmap(largest, size).bytes, size);
  }
}

TEST_P(TablePromote, AMarkedHoleIsAHole) {
  const std::uint64_t size = table.size(1);
  ASSERT_OK(table.map_range(largest, frames, size - page, page));
  ASSERT_OK(table.mark(largest + size - page, page, 3));
  EXPECT_TRUE(refuses(table, Status::not_uniform, [&] { return table.promote(largest, size); }));
  ASSERT_OK(table.map(largest + size - page, frames + size - page, page));
  ASSERT_OK(table.promote(largest, size));
  EXPECT_MAPPINGS(table, leaf(largest, frames, size));
}

TEST_P(TablePromote, UndoesASplit) {
  for (std::size_t i = 1; i < table.size_count(); ++i) {
    ASSERT_OK(table.map(largest, frames, table.size(i)));
    const std::string before = table.dump();
    const std::uint64_t nodes = table.nodes();
    EXPECT_EQ(table.protect(largest + page, page, read_only).bytes, page);
    EXPECT_EQ(table.protect(largest + page, page, read_write).bytes, page);
    ASSERT_OK(table.promote(largest, table.size(i)));
    EXPECT_EQ(table.dump(), before);
    EXPECT_EQ(table.nodes(), nodes);
    EXPECT_EQ(table.unmap(largest, largest).bytes, table.size(i));
  }
}

} // namespace
} // namespace pagetwin::fuzz
