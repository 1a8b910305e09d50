// unmap_marking: unmap that leaves a marker in the place of each leaf, by the one store that removes it. No
// node is linked or unlinked, but where a leaf is cut. Knows no bit of a descriptor.
#pragma once

#include "src/table/split.hpp"

namespace pagetwin {

template <Format F, class M>
class MarkingUnmapper {
  using T = Tree<F, M>;
  using Node = typename T::Node;
  using Slot = typename T::Slot;
  using Leaf = typename T::Leaf;
  using Raw = typename F::Raw;

 public:
  // word is not 0.
  MarkingUnmapper(T& tree, std::uint32_t word) : tree_(&tree), splitter_(tree), word_(word) {}

  // Returns the bytes that were mapped. The nodes for the cuts are reserved.
  [[nodiscard]] std::uint64_t run(Range range) {
    mark(tree_->root(), range);
    tree_->pay();
    return bytes_;
  }

 private:
  void mark(Node node, Range range) {
    unsigned marked = 0;
    tree_->for_live_slots(node, range, [&](const Slot& s) -> unsigned {
      if (s.kind() == Kind::table)
        mark(s.child(), range.clip(s.range()));
      return s.kind() == Kind::leaf ? mark_leaf(s, range, marked) : 1;
    });
    NodeRecord& r = tree_->record(node);
    r.markers = static_cast<std::uint16_t>(r.markers + marked);
  }
  // Returns how many slots were dealt with; none when the leaf was split and is seen again.
  unsigned mark_leaf(const Slot& s, Range range, unsigned& marked) {
    const Leaf leaf = tree_->leaf_of(s);
    if (!range.covers(leaf.range())) {
      splitter_.split(leaf);
      return 0;
    }
    for (unsigned i = 0; i < leaf.copies(); ++i)
      (void)tree_->exchange(leaf.slot + i * sizeof(Raw), F::to_marker(word_, leaf.level()));
    tree_->owe(leaf.range(), Invalidation::Reach::leaf);
    bytes_ += leaf.bytes();
    marked += leaf.copies();
    return leaf.copies();
  }

  T* tree_;
  Splitter<F, M> splitter_;
  std::uint32_t word_;
  std::uint64_t bytes_ = 0;
};

} // namespace pagetwin
