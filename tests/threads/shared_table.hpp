// A table over SharedMemory with all that it stands on, for tests: arena, records, places for readers.
#pragma once

#include "src/table/page_table.hpp"
#include "src/table/shared_reader.hpp"

#include <array>
#include <thread>
#include <vector>

namespace pagetwin {

// Where hardware takes its time, in the middle of an edit, readers get theirs: without it they hardly ever
// see one page old and new again while one edit runs.
class PausingMemory : public SharedMemory {
 public:
  using SharedMemory::SharedMemory;
  void invalidate(const Invalidation& /*i*/) { std::this_thread::yield(); }
};

// Memory: SharedMemory, or what is made of it.
template <Format F, class Memory = SharedMemory>
class SharedTable {
 public:
  static constexpr unsigned readers = 4;
  static constexpr PhysAddr base{bytes_of(32)};
  static constexpr unsigned node_shift = Geometry<F>::node_shift(0);

  // batch: so many nodes are retired before the readers are asked.
  explicit SharedTable(std::size_t nodes, std::uint32_t batch = 1)
      : blocks_(((nodes << node_shift) + sizeof(Block) - 1) / sizeof(Block)), records_(nodes),
        pool_(std::as_writable_bytes(std::span(blocks_)), base, node_shift, records_),
        memory_(pool_, places_, batch), table_(*PageTable<F, Memory>::create(memory_, SpaceId{1})) {}

  [[nodiscard]] PageTable<F, Memory>& table() { return table_; }
  [[nodiscard]] Memory& memory() { return memory_; }
  [[nodiscard]] const NodePool& pool() const { return pool_; }
  [[nodiscard]] SharedReader<F> reader(unsigned number) { return {memory_, table_.root(), number}; }

 private:
  struct alignas(1U << 16) Block {
    std::array<std::byte, 1U << 16> bytes;
  };
  std::vector<Block> blocks_;
  std::vector<NodeRecord> records_;
  std::array<ReaderPlace, readers> places_{};
  NodePool pool_;
  Memory memory_;
  PageTable<F, Memory> table_;
};

template <Format F>
using PausingTable = SharedTable<F, PausingMemory>;

} // namespace pagetwin
