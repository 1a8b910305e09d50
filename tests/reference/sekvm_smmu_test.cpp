// SeKVM's SMMU operations: whose a device is, and what it reaches. Device 0 is the host's, 1 and 2 are of VM
// 1 and 2.
#include "tests/reference/sekvm_fixture.hpp"

namespace reference::sekvm {
namespace {

class SekvmSmmu : public Sekvm {
 protected:
  Result assign(std::uint32_t vm, std::uint64_t gfn, std::uint64_t pfn) {
    return apply(&Machine::assign_pfn_to_smmu, vm, gfn, pfn);
  }
  Result update(std::uint32_t vm, std::uint32_t device, std::uint64_t gfn, std::uint64_t pfn) {
    return apply(&Machine::update_smmu_page, vm, device, bytes(gfn), bytes(pfn) | PAGE_S2_KERNEL);
  }
  Result unmap(std::uint32_t device, std::uint64_t gfn) {
    return apply(&Machine::unmap_smmu_page, device, bytes(gfn));
  }
  [[nodiscard]] Entry device_entry(unsigned device, std::uint64_t gfn) const {
    return entry(table_of_device(device), gfn);
  }
};

TEST_F(SekvmSmmu, AssigningTakesAHostsPageWithoutSharingIt) {
  ASSERT_EQ(fault(P), Result::ok);
  ASSERT_EQ(assign(1, 7, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{1, INVALID, 7}));
  EXPECT_FALSE(host_maps(P));
  EXPECT_EQ(machine.contents(P), 0U);
}

TEST_F(SekvmSmmu, AssigningTheVmsOwnPageDoesNothingWhateverTheGfn) {
  ASSERT_EQ(map(1, 7, P), Result::ok);
  EXPECT_EQ(assign(1, 8, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{1, 0, 7}));
}

TEST_F(SekvmSmmu, SomebodyElsesOrAUsedPageIsNotAssigned) {
  ASSERT_EQ(map(2, 7, P), Result::ok);
  EXPECT_EQ(assign(1, 7, P), Result::panic);
  EXPECT_EQ(assign(1, 7, 5), Result::panic) << "nobody's";
  ASSERT_EQ(update(0, 0, Q + host_gfn, Q), Result::ok);
  EXPECT_EQ(assign(1, 7, Q), Result::panic) << "a device of the host has it";
  EXPECT_EQ(assign(0, 7, P), Result::refused);
  EXPECT_EQ(assign(17, 7, P), Result::undefined);
  EXPECT_EQ(assign(1, std::uint64_t{1} << 36, P), Result::undefined);
  EXPECT_EQ(assign(1, 7, std::uint64_t{1} << 28), Result::undefined);
}

TEST_F(SekvmSmmu, MappingAPageThatOnlyADeviceHadMakesTheCountZero) {
  ASSERT_EQ(assign(1, 7, P), Result::ok);
  ASSERT_EQ(map(1, 7, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{1, 0, 7}));
}

TEST_F(SekvmSmmu, ADeviceMapsWhatItsVmOwnsAtThatGfn) {
  ASSERT_EQ(assign(1, 7, P), Result::ok);
  ASSERT_EQ(update(1, 1, 7, P), Result::ok);
  EXPECT_EQ(device_entry(1, 7), kernel_page(7, P));
  EXPECT_EQ(page(P), (S2Page{1, INVALID, 7})) << "only references of the host's devices are counted";
  ASSERT_EQ(map(1, 7, P), Result::ok);
  ASSERT_EQ(update(1, 1, 7, P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{1, 0, 7})) << "not when the VM has it, either";
  EXPECT_EQ(update(1, 1, 8, P), Result::panic) << "another gfn";
  EXPECT_EQ(update(1, 1, 7, Q), Result::panic) << "the host's";
  EXPECT_EQ(update(2, 2, 7, P), Result::panic) << "another VM's";
  EXPECT_EQ(update(1, 2, 7, P), Result::refused) << "another VM's device";
  EXPECT_EQ(update(3, 3, 7, P), Result::refused) << "nobody's device";
  EXPECT_EQ(update(1, 16, 7, P), Result::undefined);
  EXPECT_EQ(update(1, 1, std::uint64_t{1} << 36, P), Result::undefined);
  EXPECT_EQ(update(1, 1, 7, std::uint64_t{1} << 28), Result::undefined);
}

TEST_F(SekvmSmmu, DevicesOfTheHostCountTheirReferencesUpTo16) {
  Config config = small_config();
  restart(config);
  for (unsigned k = 1; k <= 18; ++k) {
    ASSERT_EQ(update(0, 0, P + host_gfn, P), Result::ok);
    EXPECT_EQ(page(P).count, k < 16 ? k : 16);
  }
  EXPECT_EQ(map(1, 7, P), Result::panic) << "it is in use";
  ASSERT_EQ(unmap(0, P + host_gfn), Result::ok);
  EXPECT_EQ(page(P).count, 15U);
  EXPECT_EQ(device_entry(0, P + host_gfn), Entry{});
  EXPECT_EQ(update(0, 0, P, P), Result::panic) << "the host's pages are far away";
}

TEST_F(SekvmSmmu, TheOffsetOfTheHostsPagesIsASetting) {
  Config config = small_config();
  config.smmu_host_offset = 1 << 20;
  restart(config);
  ASSERT_EQ(update(0, 0, P + (1 << 20), P), Result::ok);
  EXPECT_EQ(page(P), (S2Page{HOSTVISOR, 1, P + (1 << 20)}));
}

TEST_F(SekvmSmmu, UnmappingWhatIsNotThereDoesNothing) {
  ASSERT_EQ(update(0, 0, P + host_gfn, P), Result::ok);
  EXPECT_EQ(unmap(0, Q + host_gfn), Result::ok);
  EXPECT_EQ(page(P).count, 1U);
  ASSERT_EQ(unmap(0, P + host_gfn), Result::ok);
  ASSERT_EQ(unmap(0, P + host_gfn), Result::ok);
  EXPECT_EQ(page(P), hosts(P));
  EXPECT_EQ(unmap(3, 7), Result::refused) << "nobody's device";
  EXPECT_EQ(unmap(16, 7), Result::undefined);
  EXPECT_EQ(unmap(0, std::uint64_t{1} << 36), Result::undefined);
}

TEST_F(SekvmSmmu, UnmappingAVmsPageCountsNothing) {
  ASSERT_EQ(assign(1, 7, P), Result::ok);
  ASSERT_EQ(update(1, 1, 7, P), Result::ok);
  ASSERT_EQ(unmap(1, 7), Result::ok);
  EXPECT_EQ(device_entry(1, 7), Entry{});
  EXPECT_EQ(page(P), (S2Page{1, INVALID, 7}));
}

// The stale entry of a powered-off VM's device leads to a page that is the host's again: to unmap it would
// take a reference that a device of the host holds.
TEST_F(SekvmSmmu, UnmappingForAVmThatIsOffIsRefusedBecauseItWouldTakeTheHostsReference) {
  for (const bool published : {false, true}) {
    follow({.inactive_vms = published});
    ASSERT_EQ(assign(1, 7, P), Result::ok);
    ASSERT_EQ(update(1, 1, 7, P), Result::ok);
    ASSERT_EQ(power_off(1), Result::ok);
    ASSERT_EQ(clear(1, P), Result::ok);
    ASSERT_EQ(update(0, 0, P + host_gfn, P), Result::ok);
    EXPECT_EQ(unmap(1, 7), published ? Result::ok : Result::refused);
    EXPECT_EQ(page(P), hosts(P, published ? 0 : 1));
    EXPECT_EQ(broken(machine.state()), published ? 5U : 0U);
  }
}

TEST_F(SekvmSmmu, ADeviceIsBoundUntilItsVmIsOff) {
  EXPECT_EQ(apply(&Machine::alloc_smmu_pgd, 2, 1), Result::ok) << "it has an owner: nothing happens";
  EXPECT_EQ(machine.state().small().bound[1], 1U);
  EXPECT_EQ(apply(&Machine::alloc_smmu_pgd, 4, 5), Result::refused) << "not registered";
  EXPECT_EQ(apply(&Machine::alloc_smmu_pgd, 17, 5), Result::undefined);
  EXPECT_EQ(apply(&Machine::alloc_smmu_pgd, 1, 16), Result::undefined);
  ASSERT_EQ(assign(1, 7, P), Result::ok);
  ASSERT_EQ(update(1, 1, 7, P), Result::ok);
  EXPECT_EQ(apply(&Machine::free_smmu_pgd, 1), Result::panic);
  EXPECT_EQ(apply(&Machine::free_smmu_pgd, 0), Result::panic) << "the host never powers off";
  EXPECT_EQ(apply(&Machine::free_smmu_pgd, 9), Result::ok) << "nobody's";
  EXPECT_EQ(apply(&Machine::free_smmu_pgd, 16), Result::undefined);
  ASSERT_EQ(power_off(1), Result::ok);
  ASSERT_EQ(apply(&Machine::free_smmu_pgd, 1), Result::ok);
  EXPECT_EQ(machine.state().small().bound[1], INVALID);
  ASSERT_EQ(apply(&Machine::alloc_smmu_pgd, 2, 1), Result::ok);
  EXPECT_EQ(device_entry(1, 7), Entry{}) << "the next owner begins with nothing";
  EXPECT_EQ(machine.state().table(table_of_device(1)).used(), 0U);
}

TEST_F(SekvmSmmu, ThereAreOnlyAsManyDevicesAsTheSettingSays) {
  Config config = small_config();
  config.devices = 3;
  restart(config);
  EXPECT_EQ(apply(&Machine::alloc_smmu_pgd, 1, 3), Result::refused);
}

TEST_F(SekvmSmmu, ThePublishedWrappersLeaveTheDevicesOfAVerifiedVmAlone) {
  for (const bool frozen : {false, true}) {
    follow({.frozen_when_verified = frozen});
    ASSERT_EQ(assign(1, 7, P), Result::ok);
    ASSERT_EQ(update(1, 1, 7, P), Result::ok);
    ASSERT_EQ(apply(&Machine::verify_vm, 1), Result::ok);
    const Result want = frozen ? Result::panic : Result::ok;
    EXPECT_EQ(assign(1, 8, Q), want);
    EXPECT_EQ(update(1, 1, 7, P), want);
    EXPECT_EQ(unmap(1, 7), want);
    EXPECT_EQ(apply(&Machine::alloc_smmu_pgd, 1, 5), want);
  }
}

} // namespace
} // namespace reference::sekvm
