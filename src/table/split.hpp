// Splitting: a leaf, or a hole with a marker, rewritten at the next smaller size, so that a part of it can
// change; and how many nodes that takes, which is known before the first store (docs/table.md, "Splitting").
// Knows no bit of a descriptor.
#pragma once

#include "src/table/tree.hpp"

namespace pagetwin {

template <Format F, class M>
class Splitter {
  using T = Tree<F, M>;
  using G = Geometry<F>;
  using Slot = typename T::Slot;
  using Leaf = typename T::Leaf;
  using Raw = typename F::Raw;

 public:
  explicit Splitter(T& tree) : tree_(&tree) {}

  // Nodes that cutting out the range takes. `spares(slot)` says of a leaf or marker whether the edit leaves
  // it whole anyway.
  template <class Spares>
  [[nodiscard]] unsigned nodes_to_cut(Range range, Spares&& spares) const {
    const Slot head = tree_->descend(range.first, 0), tail = tree_->descend(range.last, 0);
    const unsigned from = cut_level(head, range.first, spares), to = cut_level(tail, range.last + 1, spares);
    const unsigned both = head.at == tail.at ? shared(range, std::min(from, to)) : 0;
    return unaligned(range.first, from) + unaligned(range.last + 1, to) - both;
  }

  void split(const Leaf& leaf) {
    const PageSize child = F::sizes[leaf.size - 1];
    if (T::has_groups && child.level == leaf.level())
      return regroup(leaf, child);
    demote(leaf, child);
  }
  // The hole's word goes to every slot of a new node.
  void split_marker(const Slot& s) {
    const auto node = tree_->allocate(s.level() - 1, Fill::any);
    tree_->fill_markers(node, s.marker());
    tree_->link(s, node);
  }

 private:
  // The level of the slot that a cut goes through, 0 when there is nothing to cut.
  template <class Spares>
  [[nodiscard]] static unsigned cut_level(const Slot& s, std::uint64_t, Spares&& spares) {
    return s.is_free() || spares(s) ? 0 : s.level();
  }
  // One node for every level below whose boundary the cut misses.
  [[nodiscard]] static unsigned unaligned(std::uint64_t cut, unsigned level) {
    unsigned nodes = 0;
    for (unsigned l = 1; l <= level; ++l)
      nodes += !is_aligned(cut, G::span_shift(l));
    return nodes;
  }
  // Nodes that both cuts of one leaf go through are made once.
  [[nodiscard]] static unsigned shared(Range range, unsigned level) {
    unsigned nodes = 0;
    for (unsigned l = 1; l <= level; ++l) {
      const unsigned shift = G::span_shift(l);
      const bool both = !is_aligned(range.first, shift) && !is_aligned(range.last + 1, shift);
      nodes += both && align_down(range.first, shift) == align_down(range.last, shift);
    }
    return nodes;
  }

  // Within the node: larger group to smaller group or to single descriptors. Two sizes must never be live at
  // once.
  void regroup(const Leaf& leaf, PageSize child) {
    const Flags flags = tree_->take(leaf);
    tree_->pay_between(leaf.range(), Invalidation::Reach::leaf);
    tree_->fill(leaf.slot, leaf.copies(), leaf.frame(), F::leaf_bits(leaf.attributes(), flags, child), child);
  }
  // Into a new node below, filled before it is linked.
  void demote(const Leaf& leaf, PageSize child) {
    const auto node = tree_->allocate(leaf.level() - 1, Fill::any);
    const Raw link = F::to_table(node.at, leaf.level());
    const bool breaks = F::needs_break(leaf.word, link, leaf.level());
    const Flags flags = breaks ? break_leaf(leaf) : F::flags(leaf.word, leaf.level());
    fill_node(node, leaf, flags, child);
    if (breaks)
      return tree_->store(leaf.slot, link);
    const Flags late = F::flags(tree_->exchange(leaf.slot, link), leaf.level());
    tree_->owe(leaf.range(), Invalidation::Reach::leaf);
    if ((late | flags) != flags)
      raise(node, late);
  }
  [[nodiscard]] Flags break_leaf(const Leaf& leaf) {
    const Flags flags = tree_->take(leaf);
    tree_->pay_between(leaf.range(), Invalidation::Reach::leaf);
    return flags;
  }
  void fill_node(typename T::Node node, const Leaf& leaf, Flags flags, PageSize child) {
    const unsigned entries = G::entries(node.level);
    tree_->fill(node.at, entries, leaf.frame(), F::leaf_bits(leaf.attributes(), flags, child), child);
    tree_->record(node).live = static_cast<std::uint16_t>(entries);
  }
  // Hardware set flags in the leaf after its children were built.
  void raise(typename T::Node node, Flags late) {
    const auto slots = tree_->window(node.at);
    for (unsigned i = 0; i < G::entries(node.level); ++i) {
      const Raw word = slots.load(i);
      T::replace(slots, i, word, F::with_flags(word, F::flags(word, node.level) | late, node.level),
                 node.level);
    }
  }

  T* tree_;
};

} // namespace pagetwin
