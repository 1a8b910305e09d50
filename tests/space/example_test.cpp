// The example of docs/l4.md, as it stands there.
#include "src/arch/x86_64.hpp"
#include "src/space/address_spaces.hpp"
#include "src/space/linked_memory.hpp"
#include "src/tlb/invalidation.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace pagetwin {
namespace {

TEST(SpaceExample, APagerMapsASuperpageGrantsAPageOfItAndTakesTheRestBack) {
  // docs: begin
  // What your kernel does when a translation changed. Empty where no hardware reads the tables.
  struct Processor {
    void invalidate(const Invalidation& i) { told += i.first == 0x60'3000 ? 1 : 0; } // INVLPG
    void sync() {} // all processors are done
    unsigned told = 0;
  } processor;

  // All memory is yours: nodes of tables, as much for link words, mapping nodes, arrays of parts.
  using F = X86_64_4; // or any other of src/arch
  using Memory = LinkedMemory<NotifyingMemory<PlainMemory<HardwareFlags::on>, Processor>>;
  constexpr std::uint64_t nodes = 64, arrays = 16;
  constexpr unsigned array_shift = MappingDb<F>::parts_shift;
  alignas(4096) static std::array<std::byte, nodes << 12> arena, links; // links: zero
  alignas(4096) static std::array<std::byte, arrays << array_shift> array_arena;
  std::vector<NodeRecord> node_records(nodes), array_records(arrays);
  NodePool pool(arena, PhysAddr{0x8000'0000}, 12, node_records); // physically there
  NodePool parts(array_arena, PhysAddr{0}, array_shift, array_records);
  std::vector<MappingNode> mappings(2048); // a superpage that is split takes 512
  std::vector<AddressSpace<F, Memory>> tables(4);
  Memory memory(links, processor, pool);
  AddressSpaces<F, Memory> spaces(memory, tables, mappings, parts);

  bool ok = true;
  const auto must = [&ok](Status status) { ok = ok && status == Status::ok; };
  constexpr std::uint64_t page = 4096, superpage = 512 * page;
  must(spaces.start(2 * superpage)); // sigma0 maps 4 MiB, in two units
  must(spaces.create(1));            // a pager, and two clients
  must(spaces.create(2));
  must(spaces.create(3));
  const Flexpage second{VirtAddr{superpage}, superpage}, window{VirtAddr{0}, 512 * superpage};
  must(spaces.map({.from = 0, .to = 1, .send = second, .window = second}).status);
  // To a window that is larger: the send base says where in it.
  must(spaces.map({1, 2, second, 3 * superpage, window, Rights::read | Rights::write}).status);
  const Flexpage from{VirtAddr{0x60'3000}, page}, to{VirtAddr{page}, page};
  // One page of it, given away. Space 2's superpage is split for that, the pager's is not.
  const Transferred given = spaces.grant({2, 3, from, 0, to, Rights::read});
  const auto there = spaces.lookup(3, VirtAddr{page + 8});        // 0x20'3008, a page, r--
  const auto here = spaces.lookup(2, VirtAddr{0x60'3000});        // nothing any more
  spaces.note_access(3, VirtAddr{page}, AccessKind::read);        // no hardware here sets flags in leaves
  const PhysAddr root = spaces.table(3)->root();                  // of CR3
  const Revoked revoked = spaces.unmap(1, second, Rights::write); // accessed
  must(spaces.destroy(1));                                        // with all that is derived from it
  const auto gone = spaces.lookup(3, VirtAddr{page});
  const Transferred none = spaces.map({.from = 1, .to = 2, .send = from, .window = to}); // unknown_space
  spaces.stop(); // everything is back in the pools
  // docs: end
  EXPECT_TRUE(ok);
  EXPECT_EQ(given.status, Status::ok);
  EXPECT_EQ(given.pages, 1U);
  ASSERT_TRUE(there.has_value());
  EXPECT_EQ(there->pa(), PhysAddr{0x20'3008});
  EXPECT_EQ(there->size().bytes(), page);
  EXPECT_EQ(there->attributes().rights, Rights::read | Rights::user);
  EXPECT_FALSE(here.has_value());
  EXPECT_TRUE(pool.contains(root));
  EXPECT_EQ(revoked.status, Status::ok);
  EXPECT_EQ(revoked.usage, Usage::accessed);
  EXPECT_FALSE(gone.has_value());
  EXPECT_EQ(none.status, Status::unknown_space);
  EXPECT_EQ(processor.told, 1U); // the page that was granted away
  EXPECT_EQ(pool.used() + parts.used() + spaces.units().db().nodes().used(), 0U);
}

} // namespace
} // namespace pagetwin
