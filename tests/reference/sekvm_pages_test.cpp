// SeKVM's operations on one page: whose it is, who shares it, and what the host has of it.
#include "tests/reference/sekvm_fixture.hpp"

namespace reference::sekvm {
namespace {

using SekvmPages = Sekvm;

constexpr std::uint64_t pfn_end = std::uint64_t{1} << 28, gfn_end = std::uint64_t{1} << 36;

TEST_F(SekvmPages, InTheBeginningTheHostHasEveryFrameAndNothingElseIsMemory) {
  EXPECT_EQ(page(first_frame), hosts(first_frame));
  EXPECT_EQ(page(first_frame + frames - 1), hosts(first_frame + frames - 1));
  EXPECT_EQ(page(first_frame - 1), S2Page{});
  EXPECT_EQ(page(first_frame + frames), S2Page{});
  EXPECT_EQ(machine.contents(P), ~P);
  EXPECT_EQ(machine.contents(first_frame - 1), 0U);
}

TEST_F(SekvmPages, WhatIsWrittenOutsideOfMemoryIsLost) {
  machine.state().begin();
  machine.state().set_page(5, {1, 2, 3});
  machine.state().set_contents(5, 7);
  EXPECT_EQ(page(5), S2Page{});
  EXPECT_EQ(machine.contents(5), 0U);
  EXPECT_TRUE(machine.state().frame_changes().empty());
}

TEST_F(SekvmPages, PageZeroIsInvalidThoughARegionHasIt) {
  Config config = small_config();
  config.regions = {Region{0, 16}, Region{first_frame, 16}, Region{4096, 1}};
  restart(config);
  EXPECT_EQ(page(0), S2Page{});
  EXPECT_EQ(page(1), hosts(1));
  EXPECT_EQ(page(4096), hosts(4096));
  EXPECT_EQ(page(16), S2Page{});
  EXPECT_EQ(map(1, 7, 0), Result::panic);
  EXPECT_EQ(map(1, 7, 4096), Result::ok);
  EXPECT_EQ(page(15), hosts(15)) << "the regions' frames are different ones";
}

TEST_F(SekvmPages, AssigningAHostsPageMakesItTheVmsAndTakesItFromTheHost) {
  ASSERT_EQ(fault(P), Result::ok);
  ASSERT_EQ(apply(&Machine::assign_pfn_to_vm, 1, 7, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{1, 0, 7}));
  EXPECT_EQ(entry(HOSTVISOR, P), (Entry{P, PAGE_GUEST, 0, 3}));
  EXPECT_EQ(machine.state().small().flushes, 1U);
  EXPECT_EQ(machine.contents(P), 0U) << "handed over scrubbed";
}

TEST_F(SekvmPages, ContentsComeFromTheLogOfTheVmThatGetsThePage) {
  Config config = small_config();
  config.secrets[1] = 11;
  config.secrets[2] = 22;
  restart(config);
  for (const std::uint32_t vm : {1U, 2U})
    for (const std::uint64_t k : {0U, 1U})
      ASSERT_EQ(map(vm, k, P + vm + vm + k), Result::ok);
  const std::array tokens{machine.contents(P + 2), machine.contents(P + 3), machine.contents(P + 4),
                          machine.contents(P + 5)};
  for (std::size_t k = 0; k < 4; ++k)
    for (std::size_t other = 0; other < k; ++other)
      EXPECT_NE(tokens[k], tokens[other]);
  EXPECT_EQ(machine.state().small().data_log[1], 2U);
}

TEST_F(SekvmPages, APageThatTheHostsDevicesUseIsNotAssigned) {
  machine.state().set_page(P, hosts(P, 1));
  EXPECT_EQ(apply(&Machine::assign_pfn_to_vm, 1, 7, P), Result::panic);
  EXPECT_EQ(page(P), hosts(P, 1));
}

TEST_F(SekvmPages, AssigningAgainToTheSameGfnChangesNothingAndToAnotherPanics) {
  ASSERT_EQ(apply(&Machine::assign_pfn_to_vm, 1, 7, P), Result::ok);
  EXPECT_EQ(apply(&Machine::assign_pfn_to_vm, 1, 7, P), Result::ok);
  EXPECT_EQ(apply(&Machine::assign_pfn_to_vm, 1, 8, P), Result::panic);
  EXPECT_EQ(page(P), (S2Page{1, 0, 7}));
  machine.state().set_page(P, {1, 3, 7});
  EXPECT_EQ(apply(&Machine::assign_pfn_to_vm, 1, 7, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{1, 3, 7})) << "who shares it goes on";
}

TEST_F(SekvmPages, APageWithoutAGfnGetsOneAndACountOfInvalidBecomesZero) {
  machine.state().set_page(P, {1, INVALID, INVALID64});
  ASSERT_EQ(apply(&Machine::assign_pfn_to_vm, 1, 7, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{1, 0, 7}));
}

TEST_F(SekvmPages, TheHighSpecificationOf2021WritesTheOldRecordBack) {
  follow({.keeps_invalid_count = true});
  machine.state().set_page(P, {1, INVALID, INVALID64});
  ASSERT_EQ(apply(&Machine::assign_pfn_to_vm, 1, 7, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{1, INVALID, INVALID64}));
}

TEST_F(SekvmPages, AForeignOwnerPanicsAndTheCodeInCReturns) {
  ASSERT_EQ(apply(&Machine::assign_pfn_to_vm, 1, 7, P), Result::ok);
  EXPECT_EQ(apply(&Machine::assign_pfn_to_vm, 2, 7, P), Result::panic);
  EXPECT_EQ(apply(&Machine::assign_pfn_to_vm, 2, 7, 5), Result::panic) << "nobody's";
  follow({.foreign_owner_returns = true});
  ASSERT_EQ(apply(&Machine::assign_pfn_to_vm, 1, 7, P), Result::ok);
  EXPECT_EQ(apply(&Machine::assign_pfn_to_vm, 2, 7, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{1, 0, 7}));
}

TEST_F(SekvmPages, ReliesOfThePageHelpers) {
  EXPECT_EQ(apply(&Machine::assign_pfn_to_vm, 17, 7, P), Result::undefined);
  EXPECT_EQ(apply(&Machine::assign_pfn_to_vm, 1, gfn_end, P), Result::undefined);
  EXPECT_EQ(apply(&Machine::assign_pfn_to_vm, 1, 7, pfn_end), Result::undefined);
  EXPECT_EQ(apply(&Machine::clear_pfn_host, pfn_end), Result::undefined);
  EXPECT_EQ(apply(&Machine::clear_vm_page, 1, pfn_end), Result::undefined);
  EXPECT_EQ(apply(&Machine::grant_vm_page, 1, pfn_end), Result::undefined);
  EXPECT_EQ(apply(&Machine::revoke_vm_page, 17, P), Result::undefined);
}

TEST_F(SekvmPages, GrantCountsTo100AndRevokeDownToZero) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  for (unsigned k = 0; k < 100; ++k)
    ASSERT_EQ(apply(&Machine::grant_vm_page, 1, P), Result::ok);
  EXPECT_EQ(page(P).count, 100U);
  EXPECT_EQ(apply(&Machine::grant_vm_page, 1, P), Result::ok);
  EXPECT_EQ(page(P).count, 100U);
  for (unsigned k = 0; k < 101; ++k)
    ASSERT_EQ(apply(&Machine::revoke_vm_page, 1, P), Result::ok);
  EXPECT_EQ(page(P).count, 0U);
}

TEST_F(SekvmPages, WhatIsNotTheVmsIsNeitherGrantedNorRevoked) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  EXPECT_EQ(apply(&Machine::grant_vm_page, 2, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{1, 0, 7}));
  ASSERT_EQ(apply(&Machine::grant_vm_page, 1, P), Result::ok);
  EXPECT_EQ(apply(&Machine::revoke_vm_page, 2, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{1, 1, 7}));
}

TEST_F(SekvmPages, OnlyTheLastRevokeTakesThePageFromTheHost) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(grant(1, 7), Result::ok);
  ASSERT_EQ(grant(1, 7), Result::ok);
  ASSERT_EQ(fault(P), Result::ok);
  machine.state().set_contents(P, 5);
  ASSERT_EQ(revoke(1, 7), Result::ok);
  EXPECT_TRUE(host_maps(P));
  EXPECT_EQ(machine.contents(P), 5U);
  ASSERT_EQ(revoke(1, 7), Result::ok);
  EXPECT_EQ(entry(HOSTVISOR, P).pte, PAGE_GUEST);
  EXPECT_EQ(machine.contents(P), 0U) << "the next token of the VM's log";
  EXPECT_EQ(fault(P), Result::panic);
}

TEST_F(SekvmPages, APageThatIsNoLongerSharedMayKeepItsContents) {
  follow({.keeps_unshared_contents = true});
  ASSERT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(grant(1, 7), Result::ok);
  ASSERT_EQ(apply(&Machine::write, 1, 7, 5), Result::ok);
  ASSERT_EQ(revoke(1, 7), Result::ok);
  EXPECT_EQ(machine.contents(P), 5U);
}

TEST_F(SekvmPages, ACountOfInvalidIsNotSharedButIn2021ItIsGreaterThanZero) {
  const S2Page smmu_only{1, INVALID, 7};
  machine.state().set_page(P, smmu_only);
  EXPECT_EQ(apply(&Machine::grant_vm_page, 1, P), Result::ok);
  EXPECT_EQ(apply(&Machine::revoke_vm_page, 1, P), Result::ok);
  EXPECT_EQ(page(P), smmu_only);
  EXPECT_EQ(fault(P), Result::panic);
  follow({.invalid_is_a_count = true});
  machine.state().set_page(P, smmu_only);
  EXPECT_EQ(apply(&Machine::grant_vm_page, 1, P), Result::ok);
  EXPECT_EQ(page(P), smmu_only) << "it is not less than 100";
  ASSERT_EQ(machine.apply(&Machine::map_page_host, bytes(P)), Result::ok);
  EXPECT_EQ(broken_by_last(machine), 3U);
  ASSERT_EQ(machine.apply(&Machine::revoke_vm_page, 1U, P), Result::ok);
  EXPECT_EQ(page(P).count, 0xFFFF'FFFEU);
  EXPECT_EQ(broken_by_last(machine), 3U) << "5 as well, but that is the second";
}

TEST_F(SekvmPages, ClearingAVmsPageGivesItBackToTheHostScrubbed) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(grant(1, 7), Result::ok);
  ASSERT_EQ(fault(P), Result::ok);
  machine.state().set_contents(P, 5);
  ASSERT_EQ(power_off(1), Result::ok);
  ASSERT_EQ(apply(&Machine::clear_vm_page, 1, P), Result::ok);
  EXPECT_EQ(page(P), hosts(P));
  EXPECT_EQ(machine.contents(P), 0U);
  EXPECT_EQ(entry(HOSTVISOR, P).pte, PAGE_GUEST);
  EXPECT_EQ(entry(1, 7), kernel_page(7, P)) << "the guest's table is left alone";
}

TEST_F(SekvmPages, TheLayerBelowLeavesTheHostsEntryWhenItClearsAPage) {
  follow({.clear_keeps_host = true});
  ASSERT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(grant(1, 7), Result::ok);
  ASSERT_EQ(fault(P), Result::ok);
  ASSERT_EQ(power_off(1), Result::ok);
  ASSERT_EQ(clear(1, P), Result::ok);
  EXPECT_TRUE(host_maps(P));
  EXPECT_EQ(page(P), hosts(P));
}

TEST_F(SekvmPages, APageOfAnotherOwnerIsNotCleared) {
  ASSERT_EQ(map(2, 7, P), Result::ok);
  machine.state().set_contents(P, 5);
  ASSERT_EQ(apply(&Machine::clear_vm_page, 1, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{2, 0, 7}));
  EXPECT_EQ(machine.contents(P), 5U);
}

TEST_F(SekvmPages, OnlyWhatTheHostMapsIsFlushedAndTheOldTestFlushesTheMarkerToo) {
  for (const bool any : {false, true}) {
    follow({.clears_any_entry = any});
    ASSERT_EQ(apply(&Machine::clear_pfn_host, P), Result::ok);
    EXPECT_EQ(entry(HOSTVISOR, P), Entry{}) << "what was never mapped needs no marker";
    ASSERT_EQ(fault(P), Result::ok);
    ASSERT_EQ(apply(&Machine::clear_pfn_host, P), Result::ok);
    ASSERT_EQ(apply(&Machine::clear_pfn_host, P), Result::ok);
    EXPECT_EQ(machine.state().small().flushes, any ? 2U : 1U);
    EXPECT_EQ(entry(HOSTVISOR, P), (Entry{P, PAGE_GUEST, 0, 3}));
  }
}

TEST_F(SekvmPages, ABlockOfTheHostCannotGiveOnePageAway) {
  follow({.any_principal = true});
  ASSERT_EQ(apply(&Machine::map_s2pt, 0, bytes(1024), 2, bytes(1024)), Result::ok);
  EXPECT_EQ(apply(&Machine::clear_pfn_host, 1030), Result::panic);
  EXPECT_EQ(map(1, 7, 1030), Result::panic);
}

TEST_F(SekvmPages, TheHostMapsItsOwnPagesNobodysAsDevicesAndSharedOnes) {
  ASSERT_EQ(fault(P), Result::ok);
  EXPECT_EQ(entry(HOSTVISOR, P), kernel_page(P, P));
  ASSERT_EQ(fault(5), Result::ok);
  EXPECT_EQ(entry(HOSTVISOR, 5), (Entry{5, bytes(5) | 0x40'0000'0000'07C7, 5, 3}));
  ASSERT_EQ(map(1, 7, Q), Result::ok);
  EXPECT_EQ(fault(Q), Result::panic);
  ASSERT_EQ(grant(1, 7), Result::ok);
  EXPECT_EQ(fault(Q), Result::ok);
  EXPECT_EQ(entry(HOSTVISOR, Q), kernel_page(Q, Q));
  EXPECT_EQ(apply(&Machine::map_page_host, std::uint64_t{1} << 40), Result::undefined);
  EXPECT_EQ(apply(&Machine::map_page_host, (std::uint64_t{1} << 40) - 1), Result::ok) << "the last byte";
}

TEST_F(SekvmPages, TheHostFaultsPageZeroInAsADeviceThatMapsNothing) {
  ASSERT_EQ(fault(0), Result::ok);
  EXPECT_EQ(entry(HOSTVISOR, 0).pte, PAGE_S2_DEVICE | S2_RDWR);
  EXPECT_EQ(machine.get_level_s2pt(0, 0), 0U) << "there is no page 0";
}

TEST_F(SekvmPages, IoIsMappedWhileAVmIsReadyAndOnlyWhatIsNobodys) {
  ASSERT_EQ(apply(&Machine::map_io, 1, bytes(7) + 5, bytes(5) + 9), Result::ok);
  EXPECT_EQ(entry(1, 7), (Entry{7, bytes(5) | 0x40'0000'0000'07C7, 5, 3}));
  EXPECT_EQ(apply(&Machine::map_io, 1, bytes(8), bytes(P)), Result::ok);
  EXPECT_EQ(entry(1, 8), Entry{}) << "memory is no device";
  ASSERT_EQ(apply(&Machine::verify_vm, 1), Result::ok);
  EXPECT_EQ(apply(&Machine::map_io, 1, bytes(8), bytes(5)), Result::panic);
  EXPECT_EQ(apply(&Machine::map_io, 0, bytes(8), bytes(5)), Result::panic);
  EXPECT_EQ(apply(&Machine::map_io, 2, std::uint64_t{1} << 48, bytes(5)), Result::undefined);
  EXPECT_EQ(apply(&Machine::map_io, 2, 0, bytes(pfn_end)), Result::undefined);
}

} // namespace
} // namespace reference::sekvm
