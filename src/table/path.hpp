// The way down to one page: its nodes are made when the page is mapped where none are, and go with the last
// page in them. Knows no bit of a descriptor.
#pragma once

#include "src/table/tree.hpp"

#include <optional>

namespace pagetwin {

template <Format F, class M>
class Path {
  using T = Tree<F, M>;
  using G = Geometry<F>;
  using Node = typename T::Node;
  using Slot = typename T::Slot;
  using Raw = typename F::Raw;

 public:
  // va is a legal input, aligned to a page.
  Path(T& tree, std::uint64_t va) : tree_(&tree), va_(va) {}

  // Makes the nodes that are missing below the first hole, and links them when the page is in them. Nothing
  // where a marker is in the way.
  [[nodiscard, gnu::noinline]] std::optional<Status> map(Raw leaf) {
    return map_below<G::root_level>(tree_->root().at, leaf);
  }
  // The page was the last of its node: that node goes, and those above that emptied with it.
  [[gnu::noinline]] void prune() {
    const unsigned top = prune_from<G::root_level>(tree_->root().at);
    const std::uint64_t first = align_down(va_, G::span_shift(top));
    tree_->pay({first, first + (G::span(top) - 1)}, Invalidation::Reach::walk);
  }

 private:
  template <unsigned Level>
  [[nodiscard, gnu::always_inline]] std::optional<Status> map_below(PhysAddr node, Raw leaf) {
    const Slot s = tree_->slot_of({node, Level}, va_);
    if constexpr (Level > 0) {
      if (s.kind() == Kind::table)
        return map_below<Level - 1>(s.child().at, leaf);
      if (s.is_free()) {
        if (!tree_->reserve(Level))
          return Status::out_of_memory;
        tree_->link(s, make<Level - 1>(leaf));
        return Status::ok;
      }
    }
    return s.kind() == Kind::leaf ? std::optional(Status::overlap) : std::nullopt;
  }
  // A node with one live slot: the page, or the way to it.
  template <unsigned Level>
  [[nodiscard, gnu::always_inline]] Node make(Raw leaf) {
    const Node node = tree_->allocate(Level, Fill::zero);
    const PhysAddr slot = G::slot(node.at, G::index(va_, Level));
    if constexpr (Level == 0) {
      tree_->store(slot, leaf);
      tree_->remember(va_, node.at);
    } else {
      tree_->store(slot, F::to_table(make<Level - 1>(leaf).at, Level));
    }
    tree_->record(node).live = 1;
    return node;
  }
  // Returns the level of the highest slot that was unlinked.
  template <unsigned Level>
  [[nodiscard, gnu::always_inline]] unsigned prune_from(PhysAddr node) {
    if constexpr (Level > 0) {
      const PhysAddr slot = G::slot(node, G::index(va_, Level));
      const Node child{F::table(tree_->load(slot), Level), Level - 1};
      const unsigned top = prune_from<Level - 1>(child.at);
      if (tree_->record(child).live != 0)
        return top;
      tree_->store(slot, 0);
      --tree_->record({node, Level}).live;
      tree_->retire(child, Contents::zero);
      return Level;
    }
    return 0;
  }

  T* tree_;
  std::uint64_t va_;
};

} // namespace pagetwin
