// How many table nodes, mapping nodes and arrays of parts an operation can need, found out before its first
// change, so that it fails as a whole or not at all (docs/l4.md, `out_of_memory`). What it asks for is never
// too little. It may be too much where units of several sizes meet: then one step of a transfer can split
// what a later one would have taken whole, and each unit that can be split counts as if it were, for every
// step, down to the smallest step that there can be. Changes nothing.
#pragma once

#include "src/space/transfer.hpp"

namespace pagetwin {

// What was freed in the operation itself can be taken again, nodes after a sync.
struct Needs {
  std::uint64_t nodes = 0; // of tables, below the root
  std::uint64_t mappings = 0;
  NodePool::Demand parts{}; // arrays
};

template <Format F, class M>
class SpaceNeeds {
  using G = Geometry<F>;
  using S = Sizes<F>;

 public:
  explicit SpaceNeeds(Units<F, M>& units) : units_(&units), db_(&units.db()) {}

  // Nodes for one leaf.
  [[nodiscard]] Needs of_leaf(unsigned space, std::uint64_t va, unsigned size) const {
    return {units_->table(space).nodes_to_map(VirtAddr{va}, S::bytes(size)), 1, {}};
  }
  // One of these, once.
  [[nodiscard]] const Needs& of_revocation(unsigned space, const Range& range, Revoke what, Rights mask) {
    begin(range.last - range.first + 1, 1);
    smallest_ = S::within(length_);
    const auto unit = units_->next(space, range);
    if (!unit || unit->is_area() || range.covers(unit->range) || !loses(unit->node, mask))
      return needs_; // only one unit can stick out, and then there is no other
    const Scope scope{unit->frames_of(range), smallest_ + 1};
    if (what == Revoke::all)
      count_split(unit->at(), scope.frames);
    else
      count_derived(*unit, scope, mask);
    return needs_;
  }
  [[nodiscard]] const Needs& of_transfer(const Move& move) {
    begin(move.bytes, 0);
    survey(move);
    if (steps_ == 0)
      return needs_;
    needs_.mappings += steps_;
    needs_.nodes += nodes_to_lay(move.to, move.to_va);
    units_->for_each(move.from, move.source(), [&](const FoundUnit& unit) {
      if (!loses(unit.node, move.mask))
        return;
      count_source(unit, move);
      count_destination(unit, move);
    });
    return needs_;
  }

 private:
  void begin(std::uint64_t length, std::uint64_t steps) {
    length_ = length;
    steps_ = steps;
  }
  [[nodiscard]] bool loses(std::uint32_t node, Rights mask) const {
    return ((*db_)[node].rights & mask) != Rights::none;
  }

  // The smallest step that there can be, and how many.
  void survey(const Move& move) {
    std::uint64_t bytes = 0;
    smallest_ = S::within(length_);
    units_->for_each(move.from, move.source(), [&](const FoundUnit& unit) {
      if (!loses(unit.node, move.mask))
        return;
      const Range part = move.source().clip(unit.range);
      bytes += part.last - part.first + 1;
      smallest_ = units_->next_area(move.to, move.destination(part)) ? 0 : std::min(smallest_, unit.size);
    });
    steps_ = bytes >> S::log2(smallest_);
  }
  void count_source(const FoundUnit& unit, const Move& move) {
    const bool is_map = move.kind == TransferKind::map;
    const Range frames = unit.frames_of(move.source().clip(unit.range));
    count_parts(is_map ? unit.node : (*db_)[unit.node].parent, unit.size, frames);
    if (!is_map && unit.size > smallest_)
      count_units(unit.at(), frames);
  }
  // What lies where a unit goes, and is larger than the smallest step.
  void count_destination(const FoundUnit& unit, const Move& move) {
    const Range to = move.destination(move.source().clip(unit.range));
    units_->for_each(move.to, to, [&](const FoundUnit& old) {
      if (old.size > smallest_ && old.node != last_)
        count_split(old.at(), old.frames_of(move.destination(move.source()).clip(old.range)));
      last_ = old.node;
    });
  }
  // Nodes that leaves of the smallest size take in a table.
  [[nodiscard]] std::uint64_t nodes_to_lay(unsigned space, std::uint64_t va) const {
    std::uint64_t nodes = 0;
    const unsigned least = F::sizes[smallest_].level;
    const auto there = units_->table(space).tree().descend(va, least);
    // A larger leaf that is there is split, and its nodes count as those of the split.
    const unsigned missing = there.kind() == Kind::leaf ? least : there.level();
    for (unsigned level = least; level < G::root_level; ++level) {
      const std::uint64_t spanned = length_ >> G::span_shift(level + 1);
      nodes += spanned <= 1 ? level < missing : std::min(steps_, spanned);
    }
    return nodes;
  }

  // A unit is split where these frames are, with all that is derived from it and larger than the parts.
  void count_split(const UnitAt& unit, const Range& frames) {
    count_parts((*db_)[unit.node].parent, (*db_)[unit.node].size, frames);
    count_units(unit, frames);
  }
  void count_units(const UnitAt& unit, const Range& frames) {
    const Scope scope{frames, smallest_ + 1};
    count_unit((*db_)[unit.node].size);
    for (auto next = db_->first_derived(unit, scope); next; next = db_->next_derived(*next, unit.node, scope))
      count_unit((*db_)[next->node].size);
  }
  // The parts and the nodes that one unit of this size can become: cut by each step, or altogether.
  void count_unit(unsigned size) {
    const std::uint64_t bytes = std::min(length_, S::bytes(size));
    std::uint64_t once = 0, parts = bytes >> S::log2(smallest_);
    for (unsigned i = smallest_ + 1; i <= size; ++i) {
      once += S::parts(i) - 1;
      parts += S::bytes(i) > length_ ? S::parts(i) : 0;
    }
    needs_.mappings += std::min(steps_ * once, parts);
    const unsigned from = F::sizes[smallest_].level, to = F::sizes[size].level;
    std::uint64_t nodes = 0;
    for (unsigned level = from; level < to; ++level)
      nodes += std::max<std::uint64_t>(1, bytes >> G::span_shift(level + 1));
    needs_.nodes += std::min(steps_ * (to - from), nodes);
  }
  // Arrays for smaller units than `size` below a unit, where these frames are.
  void count_parts(std::uint32_t parent, unsigned size, const Range& frames) {
    const std::uint64_t bytes = frames.last - frames.first + 1;
    for (unsigned i = smallest_ + 1; parent != 0 && i <= size; ++i)
      needs_.parts.add(MappingDb<F>::array_shift(i),
                       bytes > S::bytes(i) ? std::min(steps_, bytes >> S::log2(i))
                                           : std::uint64_t{!db_->has_parts(parent, i, frames.first)});
  }
  // Units that hang where a unit covers these frames, when they lose rights in a part.
  void count_derived(const FoundUnit& unit, const Scope& scope, Rights mask) {
    unsigned largest = 0;
    for (auto child = db_->first_child(unit.at(), scope); child; child = db_->next_child(*child, scope)) {
      if (!loses(child->node, mask))
        continue;
      largest = std::max<unsigned>(largest, (*db_)[child->node].size);
      count_units(*child, scope.frames);
    }
    count_parts(unit.node, largest, scope.frames);
  }

  Units<F, M>* units_;
  MappingDb<F>* db_;
  Needs needs_;
  std::uint64_t length_ = 0, steps_ = 0;
  unsigned smallest_ = 0;
  std::uint32_t last_ = 0; // the unit of the destination that was counted last
};

} // namespace pagetwin
