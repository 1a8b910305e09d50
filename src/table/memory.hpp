// The Memory policy: the only way in which a table touches descriptors and nodes (docs/table.md, "Order,
// memory, invalidation"), and PlainMemory, the policy for benchmarks and embedders. Knows no format. A policy
// may observe, inject hardware flag updates, or be the machine's own memory.
#pragma once

#include "src/table/node_pool.hpp"

#include <concepts>

namespace pagetwin {

// What an edit owes every translation cache. Addresses are canonical and inclusive, so that the last page of
// the space needs no special case.
struct Invalidation {
  enum class Reach : std::uint8_t {
    leaf, // translations only
    walk, // cached table descriptors too: a table was unlinked
  };
  SpaceId space;
  std::uint64_t first, last;
  Reach reach;
};

// load / store: a descriptor by its simulated physical address. exchange: a store to a *live* leaf, whose
// flags hardware may set at the same time; returns the word that it replaced. reserve: can `count` nodes of
// 2^shift bytes be allocated? After a yes the next `count` allocations succeed. retire: the node is unlinked;
// it may be reused after the next sync. record: `shift` is the pool's unit, which a table knows when
// compiled.
template <class M, class Raw>
concept MemoryFor =
    requires(M memory, PhysAddr pa, Raw word, const Invalidation& i, unsigned shift, std::uint64_t count) {
      { memory.template load<Raw>(pa) } -> std::same_as<Raw>;
      memory.template store<Raw>(pa, word);
      { memory.template exchange<Raw>(pa, word) } -> std::same_as<Raw>;
      memory.invalidate(i);
      memory.sync();
      { memory.reserve(shift, count) } -> std::same_as<bool>;
      { memory.allocate(shift, Fill::zero) } -> std::same_as<PhysAddr>;
      memory.retire(pa, shift, Contents::zero);
      { memory.record(pa, shift) } -> std::same_as<NodeRecord&>;
      { memory.pool() } -> std::same_as<NodePool&>;
    };

// A policy may say `static constexpr bool keeps_empty_nodes = true`: a node that was linked once stays linked
// until its table is destroyed, empty or not (docs/table.md, "Tables that never shrink").
template <class M>
inline constexpr bool keeps_empty_nodes = [] {
  if constexpr (requires { M::keeps_empty_nodes; })
    return M::keeps_empty_nodes;
  else
    return false;
}();

// The slots of one node by index, for loops over many of them. next_live: the first slot of i .. end - 1
// whose word is not zero, or end. alike: how many slots from i on, before end, hold `word` but for the bits
// of `but`. fill: the first `count` slots become word_of(0), word_of(1) and so on, which are asked for once
// each and in this order; none of the slots is a live leaf. A policy with a faster way to say this offers
// window<Raw>(node). Where nobody but the table writes, a window may offer flip: the bits of `mask` change in
// `count` slots from i on.
template <class M, class Raw>
class Window {
 public:
  Window(M& memory, PhysAddr node) : memory_(&memory), node_(node) {}
  [[nodiscard]] Raw load(std::uint64_t i) const {
    return memory_->template load<Raw>(node_ + i * sizeof(Raw));
  }
  void store(std::uint64_t i, Raw word) const { memory_->template store<Raw>(node_ + i * sizeof(Raw), word); }
  [[nodiscard]] Raw exchange(std::uint64_t i, Raw word) const {
    return memory_->template exchange<Raw>(node_ + i * sizeof(Raw), word);
  }
  [[nodiscard]] unsigned next_live(unsigned i, unsigned end) const {
    while (i < end && load(i) == 0)
      ++i;
    return i;
  }
  [[nodiscard]] unsigned alike(unsigned i, unsigned end, Raw word, Raw but) const {
    const unsigned first = i;
    while (i < end && ((load(i) ^ word) & ~but) == 0)
      ++i;
    return i - first;
  }
  template <class WordOf>
  void fill(unsigned count, WordOf&& word_of) const {
    for (unsigned i = 0; i < count; ++i)
      store(i, word_of(i));
  }

 private:
  M* memory_;
  PhysAddr node_;
};

// The window that a policy offers, or the one above.
template <class Raw, class M>
[[nodiscard]] auto window_of(M& memory, PhysAddr node) {
  if constexpr (requires { memory.template window<Raw>(node); })
    return memory.template window<Raw>(node);
  else
    return Window<M, Raw>(memory, node);
}

// What a walk loads by: a copy of the little that loads need, where a policy offers it by loads(), and else
// the policy. Taken before a lookup tests anything, so that a loop over lookups fetches it once.
template <class M>
class Loads {
 public:
  explicit Loads(M& memory) : memory_(&memory) {}
  template <class Raw>
  [[nodiscard, gnu::always_inline]] Raw load(PhysAddr pa) const {
    return memory_->template load<Raw>(pa);
  }

 private:
  M* memory_;
};
template <class M>
[[nodiscard, gnu::always_inline]] inline auto loads_of(M& memory) {
  if constexpr (requires { memory.loads(); })
    return memory.loads();
  else
    return Loads<M>(memory);
}

// The first of i .. end - 1 whose word is not zero, or end: most of most nodes is holes, eight of which are
// one branch.
template <class Raw>
[[nodiscard]] unsigned next_nonzero(const Raw* slots, unsigned i, unsigned end) {
  const auto eight_holes = [slots](unsigned at) {
    Raw any = 0;
    for (unsigned k = 0; k < 8; ++k)
      any |= slots[at + k];
    return any == 0;
  };
  for (; i < end && slots[i] == 0; ++i)
    while (i + 8 < end && eight_holes(i + 1))
      i += 8;
  return i;
}

// How many of i .. end - 1 in a row hold `word` but for the bits of `but`, eight of which are one branch,
// too.
template <class Raw>
[[nodiscard]] unsigned count_alike(const Raw* slots, unsigned i, unsigned end, Raw word, Raw but) {
  const auto eight_alike = [slots, word, but](unsigned at) {
    Raw any = 0;
    for (unsigned k = 0; k < 8; ++k)
      any |= slots[at + k] ^ word;
    return (any & ~but) == 0;
  };
  const unsigned first = i;
  for (; i < end && ((slots[i] ^ word) & ~but) == 0; ++i)
    while (i + 8 < end && eight_alike(i + 1))
      i += 8;
  return i - first;
}

// How many of the slots i .. end - 1 in a row hold word, word + step, word + 2 * step and so on. A window
// with a faster way to say this offers series.
template <class Slots, class Raw>
[[nodiscard]] unsigned count_series(const Slots& slots, unsigned i, unsigned end, Raw word, Raw step) {
  if constexpr (requires { slots.series(i, end, word, step); })
    return slots.series(i, end, word, step);
  const unsigned first = i;
  for (; i < end && slots.load(i) == word; ++i)
    word += step;
  return i - first;
}

// Does hardware set accessed and dirty in live leaves behind our back?
enum class HardwareFlags : std::uint8_t { off, on };

// One host pointer in a register: the compiler need not fear that a store to a slot changes where the arena
// is.
template <HardwareFlags Hardware, class Raw>
class PlainWindow {
 public:
  explicit PlainWindow(Raw* slots) : slots_(slots) {}
  [[nodiscard]] Raw load(std::uint64_t i) const { return slots_[i]; }
  void store(std::uint64_t i, Raw word) const { slots_[i] = word; }
  [[nodiscard]] Raw exchange(std::uint64_t i, Raw word) const {
    if constexpr (Hardware == HardwareFlags::on)
      return __atomic_exchange_n(slots_ + i, word, __ATOMIC_ACQ_REL);
    const Raw old = slots_[i];
    slots_[i] = word;
    return old;
  }
  [[nodiscard]] unsigned next_live(unsigned i, unsigned end) const { return next_nonzero(slots_, i, end); }
  [[nodiscard]] unsigned alike(unsigned i, unsigned end, Raw word, Raw but) const {
    return count_alike(slots_, i, end, word, but);
  }
  void flip(unsigned i, unsigned count, Raw mask) const
    requires(Hardware == HardwareFlags::off)
  {
    for (unsigned k = 0; k < count; ++k)
      slots_[i + k] ^= mask;
  }
  template <class WordOf>
  void fill(unsigned count, WordOf&& word_of) const {
    for (unsigned i = 0; i < count; ++i)
      slots_[i] = word_of(i);
  }

 private:
  Raw* slots_;
};

class PlainLoads {
 public:
  explicit PlainLoads(HostBias bias) : bias_(bias) {}
  template <class Raw>
  [[nodiscard, gnu::always_inline]] Raw load(PhysAddr pa) const {
    return *bias_.template at<const Raw>(pa);
  }

 private:
  HostBias bias_;
};

// Loads, stores and nothing: no cache exists that would have to be told, so retired nodes are free at once.
template <HardwareFlags Hardware = HardwareFlags::off>
class PlainMemory {
 public:
  explicit PlainMemory(NodePool& pool) : pool_(&pool), places_(pool.places()) {}

  template <class Raw>
  [[nodiscard]] Raw load(PhysAddr pa) const {
    return *places_.host().at<Raw>(pa);
  }
  template <class Raw>
  void store(PhysAddr pa, Raw word) {
    *places_.host().at<Raw>(pa) = word;
  }
  template <class Raw>
  [[nodiscard]] Raw exchange(PhysAddr pa, Raw word) {
    return window<Raw>(pa).exchange(0, word);
  }
  template <class Raw>
  [[nodiscard]] PlainWindow<Hardware, Raw> window(PhysAddr pa) const {
    return PlainWindow<Hardware, Raw>(places_.host().at<Raw>(pa));
  }
  [[nodiscard]] PlainLoads loads() const { return PlainLoads(places_.host()); }
  void invalidate(const Invalidation&) {}
  void sync() {}
  [[nodiscard]] bool reserve(unsigned shift, std::uint64_t count) { return pool_->available(shift, count); }
  [[nodiscard]] PhysAddr allocate(unsigned shift, Fill fill) { return pool_->allocate(shift, fill); }
  template <unsigned Count>
  [[nodiscard]] std::array<PhysAddr, Count> allocate_empty(unsigned shift) {
    return pool_->allocate_empty<Count>(shift);
  }
  void retire(PhysAddr node, unsigned shift, Contents contents) { pool_->release(node, shift, contents); }
  template <std::size_t Most>
  void retire_empty(const std::array<PhysAddr, Most>& nodes, unsigned count, unsigned shift) {
    pool_->release_empty(nodes, count, shift);
  }
  [[nodiscard, gnu::always_inline]] NodeRecord& record(PhysAddr node, unsigned unit_shift) {
    return places_.record(node, unit_shift);
  }
  [[nodiscard]] NodePool& pool() { return *pool_; }
  [[nodiscard]] const NodePool& pool() const { return *pool_; }

 private:
  NodePool* pool_;
  NodePlaces places_;
};

} // namespace pagetwin
