// FlatMap: lookup, flags, markers and enumeration. One sentence of docs/table.md at a time.
#include "tests/reference/flat_map_fixture.hpp"

namespace reference {
namespace {

using FlatMapContentsTest = FlatMapTest;

TEST_F(FlatMapContentsTest, LookupFindsTheByte) {
  EXPECT_EQ(map.map(M2, G1 + M2, M2, ro).status, Status::ok);
  EXPECT_EQ(map.lookup(M2 - 1), std::nullopt);
  EXPECT_EQ(map.lookup(2 * M2), std::nullopt);
  EXPECT_EQ(map.lookup(M2 + 0x1234), (Translation{G1 + M2 + 0x1234, M2, ro, {}}));
}

TEST_F(FlatMapContentsTest, FlagsGoToOneLeafOfARun) {
  EXPECT_EQ(map.map_range(0, 0, 3 * K4, rw, K4).status, Status::ok);
  EXPECT_EQ(map.set_flags(K4 + 17, true, false).status, Status::ok);
  EXPECT_EQ(map.set_flags(3 * K4, true, false).status, Status::not_mapped);
  EXPECT_EQ(regions(map), (Regions{{0, K4, 0, K4, rw, {}},
                                   {K4, K4, K4, K4, rw, {true, false}},
                                   {2 * K4, K4, 2 * K4, K4, rw, {}}}));
}

TEST_F(FlatMapContentsTest, HarvestReportsWholeLeavesAndClearsOnlyThoseCovered) {
  EXPECT_EQ(map.map_range(M2 - K4, M2 - K4, K4 + 2 * M2, rw, M2).status, Status::ok);
  for (const std::uint64_t va : {M2 - K4, M2, 2 * M2})
    EXPECT_EQ(map.set_flags(va, true, true).status, Status::ok);
  const Flags set{true, true};
  const Regions all{{M2 - K4, K4, M2 - K4, K4, rw, set}, {M2, 2 * M2, M2, M2, rw, set}};
  EXPECT_EQ(copy(map.harvest(M2 - K4, 2 * M2, true).leaves), all);
  EXPECT_EQ(regions(map), (Regions{{M2 - K4, K4, M2 - K4, K4, rw, {}},
                                   {M2, M2, M2, M2, rw, {}},
                                   {2 * M2, M2, 2 * M2, M2, rw, set}}));
  EXPECT_EQ(copy(map.harvest(2 * M2 + K4, K4, true).leaves), (Regions{{2 * M2, M2, 2 * M2, M2, rw, set}}));
  EXPECT_EQ(copy(map.harvest(2 * M2, M2, false).leaves), (Regions{{2 * M2, M2, 2 * M2, M2, rw, set}}));
  EXPECT_EQ(regions(map).back().flags, set);
  EXPECT_TRUE(map.harvest(G1, G1, true).leaves.empty());
  EXPECT_EQ(map.harvest(1, G1, true).status, Status::misaligned);
}

TEST_F(FlatMapContentsTest, HarvestOfPartOfTheTopmostLeafClearsNothingAnywhere) {
  EXPECT_EQ(map.map(0, 0, K4, rw).status, Status::ok);
  EXPECT_EQ(map.map(0 - M2, 0, M2, rw).status, Status::ok);
  EXPECT_EQ(map.set_flags(0, true, true).status, Status::ok);
  EXPECT_EQ(map.set_flags(0 - M2, true, true).status, Status::ok);
  const Regions before = regions(map);
  EXPECT_EQ(copy(map.harvest(0 - K4, K4, true).leaves), (Regions{{0 - M2, M2, 0, M2, rw, {true, true}}}));
  EXPECT_EQ(regions(map), before);
}

TEST_F(FlatMapContentsTest, MarkersLiveInHolesAndMappingReplacesThem) {
  EXPECT_EQ(map.mark(0, M2, 0xFFFFFFFF).status, Status::ok);
  EXPECT_EQ(map.marker(K4, K4).word, 0xFFFFFFFFU);
  EXPECT_EQ(map.map(K4, 0, K4, rw).status, Status::ok);
  EXPECT_EQ(markers(map), (Markers{{0, K4, 0xFFFFFFFF}, {2 * K4, M2 - 2 * K4, 0xFFFFFFFF}}));
  EXPECT_EQ(map.marker(0, M2).status, Status::overlap);
  EXPECT_EQ(map.mark(0, M2, 1).status, Status::overlap);
  EXPECT_EQ(map.unmap(0, M2).bytes, K4);
  EXPECT_EQ(markers(map), Markers{});
}

TEST_F(FlatMapContentsTest, MarkersMergeSplitAndErase) {
  EXPECT_EQ(map.mark(0, K4, 7).status, Status::ok);
  EXPECT_EQ(map.mark(K4, K4, 7).status, Status::ok);
  EXPECT_EQ(markers(map), (Markers{{0, 2 * K4, 7}}));
  EXPECT_EQ(map.marker(0, M2).status, Status::not_uniform);
  EXPECT_EQ(map.mark(0, K4, 0).status, Status::ok);
  EXPECT_EQ(markers(map), (Markers{{K4, K4, 7}}));
  EXPECT_EQ(map.marker(0, K4).word, 0U);
  EXPECT_EQ(map.mark(0, K4, std::uint64_t{1} << 32).status, Status::bad_attributes);
  EXPECT_EQ(map.mark(0, 2 * K4, 1).status, Status::bad_size);
  EXPECT_EQ(map.mark(0, 0, 1).status, Status::empty);
}

TEST_F(FlatMapContentsTest, ForEachIgnoresSizesAndFlagsAndClips) {
  EXPECT_EQ(map.map_range(M2 - 2 * K4, M2 - 2 * K4, 2 * K4 + M2, rw, M2).status, Status::ok);
  EXPECT_EQ(map.set_flags(M2, true, true).status, Status::ok);
  EXPECT_EQ(map.map(2 * M2, 0, K4, rw).status, Status::ok);
  EXPECT_EQ(copy(map.for_each(M2 - K4, M2 + 9 * K4).extents),
            (Extents{{M2 - K4, M2 + K4, M2 - K4, rw}, {2 * M2, K4, 0, rw}}));
  EXPECT_EQ(map.for_each(0, 0).status, Status::empty);
}

TEST_F(FlatMapContentsTest, ClearRemovesMappingsAndMarkers) {
  EXPECT_EQ(map.map(0, 0, G1, rw).status, Status::ok);
  EXPECT_EQ(map.mark(G1, K4, 1).status, Status::ok);
  EXPECT_EQ(map.clear().bytes, G1);
  EXPECT_EQ(regions(map), Regions{});
  EXPECT_EQ(markers(map), Markers{});
}

TEST_F(FlatMapContentsTest, ACopyIsIndependent) {
  EXPECT_EQ(map.map(0, 0, K4, rw).status, Status::ok);
  const FlatMap before = map;
  EXPECT_EQ(map.unmap(0, K4).bytes, K4);
  EXPECT_EQ(regions(before), (Regions{{0, K4, 0, K4, rw, {}}}));
}

TEST(StatusTest, EveryStatusHasItsDocumentsName) {
  EXPECT_STREQ(to_text(Status::ok), "ok");
  EXPECT_STREQ(to_text(Status::empty), "empty");
  EXPECT_STREQ(to_text(Status::misaligned), "misaligned");
  EXPECT_STREQ(to_text(Status::bad_size), "bad_size");
  EXPECT_STREQ(to_text(Status::out_of_range), "out_of_range");
  EXPECT_STREQ(to_text(Status::bad_attributes), "bad_attributes");
  EXPECT_STREQ(to_text(Status::overlap), "overlap");
  EXPECT_STREQ(to_text(Status::not_mapped), "not_mapped");
  EXPECT_STREQ(to_text(Status::not_uniform), "not_uniform");
}

TEST(FlatMapWithoutADirtyFlag, AWriteIsAnAccess) {
  Profile profile = x86_64_4().profile();
  profile.dirty = false;
  FlatMap map{profile};
  EXPECT_EQ(map.map(M2, 0, M2, rw).status, Status::ok);
  EXPECT_EQ(map.set_flags(M2, false, true).status, Status::ok);
  EXPECT_EQ(map.lookup(M2)->flags, (Flags{false, false}));
  EXPECT_EQ(map.set_flags(M2, true, true).status, Status::ok);
  EXPECT_EQ(map.lookup(M2)->flags, (Flags{true, false}));
}

} // namespace
} // namespace reference
