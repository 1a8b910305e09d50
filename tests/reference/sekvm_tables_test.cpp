// SeKVM's stage 2 tables: walks, pages, blocks, and pools of table pages.
#include "reference/mmu/mmu.hpp"
#include "tests/reference/sekvm_fixture.hpp"

namespace reference::sekvm {
namespace {

using SekvmTables = Sekvm;

constexpr std::uint64_t block_pfn = 1536, addr_end = std::uint64_t{1} << 48;

TEST_F(SekvmTables, AWalkReturnsThePteAndNothingIsZero) {
  ASSERT_EQ(apply(&Machine::map_s2pt, 1, bytes(7), 3, bytes(P) | 0x123), Result::ok);
  EXPECT_EQ(machine.walk_s2pt(1, bytes(7) + 0xFFF), bytes(P) | 0x123);
  EXPECT_EQ(machine.get_level_s2pt(1, bytes(7)), 3U);
  EXPECT_EQ(entry(1, 7), (Entry{7, bytes(P) | 0x123, P, 3}));
  EXPECT_EQ(machine.walk_s2pt(1, bytes(8)), 0U);
  EXPECT_EQ(machine.get_level_s2pt(1, bytes(8)), 0U);
  EXPECT_EQ(machine.walk_s2pt(2, bytes(7)), 0U) << "another VM";
}

TEST_F(SekvmTables, TheLevelOfAnEntryWithoutAPhysicalPageIsZero) {
  ASSERT_EQ(apply(&Machine::map_s2pt, 0, bytes(P), 3, PAGE_GUEST), Result::ok);
  EXPECT_EQ(machine.walk_s2pt(0, bytes(P)), PAGE_GUEST);
  EXPECT_EQ(machine.get_level_s2pt(0, bytes(P)), 0U);
  EXPECT_FALSE(host_maps(P));
}

TEST_F(SekvmTables, AnAddressOfMoreThan48BitsAndNoVmidAreUndefined) {
  EXPECT_EQ(machine.walk_s2pt(1, addr_end), std::nullopt);
  EXPECT_EQ(machine.get_level_s2pt(17, 0), std::nullopt);
  EXPECT_EQ(apply(&Machine::map_s2pt, 1, addr_end, 3, bytes(P)), Result::undefined);
  EXPECT_EQ(apply(&Machine::map_s2pt, 17, 0, 3, bytes(P)), Result::undefined);
  EXPECT_EQ(apply(&Machine::map_s2pt, 1, 0, 3, 0), Result::undefined) << "a pte of 0";
  EXPECT_EQ(apply(&Machine::map_s2pt, 1, 0, 3, bytes(std::uint64_t{1} << 28)), Result::undefined);
}

TEST_F(SekvmTables, ABlockIsOneEntryThatAll512GfnsShareAndCountFromItsBase) {
  ASSERT_EQ(apply(&Machine::map_s2pt, 1, bytes(1024 + 77), 2, bytes(block_pfn) | 1), Result::ok);
  EXPECT_EQ(machine.state().table(1).entries().size(), 1U);
  for (const std::uint64_t gfn : {1024U, 1101U, 1535U}) {
    EXPECT_EQ(machine.walk_s2pt(1, bytes(gfn)), bytes(block_pfn) | 1);
    EXPECT_EQ(machine.get_level_s2pt(1, bytes(gfn)), 2U);
    EXPECT_EQ(machine.state().table(1).pfn_at(gfn), block_pfn + gfn - 1024);
  }
  EXPECT_EQ(machine.walk_s2pt(1, bytes(1536)), 0U);
  EXPECT_EQ(machine.walk_s2pt(1, bytes(1023)), 0U);
}

TEST_F(SekvmTables, ALevelThatIsNotTwoIsThree) {
  for (const std::uint32_t level : {0U, 1U, 3U, 4U, INVALID}) {
    ASSERT_EQ(apply(&Machine::map_s2pt, 1, bytes(level), level, bytes(P)), Result::ok);
    EXPECT_EQ(entry(1, level).level, 3U);
  }
}

TEST_F(SekvmTables, APageMayBeOverwrittenAndABlockByABlock) {
  ASSERT_EQ(apply(&Machine::map_s2pt, 1, bytes(7), 3, bytes(P)), Result::ok);
  ASSERT_EQ(apply(&Machine::map_s2pt, 1, bytes(7), 3, bytes(Q)), Result::ok);
  EXPECT_EQ(entry(1, 7).pfn, Q);
  ASSERT_EQ(apply(&Machine::map_s2pt, 1, bytes(512), 2, bytes(1024)), Result::ok);
  ASSERT_EQ(apply(&Machine::map_s2pt, 1, bytes(512), 2, bytes(1536)), Result::ok);
  EXPECT_EQ(entry(1, 600).pfn, 1536U);
  EXPECT_EQ(machine.state().table(1).entries().size(), 2U);
}

TEST_F(SekvmTables, ABlockIsNeverSplit) {
  ASSERT_EQ(apply(&Machine::map_s2pt, 1, 0, 2, bytes(block_pfn)), Result::ok);
  for (const std::uint64_t gfn : {0U, 5U, 511U})
    EXPECT_EQ(apply(&Machine::map_s2pt, 1, bytes(gfn), 3, bytes(P)), Result::panic);
  EXPECT_EQ(apply(&Machine::map_s2pt, 1, bytes(512), 3, bytes(P)), Result::ok);
}

TEST_F(SekvmTables, ATableInTheWayOfABlockIsAPanicAndIn2021ItIsLost) {
  ASSERT_EQ(apply(&Machine::map_s2pt, 1, bytes(5), 3, bytes(P)), Result::ok);
  EXPECT_EQ(apply(&Machine::map_s2pt, 1, 0, 2, bytes(block_pfn)), Result::panic);
  follow({.block_replaces_table = true});
  ASSERT_EQ(apply(&Machine::map_s2pt, 1, bytes(5), 3, bytes(P)), Result::ok);
  ASSERT_EQ(apply(&Machine::map_s2pt, 1, bytes(512), 3, bytes(Q)), Result::ok);
  ASSERT_EQ(apply(&Machine::map_s2pt, 1, 0, 2, bytes(block_pfn)), Result::ok);
  EXPECT_EQ(entry(1, 5).level, 2U) << "the page is gone";
  EXPECT_EQ(entry(1, 512).pfn, Q) << "the next table is not";
  EXPECT_EQ(machine.state().table(1).used(1), 2U) << "the table page is lost";
  EXPECT_EQ(machine.state().table(1).nodes(1).size(), 1U);
}

TEST_F(SekvmTables, MapPfnVmSetsThePermissionsAndClearsTheTableBitOfABlock) {
  ASSERT_EQ(apply(&Machine::map_pfn_vm, 1, bytes(7), bytes(P) | 0x5 | PAGE_GUEST, 3), Result::ok);
  EXPECT_EQ(machine.walk_s2pt(1, bytes(7)), bytes(P) | 0xFFF);
  ASSERT_EQ(apply(&Machine::map_pfn_vm, 1, bytes(512), bytes(block_pfn), 2), Result::ok);
  EXPECT_EQ(machine.walk_s2pt(1, bytes(512)), bytes(block_pfn) | 0xFFD);
}

TEST_F(SekvmTables, WhatTheTablesCannotHoldIsRefused) {
  Config config = small_config();
  config.guest_pages = std::uint64_t{1} << 28;
  restart(config);
  EXPECT_EQ(map(1, (std::uint64_t{1} << 28) - 1, P), Result::ok);
  EXPECT_EQ(map(1, std::uint64_t{1} << 28, Q), Result::refused);
  EXPECT_EQ(page(Q), hosts(Q));
  EXPECT_EQ(apply(&Machine::update_smmu_page, 0, 0, bytes(Q + host_gfn), bytes(Q)), Result::refused);
}

TEST_F(SekvmTables, APageNeedsATablePageOfEachLevelAndABlockOneLess) {
  ASSERT_EQ(map(1, 0, P), Result::ok);
  const PageTable& table = machine.state().table(1);
  EXPECT_EQ(table.used(), 3U);
  ASSERT_EQ(map(1, 511, Q), Result::ok);
  EXPECT_EQ(table.used(), 3U) << "the same table";
  ASSERT_EQ(map(1, 512, block_pfn, 2), Result::ok);
  EXPECT_EQ(table.used(), 3U) << "a slot of the same middle table";
  ASSERT_EQ(map(1, std::uint64_t{1} << 18, block_pfn + 512, 2), Result::ok);
  EXPECT_EQ(table.used(), 4U) << "a middle table";
  EXPECT_EQ(table.used(1), 1U);
  EXPECT_EQ(table.used(2), 2U);
  EXPECT_EQ(table.used(3), 1U);
}

TEST_F(SekvmTables, TablesNeverShrink) {
  ASSERT_EQ(map(1, 0, P), Result::ok);
  ASSERT_EQ(power_off(1), Result::ok);
  ASSERT_EQ(clear(1, P), Result::ok);
  EXPECT_EQ(machine.state().table(1).used(), 3U);
  ASSERT_EQ(fault(P), Result::ok);
  ASSERT_EQ(map(2, 0, P), Result::ok);
  EXPECT_EQ(machine.state().table(HOSTVISOR).used(), 3U);
}

TEST_F(SekvmTables, APoolForAllLevelsThatRunsDryHalfWayGivesNothing) {
  Config config = small_config();
  config.vm = Pools::shared(5);
  restart(config);
  ASSERT_EQ(map(1, 0, P), Result::ok);
  EXPECT_EQ(map(1, std::uint64_t{1} << 27, Q), Result::panic) << "it takes three, and two are left";
  EXPECT_EQ(page(Q), hosts(Q));
  EXPECT_EQ(machine.state().table(1).used(), 3U);
  EXPECT_EQ(map(1, std::uint64_t{1} << 18, Q), Result::ok) << "it takes two";
  EXPECT_EQ(map(1, 512, Q + 1), Result::panic);
  EXPECT_EQ(map(1, 1, Q + 1), Result::ok) << "it takes none";
  EXPECT_EQ(map(2, 0, Q + 2), Result::ok) << "each VM has a pool of its own";
}

TEST_F(SekvmTables, ThePublishedPoolsHaveABoundForEachLevel) {
  EXPECT_EQ(Pools::published().of_level[3], 256U);
  EXPECT_EQ(Pools::published().of_level[2], 2048U);
  EXPECT_EQ(Pools::published().of_level[1], 5887U);
  Config config = small_config();
  config.vm = Pools::published();
  restart(config);
  for (std::uint64_t k = 0; k < 256; ++k)
    ASSERT_EQ(map(1, k << 27, P + k), Result::ok) << k;
  EXPECT_EQ(map(1, std::uint64_t{256} << 27, P + 256), Result::panic) << "no PUD page is left";
  EXPECT_EQ(map(1, 512, P + 256), Result::ok) << "PTE pages are";
}

TEST_F(SekvmTables, AFormatOfThreeLevelsNeedsOneTablePageLess) {
  Config config = small_config();
  config.levels = 2;
  restart(config);
  ASSERT_EQ(map(1, 0, P), Result::ok);
  EXPECT_EQ(machine.state().table(1).used(), 2U);
  ASSERT_EQ(map(1, std::uint64_t{1} << 18, block_pfn, 2), Result::ok);
  EXPECT_EQ(machine.state().table(1).used(), 3U);
}

TEST_F(SekvmTables, TheHostAndDevicesHavePoolsToo) {
  Config config = small_config();
  config.host = Pools::shared(2);
  config.device = Pools::shared(2);
  restart(config);
  EXPECT_EQ(fault(P), Result::panic);
  ASSERT_EQ(apply(&Machine::assign_pfn_to_smmu, 1, 7, P), Result::ok);
  EXPECT_EQ(apply(&Machine::update_smmu_page, 1, 1, bytes(7), bytes(P)), Result::panic);
}

// The table of the specification and its own walk count from the pfn that the pte names. Hardware ignores
// the low bits of a block's address.
TEST_F(SekvmTables, ViewsOfAnUnalignedBlockDisagree) {
  follow({.unaligned_blocks = true});
  ASSERT_EQ(map(1, 512, 1030, 2), Result::ok);
  const std::uint64_t gfn = 512 + 9, pte = *machine.walk_s2pt(1, bytes(gfn));
  EXPECT_EQ(machine.state().table(1).pfn_at(gfn), 1039U) << "abstract";
  EXPECT_EQ(page(1039), (S2Page{1, 0, gfn})) << "and so do the records say";
  EXPECT_EQ(frame_of(pte), 1030U) << "software that takes the pte for the page";
  const Decoded block = aarch64_s2_4k().decode(pte, 1, 1, {});
  ASSERT_EQ(block.kind, SlotKind::leaf);
  EXPECT_EQ(block.address, bytes(1024)) << "hardware: VM 1 has frames 1024 to 1029, which are the host's";
  EXPECT_EQ(page(1029), hosts(1029));
  EXPECT_EQ(broken(machine.state()), 7U);
}

TEST_F(SekvmTables, AnUnalignedBlockIsRefusedWithoutTheSwitch) {
  EXPECT_EQ(map(1, 512, 1030, 2), Result::refused);
  EXPECT_EQ(page(1030), hosts(1030));
  EXPECT_EQ(map(1, 512 + 77, 1536, 2), Result::ok) << "the guest's address is rounded";
  EXPECT_EQ(entry(1, 512).pfn, 1536U);
}

} // namespace
} // namespace reference::sekvm
