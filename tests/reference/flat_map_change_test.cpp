// FlatMap: unmap, protect, remap and promote. One sentence of docs/table.md at a time.
#include "tests/reference/flat_map_fixture.hpp"

namespace reference {
namespace {

using FlatMapChangeTest = FlatMapTest;

TEST_F(FlatMapChangeTest, UnmapOfAHoleRemovesNothing) {
  EXPECT_EQ(map.unmap(0, G1).status, Status::ok);
  EXPECT_EQ(map.unmap(0, G1).bytes, 0U);
  EXPECT_EQ(map.unmap(0, 0).status, Status::empty);
  EXPECT_EQ(map.unmap(0, 1).status, Status::misaligned);
}

TEST_F(FlatMapChangeTest, UnmapSplitsALeafThroughEverySizeAndKeepsItsFlags) {
  EXPECT_EQ(map.map(0, G1, G1, rw).status, Status::ok);
  EXPECT_EQ(map.set_flags(5, true, true).status, Status::ok);
  const Collected removed = map.unmap_collect(M2 + K4, K4);
  EXPECT_EQ(removed.bytes, K4);
  const Flags both_set{true, true};
  EXPECT_EQ(copy(removed.leaves), (Regions{{M2 + K4, K4, G1 + M2 + K4, K4, rw, both_set}}));
  EXPECT_EQ(regions(map), (Regions{{0, M2, G1, M2, rw, both_set},
                                   {M2, K4, G1 + M2, K4, rw, both_set},
                                   {M2 + 2 * K4, M2 - 2 * K4, G1 + M2 + 2 * K4, K4, rw, both_set},
                                   {2 * M2, G1 - 2 * M2, G1 + 2 * M2, M2, rw, both_set}}));
}

TEST_F(FlatMapChangeTest, PartsOfASplitLeafJoinTheRunBesideThem) {
  EXPECT_EQ(map.map(M2 - K4, M2 - K4, K4, rw).status, Status::ok);
  EXPECT_EQ(map.map(M2, M2, M2, rw).status, Status::ok);
  EXPECT_EQ(map.unmap(M2 + 2 * K4, K4).bytes, K4);
  EXPECT_EQ(regions(map), (Regions{{M2 - K4, 3 * K4, M2 - K4, K4, rw, {}},
                                   {M2 + 3 * K4, M2 - 3 * K4, M2 + 3 * K4, K4, rw, {}}}));
}

TEST_F(FlatMapChangeTest, ProtectSplitsOnlyWhatItChanges) {
  EXPECT_EQ(map.map(0, 0, M2, rw).status, Status::ok);
  const Counted same = map.protect(K4, K4, rights_of(rw));
  EXPECT_EQ(same.status, Status::ok);
  EXPECT_EQ(same.bytes, 0U);
  EXPECT_EQ(regions(map), (Regions{{0, M2, 0, M2, rw, {}}}));
  EXPECT_EQ(map.protect(K4, G1, rights_of(ro)).bytes, M2 - K4);
  EXPECT_EQ(regions(map), (Regions{{0, K4, 0, K4, rw, {}}, {K4, M2 - K4, K4, K4, ro, {}}}));
}

TEST_F(FlatMapChangeTest, ProtectRefusesRightsThatTheFormatLacks) {
  EXPECT_EQ(map.protect(0, K4, {}).status, Status::bad_attributes);
  EXPECT_EQ(map.protect(0, K4, {.read = false, .write = true}).status, Status::bad_attributes);
  EXPECT_EQ(map.protect(0 - K4, 2 * K4, {}).status, Status::out_of_range);
}

TEST_F(FlatMapChangeTest, RemapMovesTheFrameAndClearsTheFlags) {
  EXPECT_EQ(map.map_range(0, 0, 3 * M2, rw, M2).status, Status::ok);
  EXPECT_EQ(map.set_flags(M2, true, true).status, Status::ok);
  EXPECT_EQ(map.remap(M2, 8 * M2).status, Status::ok);
  EXPECT_EQ(
      regions(map),
      (Regions{{0, M2, 0, M2, rw, {}}, {M2, M2, 8 * M2, M2, rw, {}}, {2 * M2, M2, 2 * M2, M2, rw, {}}}));
  EXPECT_EQ(map.remap(M2, M2).status, Status::ok);
  EXPECT_EQ(regions(map), (Regions{{0, 3 * M2, 0, M2, rw, {}}}));
}

TEST_F(FlatMapChangeTest, RemapAlignsToTheLeafThatItFinds) {
  EXPECT_EQ(map.map(0, 0, M2, rw).status, Status::ok);
  EXPECT_EQ(map.remap(0, K4).status, Status::misaligned);
  EXPECT_EQ(map.remap(K4, K4).status, Status::not_mapped);
  EXPECT_EQ(map.remap(G1, 1).status, Status::misaligned);
  EXPECT_EQ(map.remap(1, 0).status, Status::misaligned);
  EXPECT_EQ(map.remap(G1, K4).status, Status::not_mapped);
  EXPECT_EQ(map.remap(std::uint64_t{1} << 47, K4).status, Status::out_of_range);
  EXPECT_EQ(map.remap(0, std::uint64_t{1} << 52).status, Status::out_of_range);
}

TEST_F(FlatMapChangeTest, PromoteJoinsLeavesAndOrsTheirFlags) {
  EXPECT_EQ(map.map_range(0, M2, M2, rw, K4).status, Status::ok);
  EXPECT_EQ(map.set_flags(K4, true, false).status, Status::ok);
  EXPECT_EQ(map.set_flags(M2 - 1, false, true).status, Status::ok);
  EXPECT_EQ(map.promote(0, M2).status, Status::ok);
  EXPECT_EQ(regions(map), (Regions{{0, M2, M2, M2, rw, {true, true}}}));
  EXPECT_EQ(map.promote(0, M2).status, Status::ok);
  EXPECT_EQ(map.promote(K4, K4).status, Status::ok);
  EXPECT_EQ(regions(map), (Regions{{0, M2, M2, M2, rw, {true, true}}}));
}

TEST_F(FlatMapChangeTest, PromoteRefusesWhatIsNotOneRun) {
  EXPECT_EQ(map.promote(0, M2).status, Status::not_uniform);
  EXPECT_EQ(map.map_range(0, M2 + K4, M2, rw, K4).status, Status::ok);
  EXPECT_EQ(map.promote(0, M2).status, Status::not_uniform); // the first frame is not aligned
  EXPECT_EQ(map.map_range(M2, M2, M2 - K4, rw, K4).status, Status::ok);
  EXPECT_EQ(map.promote(M2, M2).status, Status::not_uniform); // the last page is missing
  EXPECT_EQ(map.map(2 * M2 - K4, 0, K4, rw).status, Status::ok);
  EXPECT_EQ(map.promote(M2, M2).status, Status::not_uniform); // and has another frame
  EXPECT_EQ(map.remap(2 * M2 - K4, 2 * M2 - K4).status, Status::ok);
  EXPECT_EQ(map.protect(M2 + K4, K4, rights_of(ro)).bytes, K4);
  EXPECT_EQ(map.promote(M2, M2).status, Status::not_uniform); // one page has other rights
  EXPECT_EQ(map.protect(M2 + K4, K4, rights_of(rw)).bytes, K4);
  EXPECT_EQ(map.promote(M2, M2).status, Status::ok);
  EXPECT_EQ(map.promote(0, K4 * 3).status, Status::bad_size);
}

TEST_F(FlatMapChangeTest, PromoteFindsAHoleInTheMiddle) {
  EXPECT_EQ(map.map_range(0, 0, M2, rw, K4).status, Status::ok);
  EXPECT_EQ(map.unmap(9 * K4, K4).bytes, K4);
  EXPECT_EQ(map.promote(0, M2).status, Status::not_uniform);
}

} // namespace
} // namespace reference
