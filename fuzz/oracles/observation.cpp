#include "fuzz/oracles/observation.hpp"

namespace pagetwin::fuzz {

void Observation::reset(std::size_t units, std::size_t word_bytes) {
  const std::uint64_t slots = (std::uint64_t{units} << unit_shift_) / word_bytes;
  most_steps_ = std::clamp(slots * per_slot, fewest_steps, limit_of_most_steps);
  begin_operation();
  for (const std::uint64_t node : ever_) {
    NodeState& state = states_[unit(node)];
    set_live(state, 0);
    for (std::uint64_t i = 1; i < units_of(state.shift); ++i)
      behind_[unit(node) + i] = 0;
    state = {};
  }
  ever_.clear();
}

void Observation::begin_operation() {
  for (const std::uint64_t node : touched_)
    unlist(states_[unit(node)]);
  for (const std::uint64_t node : retired_)
    states_[unit(node)].retired = false;
  replaced_count_ = 0;
  flushes_.clear();
  flush_count_ = 0;
  allocated_.clear();
  retired_.clear();
  former_.clear();
  touched_.clear();
  steps_ = 0;
  step_limit_ = most_steps_;
  complaint_ = nullptr;
  visible_change_ = false;
}

void Observation::unlist(NodeState& state) {
  state.listed = false;
  state.lowest = std::min(state.lowest, state.first);
  state.highest = std::max(state.highest, state.last);
}

void Observation::note_allocated(std::uint64_t node, unsigned shift, unsigned nonzero) {
  NodeState& state = states_[unit(node)];
  if (state.retired)
    former_.push_back(state);
  if (state.serial == 0)
    introduce(node, shift);
  state = {.live = true,
           .listed = state.listed,
           .shift = static_cast<std::uint8_t>(shift),
           .nonzero = static_cast<std::uint16_t>(nonzero),
           .lowest = nonzero != 0 ? std::uint16_t{0} : NodeState::none,
           .highest = nonzero != 0 ? NodeState::none : std::uint16_t{0},
           .serial = ++serial_,
           .address = node};
  set_live(state, 1);
  allocated_.push_back(node);
}

// What a place is stays the same until the end of the program.
void Observation::introduce(std::uint64_t node, unsigned shift) {
  ever_.push_back(node);
  for (std::uint64_t i = 1; i < units_of(shift); ++i)
    behind_[unit(node) + i] = static_cast<std::uint16_t>(i);
}

void Observation::set_live(const NodeState& state, std::uint8_t live) {
  const std::uint64_t first = unit(state.address);
  live_units_[first] = live;
  for (std::uint64_t i = 1; i < units_of(state.shift); ++i)
    live_units_[first + i] = live;
}

void Observation::note_retired(std::uint64_t at) {
  NodeState& state = node(at);
  if (!state.live || state.address != at)
    return complain("a node is retired twice, or was never allocated", at);
  state.live = false;
  set_live(state, 0);
  state.retired = true;
  retired_.push_back(at);
}

void Observation::list(NodeState& state, std::uint16_t index) {
  state.listed = true;
  state.first = state.last = index;
  touched_.push_back(state.address);
}

void Observation::note_stores(NodeState& state, unsigned index, unsigned count, unsigned more) {
  const auto first = static_cast<std::uint16_t>(index), last = static_cast<std::uint16_t>(index + count - 1);
  if (!state.listed)
    list(state, first);
  state.first = std::min(state.first, first);
  state.last = std::max(state.last, last);
  state.nonzero = static_cast<std::uint16_t>(state.nonzero + more);
  steps_ += count;
}

void Observation::note_visible(const NodeState& state, std::uint64_t slot, std::uint16_t index,
                               std::uint64_t before, std::uint64_t after) {
  visible_change_ = true;
  if (before == 0)
    return;
  if (replaced_count_ == quick_.replaced_room) [[unlikely]]
    make_room();
  quick_.replaced[replaced_count_++] = {slot,         before,      after, state.va,   state.serial,
                                        flush_count_, state.space, index, state.level};
}

void Observation::make_room() {
  replaced_.resize(std::max<std::size_t>(64, 2 * replaced_.size()));
  quick_.replaced = replaced_.data();
  quick_.replaced_room = replaced_.size();
}

void Observation::no_progress(std::uint64_t slot) { throw Runaway{"an operation makes no progress", slot}; }

void Observation::complain(const char* what, std::uint64_t address) {
  if (complaint_ != nullptr)
    return;
  complaint_ = what;
  complaint_address_ = address;
}

} // namespace pagetwin::fuzz
