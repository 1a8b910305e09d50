// The Memory policy: the only way in which a table touches descriptors and nodes (docs/table.md, "Order, memory,
// invalidation"), and PlainMemory, the policy for benchmarks and embedders.
// Knows no format. A policy may observe, inject hardware flag updates, or be the machine's own memory.
#pragma once

#include "src/table/node_pool.hpp"

#include <concepts>

namespace pagetwin {

// What an edit owes every translation cache. Addresses are canonical and inclusive, so that the last page of the space needs no
// special case.
struct Invalidation {
  enum class Reach : std::uint8_t {
    leaf, // translations only
    walk, // cached table descriptors too: a table was unlinked
  };
  SpaceId space;
  std::uint64_t first, last;
  Reach reach;
};

// load / store: a descriptor by its simulated physical address. exchange: a store to a *live* leaf, whose flags hardware may set
// at the same time; returns the word that it replaced. reserve: can `count` nodes of 2^shift bytes be allocated? After a yes the
// next `count` allocations succeed. retire: the node is unlinked; it may be reused after the next sync.
template <class M, class Raw>
concept MemoryFor = requires(M memory, PhysAddr pa, Raw word, const Invalidation& i, unsigned shift, std::uint64_t count) {
  { memory.template load<Raw>(pa) } -> std::same_as<Raw>;
  memory.template store<Raw>(pa, word);
  { memory.template exchange<Raw>(pa, word) } -> std::same_as<Raw>;
  memory.invalidate(i);
  memory.sync();
  { memory.reserve(shift, count) } -> std::same_as<bool>;
  { memory.allocate(shift, Fill::zero) } -> std::same_as<PhysAddr>;
  memory.retire(pa, shift, Contents::zero);
  { memory.record(pa) } -> std::same_as<NodeRecord&>;
  { memory.pool() } -> std::same_as<NodePool&>;
};

// Does hardware set accessed and dirty in live leaves behind our back?
enum class HardwareFlags : std::uint8_t { off, on };

// Loads, stores and nothing: no cache exists that would have to be told, so retired nodes are free at once.
template <HardwareFlags Hardware = HardwareFlags::off>
class PlainMemory {
 public:
  explicit PlainMemory(NodePool& pool) : pool_(&pool) {}

  template <class Raw>
  [[nodiscard]] Raw load(PhysAddr pa) const {
    return *pool_->host<Raw>(pa);
  }
  template <class Raw>
  void store(PhysAddr pa, Raw word) {
    *pool_->host<Raw>(pa) = word;
  }
  template <class Raw>
  [[nodiscard]] Raw exchange(PhysAddr pa, Raw word) {
    Raw* slot = pool_->host<Raw>(pa);
    if constexpr (Hardware == HardwareFlags::on)
      return __atomic_exchange_n(slot, word, __ATOMIC_ACQ_REL);
    const Raw old = *slot;
    *slot = word;
    return old;
  }
  void invalidate(const Invalidation&) {}
  void sync() {}
  [[nodiscard]] bool reserve(unsigned shift, std::uint64_t count) { return pool_->available(shift, count); }
  [[nodiscard]] PhysAddr allocate(unsigned shift, Fill fill) { return pool_->allocate(shift, fill); }
  void retire(PhysAddr node, unsigned shift, Contents contents) { pool_->release(node, shift, contents); }
  [[nodiscard]] NodeRecord& record(PhysAddr node) { return pool_->record(node); }
  [[nodiscard]] NodePool& pool() { return *pool_; }
  [[nodiscard]] const NodePool& pool() const { return *pool_; }

 private:
  NodePool* pool_;
};

} // namespace pagetwin
