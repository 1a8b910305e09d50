// The example of docs/sekvm.md, as it stands there.
#include "src/stage2/memory_ops.hpp"
#include "src/tlb/invalidation.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace pagetwin {
namespace {

TEST(Stage2Example, APageIsAMachinesThenSharedThenItsAloneThenTheHostsAgain) {
  // docs: begin
  // What your machine does. All of it may be empty, for a table that no hardware reads.
  struct Processor {
    void invalidate(const Invalidation& i) { told += i.first == 0x20'1000 ? 1 : 0; } // TLBI, of VMID i.space
    void sync() {}                                                                   // DSB
    unsigned told = 0;
  } processor;
  struct Frames {
    void scrub(std::uint64_t pfn) { bytes.at(pfn) = 0; }
    void adopt(unsigned /*vm*/, std::uint64_t pfn) { bytes.at(pfn) = 0; } // or the machine's image
    std::vector<int> bytes = std::vector<int>(1024);
  } frames;

  // All memory is yours: nodes of tables, 8 bytes for each frame, a place for each principal and device.
  using F = Aarch64S2_4k; // or Ept4, RiscvSv48x4: 3 or 4 levels with pages of 4 KiB
  using Memory = NotifyingMemory<PlainMemory<HardwareFlags::on>, Processor>;
  constexpr std::uint64_t nodes = 64;
  alignas(16384) static std::array<std::byte, nodes << 12> arena; // the largest root is 16 KiB
  std::vector<NodeRecord> node_records(nodes);
  NodePool pool(arena, PhysAddr{0x8000'0000}, 12, node_records); // physically there
  Memory memory(processor, pool);
  const std::array regions{MemoryRegion{.first = 512, .count = 512}};
  std::vector<PageRecord> records(512);
  std::vector<Principal<F, Memory>> principals(3); // the host, machines 1 and 2
  std::vector<SmmuDevice<F, Memory>> devices(1);
  MemoryOps<F, Memory, Frames> ops(memory, frames, Ownership(regions, records), principals, devices);

  bool ok = true;
  const auto must = [&ok](S2Status status) { ok = ok && status == S2Status::ok; };
  must(ops.start(8)); // each table has at most 8 nodes below its root
  must(ops.register_vm(1));
  must(ops.boot_vm(1));
  must(ops.map_page_host(0x20'1000));                      // the host uses frame 0x201,
  must(ops.prot_and_map_vm_s2pt(1, 0x4000, 0x20'1000, 3)); // and loses it to machine 1
  const S2Status host = ops.map_page_host(0x20'1000);      // foreign_owner
  must(ops.grant_stage2_sg_gpa(1, 0x4000, 4096));
  must(ops.map_page_host(0x20'1000)); // shared
  must(ops.revoke_stage2_sg_gpa(1, 0x4000, 4096));
  const PhysAddr root = ops.principals().table(1).root(); // of VTTBR_EL2, EPTP or hgatp
  const auto entry = ops.principals().table(1).lookup(4); // pfn 0x201, a page, no device
  must(ops.power_off(1));
  must(ops.clear_vm_range(1, 0x201, 1)); // scrubbed, and the host's
  const PageRecord record = ops.record(0x201);
  ops.stop(); // every node is back in the pool
  // docs: end
  EXPECT_TRUE(ok);
  EXPECT_EQ(host, S2Status::foreign_owner);
  EXPECT_EQ(processor.told, 2U); // lost to the machine, and with the last share
  EXPECT_TRUE(pool.contains(root));
  EXPECT_EQ(entry, (S2Entry{0x201, S2Level::page, false}));
  EXPECT_EQ(record, PageRecord::of_host(0x201));
  EXPECT_EQ(pool.used(), 0U);
}

} // namespace
} // namespace pagetwin
