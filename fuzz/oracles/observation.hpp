// What happened to table memory during one operation: which nodes are whose, which words were replaced, which
// invalidations were issued. ObservedMemory writes it, the oracles read it. Words are kept as 64-bit numbers,
// so that it is compiled once for all formats. It refuses to know what a word means.
#pragma once

#include "fuzz/oracles/poison.hpp"
#include "src/table/memory.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace pagetwin::fuzz {

// A word that was not zero, in a node that hardware may walk, gave way to another.
struct Replaced {
  std::uint64_t slot, before, after;
  std::uint64_t node_va;      // first address under the slot's node
  std::uint64_t serial;       // of the slot's node
  std::uint32_t flushes;      // how many invalidations came before it
  std::uint16_t space, index; // of the slot in its node
  std::uint8_t level;
};

// One node of the arena, known by each of its units. A place that is retired and handed out again is another
// node, with another serial; it has the same size, because a pool does not cut or merge nodes.
struct NodeState {
  static constexpr std::uint16_t none = 0xffff;

  bool live = false;    // allocated and not retired
  bool linked = false;  // a slot of a known node, or a root, leads here
  bool walked = false;  // hardware may get here: linked, or linked since in this operation
  bool retired = false; // in this operation
  bool listed = false;  // in touched()
  std::uint8_t level = 0;
  std::uint8_t shift = 0;
  std::uint16_t space = 0;
  std::uint16_t nonzero = 0;  // slots, counted store by store
  std::uint16_t children = 0; // linked nodes right below
  // Indices stored to in this operation, and before it, since the node was handed out; none: first above
  // last.
  std::uint16_t first = none, last = 0, lowest = none, highest = 0;
  std::uint64_t va = 0;
  std::uint64_t parent = 0; // address of the slot that leads here; 0 for a root
  std::uint64_t parent_serial = 0, serial = 0, address = 0;

  // Slots below and above these have not been stored to, and are zero.
  [[nodiscard]] PAGETWIN_UNSANITIZED_INLINE unsigned first_used() const {
    return first < lowest ? first : lowest;
  }
  [[nodiscard]] PAGETWIN_UNSANITIZED_INLINE unsigned last_used() const {
    return last > highest ? last : highest;
  }
};

// The operation ran away or left the arena: thrown by ObservedMemory, caught by the machine, and the end of
// the run.
struct Runaway {
  const char* what;
  std::uint64_t address;
};

class Observation {
 public:
  Observation(std::uint64_t base, unsigned unit_shift, std::size_t units)
      : base_(base), unit_shift_(unit_shift), live_units_(units), behind_(units), states_(units),
        quick_{units, live_units_.data(), behind_.data(), states_.data()} {}
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;

  // Forgets everything about the last program. The next one has nodes of `units` units at most, and slots of
  // `word_bytes` bytes.
  void reset(std::size_t units, std::size_t word_bytes);
  void begin_operation();
  // Accesses that this operation may need; more than that is no progress.
  void allow(std::uint64_t steps) { step_limit_ = std::min(steps, most_steps_); }
  // That an operation over all of a space, and looking at it, may need.
  [[nodiscard]] std::uint64_t most_steps() const { return most_steps_; }

  [[nodiscard]] bool contains(std::uint64_t pa) const { return unit(pa) < quick_.units; }
  [[nodiscard]] bool is_live(std::uint64_t pa) const { return quick_.live[unit(pa)] != 0; }
  // The node of an aligned word, if it is live; for every access, and unsanitized where that is.
  [[nodiscard]] PAGETWIN_UNSANITIZED_INLINE NodeState* live_node(std::uint64_t slot,
                                                                 std::size_t word_bytes) const {
    const std::uint64_t at = (slot - base_) >> unit_shift_;
    if ((slot & (word_bytes - 1)) != 0 || at >= quick_.units || quick_.live[at] == 0) [[unlikely]]
      return nullptr;
    return quick_.states + (at - quick_.behind[at]);
  }
  [[nodiscard, gnu::always_inline]] NodeState& node(std::uint64_t pa) {
    return quick_.states[first_unit(unit(pa))];
  }
  [[nodiscard, gnu::always_inline]] const NodeState& node(std::uint64_t pa) const {
    return quick_.states[first_unit(unit(pa))];
  }
  // The same wherever pa is: outside the arena some node, which is not at pa.
  [[nodiscard]] PAGETWIN_UNSANITIZED_INLINE NodeState* nearest_node(std::uint64_t pa) const {
    const std::uint64_t at = (pa - base_) >> unit_shift_, last = quick_.units - 1;
    const std::uint64_t near = at < last ? at : last;
    return quick_.states + (near - quick_.behind[near]);
  }
  [[nodiscard]] std::uint64_t node_address(std::uint64_t slot) const {
    return base_ + (first_unit(unit(slot)) << unit_shift_);
  }

  // nonzero: slots that hold junk, because the table asked for a node that it will fill.
  void note_allocated(std::uint64_t node, unsigned shift, unsigned nonzero);
  void note_retired(std::uint64_t at);
  // A store to the index-th slot of a node that is live.
  PAGETWIN_UNSANITIZED_INLINE void note_store(NodeState& state, std::uint64_t slot, unsigned index,
                                              std::uint64_t before, std::uint64_t after) {
    const auto at = static_cast<std::uint16_t>(index);
    if (!state.listed) [[unlikely]]
      list(state, at);
    state.first = at < state.first ? at : state.first;
    state.last = at > state.last ? at : state.last;
    state.nonzero = static_cast<std::uint16_t>(state.nonzero + (after != 0) - (before != 0));
    if (state.linked && before != after)
      note_visible(state, slot, at, before, after);
  }
  // Stores to the `count` slots from `index` on of a live node that is not linked; `more` of them than before
  // are not zero.
  void note_stores(NodeState& state, unsigned index, unsigned count, unsigned more);
  void note_flush(const Invalidation& i) {
    flushes_.push_back(i);
    ++flush_count_;
  }
  // First wrong use of memory in this operation; reported as O5.
  void complain(const char* what, std::uint64_t address);
  // More accesses; throws Runaway beyond the bound.
  PAGETWIN_UNSANITIZED_INLINE void tick(std::uint64_t slot, std::uint64_t accesses = 1) {
    steps_ += accesses;
    if (steps_ > step_limit_) [[unlikely]]
      no_progress(slot);
  }

  [[nodiscard]] std::span<const Replaced> replaced() const { return {replaced_.data(), replaced_count_}; }
  [[nodiscard]] std::span<const Invalidation> flushes() const { return flushes_; }
  [[nodiscard]] std::span<const std::uint64_t> allocated() const { return allocated_; }
  [[nodiscard]] std::span<const std::uint64_t> retired() const { return retired_; }
  [[nodiscard]] std::span<const std::uint64_t> touched() const { return touched_; }
  // Nodes that were retired in this operation and whose place was handed out again since.
  [[nodiscard]] std::span<NodeState> former() { return former_; }
  // Nothing was stored, allocated, retired, invalidated or complained about.
  [[nodiscard]] bool quiet() const {
    return touched_.empty() && allocated_.empty() && retired_.empty() && flushes_.empty()
           && complaint_ == nullptr;
  }
  [[nodiscard]] const char* complaint() const { return complaint_; }
  [[nodiscard]] std::uint64_t complaint_address() const { return complaint_address_; }
  // Did a store change a word that hardware may walk?
  [[nodiscard]] bool visible_change() const { return visible_change_; }

 private:
  // An operation over n slots, and looking at what it did, takes a few accesses for each of them; but a run
  // ends. Recorded traces have edits of 2^18 slots, and 2 TiB in leaves of 2 MiB are 2^20.
  static constexpr std::uint64_t fewest_steps = 1ULL << 22, limit_of_most_steps = 1ULL << 25, per_slot = 16;

  void list(NodeState& state, std::uint16_t index);
  static void unlist(NodeState& state);
  PAGETWIN_UNSANITIZED void note_visible(const NodeState& state, std::uint64_t slot, std::uint16_t index,
                                         std::uint64_t before, std::uint64_t after);
  void make_room();
  [[noreturn]] static void no_progress(std::uint64_t slot);
  [[nodiscard]] std::uint64_t unit(std::uint64_t pa) const { return (pa - base_) >> unit_shift_; }
  [[nodiscard]] std::uint64_t first_unit(std::uint64_t unit) const { return unit - quick_.behind[unit]; }
  [[nodiscard]] std::uint64_t units_of(unsigned shift) const {
    return std::uint64_t{1} << (shift - unit_shift_);
  }
  void introduce(std::uint64_t node, unsigned shift);
  void set_live(const NodeState& state, std::uint8_t live);

  std::uint64_t base_;
  unsigned unit_shift_;
  std::vector<std::uint8_t> live_units_; // what every access asks, kept where it is quick
  std::vector<std::uint16_t> behind_;    // units from the first one of the same node
  std::vector<NodeState> states_;
  // Where they are: what is unsanitized calls nothing, not even operator[], and what asks for a node does so
  // without a call. No program makes the first three longer.
  struct Quick {
    std::uint64_t units;
    const std::uint8_t* live;
    const std::uint16_t* behind;
    NodeState* states;
    Replaced* replaced = nullptr;
    std::size_t replaced_room = 0;
  } quick_;
  std::vector<Replaced> replaced_; // the first replaced_count_ of them
  std::size_t replaced_count_ = 0;
  std::vector<Invalidation> flushes_;
  std::uint32_t flush_count_ = 0; // flushes_.size(), for what calls nothing
  std::vector<std::uint64_t> allocated_, retired_, touched_, ever_;
  std::vector<NodeState> former_;
  std::uint64_t serial_ = 0;
  std::uint64_t most_steps_ = fewest_steps;
  std::uint64_t steps_ = 0, step_limit_ = fewest_steps;
  const char* complaint_ = nullptr;
  std::uint64_t complaint_address_ = 0;
  bool visible_change_ = false;
};

} // namespace pagetwin::fuzz
