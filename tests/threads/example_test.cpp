// The example of docs/table.md, as it stands there.
#include "src/arch/x86_64.hpp"
#include "src/table/page_table.hpp"
#include "src/table/shared_reader.hpp"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace pagetwin {
namespace {

TEST(SharedMemoryExample, ALookupBesideAnEditSeesThePageBeforeOrAfterIt) {
  // docs: begin
  std::vector<std::byte> arena(64 << 12);
  std::vector<NodeRecord> records(64);
  NodePool pool(arena, PhysAddr{0x1'0000'0000}, 12, records);
  std::array<ReaderPlace, 2> places; // one for each thread that looks up
  SharedMemory memory(pool, places);
  auto table = *PageTable<X86_64_4, SharedMemory>::create(memory, SpaceId{1});
  const Attributes writable{.rights = Rights::read | Rights::write};
  (void)table.map(VirtAddr{0x1000}, PhysAddr{0x7000}, 0x1000, writable);

  std::optional<PhysAddr> seen;
  std::thread other([&seen, reader = SharedReader<X86_64_4>(memory, table.root(), 0)] {
    if (const auto found = reader.lookup(VirtAddr{0x1234}))
      seen = found->pa(); // 0x7234
  });
  (void)table.unmap(VirtAddr{0x1000}, 0x1000); // waits for nobody

  // The frame can be given away when nobody is inside any more who may have found it: ask now and then.
  const std::uint64_t moment = memory.readers().advance();
  other.join();
  const bool frame_is_free = memory.readers().passed(moment);
  // docs: end
  EXPECT_TRUE(frame_is_free);
  EXPECT_EQ(raw(seen.value_or(PhysAddr{0x7234})), 0x7234U);
  memory.reclaim();
  EXPECT_EQ(pool.used(), 1U);
}

} // namespace
} // namespace pagetwin
