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
    if (node.level == 0)
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
  void protect_pages(Node node, Range range) {
    const auto slots = tree_->window(node.at);
    const Rights rights = rights_;
    unsigned changed = 0;
    const auto edit = [&](unsigned i, unsigned end) -> unsigned {
      const Raw word = slots.load(i), next = F::with_rights(word, rights, 0);
      if (!T::is_page(word) || F::needs_break(word, next, 0))
        return 0;
      const unsigned count = slots.alike(i, end, word, G::frame_bits(0));
      if (next != word) {
        T::replace_alike(slots, i, count, word, next, 0);
        changed += count;
      }
      return count;
    };
    tree_->for_pages(node, range, edit, [&](const Slot& s) { return protect_apart(s, range); });
    bytes_ += std::uint64_t{changed} << F::page_shift;
    if (changed != 0)
      tree_->owe(range, Invalidation::Reach::leaf);
  }
  [[gnu::noinline]] unsigned protect_apart(const Slot& s, Range range) {
    return s.kind() == Kind::leaf ? protect_leaf(s, range) : tree_->holes(s, range);
  }
  unsigned protect_leaf(const Slot& s, Range range) {
    const Leaf leaf = tree_->leaf_of(s);
    if (keeps(s.word, s.level()))
      return T::slots_left(leaf, s);
    if (!range.covers(leaf.range())) {
      splitter_.split(leaf);
      return 0;
    }
    if (leaf.copies() == 1 && !F::needs_break(s.word, with_rights(s), s.level()))
      return protect_alike(s, range);
    rewrite(leaf);
    bytes_ += leaf.bytes();
    return leaf.copies();
  }
  // A leaf above the pages, with those that follow and differ in their frames only.
  unsigned protect_alike(const Slot& s, Range range) {
    const auto slots = tree_->window(s.at);
    const unsigned count = slots.alike(0, T::whole_slots(s, range), s.word, G::frame_bits(s.level()));
    const std::uint64_t bytes = std::uint64_t{count} << G::span_shift(s.level());
    T::replace_alike(slots, 0, count, s.word, with_rights(s), s.level());
    tree_->owe({s.va, s.va + (bytes - 1)}, Invalidation::Reach::leaf);
    bytes_ += bytes;
    return count;
  }
  [[nodiscard]] Raw with_rights(const Slot& s) const { return F::with_rights(s.word, rights_, s.level()); }
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
