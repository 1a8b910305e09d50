// Several tables in one pool: creation, destruction, and nothing shared but the nodes.
#include "tests/table/table_test.hpp"

namespace pagetwin::fuzz {
namespace {

TABLE_TESTS(TableSpaces);

TEST_P(TableSpaces, HoldTheSameAddressForDifferentFrames) {
  Subject& subject = table.subject();
  ASSERT_OK(subject.create(1));
  ASSERT_OK(table.map(largest, frames, largest));
  ASSERT_OK(subject.map(1, largest, more_frames, page, {.rights = read_only}));
  EXPECT_MAPPINGS(table, leaf(largest, frames, largest));
  EXPECT_EQ(table.contents(1).leaves, Leaves{leaf(largest, more_frames, page, {.rights = read_only})});
  EXPECT_EQ(subject.unmap(0, largest, largest).bytes, largest);
  EXPECT_EQ(subject.lookup(1, largest), (Found{more_frames, page, {.rights = read_only}}));
}

TEST_P(TableSpaces, GiveEveryNodeBackWhenTheyAreDestroyed) {
  Subject& subject = table.subject();
  ASSERT_OK(subject.create(1));
  ASSERT_OK(subject.map(1, largest, frames, largest, plain_attributes));
  EXPECT_EQ(subject.unmap(1, largest, page).bytes, page);
  ASSERT_OK(subject.mark(1, table.top() - largest, largest, 3));
  ASSERT_OK(subject.map(1, table.top() - page, frames, page, plain_attributes));
  EXPECT_GT(table.nodes(), 2U);
  subject.destroy(1);
  EXPECT_FALSE(subject.alive(1));
  EXPECT_EQ(table.nodes(), 1U);
  subject.destroy(0);
  EXPECT_EQ(table.nodes(), 0U);
}

TEST_P(TableSpaces, AreEmptyWhenTheyAreCreatedAgain) {
  Subject& subject = table.subject();
  ASSERT_OK(table.map(largest, frames, page));
  ASSERT_OK(table.mark(table.top() - largest, page, 1));
  subject.destroy(0);
  ASSERT_OK(subject.create(0));
  EXPECT_MAPPINGS(table);
  EXPECT_EQ(table.nodes(), 1U);
}

TEST_P(TableSpaces, NeedANodeForTheirRoot) {
  TableUnderTest full(GetParam(), 2, 2);
  ASSERT_OK(full.subject().create(1));
  EXPECT_EQ(full.subject().create(2), Status::out_of_memory);
  EXPECT_FALSE(full.subject().alive(2));
  full.subject().destroy(1);
  EXPECT_EQ(full.subject().create(2), Status::ok);
}

TEST_P(TableSpaces, ReuseNodesThatWereFullOfLeaves) {
  const std::uint64_t span = table.mmu().span(1);
  TableUnderTest full(GetParam(), table.mmu().levels());
  ASSERT_OK(full.map_range(largest, frames, span, page));
  EXPECT_EQ(full.unmap(0, full.half_bytes()).bytes, span); // dropped unread
  ASSERT_OK(full.map(full.top() - page, more_frames, page));
  EXPECT_TRUE(holds(full, {leaf(full.top() - page, more_frames, page)}));
  EXPECT_EQ(full.unmap(full.top() - page, page).bytes, page); // emptied
  ASSERT_OK(full.mark(largest, page, 2));
  EXPECT_TRUE(holds(full, {}, {{largest, page, 2}}));
}

} // namespace
} // namespace pagetwin::fuzz
