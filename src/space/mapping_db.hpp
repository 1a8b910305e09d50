// The mapping database: of every frame of sigma0's the tree of units derived from it. What is derived from a
// unit hangs where it covers it (DerivedUnits), nested by size, so that all that is derived from a part of a
// unit is found in time proportional to what is found, and no walk needs a stack: each unit knows its parent.
// Where a unit hangs follows from its frame, which the caller knows from the leaf. Knows no table.
#pragma once

#include "src/space/found_unit.hpp"
#include "src/space/mapping_nodes.hpp"
#include "src/space/sizes.hpp"
#include "src/table/node_pool.hpp"
#include "src/table/tree.hpp"

#include <optional>

namespace pagetwin {

// What a walk over derived units is about: those that meet some frames, and are of at least some size.
struct Scope {
  Range frames;
  unsigned least = 0; // its place among the format's sizes
};

template <Format F>
class MappingDb {
  using S = Sizes<F>;

 public:
  // log2 of the bytes of an array, which has a word for each part of what is so large; and of the smallest,
  // which are the units of the pool.
  [[nodiscard]] static constexpr unsigned array_shift(unsigned size) {
    return std::max(S::log2_parts(size) + 2, NodePool::smallest_shift);
  }
  static constexpr unsigned parts_shift = [] {
    unsigned least = array_shift(1);
    for (unsigned size = 2; size < S::count; ++size)
      least = std::min(least, array_shift(size));
    return least;
  }();

  // parts: a pool of arrays.
  MappingDb(std::span<MappingNode> nodes, NodePool& parts) : nodes_(nodes), parts_(&parts) {}

  [[nodiscard]] MappingNodes& nodes() { return nodes_; }
  [[nodiscard]] const MappingNodes& nodes() const { return nodes_; }
  [[nodiscard]] NodePool& parts() { return *parts_; }
  [[nodiscard]] const NodePool& parts() const { return *parts_; }
  [[nodiscard]] MappingNode& operator[](std::uint32_t node) const { return nodes_[node]; }
  [[nodiscard]] static std::uint64_t bytes(const MappingNode& unit) { return S::bytes(unit.size); }
  [[nodiscard]] Range frames(const UnitAt& unit) const {
    return {unit.frame, unit.frame + (bytes(nodes_[unit.node]) - 1)};
  }

  // Hangs the unit below its parent, if it has one. Takes the arrays that are missing on the way.
  void attach(const UnitAt& unit) {
    MappingNode& node = nodes_[unit.node];
    if (node.parent == 0)
      return;
    Place at = root(node.parent);
    for (unsigned size = nodes_[node.parent].size; size > node.size; --size) {
      if (!at.derived->is_array())
        grow(at, size);
      at = part_at(*at.derived, size, unit.frame);
    }
    count(at);
    push(*at.derived, unit.node);
  }
  // Takes the unit from its parent, and gives back the arrays that emptied.
  void detach(const UnitAt& unit) {
    const MappingNode& node = nodes_[unit.node];
    if (node.next != 0)
      nodes_[node.next].prev = node.prev;
    if (node.prev != 0)
      nodes_[node.prev].next = node.next;
    else if (node.parent != 0)
      replace_first(root(node.parent), nodes_[node.parent].size, node, unit.frame);
  }

  // The unit is free, and so are the arrays below it; what hangs there hangs nowhere.
  void forget(std::uint32_t unit) {
    free_arrays(nodes_[unit].derived, nodes_[unit].size);
    nodes_.release(unit);
  }

  // The first of the units of one size that are derived from a unit where this frame is; 0: none.
  [[nodiscard]] std::uint32_t list(std::uint32_t parent, unsigned size, std::uint64_t frame) const {
    const auto at = place(parent, size, frame);
    return at ? first(*at) : 0;
  }
  // Is there an array with the parts of this place?
  [[nodiscard]] bool has_parts(std::uint32_t parent, unsigned size, std::uint64_t frame) const {
    const auto at = place(parent, size, frame);
    return at && at->is_array();
  }

  // The units derived directly from one, in the order of their frames, larger ones first; nothing at the end.
  [[nodiscard]] std::optional<UnitAt> first_child(const UnitAt& of, const Scope& scope) const {
    const MappingNode& parent = nodes_[of.node];
    return find(parent.derived, parent.size, of.frame, scope);
  }
  [[nodiscard]] std::optional<UnitAt> next_child(const UnitAt& after, const Scope& scope) const {
    const MappingNode& node = nodes_[after.node];
    if (node.next != 0)
      return UnitAt{node.next, after.frame};
    if (node.parent == 0)
      return std::nullopt;
    const UnitAt up = parent(after);
    return find_after(nodes_[up.node].derived, nodes_[up.node].size, up.frame, scope, after);
  }
  // All that is derived from a unit, children before their parents; nothing at the end. What comes next is
  // known before a unit goes.
  [[nodiscard]] std::optional<UnitAt> first_derived(const UnitAt& of, const Scope& scope) const {
    const auto child = first_child(of, scope);
    return child ? std::optional(deepest(*child, scope)) : std::nullopt;
  }
  [[nodiscard]] std::optional<UnitAt> next_derived(const UnitAt& after, std::uint32_t of,
                                                   const Scope& scope) const {
    if (const auto sibling = next_child(after, scope))
      return deepest(*sibling, scope);
    return nodes_[after.node].parent == of ? std::nullopt : std::optional(parent(after));
  }

  // The unit becomes the first part of what it was: what was derived from it as a whole is cut off and
  // returned as a list, and the rest is in `pieces`, to be adopted.
  struct Cut {
    std::uint32_t whole; // list
    DerivedUnits pieces; // an array, if anything is derived from any
    unsigned size;       // of what was cut
  };
  [[nodiscard]] Cut cut(std::uint32_t unit) {
    MappingNode& node = nodes_[unit];
    const Cut what{first(node.derived), node.derived, node.size};
    --node.size;
    node.derived = what.pieces.is_array() ? words(what.pieces)[0] : DerivedUnits{};
    return what;
  }
  // The unit is the index-th part; its size says so already.
  void adopt_piece(std::uint32_t unit, const Cut& what, unsigned index) {
    if (!what.pieces.is_array())
      return;
    nodes_[unit].derived = words(what.pieces)[index];
    adopt(unit, nodes_[unit].size, nodes_[unit].derived);
  }
  void finish(const Cut& what) {
    if (what.pieces.is_array())
      free_array(what.pieces, what.size, Contents::stale);
  }
  // The opposite: `first` becomes a unit of the next larger size; from(i): the node that is the i-th part.
  // Takes an array if anything is derived from any part.
  template <class From>
  void join(std::uint32_t first, From&& from) {
    const unsigned size = nodes_[first].size + 1U;
    DerivedUnits all;
    for (unsigned i = 0; i < S::parts(size); ++i)
      if (const DerivedUnits below = nodes_[from(i)].derived; !below.none()) {
        if (all.none())
          all = new_array(size, 0);
        const Place at = part(all, i);
        count(at);
        *at.derived = below;
        adopt(first, size - 1, below);
      }
    nodes_[first].size = static_cast<std::uint8_t>(size);
    nodes_[first].derived = all;
  }

  // The first unit of the list; 0: none.
  [[nodiscard]] std::uint32_t first(const DerivedUnits& at) const {
    return at.is_array() ? record(at).next : at.number();
  }
  // visit(what hangs there) for each part of a place of this size where anything does.
  template <class Visit>
  void for_used(const DerivedUnits& at, unsigned size, Visit&& visit) const {
    if (!at.is_array())
      return;
    const unsigned end = S::parts(size);
    for (unsigned i = next_used(at, 0, end); i < end; i = next_used(at, i + 1, end))
      visit(words(at)[i]);
  }
  // Of an array: how many places are in use, and in `next` the first unit of its list.
  [[nodiscard]] NodeRecord& record(const DerivedUnits& array) const {
    return parts_->record(parts_->at(array.number()));
  }

 private:
  // A place, and what counts the places in use of its array; a unit itself has none.
  struct Place {
    DerivedUnits* derived;
    NodeRecord* of;
  };
  [[nodiscard]] Place root(std::uint32_t unit) const { return {&nodes_[unit].derived, nullptr}; }
  // The part, of what is so large, where the frame is; and the i-th one.
  [[nodiscard]] Place part_at(const DerivedUnits& array, unsigned size, std::uint64_t frame) const {
    return part(array, index(size, frame));
  }
  [[nodiscard]] Place part(const DerivedUnits& array, unsigned i) const {
    return {words(array) + i, &record(array)};
  }
  template <class Word = DerivedUnits>
  [[nodiscard]] Word* words(const DerivedUnits& array) const {
    return parts_->template host<Word>(parts_->at(array.number()));
  }
  // The first of the parts i .. end - 1 where anything hangs, or end.
  [[nodiscard]] unsigned next_used(const DerivedUnits& array, unsigned i, unsigned end) const {
    return next_nonzero(words<std::uint32_t>(array), i, end);
  }
  [[nodiscard]] static unsigned index(unsigned size, std::uint64_t frame) {
    return static_cast<unsigned>(frame >> S::log2(size - 1)) & (S::parts(size) - 1);
  }
  // For the parts of what is so large, with this list.
  [[nodiscard]] DerivedUnits new_array(unsigned size, std::uint32_t first) {
    const PhysAddr array = parts_->allocate(array_shift(size), Fill::zero);
    parts_->record(array).next = first;
    return DerivedUnits::array(parts_->link(array));
  }
  void free_array(const DerivedUnits& array, unsigned size, Contents contents) {
    parts_->release(parts_->at(array.number()), array_shift(size), contents);
  }
  // And those of its parts.
  void free_arrays(const DerivedUnits& at, unsigned size) {
    if (!at.is_array())
      return;
    if (size > 1)
      for_used(at, size, [&](const DerivedUnits& part) { free_arrays(part, size - 1); });
    free_array(at, size, Contents::stale);
  }
  void grow(const Place& at, unsigned size) {
    count(at);
    *at.derived = new_array(size, at.derived->number());
  }
  // The place is about to be used.
  static void count(const Place& at) {
    if (at.of != nullptr && at.derived->none())
      ++at.of->live;
  }
  void set_first(DerivedUnits& at, std::uint32_t unit) {
    if (at.is_array())
      record(at).next = unit;
    else
      at = DerivedUnits::list(unit);
  }
  void push(DerivedUnits& at, std::uint32_t unit) {
    const std::uint32_t behind = first(at);
    nodes_[unit].prev = 0;
    nodes_[unit].next = behind;
    if (behind != 0)
      nodes_[behind].prev = unit;
    set_first(at, unit);
  }

  // What hangs where a unit of this size would; nothing where there is no array with such places.
  [[nodiscard]] std::optional<DerivedUnits> place(std::uint32_t parent, unsigned size,
                                                  std::uint64_t frame) const {
    DerivedUnits at = nodes_[parent].derived;
    for (unsigned i = nodes_[parent].size; i > size; --i) {
      if (!at.is_array())
        return std::nullopt;
      at = words(at)[index(i, frame)];
    }
    return at;
  }
  // The list that begins with the unit, somewhere below this place, begins with the next one now.
  void replace_first(const Place& at, unsigned size, const MappingNode& unit, std::uint64_t frame) {
    if (size == unit.size)
      set_first(*at.derived, unit.next);
    else
      replace_in_parts(*at.derived, size, unit, frame);
    if (at.of != nullptr && at.derived->none())
      --at.of->live;
  }
  void replace_in_parts(DerivedUnits& at, unsigned size, const MappingNode& unit, std::uint64_t frame) {
    replace_first(part_at(at, size, frame), size - 1, unit, frame);
    if (record(at).live != 0)
      return;
    const DerivedUnits rest = DerivedUnits::list(first(at));
    free_array(at, size, Contents::zero);
    at = rest;
  }
  // All that is derived from a place is derived from this unit now.
  void adopt(std::uint32_t unit, unsigned size, const DerivedUnits& below) {
    for (std::uint32_t child = first(below); child != 0; child = nodes_[child].next)
      nodes_[child].parent = unit;
    for_used(below, size, [&](const DerivedUnits& part) { adopt(unit, size - 1, part); });
  }

  [[nodiscard]] UnitAt parent(const UnitAt& unit) const {
    const std::uint32_t up = nodes_[unit.node].parent;
    return {up, align_down(unit.frame, S::log2(nodes_[up].size))};
  }
  [[nodiscard]] UnitAt deepest(UnitAt unit, const Scope& scope) const {
    while (const auto child = first_child(unit, scope))
      unit = *child;
    return unit;
  }
  // The first unit below a place of some size, and the first one after another that is there.
  [[nodiscard]] std::optional<UnitAt> find(const DerivedUnits& at, unsigned size, std::uint64_t frame,
                                           const Scope& scope) const {
    if (const std::uint32_t unit = first(at))
      return UnitAt{unit, frame};
    return find_in_parts(at, size, frame, scope, std::max(frame, scope.frames.first));
  }
  [[nodiscard]] std::optional<UnitAt> find_after(const DerivedUnits& at, unsigned size, std::uint64_t frame,
                                                 const Scope& scope, const UnitAt& after) const {
    if (size == nodes_[after.node].size)
      return find_in_parts(at, size, frame, scope, std::max(frame, scope.frames.first));
    const unsigned i = index(size, after.frame);
    const std::uint64_t there = align_down(after.frame, S::log2(size - 1));
    if (const auto found = find_after(words(at)[i], size - 1, there, scope, after))
      return found;
    const std::uint64_t rest = there + S::bytes(size - 1);
    return i + 1 < S::parts(size) ? find_in_parts(at, size, frame, scope, rest) : std::nullopt;
  }
  // In the parts from the one where `from` is.
  [[nodiscard]] std::optional<UnitAt> find_in_parts(const DerivedUnits& at, unsigned size,
                                                    std::uint64_t frame, const Scope& scope,
                                                    std::uint64_t from) const {
    const std::uint64_t last = std::min(frame + (S::bytes(size) - 1), scope.frames.last);
    if (!at.is_array() || size <= scope.least || from > last)
      return std::nullopt;
    const unsigned end = index(size, last) + 1;
    for (unsigned i = next_used(at, index(size, from), end); i < end; i = next_used(at, i + 1, end))
      if (const auto found = find(words(at)[i], size - 1, frame + i * S::bytes(size - 1), scope))
        return found;
    return std::nullopt;
  }

  MappingNodes nodes_;
  NodePool* parts_;
};

} // namespace pagetwin
