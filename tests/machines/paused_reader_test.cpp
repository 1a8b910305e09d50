// A paused reader: it finds what a lookup said while it was inside, whatever happened to the nodes on its
// way; and when nobody waits for it, it finds something else, which is what it is for.
#include "fuzz/machines/paused_reader.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "src/table/page_table.hpp"

#include <gtest/gtest.h>

namespace pagetwin::fuzz {
namespace {

constexpr std::uint64_t page = 0x1000, elsewhere = 0x10000;
constexpr Attributes writable{.rights = Rights::read | Rights::write};

class PausedReaderTest : public testing::Test {
 protected:
  PausedReaderTest() { map(0, 7 * page); }

  void map(std::uint64_t va, std::uint64_t pa) {
    ASSERT_EQ(table.map(VirtAddr{va}, PhysAddr{pa}, page, writable), Status::ok);
  }
  void unmap(std::uint64_t va) { ASSERT_EQ(table.unmap(VirtAddr{va}, page).status, Status::ok); }
  void enter(unsigned loads) { reader.enter(memory, table.root(), 0, loads, 1); }
  [[nodiscard]] std::uint64_t frame_found() {
    const auto found = reader.finish(memory);
    return found ? found->pa : 0;
  }

  std::vector<std::byte> arena = std::vector<std::byte>(8 << 5);
  std::vector<NodeRecord> records = std::vector<NodeRecord>(8);
  NodePool pool{arena, PhysAddr{0x1'0000'0000}, 5, records};
  std::array<ReaderPlace, 1> places;
  SharedMemory memory{pool, places, 1};
  PageTable<Tiny, SharedMemory> table = *PageTable<Tiny, SharedMemory>::create(memory, SpaceId{1});
  PausedReader<Tiny> reader{places[0]};
};

TEST_F(PausedReaderTest, FindsThePageThatItWasOnTheWayTo) {
  enter(2);
  EXPECT_TRUE(reader.is_inside());
  EXPECT_EQ(frame_found(), 7 * page);
}

TEST_F(PausedReaderTest, LeavesAtOnceWhenNothingIsLeftToLoad) {
  enter(4);
  EXPECT_FALSE(reader.is_inside());
  unmap(0);
  enter(1);
  EXPECT_FALSE(reader.is_inside()) << "a hole in the root";
}

TEST_F(PausedReaderTest, KeepsTheNodesOnItsWayFromEverybodyElse) {
  for (const unsigned loads : {1U, 2U, 3U}) {
    SCOPED_TRACE(loads);
    enter(loads);
    unmap(0);
    EXPECT_EQ(memory.retired(), 3U);
    map(elsewhere, 9 * page);
    reader.note(memory);
    const auto found = reader.finish(memory);
    EXPECT_TRUE(reader.was_said(found));
    EXPECT_FALSE(reader.is_back());
    reader.leave();
    unmap(elsewhere);
    map(0, 7 * page);
  }
}

TEST_F(PausedReaderTest, IsLedElsewhereWhenNobodyWaitsForIt) {
  enter(2);
  ReaderEpochs::leave(places[0]); // as if its place were not looked at
  unmap(0);
  EXPECT_EQ(memory.retired(), 0U);
  map(elsewhere, 9 * page); // takes the nodes that the reader is in
  map(0, 10 * page);
  reader.note(memory);
  const auto found = reader.finish(memory);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->pa, 9 * page);
  EXPECT_FALSE(reader.was_said(found));
}

TEST_F(PausedReaderTest, SeesItsNodeComeBackWhenNobodyWaitsForIt) {
  enter(1);
  ReaderEpochs::leave(places[0]);
  unmap(0);
  reader.note(memory);
  EXPECT_FALSE(reader.is_back());
  map(0, 7 * page);
  reader.note(memory);
  EXPECT_TRUE(reader.is_back()) << "though it finds what was there before";
}

TEST_F(PausedReaderTest, TakesThePageBeforeAndThePageAfterForRight) {
  enter(3);
  ASSERT_EQ(table.remap(VirtAddr{0}, PhysAddr{8 * page}), Status::ok);
  reader.note(memory);
  EXPECT_EQ(frame_found(), 8 * page);
  EXPECT_TRUE(reader.was_said(reader.finish(memory)));
}

} // namespace
} // namespace pagetwin::fuzz
