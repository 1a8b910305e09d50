// The Memory policy of the fuzzer: every load, store, exchange, invalidation, allocation and retirement
// passes here, is checked against what is live, and is written down for the oracles. Retired nodes are filled
// with what looks like descriptors, poisoned, and reused last in, first out, after the next sync. It refuses
// to know formats and to judge what it writes down.
#pragma once

#include "fuzz/oracles/arena.hpp"
#include "fuzz/oracles/memory_event.hpp"
#include "fuzz/oracles/observation.hpp"

#include <array>
#include <cstring>

namespace pagetwin::fuzz {

// What is told about stores while they happen: hardware that walks between them, and hardware that sets flags
// before an exchange.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // Is it worth telling of exchanges? There are many, and few are waited for.
  [[nodiscard]] PAGETWIN_UNSANITIZED_INLINE bool wants_exchanges() const { return wants_exchanges_; }
  virtual void after_store(std::uint64_t slot) = 0;
  virtual void before_exchange(std::uint64_t slot) = 0;
  virtual void on_flush(const Invalidation& i) = 0;

 protected:
  void want_exchanges(bool wants) { wants_exchanges_ = wants; }

 private:
  bool wants_exchanges_ = true;
};

class ObservedMemory;

// The slots of one node from some place on. What every access asks of its node is looked up once, and again
// only when the node is no longer what it was, or when the index leaves it. `load` and `store` look after
// themselves and go unsanitized; what they call must be inlined by force then, as a call a slot is what wide
// nodes cost.
template <class Raw>
class ObservedWindow {
 public:
  PAGETWIN_UNSANITIZED ObservedWindow(ObservedMemory& memory, PhysAddr first);

  [[nodiscard]] PAGETWIN_UNSANITIZED Raw load(std::uint64_t i) const { return read(i); }
  // Stores to what hardware cannot reach yet need no watcher.
  PAGETWIN_UNSANITIZED void store(std::uint64_t i, Raw word) const {
    seen_->tick(address(i));
    if (!within(i) || node_->walked)
      return store_anywhere(i, word);
    const Raw before = slots_[i];
    slots_[i] = word;
    seen_->note_store(*node_, address(i), index_ + static_cast<unsigned>(i), before, word);
  }
  [[nodiscard]] Raw exchange(std::uint64_t i, Raw word) const;
  [[nodiscard]] PAGETWIN_UNSANITIZED unsigned next_live(unsigned i, unsigned end) const;
  [[nodiscard]] PAGETWIN_UNSANITIZED unsigned alike(unsigned i, unsigned end, Raw word, Raw but) const {
    const unsigned first = i;
    while (i < end && ((read(i) ^ word) & ~but) == 0)
      ++i;
    return i - first;
  }
  [[nodiscard]] PAGETWIN_UNSANITIZED unsigned series(unsigned i, unsigned end, Raw word, Raw step) const;
  template <class WordOf>
  void fill(unsigned count, WordOf&& word_of) const {
    const bool unseen = count != 0 && within(count - 1) && !node_->walked;
    if (unseen)
      seen_->note_stores(*node_, index_, count, overwrite(count, word_of));
    for (unsigned i = 0; !unseen && i < count; ++i)
      store(i, word_of(i));
  }

 private:
  [[nodiscard]] PAGETWIN_UNSANITIZED_INLINE Raw read(std::uint64_t i) const {
    seen_->tick(address(i));
    return within(i) ? slots_[i] : load_anywhere(i);
  }
  // Returns how many more slots are not zero now, modulo 2^32.
  template <class WordOf>
  [[nodiscard]] unsigned overwrite(unsigned count, WordOf&& word_of) const {
    unsigned more = 0;
    for (unsigned i = 0; i < count; ++i) {
      const Raw word = word_of(i);
      more += static_cast<unsigned>(word != 0) - static_cast<unsigned>(slots_[i] != 0);
      slots_[i] = word;
    }
    return more;
  }
  [[nodiscard]] PhysAddr at(std::uint64_t i) const { return first_ + i * sizeof(Raw); }
  [[nodiscard]] PAGETWIN_UNSANITIZED_INLINE std::uint64_t address(std::uint64_t i) const {
    return static_cast<std::uint64_t>(first_) + i * sizeof(Raw);
  }
  // One branch, so that the engine is guided by the table and not by its observer.
  [[nodiscard]] PAGETWIN_UNSANITIZED_INLINE bool within(std::uint64_t i) const {
    return (static_cast<unsigned>(i < count_) & static_cast<unsigned>(node_->live)
            & static_cast<unsigned>(node_->serial == serial_))
           != 0;
  }
  // next_live, of slots that are all within the node, and of others.
  [[nodiscard]] PAGETWIN_UNSANITIZED_INLINE inline unsigned next_used(unsigned i, unsigned end) const;
  [[nodiscard]] unsigned next_anywhere(unsigned i, unsigned end) const;
  [[nodiscard]] Raw load_anywhere(std::uint64_t i) const;
  void store_anywhere(std::uint64_t i, Raw word) const;

  ObservedMemory* memory_;
  Observation* seen_;
  PhysAddr first_;
  Raw* slots_;
  NodeState* node_;
  std::uint64_t serial_;
  unsigned index_, count_; // of the first slot in its node; slots from there to the node's end
};

class ObservedMemory {
 public:
  ObservedMemory(Arena& arena, std::size_t units, unsigned unit_shift, std::span<NodeRecord> records,
                 Observation& seen, Watcher& watcher)
      : pool_(arena.nodes().first(units << unit_shift), PhysAddr{arena.base()}, unit_shift,
              records.first(units)),
        arena_bytes_(arena.begin()), arena_base_(arena.base()), seen_(&seen), watcher_(&watcher),
        unit_shift_(unit_shift), holds_(units) {}

  // Forgets the last program: a pool of `units` units.
  void restart(Arena& arena, std::size_t units, unsigned unit_shift, std::span<NodeRecord> records) {
    leave(arena);
    pool_ = NodePool(arena.nodes().first(units << unit_shift), PhysAddr{arena.base()}, unit_shift,
                     records.first(units));
    waiting_count_ = 0;
    fail_in_ = never;
    refused_ = is_over_ = false;
  }
  // The program is over: until the next one nobody takes a node, so that what is released need not look like
  // anything, and may be remembered for what it holds.
  void close() { is_over_ = true; }
  // Nothing of the arena is poisoned any more.
  void leave(Arena& arena) {
    unpoison(arena.begin(), touched_bytes_);
    touched_bytes_ = 0;
  }
  void begin_operation() {
    refused_ = false;
    watched_stores_ = 0;
    reserved_ = 0;
  }
  // The k-th allocation from now on is refused; 0 is the next one.
  void fail_allocation(std::uint64_t k) { fail_in_ = k; }
  // Who hears every event from now on; null: nobody.
  void tell(EventSink* sink) { sink_ = sink; }
  // What junk looks like, over and over, in words that are not zero and as wide as the table's.
  template <class Raw>
  void set_junk(std::span<const Raw> junk) {
    word_bytes_ = sizeof(Raw);
    repeat_junk(std::as_bytes(junk));
  }
  // Nodes that were reserved in this operation and not taken: it could have failed without need.
  [[nodiscard]] std::uint64_t spare() const { return reserved_; }
  // Did the pool say no within this operation?
  [[nodiscard]] bool refused() const { return refused_; }

  // Out of line, so that the engine is guided by the table and not by its observer. They look after
  // themselves, as windows do, and go unsanitized, but for words that are in no live node.
  template <class Raw>
  [[nodiscard]] PAGETWIN_UNSANITIZED Raw load(PhysAddr pa) const;
  template <class Raw>
  PAGETWIN_UNSANITIZED void store(PhysAddr pa, Raw word);
  template <class Raw>
  [[nodiscard]] PAGETWIN_UNSANITIZED Raw exchange(PhysAddr pa, Raw word);
  template <class Raw>
  [[nodiscard]] ObservedWindow<Raw> window(PhysAddr first) {
    return ObservedWindow<Raw>(*this, first);
  }
  void invalidate(const Invalidation& i) {
    seen_->note_flush(i);
    watcher_->on_flush(i);
    if (sink_ != nullptr)
      sink_->hear({.kind = MemoryEvent::Kind::invalidate, .flush = &i});
  }
  void sync() {
    tell_of(MemoryEvent::Kind::sync, {});
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
  [[nodiscard]] NodeRecord& record(PhysAddr node, unsigned unit_shift) {
    return pool_.places().record(node, unit_shift);
  }
  [[nodiscard]] NodePool& pool() { return pool_; }
  [[nodiscard]] const NodePool& pool() const { return pool_; }
  [[nodiscard]] Observation& observation() { return *seen_; }

 private:
  template <class Raw>
  friend class ObservedWindow;

  static constexpr std::uint64_t never = ~std::uint64_t{0};
  static constexpr unsigned watched_stores = 3; // per operation: hardware walks after the first visible ones
  struct Waiting {
    PhysAddr node{};
    unsigned shift = 0;
  };

  template <class Raw>
  [[nodiscard]] PAGETWIN_UNSANITIZED_INLINE Raw* host(std::uint64_t slot) const {
    return reinterpret_cast<Raw*>(arena_bytes_ + (slot - arena_base_));
  }
  // A load of what is no word of a live node: complains, and has the sanitizers look at it.
  template <class Raw>
  [[gnu::noinline]] Raw misplaced(std::uint64_t slot) const;
  [[gnu::noinline]] void complain_of(std::uint64_t slot, std::size_t word_bytes) const;
  template <class Raw>
  PAGETWIN_UNSANITIZED_INLINE inline void write(NodeState& node, std::uint64_t slot, Raw word);
  // What a unit of the arena may hold that is not zero, in bytes from its begin. A program leaves little
  // behind, while zeroing and filling wide nodes is what a wide node costs.
  struct Held {
    std::uint32_t from = 0, to = ~std::uint32_t{0};
  };
  void release(const Waiting& w);
  void tell_of(MemoryEvent::Kind kind, PhysAddr node) {
    if (sink_ != nullptr)
      sink_->hear({.kind = kind, .address = raw(node)});
  }
  [[nodiscard]] std::span<Held> held_by(PhysAddr node, unsigned shift) {
    const auto unit = static_cast<std::size_t>((node - pool_.base()) >> unit_shift_);
    return std::span(holds_).subspan(unit, std::size_t{1} << (shift - unit_shift_));
  }
  void remember(const Waiting& w);
  void zero(std::byte* at, std::span<const Held> held) const;
  void repeat_junk(std::span<const std::byte> junk);
  void scribble(std::byte* at, std::size_t bytes) const;

  NodePool pool_;
  std::byte* arena_bytes_;
  std::uint64_t arena_base_;
  Observation* seen_;
  Watcher* watcher_;
  EventSink* sink_ = nullptr;
  std::vector<std::byte> junk_; // enough for a node of the usual size
  std::size_t word_bytes_ = 8;
  std::vector<Waiting> waiting_ = std::vector<Waiting>(64);
  std::size_t waiting_count_ = 0;
  std::size_t touched_bytes_ = 0;
  unsigned unit_shift_;
  std::vector<Held> holds_; // by unit, of what is not allocated
  bool is_over_ = false;
  std::uint64_t fail_in_ = never;
  unsigned watched_stores_ = 0;
  std::uint64_t reserved_ = 0; // still to be allocated
  bool refused_ = false;
};
static_assert(MemoryFor<ObservedMemory, std::uint64_t> && MemoryFor<ObservedMemory, std::uint32_t>);

// A table's operation makes dozens, so that it looks after itself, too.
template <class Raw>
PAGETWIN_UNSANITIZED ObservedWindow<Raw>::ObservedWindow(ObservedMemory& memory, PhysAddr first)
    : memory_(&memory), seen_(memory.seen_), first_(first),
      slots_(memory.host<Raw>(static_cast<std::uint64_t>(first))),
      node_(seen_->nearest_node(static_cast<std::uint64_t>(first))), serial_(node_->serial) {
  const std::uint64_t offset = static_cast<std::uint64_t>(first) - node_->address,
                      bytes = std::uint64_t{1} << node_->shift;
  index_ = static_cast<unsigned>(offset / sizeof(Raw));
  count_ = offset < bytes ? static_cast<unsigned>((bytes - offset) / sizeof(Raw)) : 0;
}

extern template std::uint64_t ObservedWindow<std::uint64_t>::load_anywhere(std::uint64_t) const;
extern template void ObservedWindow<std::uint64_t>::store_anywhere(std::uint64_t, std::uint64_t) const;
extern template std::uint64_t ObservedWindow<std::uint64_t>::exchange(std::uint64_t, std::uint64_t) const;
extern template unsigned ObservedWindow<std::uint64_t>::next_live(unsigned, unsigned) const;
extern template unsigned ObservedWindow<std::uint64_t>::series(unsigned, unsigned, std::uint64_t,
                                                               std::uint64_t) const;
extern template std::uint64_t ObservedMemory::load(PhysAddr) const;
extern template void ObservedMemory::store(PhysAddr, std::uint64_t);
extern template std::uint64_t ObservedMemory::exchange(PhysAddr, std::uint64_t);

extern template std::uint32_t ObservedWindow<std::uint32_t>::load_anywhere(std::uint64_t) const;
extern template void ObservedWindow<std::uint32_t>::store_anywhere(std::uint64_t, std::uint32_t) const;
extern template std::uint32_t ObservedWindow<std::uint32_t>::exchange(std::uint64_t, std::uint32_t) const;
extern template unsigned ObservedWindow<std::uint32_t>::next_live(unsigned, unsigned) const;
extern template unsigned ObservedWindow<std::uint32_t>::series(unsigned, unsigned, std::uint32_t,
                                                               std::uint32_t) const;
extern template std::uint32_t ObservedMemory::load(PhysAddr) const;
extern template void ObservedMemory::store(PhysAddr, std::uint32_t);
extern template std::uint32_t ObservedMemory::exchange(PhysAddr, std::uint32_t);

} // namespace pagetwin::fuzz
