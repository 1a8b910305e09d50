// protect: other rights for the leaves of a range. A leaf that the range cuts is split first, unless it
// already has the rights asked for. Knows no bit of a descriptor.
#pragma once

#include "src/table/rewrite.hpp"
#include "src/table/split.hpp"

namespace pagetwin {

template <Format F, class M>
class Protector {
  using T = Tree<F, M>;
  using G = Geometry<F>;
  using Node = typename T::Node;
  using Slot = typename T::Slot;
  using Leaf = typename T::Leaf;
  using Raw = typename F::Raw;

 public:
  Protector(T& tree, Rights rights) : tree_(&tree), splitter_(tree), rights_(rights) {}

  [[nodiscard]] unsigned nodes_needed(Range range) const {
    return splitter_.nodes_to_cut(
        range, [this](const Slot& s) { return s.kind() == Kind::hole || keeps(s.word, s.level()); });
  }
  // Returns the bytes whose rights changed. The nodes for the cuts are reserved.
  [[nodiscard]] std::uint64_t run(Range range) {
    protect(tree_->root(), range);
    tree_->pay();
    return bytes_;
  }

 private:
  [[nodiscard]] bool keeps(Raw word, unsigned level) const {
    return F::attributes(word, level).rights == rights_;
  }

  void protect(Node node, Range range) {
    if (!T::has_groups && node.level == 0)
      return protect_pages(node, range);
    tree_->for_live_slots(node, range, [&](const Slot& s) -> unsigned {
      if (s.kind() == Kind::hole)
        return 1;
      if (s.kind() == Kind::leaf)
        return protect_leaf(s, range);
      protect(s.child(), range.clip(s.range()));
      return 1;
    });
  }
  // A node of pages: nothing to split and nothing below, so that the loop stays tight.
  void protect_pages(Node node, Range range) {
    const auto slots = tree_->window(node.at);
    const unsigned first = G::index(range.first, 0), last = G::index(range.last, 0);
    unsigned changed = 0;
    for (unsigned i = first; i <= last; ++i) {
      const Raw word = slots.load(i), next = F::with_rights(word, rights_, 0);
      if (F::kind(word, 0) != Kind::leaf || next == word)
        continue;
      if (F::needs_break(word, next, 0))
        rewrite(
            tree_->leaf_of(tree_->slot_of(node, range.first + (std::uint64_t{i - first} << F::page_shift))));
      else
        T::replace(slots, i, word, next, 0);
      ++changed;
    }
    bytes_ += std::uint64_t{changed} << F::page_shift;
    if (changed != 0)
      tree_->owe(range, Invalidation::Reach::leaf);
  }
  unsigned protect_leaf(const Slot& s, Range range) {
    const Leaf leaf = tree_->leaf_of(s);
    if (keeps(s.word, s.level()))
      return T::slots_left(leaf, s);
    if (!range.covers(leaf.range())) {
      splitter_.split(leaf);
      return 0;
    }
    rewrite(leaf);
    bytes_ += leaf.bytes();
    return leaf.copies();
  }
  void rewrite(const Leaf& leaf) {
    Attributes attributes = leaf.attributes();
    attributes.rights = rights_;
    rewrite_leaf(*tree_, leaf, attributes, leaf.frame(), KeepFlags::yes);
  }

  T* tree_;
  Splitter<F, M> splitter_;
  Rights rights_;
  std::uint64_t bytes_ = 0;
};

} // namespace pagetwin
