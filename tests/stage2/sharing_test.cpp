// Grant and revoke: how often a frame is shared, which frames of a scatter list are meant, and when the host
// loses them. And the order of things where a frame changes hands. EPT stands for every format.
#include "tests/stage2/bench.hpp"

#include <algorithm>

namespace pagetwin {
namespace {

using Kind = S2Event::Kind;

class SharingTest : public testing::Test {
 protected:
  SharingTest() {
    b.boot(1);
    b.boot(2);
  }
  // Machine 1 has frame 7 at 40, shared so many times.
  void share(unsigned times) {
    ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
    for (unsigned i = 0; i < times; ++i)
      ASSERT_EQ(b.grant(1, 40), S2Status::ok);
  }
  // Machine 1 has frame 7 at 40, not counted.
  void give_to_smmu() {
    ASSERT_EQ(b.ops.assign_pfn_to_smmu(1, 40, 7), S2Status::ok);
    ASSERT_EQ(b.record(7), PageRecord(1, PageRecord::not_counted, 40));
  }
  [[nodiscard]] std::ptrdiff_t position(const S2Event& e) const {
    return std::ranges::find(b.log.events, e) - b.log.events.begin();
  }

  Stage2Bench<Ept4> b;
  static constexpr std::uint64_t block = Stage2Bench<Ept4>::block;
};

TEST_F(SharingTest, CountsGoFromNoneToAHundredAndBack) {
  share(1);
  EXPECT_EQ(b.record(7).count(), 1U);
  for (unsigned i = 1; i < 99; ++i)
    ASSERT_EQ(b.grant(1, 40), S2Status::ok);
  EXPECT_EQ(b.record(7).count(), 99U);
  ASSERT_EQ(b.grant(1, 40), S2Status::ok);
  EXPECT_EQ(b.record(7).count(), 100U);
  EXPECT_TRUE(refuses(b, S2Status::ok, [&] { return b.grant(1, 40); }))
      << "no more than that, and that is ok";
  for (unsigned i = 100; i-- > 0;) {
    ASSERT_EQ(b.revoke(1, 40), S2Status::ok);
    ASSERT_EQ(b.record(7).count(), i);
  }
  EXPECT_TRUE(refuses(b, S2Status::ok, [&] { return b.revoke(1, 40); })) << "nothing is shared";
}

TEST_F(SharingTest, ACountThatIsInvalidIsNoShare) {
  give_to_smmu();
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return b.map_host(7); }));
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  EXPECT_EQ(b.record(7).count(), 0U) << "mapped, and counted from now on";
  EXPECT_EQ(b.log.supplied, 1U) << "what it holds stays";
}

TEST_F(SharingTest, WhatIsNotCountedIsNeitherGrantedNorRevoked) {
  ASSERT_EQ(b.map(1, 40, 8), S2Status::ok);
  ASSERT_EQ(b.ops.assign_pfn_to_smmu(1, 41, 7), S2Status::ok);
  // The machine's own table never leads to such a frame, unless its record is made to say so.
  b.records[7] = PageRecord(1, 0, 41);
  ASSERT_EQ(b.map(1, 41, 7), S2Status::ok);
  b.records[7] = PageRecord(1, PageRecord::not_counted, 41);
  EXPECT_TRUE(refuses(b, S2Status::ok, [&] { return b.grant(1, 41); }));
  EXPECT_TRUE(refuses(b, S2Status::ok, [&] { return b.revoke(1, 41); }));
}

TEST_F(SharingTest, TheHostLosesAFrameWithTheLastShareOnly) {
  share(2);
  ASSERT_EQ(b.map_host(7), S2Status::ok);
  ASSERT_EQ(b.revoke(1, 40), S2Status::ok);
  EXPECT_TRUE(b.maps(hostvisor, 7));
  EXPECT_EQ(b.log.supplied, 1U);
  b.log.events.clear();
  ASSERT_EQ(b.revoke(1, 40), S2Status::ok);
  EXPECT_FALSE(b.maps(hostvisor, 7));
  EXPECT_TRUE(b.table(hostvisor).is_taken(7));
  const std::vector<S2Event> told{{Kind::invalidate, hostvisor, 7, 7}, {Kind::sync}, {Kind::adopt, 1, 7}};
  EXPECT_EQ(b.log.events, told);
}

TEST_F(SharingTest, FramesOfOthersAndHolesAreSkipped) {
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  ASSERT_EQ(b.map(1, 42, 8), S2Status::ok);
  ASSERT_EQ(b.ops.map_io(1, 43 << 12, b.hole << 12), S2Status::ok);
  ASSERT_EQ(b.map(2, 41, 9), S2Status::ok);
  b.records[8] = PageRecord(2, 3, 42);
  ASSERT_EQ(b.grant(1, 38, 10), S2Status::ok);
  EXPECT_EQ(b.record(7).count(), 1U);
  EXPECT_EQ(b.record(8).count(), 3U);
  EXPECT_EQ(b.record(9).count(), 0U);
  EXPECT_EQ(b.record(b.hole), PageRecord{});
  ASSERT_EQ(b.revoke(1, 38, 10), S2Status::ok);
  EXPECT_EQ(b.record(7).count(), 0U);
  EXPECT_EQ(b.record(8).count(), 3U);
}

TEST_F(SharingTest, AListIsAsManyPagesAsItsSizeFromThePageOfItsAddress) {
  for (std::uint64_t i = 0; i < 4; ++i)
    ASSERT_EQ(b.map(1, 40 + i, 7 + i), S2Status::ok);
  const auto counts = [&] {
    std::vector<unsigned> all;
    for (std::uint64_t i = 0; i < 4; ++i)
      all.push_back(b.record(7 + i).count());
    return all;
  };
  ASSERT_EQ(b.ops.grant_stage2_sg_gpa(1, (40 << 12) + 4095, 4097), S2Status::ok);
  EXPECT_EQ(counts(), (std::vector<unsigned>{1, 1, 0, 0})) << "the last page that it touches is left out";
  ASSERT_EQ(b.ops.grant_stage2_sg_gpa(1, 41 << 12, 1), S2Status::ok);
  EXPECT_EQ(counts(), (std::vector<unsigned>{1, 2, 0, 0}));
  ASSERT_EQ(b.ops.grant_stage2_sg_gpa(1, 43 << 12, 0), S2Status::ok);
  EXPECT_EQ(counts(), (std::vector<unsigned>{1, 2, 0, 0}));
  ASSERT_EQ(b.ops.revoke_stage2_sg_gpa(1, (40 << 12) + 1, 8192), S2Status::ok);
  EXPECT_EQ(counts(), (std::vector<unsigned>{0, 1, 0, 0}));
}

TEST_F(SharingTest, APartOfABlockIsItsOwnFrames) {
  ASSERT_EQ(b.map(1, 512, block, 2), S2Status::ok);
  ASSERT_EQ(b.map(1, 1024, 7), S2Status::ok);
  ASSERT_EQ(b.grant(1, 512 + 100, 413), S2Status::ok) << "the rest of the block and a page";
  EXPECT_EQ(b.record(block + 99).count(), 0U);
  EXPECT_EQ(b.record(block + 100).count(), 1U);
  EXPECT_EQ(b.record(block + 511).count(), 1U);
  EXPECT_EQ(b.record(7).count(), 1U);
  ASSERT_EQ(b.map_host(block + 100), S2Status::ok);
  ASSERT_EQ(b.map_host(block + 101), S2Status::ok);
  ASSERT_EQ(b.revoke(1, 512 + 100, 1), S2Status::ok);
  EXPECT_FALSE(b.maps(hostvisor, block + 100));
  EXPECT_TRUE(b.maps(hostvisor, block + 101));
  EXPECT_EQ(b.at(1, 512)->level, S2Level::block) << "nothing is split";
}

// A list of one page is looked up and not walked through.
TEST_F(SharingTest, OnePageIsItsOwnFrameInABlockAndNothingInAHole) {
  ASSERT_EQ(b.map(1, 512, block, 2), S2Status::ok);
  ASSERT_EQ(b.grant(1, 512 + 200), S2Status::ok);
  for (std::uint64_t i = 0; i < block_pages; ++i)
    ASSERT_EQ(b.record(block + i).count(), i == 200 ? 1U : 0U) << i;
  EXPECT_TRUE(refuses(b, S2Status::ok, [&] { return b.grant(1, 511); })) << "a hole";
  ASSERT_EQ(b.revoke(1, 512 + 200), S2Status::ok);
  EXPECT_EQ(b.record(block + 200).count(), 0U);
}

TEST_F(SharingTest, FramesInARowAreTakenFromTheHostTogether) {
  ASSERT_EQ(b.map(1, 512, block, 2), S2Status::ok);
  ASSERT_EQ(b.grant(1, 512, 512), S2Status::ok);
  for (std::uint64_t i = 0; i < 16; ++i)
    ASSERT_EQ(b.map_host(block + i), S2Status::ok);
  b.log.events.clear();
  ASSERT_EQ(b.revoke(1, 512, 512), S2Status::ok);
  const auto syncs = std::ranges::count(b.log.events, S2Event{Kind::sync});
  EXPECT_EQ(syncs, 1);
  EXPECT_EQ(position({Kind::invalidate, hostvisor, block, block + 15}), 0);
}

// The order of things.

TEST_F(SharingTest, AFrameIsTheNextOnesWhenNobodyElseCanReachIt) {
  ASSERT_EQ(b.map_host(7), S2Status::ok);
  b.log.events.clear();
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  const std::vector<S2Event> told{{Kind::invalidate, hostvisor, 7, 7}, {Kind::sync}, {Kind::adopt, 1, 7}};
  EXPECT_EQ(b.log.events, told);
}

TEST_F(SharingTest, ABlockIsTakenFromTheHostBeforeAnyOfItIsTheMachines) {
  for (const std::uint64_t i : {std::uint64_t{3}, std::uint64_t{500}})
    ASSERT_EQ(b.map_host(block + i), S2Status::ok);
  b.log.events.clear();
  ASSERT_EQ(b.map(1, 512, block, 2), S2Status::ok);
  ASSERT_EQ(b.log.events.size(), 514U);
  EXPECT_EQ(b.log.events[0], (S2Event{Kind::invalidate, hostvisor, block + 3, block + 500}));
  EXPECT_EQ(b.log.events[1], S2Event{Kind::sync});
  for (std::uint64_t i = 0; i < 512; ++i)
    ASSERT_EQ(b.log.events[2 + i], (S2Event{Kind::adopt, 1, block + i}));
}

TEST_F(SharingTest, WhatAMachineHeldIsGoneBeforeTheHostCanReachIt) {
  share(1);
  ASSERT_EQ(b.map_host(7), S2Status::ok);
  ASSERT_EQ(b.ops.power_off(1), S2Status::ok);
  b.log.events.clear();
  ASSERT_EQ(b.ops.clear_vm_range(1, 7, 1), S2Status::ok);
  const std::vector<S2Event> told{{Kind::invalidate, hostvisor, 7, 7}, {Kind::sync}, {Kind::scrub, 0, 7}};
  EXPECT_EQ(b.log.events, told);
  EXPECT_FALSE(b.maps(hostvisor, 7));
}

TEST_F(SharingTest, ANewOwnerAfterAClearBeginsWithItsOwnContents) {
  share(0);
  ASSERT_EQ(b.ops.power_off(1), S2Status::ok);
  ASSERT_EQ(b.ops.clear_vm_range(1, 7, 1), S2Status::ok);
  EXPECT_EQ(b.log.contents.count(7), 0U);
  ASSERT_EQ(b.map(2, 9, 7), S2Status::ok);
  EXPECT_EQ(b.log.contents[7], 2002U);
}

TEST_F(SharingTest, TheFirstMappingOwesNobodyAnything) {
  b.log.events.clear();
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  ASSERT_EQ(b.map_host(9), S2Status::ok);
  EXPECT_EQ(b.log.events, (std::vector<S2Event>{{Kind::adopt, 1, 7}}));
}

} // namespace
} // namespace pagetwin
