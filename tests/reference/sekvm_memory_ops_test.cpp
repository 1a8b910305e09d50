// SeKVM's memory operations: ranges, scatter lists and blocks, and what each of them relies on.
#include "tests/reference/sekvm_fixture.hpp"

namespace reference::sekvm {
namespace {

using SekvmMemoryOps = Sekvm;

constexpr std::uint64_t pfn_end = std::uint64_t{1} << 28, addr_end = std::uint64_t{1} << 48;

TEST_F(SekvmMemoryOps, MappingAPageAssignsItAndPutsItIntoTheTable) {
  ASSERT_EQ(fault(P), Result::ok);
  ASSERT_EQ(map(1, 7, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{1, 0, 7}));
  EXPECT_EQ(entry(1, 7), kernel_page(7, P));
  EXPECT_FALSE(host_maps(P));
}

TEST_F(SekvmMemoryOps, BitsOfTheAddressAndOfThePteBelowThePageDoNotCount) {
  ASSERT_EQ(apply(&Machine::prot_and_map_vm_s2pt, 1, bytes(7) + 0xABC, bytes(P) | 0x7FF, 3), Result::ok);
  EXPECT_EQ(entry(1, 7), kernel_page(7, P));
}

TEST_F(SekvmMemoryOps, MappingABlockAssignsAll512Pages) {
  ASSERT_EQ(fault(1536 + 511), Result::ok);
  ASSERT_EQ(map(1, 1024 + 300, 1536, 2), Result::ok);
  for (const std::uint64_t k : {0U, 300U, 511U})
    EXPECT_EQ(page(1536 + k), (S2Page{1, 0, 1024 + k}));
  EXPECT_EQ(page(1535), hosts(1535));
  EXPECT_EQ(page(2048), hosts(2048));
  EXPECT_EQ(entry(1, 1024), (Entry{1024, bytes(1536) | 0xFFD, 1536, 2}));
  EXPECT_FALSE(host_maps(1536 + 511));
}

TEST_F(SekvmMemoryOps, APageOfSomebodyElseInTheMiddleOfABlockUndoesAllOfIt) {
  ASSERT_EQ(fault(1540), Result::ok);
  ASSERT_EQ(map(2, 7, 1600), Result::ok);
  const Machine before = machine;
  EXPECT_EQ(map(1, 1024, 1536, 2), Result::panic);
  EXPECT_TRUE(machine.state().same_as(before.state()));
  EXPECT_TRUE(host_maps(1540));
}

TEST_F(SekvmMemoryOps, WithoutTheLogAPanicInTheMiddleLeavesWhatWasAssigned) {
  ASSERT_EQ(map(2, 7, 1600), Result::ok);
  EXPECT_EQ(machine.prot_and_map_vm_s2pt(1, bytes(1024), bytes(1536), 2), Result::panic);
  EXPECT_EQ(page(1599), (S2Page{1, 0, 1024 + 63}));
  EXPECT_EQ(page(1601), hosts(1601));
}

TEST_F(SekvmMemoryOps, ABlockOverThePagesOfTheSameVmKeepsThoseThatAreWhereTheyWere) {
  ASSERT_EQ(apply(&Machine::assign_pfn_to_vm, 1, 1024 + 3, 1536 + 3), Result::ok);
  ASSERT_EQ(apply(&Machine::grant_vm_page, 1, 1536 + 3), Result::ok);
  ASSERT_EQ(map(1, 1024, 1536, 2), Result::ok);
  EXPECT_EQ(page(1536 + 3), (S2Page{1, 1, 1024 + 3}));
}

TEST_F(SekvmMemoryOps, ReliesOfMapping) {
  EXPECT_EQ(apply(&Machine::prot_and_map_vm_s2pt, 17, 0, bytes(P), 3), Result::undefined);
  EXPECT_EQ(apply(&Machine::prot_and_map_vm_s2pt, 1, addr_end, bytes(P), 3), Result::undefined);
  EXPECT_EQ(apply(&Machine::prot_and_map_vm_s2pt, 1, 0, bytes(pfn_end), 3), Result::undefined);
  EXPECT_EQ(apply(&Machine::prot_and_map_vm_s2pt, 1, 0, bytes(pfn_end - 511), 2), Result::undefined)
      << "the last page of the block";
  EXPECT_EQ(apply(&Machine::prot_and_map_vm_s2pt, 1, 0, bytes(pfn_end - 512), 2), Result::panic)
      << "legal, but nobody's";
}

TEST_F(SekvmMemoryOps, OnlyVmsThatAreReadyOrVerifiedMap) {
  for (const std::uint32_t nobody : {0U, 16U, 4U})
    EXPECT_EQ(map(nobody, 7, P), Result::refused) << nobody;
  ASSERT_EQ(apply(&Machine::verify_vm, 1), Result::ok);
  EXPECT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(power_off(1), Result::ok);
  EXPECT_EQ(map(1, 8, Q), Result::refused);
  EXPECT_EQ(grant(1, 7), Result::refused);
  EXPECT_EQ(revoke(1, 7), Result::refused);
  EXPECT_EQ(apply(&Machine::assign_pfn_to_smmu, 1, 8, Q), Result::refused);
}

TEST_F(SekvmMemoryOps, ThePublishedRulesAskForNoState) {
  follow({.inactive_vms = true});
  ASSERT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(power_off(1), Result::ok);
  EXPECT_EQ(map(1, 8, Q), Result::ok);
  EXPECT_EQ(grant(1, 7), Result::ok);
  EXPECT_EQ(map(9, 7, Q + 1), Result::ok) << "never registered";
}

TEST_F(SekvmMemoryOps, VmZeroMayMapBehindASwitchAndBreaksInvariantTwo) {
  follow({.any_principal = true});
  ASSERT_EQ(map(0, 7, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{0, 0, 7}));
  EXPECT_EQ(broken_by_last(machine), 1U) << "the host's table is no identity";
  follow({.any_principal = true});
  ASSERT_EQ(map(0, P, P), Result::ok);
  EXPECT_EQ(broken_by_last(machine), 2U);
}

TEST_F(SekvmMemoryOps, AScatterListCountsWhatIsMappedAndSkipsHoles) {
  for (const std::uint64_t gfn : {10U, 12U, 13U})
    ASSERT_EQ(map(1, gfn, P + gfn), Result::ok);
  ASSERT_EQ(grant(1, 10, 3), Result::ok);
  EXPECT_EQ(page(P + 10).count, 1U);
  EXPECT_EQ(page(P + 12).count, 1U);
  EXPECT_EQ(page(P + 13).count, 0U);
  ASSERT_EQ(revoke(1, 12, 100), Result::ok);
  EXPECT_EQ(page(P + 10).count, 1U);
  EXPECT_EQ(page(P + 12).count, 0U);
}

TEST_F(SekvmMemoryOps, InsideABlockEachPageIsCountedByItself) {
  ASSERT_EQ(map(1, 1024, 1536, 2), Result::ok);
  ASSERT_EQ(map(1, 1536, P), Result::ok);
  ASSERT_EQ(grant(1, 1024 + 510, 3), Result::ok);
  EXPECT_EQ(page(1536 + 509).count, 0U);
  EXPECT_EQ(page(1536 + 510).count, 1U);
  EXPECT_EQ(page(1536 + 511).count, 1U);
  EXPECT_EQ(page(P).count, 1U) << "the page behind the block";
  ASSERT_EQ(revoke(1, 1024 + 511, 1), Result::ok);
  EXPECT_EQ(page(1536 + 510).count, 1U);
  EXPECT_EQ(page(1536 + 511).count, 0U);
}

TEST_F(SekvmMemoryOps, ARangeThatBeginsInsideAPageLeavesItsLastPageOut) {
  for (const std::uint64_t gfn : {10U, 11U})
    ASSERT_EQ(map(1, gfn, P + gfn), Result::ok);
  ASSERT_EQ(apply(&Machine::grant_stage2_sg_gpa, 1, bytes(10) + 0x800, PAGE_SIZE), Result::ok);
  EXPECT_EQ(page(P + 10).count, 1U);
  EXPECT_EQ(page(P + 11).count, 0U) << "it has bytes of the range";
  ASSERT_EQ(apply(&Machine::grant_stage2_sg_gpa, 1, bytes(10), PAGE_SIZE + 1), Result::ok);
  EXPECT_EQ(page(P + 11).count, 1U) << "sizes are rounded up";
}

TEST_F(SekvmMemoryOps, NothingIsLegalAndARangeMayEndAtTheLimit) {
  EXPECT_EQ(grant(1, 10, 0), Result::ok);
  EXPECT_EQ(apply(&Machine::grant_stage2_sg_gpa, 1, addr_end - PAGE_SIZE, PAGE_SIZE), Result::ok);
  EXPECT_EQ(apply(&Machine::grant_stage2_sg_gpa, 1, addr_end - PAGE_SIZE, PAGE_SIZE + 1), Result::undefined);
  EXPECT_EQ(apply(&Machine::revoke_stage2_sg_gpa, 1, addr_end - 1, 1), Result::ok);
  EXPECT_EQ(apply(&Machine::revoke_stage2_sg_gpa, 1, 0, addr_end - 1), Result::ok) << "all of them";
  ASSERT_EQ(power_off(1), Result::ok);
  EXPECT_EQ(clear(1, pfn_end - 1, 0), Result::ok);
  EXPECT_EQ(clear(1, pfn_end - 1, 1), Result::ok);
  EXPECT_EQ(clear(1, pfn_end - 1, 2), Result::undefined);
}

TEST_F(SekvmMemoryOps, ReliesOfScatterLists) {
  for (const auto operation : {&Machine::grant_stage2_sg_gpa, &Machine::revoke_stage2_sg_gpa}) {
    for (const std::uint32_t vm : {0U, 16U})
      EXPECT_EQ(apply(operation, vm, 0, 1), Result::undefined);
    EXPECT_EQ(apply(operation, 1, addr_end, 0), Result::undefined);
    EXPECT_EQ(apply(operation, 1, 0, addr_end), Result::undefined);
  }
}

TEST_F(SekvmMemoryOps, ClearingWantsAVmThatIsOff) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  EXPECT_EQ(clear(1, P), Result::refused);
  EXPECT_EQ(clear(0, P), Result::refused);
  EXPECT_EQ(clear(16, P), Result::refused);
  EXPECT_EQ(clear(17, P), Result::undefined);
  EXPECT_EQ(clear(1, pfn_end), Result::undefined);
  EXPECT_EQ(clear(1, 0, pfn_end), Result::undefined);
  EXPECT_EQ(page(P), (S2Page{1, 0, 7}));
  follow({.clears_running_vms = true});
  ASSERT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(machine.apply(&Machine::clear_vm_range, 1, P, 1), Result::ok);
  EXPECT_EQ(broken_by_last(machine), 4U) << "it still maps what is the host's";
  EXPECT_EQ(broken(machine.state()), 4U);
}

TEST_F(SekvmMemoryOps, ARangeIsClearedOverTheBordersOfMemory) {
  Config config = small_config();
  config.regions[1] = {8192, 64};
  restart(config);
  ASSERT_EQ(map(1, 7, first_frame), Result::ok);
  ASSERT_EQ(map(1, 8, 8192), Result::ok);
  ASSERT_EQ(map(1, 9, 8193), Result::ok);
  ASSERT_EQ(map(2, 9, 8194), Result::ok);
  ASSERT_EQ(power_off(1), Result::ok);
  ASSERT_EQ(clear(1, 1, 8192), Result::ok);
  EXPECT_EQ(page(first_frame), hosts(first_frame));
  EXPECT_EQ(page(8192), hosts(8192));
  EXPECT_EQ(page(8193), (S2Page{1, 0, 9})) << "behind the range";
  ASSERT_EQ(apply(&Machine::prot_and_map_vm_s2pt, 3, bytes(9), bytes(8192 + 63), 3), Result::ok);
  ASSERT_EQ(power_off(3), Result::ok);
  ASSERT_EQ(clear(3, 8192 + 63), Result::ok);
  EXPECT_EQ(page(8192 + 63), hosts(8192 + 63)) << "the last frame";
  ASSERT_EQ(clear(1, 8193, 2), Result::ok);
  EXPECT_EQ(page(8193), hosts(8193));
  EXPECT_EQ(page(8194), (S2Page{2, 0, 9}));
}

TEST_F(SekvmMemoryOps, ClearingTheHostScrubsFramesThatNothingHappenedTo) {
  follow({.clears_running_vms = true});
  ASSERT_EQ(fault(P), Result::ok);
  ASSERT_EQ(clear(0, P - 5, 7), Result::ok);
  EXPECT_EQ(machine.contents(P), 0U);
  EXPECT_EQ(machine.contents(Q), 0U);
  EXPECT_EQ(machine.contents(Q + 1), ~(Q + 1));
  EXPECT_FALSE(host_maps(P));
}

} // namespace
} // namespace reference::sekvm
