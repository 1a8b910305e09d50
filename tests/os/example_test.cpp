// The example of docs/hvisor.md, as it stands there.
#include "src/arch/x86_64.hpp"
#include "src/os/machine.hpp"

#include <functional>
#include <gtest/gtest.h>
#include <vector>

namespace pagetwin {
namespace {

TEST(OsExample, AnUnmapEndsWhenTheOtherCpuHasForgottenThePage) {
  // docs: begin
  // The machine around the CPUs.
  struct Platform {
    void wait_for(unsigned cpu) { interrupt(cpu); } // an IPI, and then wait: here it is served at once
    std::uint64_t load(PhysAddr pa) { return words.at(raw(pa) / 8); }
    void store(PhysAddr pa, std::uint64_t word) { words.at(raw(pa) / 8) = word; }
    void invalidated(unsigned cpu, const Invalidation& /*i*/) { told += cpu; } // INVLPG
    void invalidated_all(unsigned /*cpu*/) {}                                  // CR3 and CR4.PGE
    std::function<void(unsigned)> interrupt;
    std::vector<std::uint64_t> words = std::vector<std::uint64_t>(0x10'0000 / 8);
    unsigned told = 0;
  } platform;

  // All memory is yours: nodes of tables, a place for each space, a bit for each identifier, CPUs' caches.
  using Os = OsMachine<X86_64_4, PlainMemory<HardwareFlags::on>, Platform>; // or any other of src/arch
  constexpr std::uint64_t nodes = 64;
  constexpr unsigned cpus = 2, tags = 4; // identifiers 1 to 4; more than CPUs
  alignas(4096) static std::array<std::byte, nodes << 12> arena;
  std::vector<NodeRecord> records(nodes);
  NodePool pool(arena, PhysAddr{0x8000'0000}, 12, records); // physically there
  std::array<Os::Space, 8> spaces;
  std::array<std::uint64_t, 1> tag_words{};
  std::array<std::array<TlbEntry, 16>, cpus> lines{};
  std::array<std::array<WalkCacheEntry, 4>, cpus> pointers{};
  const std::array<CpuCaches, cpus> caches{CpuCaches{lines[0], 2, pointers[0], 1},
                                           CpuCaches{lines[1], 2, pointers[1], 1}};
  Os os(platform, 0x10'0000, spaces, tag_words, pool); // 1 MiB of physical memory, from address 0
  platform.interrupt = [&os](unsigned cpu) { os.serve(cpu); };

  bool ok = true;
  const auto must = [&ok](Status status) { ok = ok && status == Status::ok; };
  const VirtAddr va{0x1000};
  const Attributes writable{.rights = Rights::read | Rights::write};
  must(os.start(caches, tags)); // space 0, the kernel's own
  must(os.create(0, 1));
  must(os.activate(0, 1));
  must(os.activate(1, 1));
  must(os.map(0, 1, va, PhysAddr{0x7000}, 0x1000, writable)); // by CPU 0, in space 1
  must(os.write(0, va, Privilege::supervisor, 42).status);
  const Accessed seen = os.read(1, va, Privilege::supervisor);  // 42, from 0x7000
  const PageFlags gone = os.unmap(0, 1, va);                    // CPU 1 has acknowledged; dirty
  const Accessed after = os.read(1, va, Privilege::supervisor); // ok, and a fault
  const PhysAddr root = os.space(1).table->root();              // of CR3
  const SpaceId tag = os.tag(1);                                // of CR3, too
  os.stop();                                                    // every node is back in the pool
  // docs: end
  EXPECT_TRUE(ok);
  EXPECT_EQ(seen.fault, Fault::none);
  EXPECT_EQ(seen.pa, PhysAddr{0x7000});
  EXPECT_EQ(seen.word, 42U);
  EXPECT_EQ(gone.status, Status::ok);
  EXPECT_TRUE(gone.flags.dirty);
  EXPECT_EQ(after.status, Status::ok);
  EXPECT_NE(after.fault, Fault::none);
  EXPECT_GT(platform.told, 0U);
  EXPECT_TRUE(pool.contains(root));
  EXPECT_NE(tag, SpaceId{});
  EXPECT_EQ(pool.used(), 0U);
}

} // namespace
} // namespace pagetwin
