// The Memory policy of the fuzzer: every load, store, exchange, invalidation, allocation and retirement
// passes here, is checked against what is live, and is written down for the oracles. Retired nodes are filled
// with what looks like descriptors, poisoned, and reused last in, first out, after the next sync. It refuses
// to know formats and to judge what it writes down.
#pragma once

#include "fuzz/oracles/arena.hpp"
#include "fuzz/oracles/observation.hpp"

#include <array>
#include <cstring>

namespace pagetwin::fuzz {

// What is told about stores while they happen: hardware that walks between them, and hardware that sets flags
// before an exchange.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void after_store(std::uint64_t slot) = 0;
  virtual void before_exchange(std::uint64_t slot) = 0;
  virtual void on_flush(const Invalidation& i) = 0;
};

class ObservedMemory {
 public:
  ObservedMemory(Arena& arena, std::size_t units, unsigned unit_shift, std::span<NodeRecord> records,
                 Observation& seen, Watcher& watcher)
      : pool_(arena.nodes().first(units << unit_shift), PhysAddr{Arena::base}, unit_shift,
              records.first(units)),
        seen_(&seen), watcher_(&watcher) {}

  // Forgets the last program: a pool of `units` units.
  void restart(Arena& arena, std::size_t units, unsigned unit_shift, std::span<NodeRecord> records) {
    unpoison(arena.begin(), touched_bytes_);
    touched_bytes_ = 0;
    pool_ = NodePool(arena.nodes().first(units << unit_shift), PhysAddr{Arena::base}, unit_shift,
                     records.first(units));
    waiting_count_ = 0;
    fail_in_ = never;
    refused_ = false;
  }
  void begin_operation() {
    refused_ = false;
    watched_stores_ = 0;
    reserved_ = 0;
  }
  // The k-th allocation from now on is refused; 0 is the next one.
  void fail_allocation(std::uint64_t k) { fail_in_ = k; }
  // What junk looks like.
  void set_junk(std::span<const std::uint64_t> junk) { junk_ = junk; }
  // Nodes that were reserved in this operation and not taken: it could have failed without need.
  [[nodiscard]] std::uint64_t spare() const { return reserved_; }
  // Did the pool say no within this operation?
  [[nodiscard]] bool refused() const { return refused_; }

  // Out of line, so that the engine is guided by the table and not by its observer.
  template <class Raw>
  [[nodiscard]] Raw load(PhysAddr pa) const;
  template <class Raw>
  void store(PhysAddr pa, Raw word);
  template <class Raw>
  [[nodiscard]] Raw exchange(PhysAddr pa, Raw word);
  void invalidate(const Invalidation& i) {
    seen_->note_flush(i);
    watcher_->on_flush(i);
  }
  void sync() {
    for (std::size_t i = 0; i < waiting_count_; ++i)
      release(waiting_[i]);
    waiting_count_ = 0;
  }
  [[nodiscard]] bool reserve(unsigned shift, std::uint64_t count) {
    const bool enough = fail_in_ >= count && pool_.available(shift, count);
    refused_ = refused_ || !enough;
    if (fail_in_ < count)
      fail_in_ = never;
    reserved_ = enough ? count : 0;
    return enough;
  }
  [[nodiscard]] PhysAddr allocate(unsigned shift, Fill fill);
  void retire(PhysAddr node, unsigned shift, Contents contents);
  [[nodiscard]] NodeRecord& record(PhysAddr node) { return pool_.record(node); }
  [[nodiscard]] const NodeRecord& record(PhysAddr node) const { return pool_.record(node); }
  [[nodiscard]] NodePool& pool() { return pool_; }
  [[nodiscard]] const NodePool& pool() const { return pool_; }

 private:
  static constexpr std::uint64_t never = ~std::uint64_t{0};
  static constexpr unsigned watched_stores = 3; // per operation: hardware walks after the first ones
  struct Waiting {
    PhysAddr node{};
    unsigned shift = 0;
  };

  [[gnu::always_inline]] void check(std::uint64_t slot) const {
    seen_->tick(slot);
    if (!seen_->contains(slot)) [[unlikely]]
      outside(slot);
    if (!seen_->is_live(slot)) [[unlikely]]
      seen_->complain("an access to a node that is not live", slot);
  }
  [[noreturn]] static void outside(std::uint64_t slot);
  template <class Raw>
  void write(PhysAddr pa, Raw word);
  void release(const Waiting& w);
  void scribble(std::byte* at, std::size_t bytes) const;

  NodePool pool_;
  Observation* seen_;
  Watcher* watcher_;
  std::span<const std::uint64_t> junk_;
  std::vector<Waiting> waiting_ = std::vector<Waiting>(64);
  std::size_t waiting_count_ = 0;
  std::size_t touched_bytes_ = 0;
  std::uint64_t fail_in_ = never;
  unsigned watched_stores_ = 0;
  std::uint64_t reserved_ = 0; // still to be allocated
  bool refused_ = false;
};
static_assert(MemoryFor<ObservedMemory, std::uint64_t>);

extern template std::uint64_t ObservedMemory::load(PhysAddr) const;
extern template void ObservedMemory::store(PhysAddr, std::uint64_t);
extern template std::uint64_t ObservedMemory::exchange(PhysAddr, std::uint64_t);

} // namespace pagetwin::fuzz
