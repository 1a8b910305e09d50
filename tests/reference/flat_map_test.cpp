// FlatMap: mapping, and the order of the statuses. One sentence of docs/table.md at a time.
#include "tests/reference/flat_map_fixture.hpp"
#include "tests/reference/translation.hpp"

namespace reference {
namespace {

TEST_F(FlatMapTest, MapsOneLeafOfExactlyThatSize) {
  EXPECT_EQ(map.map(M2, 2 * M2, M2, rw).status, Status::ok);
  EXPECT_EQ(regions(map), (Regions{{M2, M2, 2 * M2, M2, rw, {}}}));
  EXPECT_EQ(map.mapped_bytes(), M2);
}

TEST_F(FlatMapTest, NeighboursThatAgreeAreOneRegion) {
  EXPECT_EQ(map.map(2 * K4, 7 * K4, K4, rw).status, Status::ok);
  EXPECT_EQ(map.map(0, 5 * K4, K4, rw).status, Status::ok);
  EXPECT_EQ(map.map(K4, 6 * K4, K4, rw).status, Status::ok);
  EXPECT_EQ(regions(map), (Regions{{0, 3 * K4, 5 * K4, K4, rw, {}}}));
}

TEST_F(FlatMapTest, StatusesAreTestedInTheOrderOfTheDocument) {
  const Attributes nothing{};
  const std::uint64_t beyond = std::uint64_t{1} << 47;
  EXPECT_EQ(map.map(1, 1, 0, nothing).status, Status::empty);
  EXPECT_EQ(map.map(K4, 0, M2, nothing).status, Status::misaligned);
  EXPECT_EQ(map.map(0, K4, M2, nothing).status, Status::misaligned);
  EXPECT_EQ(map.map(1, 0, 3 * K4, nothing).status, Status::misaligned);
  EXPECT_EQ(map.map(beyond, 0, 3 * K4, nothing).status, Status::bad_size);
  EXPECT_EQ(map.map(beyond, 0, 2 * K4, nothing).status, Status::bad_size);
  EXPECT_EQ(map.map(beyond, 0, K4, nothing).status, Status::out_of_range);
  EXPECT_EQ(map.map(0, std::uint64_t{1} << 52, K4, nothing).status, Status::out_of_range);
  EXPECT_EQ(map.map(0, 0, K4, rw).status, Status::ok);
  EXPECT_EQ(map.map(0, 0, K4, nothing).status, Status::bad_attributes);
  EXPECT_EQ(map.map(0, 0, K4, ro).status, Status::overlap);
  EXPECT_EQ(map.map(0, 0, G1, ro).status, Status::overlap);
  EXPECT_EQ(regions(map), (Regions{{0, K4, 0, K4, rw, {}}}));
}

TEST_F(FlatMapTest, AttributesThatTheFormatLacksAreRefused) {
  EXPECT_EQ(map.map(0, 0, K4, {.write = true}).status, Status::bad_attributes);
  EXPECT_EQ(map.map(0, 0, K4, {.execute = true}).status, Status::bad_attributes);
  EXPECT_EQ(map.map(0, 0, K4, {.user = true}).status, Status::bad_attributes);
  EXPECT_EQ(map.map(0, 0, K4, {.read = true, .memory_type = 8}).status, Status::bad_attributes);
  EXPECT_EQ(map.map(0, 0, K4, {.read = true, .key = 16}).status, Status::bad_attributes);
  EXPECT_EQ(map.map(0, 0, K4, {.read = true, .software = 1024}).status, Status::bad_attributes);
  const Attributes most{true, true, true, true, 7, true, 15, 1023};
  EXPECT_EQ(map.map(0, 0, K4, most).status, Status::ok);
  EXPECT_EQ(regions(map), (Regions{{0, K4, 0, K4, most, {}}}));
}

TEST_F(FlatMapTest, TheLastBytesOfBothHalvesAndOfPhysicalMemoryAreLegal) {
  const std::uint64_t last_low = (std::uint64_t{1} << 47) - K4;
  const std::uint64_t first_high = 0 - (std::uint64_t{1} << 47);
  const std::uint64_t top_frame = (std::uint64_t{1} << 52) - K4;
  EXPECT_EQ(map.map(last_low, top_frame, K4, rw).status, Status::ok);
  EXPECT_EQ(map.map(first_high, 0, K4, rw).status, Status::ok);
  EXPECT_EQ(map.map(0 - K4, 0, K4, rw).status, Status::ok);
  EXPECT_EQ(map.map_range(0 - M2, M2, M2 - K4, ro, M2).status, Status::ok);
  EXPECT_EQ(map.map_range(0, top_frame, 2 * K4, rw, K4).status, Status::out_of_range);
  EXPECT_EQ(map.unmap(0 - K4, 2 * K4).status, Status::out_of_range);
  EXPECT_EQ(map.unmap(2 * K4, 0 - K4).status, Status::out_of_range);
  EXPECT_EQ(map.unmap(last_low, 2 * K4).status, Status::out_of_range);
  EXPECT_EQ(map.unmap(last_low, 0 - last_low).status, Status::out_of_range);
  EXPECT_EQ(pa_of(map.lookup(~std::uint64_t{0})), K4 - 1);
  EXPECT_EQ(map.unmap(0 - M2, M2).bytes, M2);
  EXPECT_EQ(regions(map), (Regions{{last_low, K4, top_frame, K4, rw, {}}, {first_high, K4, 0, K4, rw, {}}}));
}

TEST_F(FlatMapTest, FiveLevelsReachNineBitsFurther) {
  FlatMap wide{x86_64_5().profile()};
  const std::uint64_t far = (std::uint64_t{1} << 56) - K4;
  EXPECT_EQ(map.map(far, 0, K4, rw).status, Status::out_of_range);
  EXPECT_EQ(wide.map(far, 0, K4, rw).status, Status::ok);
  EXPECT_EQ(wide.map(far + K4, 0, K4, rw).status, Status::out_of_range);
}

TEST_F(FlatMapTest, RangeTakesTheLargestLeavesThatFit) {
  const std::uint64_t va = G1 - M2 - K4;
  EXPECT_EQ(map.map_range(va, G1 + va, K4 + M2 + G1 + M2 + K4, rw, G1).status, Status::ok);
  EXPECT_EQ(regions(map), (Regions{{va, K4, G1 + va, K4, rw, {}},
                                   {G1 - M2, M2, 2 * G1 - M2, M2, rw, {}},
                                   {G1, G1, 2 * G1, G1, rw, {}},
                                   {2 * G1, M2, 3 * G1, M2, rw, {}},
                                   {2 * G1 + M2, K4, 3 * G1 + M2, K4, rw, {}}}));
}

TEST_F(FlatMapTest, RangeObeysMaxSizeAndFrameAlignment) {
  EXPECT_EQ(map.map_range(0, 0, G1, rw, M2).status, Status::ok);
  EXPECT_EQ(map.map_range(2 * G1, M2 + K4, G1, rw, G1).status, Status::ok);
  EXPECT_EQ(regions(map), (Regions{{0, G1, 0, M2, rw, {}}, {2 * G1, G1, M2 + K4, K4, rw, {}}}));
}

TEST_F(FlatMapTest, HugeRangeOfPagesIsOneRegion) {
  EXPECT_EQ(map.map_range(0, 0, 512 * G1, rw, K4).status, Status::ok);
  EXPECT_EQ(regions(map), (Regions{{0, 512 * G1, 0, K4, rw, {}}}));
}

TEST_F(FlatMapTest, RangeTestsItsArgumentsInOrderAndIsAllOrNothing) {
  EXPECT_EQ(map.map_range(1, 1, 0, {}, 0).status, Status::empty);
  EXPECT_EQ(map.map_range(0, 0, 1, {}, 0).status, Status::misaligned);
  EXPECT_EQ(map.map_range(0, 0, K4, {}, 0).status, Status::bad_size);
  EXPECT_EQ(map.map_range(0, 0, K4, {}, 2 * K4).status, Status::bad_size);
  EXPECT_EQ(map.map_range(0 - K4, 0, 2 * K4, {}, K4).status, Status::out_of_range);
  EXPECT_EQ(map.map_range(0, 0, K4, {}, K4).status, Status::bad_attributes);
  EXPECT_EQ(map.map(9 * K4, 0, K4, rw).status, Status::ok);
  EXPECT_EQ(map.map_range(0, 0, 10 * K4, rw, K4).status, Status::overlap);
  EXPECT_EQ(regions(map), (Regions{{9 * K4, K4, 0, K4, rw, {}}}));
}

} // namespace
} // namespace reference
