// One page at a time: map, unmap and protect of a single smallest page, straight to its slot, without the
// generality of ranges. Does the plain case and answers nothing where markers, groups of descriptors, larger
// leaves or breaks are in the way: the range operations do those. Knows no bit of a descriptor.
#pragma once

#include "src/table/tree.hpp"

#include <optional>

namespace pagetwin {

template <Format F, class M>
class Page {
  using T = Tree<F, M>;
  using G = Geometry<F>;
  using Node = typename T::Node;
  using Slot = typename T::Slot;
  using Raw = typename F::Raw;

 public:
  static constexpr std::uint64_t bytes = bytes_of(F::page_shift);

  // va is a legal, aligned input.
  Page(T& tree, std::uint64_t va) : tree_(&tree), va_(va) {}

  [[nodiscard, gnu::always_inline]] std::optional<Status> map(PhysAddr pa, const Attributes& attributes) {
    constexpr PageSize size = F::sizes[0];
    const Raw leaf = F::leaf(F::leaf_bits(attributes, Flags{}, size), pa, size, 0);
    if (!tree_->seek(va_))
      return map_apart(leaf);
    const Slot s = tree_->sought(va_);
    if (!is_free(s))
      return s.kind() == Kind::leaf ? std::optional(Status::overlap) : std::nullopt;
    tree_->store(s.at, leaf);
    ++tree_->record(s.node).live;
    return Status::ok;
  }
  // The bytes that were mapped.
  [[nodiscard, gnu::always_inline]] std::optional<std::uint64_t> unmap() {
    if (!tree_->seek(va_))
      return std::nullopt;
    const Slot s = tree_->sought(va_);
    if (!is_single(s))
      return is_free(s) ? std::optional(std::uint64_t{0}) : std::nullopt;
    (void)tree_->exchange(s.at, 0);
    if (--tree_->record(s.node).live == 0)
      prune();
    else
      tree_->pay(s.range(), Invalidation::Reach::leaf);
    return bytes;
  }
  // The bytes whose rights changed.
  [[nodiscard, gnu::always_inline]] std::optional<std::uint64_t> protect(Rights rights) {
    if (!tree_->seek(va_))
      return std::nullopt;
    const Slot s = tree_->sought(va_);
    if (!is_single(s))
      return is_free(s) ? std::optional(std::uint64_t{0}) : std::nullopt;
    const Raw next = F::with_rights(s.word, rights, 0);
    if (next == s.word)
      return 0;
    if (F::needs_break(s.word, next, 0))
      return std::nullopt;
    tree_->replace(s.at, s.word, next, 0);
    tree_->pay(s.range(), Invalidation::Reach::leaf);
    return bytes;
  }

 private:
  [[nodiscard]] static bool is_free(const Slot& s) { return s.kind() == Kind::hole && s.marker() == 0; }
  [[nodiscard]] static bool is_single(const Slot& s) {
    return s.kind() == Kind::leaf && F::log2_copies(s.word, 0) == 0;
  }

  // Tables are missing on the way: they are made below the first hole and linked there when the page is in
  // them.
  [[nodiscard, gnu::noinline]] std::optional<Status> map_apart(Raw leaf) {
    return map_below<G::root_level>(tree_->root().at, leaf);
  }
  template <unsigned Level>
  [[nodiscard, gnu::always_inline]] std::optional<Status> map_below(PhysAddr node, Raw leaf) {
    const Slot s = tree_->slot_of({node, Level}, va_);
    if constexpr (Level > 0) {
      if (s.kind() == Kind::table)
        return map_below<Level - 1>(s.child().at, leaf);
      if (is_free(s)) {
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

  // The page was the last of its node: that node goes, and those above that emptied with it.
  [[gnu::noinline]] void prune() {
    const unsigned top = prune_from<G::root_level>(tree_->root().at);
    const std::uint64_t first = align_down(va_, G::span_shift(top));
    tree_->pay({first, first + (G::span(top) - 1)}, Invalidation::Reach::walk);
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
