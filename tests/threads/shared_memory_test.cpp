// SharedMemory by hand, one step at a time: when retired nodes are free again.
#include "src/arch/x86_64.hpp"
#include "src/table/audit.hpp"
#include "tests/threads/shared_table.hpp"

#include <gtest/gtest.h>

namespace pagetwin {
namespace {

constexpr Attributes writable{.rights = Rights::read | Rights::write};
constexpr std::uint64_t page = 4096;
// Below different slots of the root, so that a page takes three nodes.
constexpr VirtAddr here{0}, there{bytes_of(39)};
constexpr PhysAddr frame{0x7000};

// Nodes for the root and one page: while the nodes of one page are held, there are none for another.
class SharedMemoryTest : public testing::Test {
 protected:
  [[nodiscard]] Status map(VirtAddr va) { return shared.table().map(va, frame, page, writable); }
  void unmap(VirtAddr va) { EXPECT_EQ(shared.table().unmap(va, page).bytes, page); }

  SharedTable<X86_64_4> shared{4};
  SharedReader<X86_64_4> reader = shared.reader(0), other = shared.reader(1);
};

TEST_F(SharedMemoryTest, WithoutReadersRetiredNodesAreFreeAtOnce) {
  for (unsigned i = 0; i < 3; ++i) {
    ASSERT_EQ(map(here), Status::ok);
    unmap(here);
    ASSERT_EQ(map(there), Status::ok);
    unmap(there);
  }
  EXPECT_EQ(shared.pool().used(), 1U);
}

TEST_F(SharedMemoryTest, NodesAreNotReusedWhileAReaderIsInside) {
  ASSERT_EQ(map(here), Status::ok);
  {
    const auto visit = reader.visit();
    unmap(here);
    EXPECT_EQ(map(there), Status::out_of_memory);
    EXPECT_FALSE(visit.lookup(there));
    EXPECT_TRUE(audit(shared.table()).ok());
    EXPECT_EQ(shared.pool().used(), 4U);
  }
  EXPECT_EQ(map(there), Status::ok);
  EXPECT_TRUE(reader.lookup(there));
}

TEST_F(SharedMemoryTest, AReaderThatEnteredAfterTheEditHoldsNothing) {
  ASSERT_EQ(map(here), Status::ok);
  std::optional<SharedReader<X86_64_4>::Visit> early(reader);
  unmap(here);
  const auto late = other.visit();
  EXPECT_EQ(map(there), Status::out_of_memory);
  early.reset();
  EXPECT_EQ(map(there), Status::ok);
}

TEST_F(SharedMemoryTest, WhatIsRetiredWhileOthersWaitIsFreeOnceAllHaveLeft) {
  SharedTable<X86_64_4> wide(7);
  const auto first = wide.reader(0);
  ASSERT_EQ(wide.table().map(here, frame, page, writable), Status::ok);
  ASSERT_EQ(wide.table().map(there, frame, page, writable), Status::ok);
  {
    const auto visit = first.visit();
    (void)wide.table().unmap(here, page);
    (void)wide.table().unmap(there, page);
    EXPECT_EQ(wide.pool().used(), 7U);
  }
  wide.memory().reclaim();
  EXPECT_EQ(wide.pool().used(), 1U);
}

TEST_F(SharedMemoryTest, ReadersAreAskedWhenABatchIsRetiredOrNoNodeIsLeft) {
  SharedTable<X86_64_4> lazy(7, 4);
  const auto once = [&lazy](VirtAddr va) {
    ASSERT_EQ(lazy.table().map(va, frame, page, writable), Status::ok);
    (void)lazy.table().unmap(va, page);
  };
  once(here);
  EXPECT_EQ(lazy.pool().used(), 4U); // three wait for a fourth
  once(there);
  EXPECT_EQ(lazy.pool().used(), 1U);
  once(here);
  EXPECT_TRUE(lazy.memory().reserve(12, 3));
  EXPECT_EQ(lazy.pool().used(), 4U);
  EXPECT_TRUE(lazy.memory().reserve(12, 6));
  EXPECT_EQ(lazy.pool().used(), 1U);
}

TEST_F(SharedMemoryTest, ANodeIsNotReusedBeforeTheSync) {
  SharedMemory& memory = shared.memory();
  ASSERT_TRUE(memory.reserve(12, 3));
  const PhysAddr node = memory.allocate(12, Fill::zero);
  memory.retire(node, 12, Contents::zero);
  memory.reclaim();
  EXPECT_FALSE(memory.reserve(12, 3));
  memory.sync();
  EXPECT_TRUE(memory.reserve(12, 3));
}

TEST_F(SharedMemoryTest, ARetiredNodeKeepsItsSizeAndIsZeroWhenItIsHandedOutAgain) {
  std::vector<std::byte> bytes(6U << 12);
  std::vector<NodeRecord> records(6);
  NodePool pool(bytes, PhysAddr{bytes_of(32)}, 12, records);
  SharedMemory memory(pool, {}, 1);
  const PhysAddr small = memory.allocate(12, Fill::zero), large = memory.allocate(13, Fill::zero);
  memory.store<std::uint64_t>(small, 1);
  memory.store<std::uint64_t>(large, 2);
  memory.retire(small, 12, Contents::stale);
  memory.retire(large, 13, Contents::zero);
  memory.sync();
  EXPECT_EQ(memory.allocate(13, Fill::zero), large);
  EXPECT_EQ(memory.load<std::uint64_t>(large), 2U); // believed to be zero, so not cleared again
  EXPECT_EQ(memory.allocate(12, Fill::any), small);
  memory.retire(small, 12, Contents::stale);
  memory.sync();
  EXPECT_EQ(memory.allocate(12, Fill::any), small);
  EXPECT_EQ(memory.load<std::uint64_t>(small), 1U); // it was known to be stale
  memory.retire(small, 12, Contents::stale);
  memory.sync();
  while (memory.reserve(12, 1))
    EXPECT_EQ(memory.load<std::uint64_t>(memory.allocate(12, Fill::zero)), 0U);
}

TEST_F(SharedMemoryTest, AMomentPassesWhenAllReadersHaveLeftThatWereInside) {
  ReaderEpochs& readers = shared.memory().readers();
  EXPECT_TRUE(readers.passed(readers.advance()));
  std::optional<SharedReader<X86_64_4>::Visit> early(reader);
  const std::uint64_t moment = readers.advance();
  const auto late = other.visit();
  EXPECT_FALSE(readers.passed(moment));
  early.reset();
  EXPECT_TRUE(readers.passed(moment));
  EXPECT_FALSE(readers.passed(readers.advance()));
}

TEST_F(SharedMemoryTest, AReaderSeesWhatTheTableSees) {
  ASSERT_EQ(map(here), Status::ok);
  const auto ours = shared.table().lookup(here + 0x123), theirs = reader.lookup(here + 0x123);
  ASSERT_TRUE(ours && theirs);
  EXPECT_EQ(raw(theirs->pa()), raw(frame) + 0x123);
  EXPECT_EQ(theirs->descriptor(), ours->descriptor());
  EXPECT_EQ(theirs->attributes(), writable);
  EXPECT_FALSE(reader.lookup(there));
  EXPECT_FALSE(reader.lookup(here + bytes_of(48))); // not canonical
}

} // namespace
} // namespace pagetwin
