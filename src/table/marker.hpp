// Markers: a software word in a hole, for reservations and owners. It lives in one descriptor where the hole
// is a whole slot, and in as many as the range has slots otherwise. Knows no bit of a descriptor.
#pragma once

#include "src/table/tree.hpp"

namespace pagetwin {

template <Format F, class M>
class Marker {
  using T = Tree<F, M>;
  using G = Geometry<F>;
  using Node = typename T::Node;
  using Slot = typename T::Slot;

 public:
  explicit Marker(T& tree) : tree_(&tree) {}

  [[nodiscard]] bool is_mapped(Range range) {
    return !tree_->for_leaves(tree_->root(), range, [](const auto&) { return false; });
  }
  // The word of the whole range, or nothing when it differs within. The range holds no leaf.
  [[nodiscard]] std::optional<std::uint32_t> read(Range range) {
    seen_.reset();
    return scan(tree_->root(), range) ? seen_ : std::nullopt;
  }
  // Nodes between the deepest one there is and the level that the range's size lives on.
  [[nodiscard]] unsigned nodes_needed(std::uint64_t va, unsigned level) const {
    return tree_->descend(va, level).level() - level;
  }
  // The nodes are reserved and the range, one page size of `level`, holds no leaf. word is not 0.
  void write(Range range, unsigned level, std::uint32_t word) {
    write_slots(reach(range.first, level), range, word);
    tree_->pay();
  }

 private:
  [[nodiscard]] bool scan(Node node, Range range) {
    bool same = true;
    tree_->for_slots(node, range, [&](const Slot& s) -> unsigned {
      if (s.kind() == Kind::table)
        same = same && scan(s.child(), range.clip(s.range()));
      else
        same = same && s.marker() == seen_.value_or(s.marker());
      if (s.kind() == Kind::hole)
        seen_ = s.marker();
      return same ? 1 : G::entries(s.level());
    });
    return same;
  }
  // The node of `level` on the way to va, made where it is missing. A marker above is handed down.
  [[nodiscard]] Node reach(std::uint64_t va, unsigned level) {
    Slot s = tree_->descend(va, level);
    while (s.level() > level) {
      const bool marked = s.marker() != 0;
      const Node node = tree_->allocate(s.level() - 1, marked ? Fill::any : Fill::zero);
      if (marked)
        tree_->fill_markers(node, s.marker());
      tree_->link(s, node);
      s = tree_->slot_of(node, va);
    }
    return s.node;
  }
  void write_slots(Node node, Range range, std::uint32_t word) {
    tree_->for_slots(node, range, [&](const Slot& s) -> unsigned {
      if (s.kind() == Kind::table)
        return write_below(s, word);
      NodeRecord& r = tree_->record(node);
      if (s.marker() == 0) {
        ++r.live;
        ++r.markers;
      }
      tree_->store(s.at, F::to_marker(word, node.level));
      return 1;
    });
  }
  // A node that stays has the word in its slots. Otherwise the slot is a hole when it is seen again.
  unsigned write_below(const Slot& s, std::uint32_t word) {
    if constexpr (keeps_empty_nodes<M>) {
      write_slots(s.child(), s.range(), word);
      return 1;
    }
    tree_->drop_markers(s);
    return 0;
  }

  T* tree_;
  std::optional<std::uint32_t> seen_;
};

} // namespace pagetwin
