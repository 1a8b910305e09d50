// The memory operations over every stage-2 format: who gets which frame, who loses it, and what is refused.
#include "tests/stage2/bench.hpp"

namespace pagetwin {
namespace {

constexpr auto nobody = PageRecord::nobody, not_counted = PageRecord::not_counted;

template <class F>
class MemoryOpsTest : public testing::Test {
 protected:
  MemoryOpsTest() {
    bench.boot(1);
    bench.boot(2);
  }
  using Bench = Stage2Bench<F>;
  static constexpr std::uint64_t block = Bench::block;
  Bench bench;
};
using Formats = testing::Types<Aarch64S2_4k, Ept4, RiscvSv39x4, RiscvSv48x4>;
TYPED_TEST_SUITE(MemoryOpsTest, Formats, );

TYPED_TEST(MemoryOpsTest, APageOfTheHostBecomesTheMachinesAndIsMappedNowhereElse) {
  auto& b = this->bench;
  ASSERT_EQ(b.map_host(7), S2Status::ok);
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  EXPECT_EQ(b.at(1, 40), (S2Entry{7, S2Level::page, false}));
  EXPECT_EQ(b.record(7), PageRecord(1, 0, 40));
  EXPECT_FALSE(b.maps(hostvisor, 7));
  EXPECT_TRUE(b.table(hostvisor).is_taken(7));
  EXPECT_EQ(b.log.contents[7], 1001U);
  EXPECT_FALSE(b.maps(2, 40));
  EXPECT_TRUE(b.is_whole());
}

TYPED_TEST(MemoryOpsTest, AFrameThatTheHostDidNotMapLeavesNoMarker) {
  auto& b = this->bench;
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  EXPECT_FALSE(b.table(hostvisor).is_taken(7));
  EXPECT_EQ(b.table(hostvisor).used(), 0U);
}

TYPED_TEST(MemoryOpsTest, AMachineHasEveryRightAndADeviceIsNotExecuted) {
  auto& b = this->bench;
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  ASSERT_EQ(b.ops.map_io(1, 41 << 12, b.hole << 12), S2Status::ok);
  const auto memory = b.table(1).table().lookup(VirtAddr{40 << 12});
  const auto device = b.table(1).table().lookup(VirtAddr{41 << 12});
  EXPECT_TRUE(has(memory->attributes().rights, Rights::read | Rights::write | Rights::execute));
  EXPECT_EQ(device->attributes().rights, Rights::read | Rights::write);
  EXPECT_NE(memory->attributes().memory_type, device->attributes().memory_type);
}

TYPED_TEST(MemoryOpsTest, ABlockIsOneEntryAndFiveHundredAndTwelveRecords) {
  auto& b = this->bench;
  ASSERT_EQ(b.map_host(this->block), S2Status::ok);
  ASSERT_EQ(b.map_host(this->block + 511), S2Status::ok);
  ASSERT_EQ(b.map_host(this->block + 512), S2Status::ok);
  ASSERT_EQ(b.map(1, 512 + 3, this->block, 2), S2Status::ok) << "anywhere within it";
  for (const std::uint64_t i : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{511}}) {
    EXPECT_EQ(b.at(1, 512 + i), (S2Entry{this->block + i, S2Level::block, false}));
    EXPECT_EQ(b.record(this->block + i), PageRecord(1, 0, 512 + i));
  }
  EXPECT_FALSE(b.maps(1, 511) || b.maps(1, 1024));
  EXPECT_TRUE(b.table(hostvisor).is_taken(this->block) && b.table(hostvisor).is_taken(this->block + 511));
  EXPECT_FALSE(b.table(hostvisor).is_taken(this->block + 1)) << "the host did not map it";
  EXPECT_TRUE(b.maps(hostvisor, this->block + 512)) << "the next frame is none of its business";
  EXPECT_EQ(b.log.contents.size(), 512U);
  EXPECT_TRUE(b.is_whole());
}

TYPED_TEST(MemoryOpsTest, AnUnalignedBlockIsRefused) {
  for (const std::uint64_t pfn : {this->block + 1, this->block + 256, this->block - 1})
    EXPECT_TRUE(refuses(this->bench, S2Status::misaligned, [&] { return this->bench.map(1, 512, pfn, 2); }))
        << pfn;
}

TYPED_TEST(MemoryOpsTest, OneForeignFrameRefusesAWholeBlock) {
  auto& b = this->bench;
  ASSERT_EQ(b.map_host(this->block + 3), S2Status::ok);
  ASSERT_EQ(b.map(2, 9, this->block + 511), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return b.map(1, 512, this->block, 2); }));
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return b.map(1, 512, 0, 2); })) << "frame 0, a hole";
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return b.map(1, 512, b.memory_end, 2); }));
}

TYPED_TEST(MemoryOpsTest, AFrameOfSomebodyElseIsRefusedAndNotMapped) {
  auto& b = this->bench;
  ASSERT_EQ(b.map(2, 40, 7), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return b.map(1, 40, 7); }));
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return b.map(1, 40, 0); }));
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return b.map(1, 40, b.hole); }));
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return b.map(1, 40, pfn_end - 1); }));
}

TYPED_TEST(MemoryOpsTest, AFrameIsKnownUnderOneNumber) {
  auto& b = this->bench;
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::other_gfn, [&] { return b.map(1, 41, 7); }));
  EXPECT_EQ(b.map(1, 40, 7), S2Status::ok) << "again, and nothing happens";
  EXPECT_EQ(b.log.supplied, 1U);
}

TYPED_TEST(MemoryOpsTest, AnotherFrameTakesThePlaceOfAPage) {
  auto& b = this->bench;
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  const std::uint64_t used = b.table(1).used();
  b.log.events.clear();
  ASSERT_EQ(b.map(1, 40, 8), S2Status::ok);
  EXPECT_EQ(b.at(1, 40)->pfn, 8U);
  EXPECT_EQ(b.table(1).used(), used);
  EXPECT_EQ(b.record(7), PageRecord(1, 0, 40)) << "still the machine's";
  const std::vector<S2Event> told{
      {S2Event::Kind::adopt, 1, 8}, {S2Event::Kind::invalidate, 1, 40, 40}, {S2Event::Kind::sync}};
  EXPECT_EQ(b.log.events, told);
}

TYPED_TEST(MemoryOpsTest, ABlockAndPagesDoNotTakeEachOthersPlace) {
  auto& b = this->bench;
  ASSERT_EQ(b.map(1, 512, this->block, 2), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::overlap, [&] { return b.map(1, 512, 7); }));
  EXPECT_TRUE(refuses(b, S2Status::overlap, [&] { return b.ops.map_io(1, 513 << 12, b.hole << 12); }));
  ASSERT_EQ(b.map(2, 512, 7), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::overlap, [&] { return b.map(2, 512, this->block - 512, 2); }));
}

TYPED_TEST(MemoryOpsTest, ABlockTakesThePlaceOfABlock) {
  auto& b = this->bench;
  ASSERT_EQ(b.map(1, 512, this->block, 2), S2Status::ok);
  ASSERT_EQ(b.map(1, 512, this->block - 512, 2), S2Status::ok);
  EXPECT_EQ(b.at(1, 1023)->pfn, this->block - 1);
  EXPECT_TRUE(b.is_whole());
}

TYPED_TEST(MemoryOpsTest, LimitsOfAddressesAndFrames) {
  auto& b = this->bench;
  const std::uint64_t end = b.gfn_end;
  EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return b.map(1, end, 7); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return b.map(1, 40, pfn_end); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return b.map(1, 512, pfn_end, 2); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return b.grant(1, end); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return b.grant(1, end - 1, 2); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return b.revoke(1, 0, addr_end >> 12); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_range,
                      [&] { return b.ops.revoke_stage2_sg_gpa(1, 0, ~std::uint64_t{0}); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return b.ops.map_page_host(host_addr_end); }));
  EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return b.ops.map_io(1, end << 12, 0); }));
  ASSERT_EQ(b.map(1, end - 1, 7), S2Status::ok);
  EXPECT_EQ(b.grant(1, end - 1), S2Status::ok) << "a range may end exactly there";
  EXPECT_EQ(b.record(7).count(), 1U);
  EXPECT_EQ(b.grant(1, end - 1, 0), S2Status::ok);
}

TYPED_TEST(MemoryOpsTest, MachinesAreThoseThatThereIsRoomFor) {
  auto& b = this->bench;
  for (const unsigned vm : {0U, 4U, 15U, corevisor, 0xffff'ffffU}) {
    EXPECT_TRUE(refuses(b, S2Status::unknown_vm, [&] { return b.map(vm, 40, 7); })) << vm;
    EXPECT_TRUE(refuses(b, S2Status::unknown_vm, [&] { return b.grant(vm, 40); })) << vm;
    EXPECT_TRUE(refuses(b, S2Status::unknown_vm, [&] { return b.revoke(vm, 40); })) << vm;
    EXPECT_TRUE(refuses(b, S2Status::unknown_vm, [&] { return b.ops.map_io(vm, 0, 0); })) << vm;
    EXPECT_TRUE(refuses(b, S2Status::unknown_vm, [&] { return b.ops.clear_vm_range(vm, 1, 1); })) << vm;
    EXPECT_TRUE(refuses(b, S2Status::unknown_vm, [&] { return b.ops.register_vm(vm); })) << vm;
    EXPECT_TRUE(refuses(b, S2Status::unknown_vm, [&] { return b.ops.power_off(vm); })) << vm;
  }
}

TYPED_TEST(MemoryOpsTest, TheHostFaultsInWhatIsItsOwnSharedOrADevice) {
  auto& b = this->bench;
  ASSERT_EQ(b.map_host(7), S2Status::ok);
  EXPECT_EQ(b.at(hostvisor, 7), (S2Entry{7, S2Level::page, false}));
  ASSERT_EQ(b.map_host(b.hole), S2Status::ok);
  EXPECT_EQ(b.at(hostvisor, b.hole), (S2Entry{b.hole, S2Level::page, true}));
  ASSERT_EQ(b.map_host(pfn_end - 1), S2Status::ok);
  ASSERT_EQ(b.map(1, 40, 8), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::foreign_owner, [&] { return b.map_host(8); }));
  ASSERT_EQ(b.grant(1, 40), S2Status::ok);
  ASSERT_EQ(b.map_host(8), S2Status::ok);
  EXPECT_EQ(b.at(hostvisor, 8), (S2Entry{8, S2Level::page, false}));
}

TYPED_TEST(MemoryOpsTest, WhatWasTakenIsForgottenWhenTheHostMapsItAgain) {
  auto& b = this->bench;
  ASSERT_EQ(b.map_host(7), S2Status::ok);
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  ASSERT_EQ(b.grant(1, 40), S2Status::ok);
  ASSERT_EQ(b.map_host(7), S2Status::ok);
  EXPECT_FALSE(b.table(hostvisor).is_taken(7));
  ASSERT_EQ(b.revoke(1, 40), S2Status::ok);
  EXPECT_TRUE(b.table(hostvisor).is_taken(7));
  EXPECT_TRUE(b.is_whole());
}

TYPED_TEST(MemoryOpsTest, MapIoIsForDevicesAndForMachinesThatAreReady) {
  auto& b = this->bench;
  ASSERT_EQ(b.ops.map_io(1, 40 << 12, (b.hole << 12) + 5), S2Status::ok);
  EXPECT_EQ(b.at(1, 40), (S2Entry{b.hole, S2Level::page, true}));
  EXPECT_TRUE(refuses(b, S2Status::ok, [&] { return b.ops.map_io(1, 41 << 12, 7 << 12); })) << "memory";
  ASSERT_EQ(b.ops.verify_vm(1), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::bad_state, [&] { return b.ops.map_io(1, 41 << 12, b.hole << 12); }));
  EXPECT_EQ(b.map(1, 42, 9), S2Status::ok) << "other pages are mapped still";
}

TYPED_TEST(MemoryOpsTest, LevelsOtherThanTwoArePages) {
  auto& b = this->bench;
  for (const unsigned level : {0U, 1U, 3U, 4U, 0xffff'ffffU})
    ASSERT_EQ(b.map(1, 40 + level % 8, 7 + level % 8, level), S2Status::ok) << level;
  EXPECT_EQ(b.at(1, 40)->level, S2Level::page);
}

TYPED_TEST(MemoryOpsTest, StopGivesEveryTablePageBack) {
  auto& b = this->bench;
  ASSERT_EQ(b.map(1, 512, this->block, 2), S2Status::ok);
  ASSERT_EQ(b.map(2, 5, 7), S2Status::ok);
  ASSERT_EQ(b.map_host(8), S2Status::ok);
  ASSERT_EQ(b.ops.alloc_smmu(1, 0), S2Status::ok);
  b.ops.stop();
  EXPECT_EQ(b.pool.used(), 0U);
}

// The life of a machine.

TYPED_TEST(MemoryOpsTest, LifeHasOneOrder) {
  auto& b = this->bench;
  using Ops = typename Stage2Bench<TypeParam>::Ops;
  using Step = S2Status (Ops::*)(unsigned);
  const Step be_registered = &Ops::register_vm, boot = &Ops::boot_vm, verify = &Ops::verify_vm,
             go_off = &Ops::power_off;
  const auto refuses_all = [&b](std::initializer_list<Step> steps) {
    bool all = true;
    for (const Step step : steps)
      all = all && refuses(b, S2Status::bad_state, [&] { return (b.ops.*step)(3); });
    return all;
  };
  EXPECT_TRUE(refuses_all({boot, verify, go_off}));
  ASSERT_EQ(b.ops.register_vm(3), S2Status::ok);
  EXPECT_TRUE(refuses_all({be_registered, verify}));
  ASSERT_EQ(b.ops.boot_vm(3), S2Status::ok);
  EXPECT_TRUE(refuses_all({be_registered, boot}));
  ASSERT_EQ(b.ops.verify_vm(3), S2Status::ok);
  EXPECT_TRUE(refuses_all({be_registered, boot, verify}));
  ASSERT_EQ(b.ops.power_off(3), S2Status::ok);
  EXPECT_TRUE(refuses_all({be_registered, boot, verify, go_off}));
}

TYPED_TEST(MemoryOpsTest, AMachineThatWasNeverBootedCanBeSwitchedOff) {
  auto& b = this->bench;
  ASSERT_EQ(b.ops.register_vm(3), S2Status::ok);
  ASSERT_EQ(b.ops.power_off(3), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::bad_state, [&] { return b.ops.boot_vm(3); }));
}

TYPED_TEST(MemoryOpsTest, AMachineThatIsReadyMayGoOffUnverified) {
  ASSERT_EQ(this->bench.ops.power_off(1), S2Status::ok);
  EXPECT_EQ(this->bench.ops.principals().state(1), VmState::power_off);
}

TYPED_TEST(MemoryOpsTest, OnlyAnActiveMachineIsMappedAndSharesPages) {
  auto& b = this->bench;
  const auto refuse_all = [&b] {
    EXPECT_TRUE(refuses(b, S2Status::bad_state, [&] { return b.map(3, 40, 7); }));
    EXPECT_TRUE(refuses(b, S2Status::bad_state, [&] { return b.grant(3, 40); }));
    EXPECT_TRUE(refuses(b, S2Status::bad_state, [&] { return b.revoke(3, 40); }));
    EXPECT_TRUE(refuses(b, S2Status::bad_state, [&] { return b.ops.map_io(3, 41 << 12, b.hole << 12); }));
    EXPECT_TRUE(refuses(b, S2Status::bad_state, [&] { return b.ops.assign_pfn_to_smmu(3, 50, 9); }));
  };
  refuse_all();
  ASSERT_EQ(b.ops.register_vm(3), S2Status::ok);
  refuse_all();
  ASSERT_EQ(b.ops.boot_vm(3), S2Status::ok);
  ASSERT_EQ(b.map(3, 40, 7), S2Status::ok);
  ASSERT_EQ(b.ops.verify_vm(3), S2Status::ok);
  ASSERT_EQ(b.grant(3, 40), S2Status::ok);
  ASSERT_EQ(b.ops.power_off(3), S2Status::ok);
  refuse_all();
}

TYPED_TEST(MemoryOpsTest, WhenAMachineGoesOffNoCacheKnowsItAnyMore) {
  auto& b = this->bench;
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  b.log.events.clear();
  ASSERT_EQ(b.ops.power_off(1), S2Status::ok);
  const std::uint64_t last = low_mask(TypeParam::va_bits) >> 12;
  EXPECT_EQ(b.log.events,
            (std::vector<S2Event>{{S2Event::Kind::invalidate, 1, 0, last}, {S2Event::Kind::sync}}));
}

TYPED_TEST(MemoryOpsTest, ClearGivesBackWhatTheMachineOwnedAndNothingElse) {
  auto& b = this->bench;
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  ASSERT_EQ(b.map(2, 40, 8), S2Status::ok);
  ASSERT_EQ(b.map(1, 41, 9), S2Status::ok);
  ASSERT_EQ(b.map(1, 42, 12), S2Status::ok);
  ASSERT_EQ(b.grant(1, 41), S2Status::ok);
  ASSERT_EQ(b.map_host(9), S2Status::ok);
  ASSERT_EQ(b.map_host(10), S2Status::ok);
  EXPECT_TRUE(refuses(b, S2Status::bad_state, [&] { return b.ops.clear_vm_range(1, 1, 11); })) << "it runs";
  ASSERT_EQ(b.ops.power_off(1), S2Status::ok);
  ASSERT_EQ(b.ops.clear_vm_range(1, 1, 11), S2Status::ok);
  EXPECT_EQ(b.record(7), PageRecord::of_host(7));
  EXPECT_EQ(b.record(9), PageRecord::of_host(9));
  EXPECT_EQ(b.record(8), PageRecord(2, 0, 40));
  EXPECT_EQ(b.record(12), PageRecord(1, 0, 42)) << "behind the range";
  EXPECT_FALSE(b.maps(hostvisor, 9)) << "shared until now, and mapped when the host asks again";
  EXPECT_TRUE(b.maps(hostvisor, 10));
  EXPECT_TRUE(b.maps(1, 40)) << "its own table stays";
  EXPECT_EQ(b.log.contents.count(7) + b.log.contents.count(9), 0U);
  EXPECT_EQ(b.log.contents.count(8) + b.log.contents.count(12), 2U);
}

TYPED_TEST(MemoryOpsTest, ClearTakesAnyRangeOfFramesThatThereCanBe) {
  auto& b = this->bench;
  ASSERT_EQ(b.map(1, 40, 7), S2Status::ok);
  ASSERT_EQ(b.ops.power_off(1), S2Status::ok);
  for (const auto& [pfn, num] :
       {std::pair{pfn_end, std::uint64_t{0}}, {std::uint64_t{0}, pfn_end}, {pfn_end - 1, std::uint64_t{2}}})
    EXPECT_TRUE(refuses(b, S2Status::out_of_range, [&] { return b.ops.clear_vm_range(1, pfn, num); }));
  EXPECT_EQ(b.ops.clear_vm_range(1, 7, 0), S2Status::ok);
  EXPECT_EQ(b.record(7).owner(), 1U);
  EXPECT_EQ(b.ops.clear_vm_range(1, 1, pfn_end - 1), S2Status::ok) << "ends exactly there";
  EXPECT_EQ(b.record(7).owner(), hostvisor);
  EXPECT_EQ(b.record(b.hole).owner(), nobody);
  EXPECT_EQ(b.record(0).count(), not_counted);
}

} // namespace
} // namespace pagetwin
