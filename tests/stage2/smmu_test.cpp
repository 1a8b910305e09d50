// Devices behind the SMMU: to whom they are bound, what they reach, and how the host's are counted. In EPT,
// whose addresses are wide enough for the numbers under which the host's frames are known.
#include "tests/stage2/bench.hpp"

namespace pagetwin {
namespace {

class SmmuTest : public testing::Test {
 protected:
  SmmuTest() {
    b.boot(1);
    b.boot(2);
    EXPECT_EQ(b.ops.alloc_smmu(hostvisor, 0), S2Status::ok);
    EXPECT_EQ(b.ops.alloc_smmu(1, 1), S2Status::ok);
  }
  [[nodiscard]] S2Status assign(unsigned vm, std::uint64_t gfn, std::uint64_t pfn) {
    return b.ops.assign_pfn_to_smmu(vm, gfn, pfn);
  }
  [[nodiscard]] S2Status update(unsigned principal, unsigned device, std::uint64_t gfn, std::uint64_t pfn) {
    return b.ops.update_smmu_page(principal, device, gfn << 12, pfn << 12 | 0xFFF);
  }
  [[nodiscard]] S2Status update_host(std::uint64_t pfn) {
    return update(hostvisor, 0, pfn + smmu_host_offset, pfn);
  }
  [[nodiscard]] S2Status unmap(unsigned device, std::uint64_t gfn) {
    return b.ops.unmap_smmu_page(device, gfn << 12);
  }
  [[nodiscard]] std::optional<S2Entry> at(unsigned device, std::uint64_t gfn) {
    return b.ops.smmu().table(device).lookup(gfn);
  }

  Stage2Bench<Ept4> b;
};

TEST_F(SmmuTest, ADeviceOfAMachineReachesWhatTheMachineOwnsUnderThatNumber) {
  ASSERT_EQ(assign(1, 40, 7), S2Status::ok);
  EXPECT_EQ(b.record(7), PageRecord(1, PageRecord::not_counted, 40));
  EXPECT_EQ(b.log.contents[7], 1001U);
  ASSERT_EQ(update(1, 1, 40, 7), S2Status::ok);
  EXPECT_EQ(at(1, 40), (S2Entry{7, S2Level::page, false}));
  EXPECT_EQ(b.record(7).count(), PageRecord::not_counted);
  EXPECT_FALSE(b.maps(1, 40)) << "the machine's own table is another";
  EXPECT_TRUE(refuses(b, S2Status::other_gfn, [&] { return update(1, 1, 41, 7); }));
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return update(1, 1, 40, 8); }));
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return update(1, 1, 40, 0); }));
}

TEST_F(SmmuTest, AssignmentTakesTheFrameFromTheHostAndComesOnce) {
  ASSERT_EQ(b.map_host(7), S2Status::ok);
  b.log.events.clear();
  ASSERT_EQ(assign(1, 40, 7), S2Status::ok);
  EXPECT_FALSE(b.maps(hostvisor, 7));
  const std::vector<S2Event> told{
      {S2Event::Kind::invalidate, hostvisor, 7, 7}, {S2Event::Kind::sync}, {S2Event::Kind::adopt, 1, 7}};
  EXPECT_EQ(b.log.events, told);
  EXPECT_TRUE(refuses(b, S2Status::ok, [&] { return assign(1, 99, 7); })) << "its own already";
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return assign(2, 40, 7); }));
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return assign(1, 40, b.hole); }));
  EXPECT_TRUE(refuses(b, S2Status::unknown_vm, [&] { return assign(hostvisor, 40, 8); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return assign(1, gfn_end, 8); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return assign(1, 40, pfn_end); }));
}

TEST_F(SmmuTest, PublishedRulesLetTheHostMapAnAssignedFrameAndTheseDoNot) {
  ASSERT_EQ(assign(1, 40, 7), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return b.map_host(7); }));
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  EXPECT_FALSE(b.maps(hostvisor, 7));
}

TEST_F(SmmuTest, FramesOfTheHostAreCountedWhileItsDevicesHaveThem) {
  ASSERT_EQ(update_host(7), S2Status::ok);
  EXPECT_EQ(b.record(7).count(), 1U);
  EXPECT_TRUE(refuses(b, S2Status::shared, [&] { return b.map(1, 40, 7); }));
  EXPECT_TRUE(refuses(b, S2Status::shared, [&] { return assign(1, 40, 7); }));
  EXPECT_TRUE(refuses(b, S2Status::other_gfn, [&] { return update(hostvisor, 0, 7, 7); }));
  ASSERT_EQ(unmap(0, 7 + smmu_host_offset), S2Status::ok);
  EXPECT_EQ(b.record(7), PageRecord::of_host(7));
  EXPECT_FALSE(at(0, 7 + smmu_host_offset));
  EXPECT_TRUE(refuses(b, S2Status::ok, [&] { return unmap(0, 7 + smmu_host_offset); })) << "absent";
  EXPECT_EQ(b.map(1, 40, 7), S2Status::ok);
}

TEST_F(SmmuTest, TheCountOfTheHostsDevicesEndsAtSixteen) {
  for (unsigned i = 0; i < 20; ++i)
    ASSERT_EQ(update_host(7), S2Status::ok);
  EXPECT_EQ(b.record(7).count(), 16U);
}

TEST_F(SmmuTest, UnmapTellsTheCachesOfTheDeviceAndNoOther) {
  ASSERT_EQ(assign(1, 40, 7), S2Status::ok);
  ASSERT_EQ(update(1, 1, 40, 7), S2Status::ok);
  b.log.events.clear();
  ASSERT_EQ(unmap(1, 40), S2Status::ok);
  const std::vector<S2Event> told{{S2Event::Kind::invalidate, 18, 40, 40}, {S2Event::Kind::sync}};
  EXPECT_EQ(b.log.events, told);
  EXPECT_EQ(b.record(7), PageRecord(1, PageRecord::not_counted, 40)) << "the frame stays the machine's";
}

TEST_F(SmmuTest, ADeviceIsBoundOnceAndToWhomItIsBound) {
  EXPECT_EQ(b.ops.alloc_smmu(2, 1), S2Status::ok) << "it stays whose it is";
  EXPECT_TRUE(b.ops.smmu().is_bound(1, 1));
  EXPECT_TRUE(refuses(b, S2Status::unknown_device, [&] { return b.ops.alloc_smmu(2, 3); }));
  EXPECT_TRUE(refuses(b, S2Status::unknown_vm, [&] { return b.ops.alloc_smmu(4, 2); }));
  EXPECT_TRUE(refuses(b, S2Status::unknown_vm, [&] { return b.ops.alloc_smmu(corevisor, 2); }));
  ASSERT_EQ(assign(1, 40, 7), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::unknown_device, [&] { return update(1, 0, 40, 7); })) << "the host's";
  EXPECT_TRUE(refuses(b, S2Status::unknown_device, [&] { return update(1, 2, 40, 7); })) << "nobody's";
  EXPECT_TRUE(refuses(b, S2Status::unknown_device, [&] { return update(1, 3, 40, 7); }));
  EXPECT_TRUE(refuses(b, S2Status::unknown_device, [&] { return update(2, 1, 40, 7); }));
  EXPECT_TRUE(refuses(b, S2Status::unknown_vm, [&] { return update(4, 1, 40, 7); }));
  EXPECT_TRUE(refuses(b, S2Status::unknown_device, [&] { return unmap(2, 40); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return update(1, 1, gfn_end, 7); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return unmap(1, gfn_end); }));
}

TEST_F(SmmuTest, DevicesOfAMachineThatIsOffMapAndUnmapNothing) {
  ASSERT_EQ(assign(1, 40, 7), S2Status::ok);
  ASSERT_EQ(update(1, 1, 40, 7), S2Status::ok);
  ASSERT_EQ(b.ops.power_off(1), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::bad_state, [&] { return update(1, 1, 40, 7); }));
  EXPECT_TRUE(refuses(b, S2Status::bad_state, [&] { return b.ops.alloc_smmu(1, 2); }));
  EXPECT_TRUE(refuses(b, S2Status::bad_state, [&] { return unmap(1, 40); }))
      << "the frame may be the host's again, whose devices count";
  EXPECT_TRUE(at(1, 40));
}

TEST_F(SmmuTest, ADeviceIsFreedWithItsTableWhenItsMachineIsOff) {
  ASSERT_EQ(assign(1, 40, 7), S2Status::ok);
  ASSERT_EQ(update(1, 1, 40, 7), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::bad_state, [&] { return b.ops.free_smmu(1); }));
  EXPECT_TRUE(refuses(b, S2Status::unknown_device, [&] { return b.ops.free_smmu(max_smmu_devices); }));
  ASSERT_EQ(b.ops.power_off(1), S2Status::ok);
  EXPECT_EQ(b.ops.free_smmu(1), S2Status::ok);
  EXPECT_FALSE(b.ops.smmu().is_bound(1));
  EXPECT_EQ(b.ops.free_smmu(1), S2Status::ok) << "it is nobody's, and stays so";
  EXPECT_EQ(b.ops.alloc_smmu(2, 1), S2Status::ok);
  EXPECT_FALSE(at(1, 40));
}

TEST_F(SmmuTest, AnotherFrameUnderTheSameNumberTakesThePlace) {
  ASSERT_EQ(assign(1, 40, 7), S2Status::ok);
  ASSERT_EQ(assign(1, 40, 8), S2Status::ok);
  ASSERT_EQ(update(1, 1, 40, 7), S2Status::ok);
  ASSERT_EQ(update(1, 1, 40, 8), S2Status::ok);
  EXPECT_EQ(at(1, 40)->pfn, 8U);
}

} // namespace
} // namespace pagetwin
