// promote: smaller leaves that together look like one larger leaf become that leaf. Where the format demands
// a break, and of several descriptors always, the old ones are gone for every cache before the new leaf is
// written; elsewhere one store takes the place of the table, both sizes say the same, and nobody faults. The
// flags that hardware sets in the old leaves until no cache knows them are all counted. Knows no bit of a
// descriptor.
#pragma once

#include "src/table/tree.hpp"

namespace pagetwin {

template <Format F, class M>
class Promoter {
  using T = Tree<F, M>;
  using G = Geometry<F>;
  using Node = typename T::Node;
  using Slot = typename T::Slot;
  using Leaf = typename T::Leaf;
  using Raw = typename F::Raw;

 public:
  Promoter(T& tree, std::uint64_t va, unsigned size)
      : tree_(&tree), size_(size), page_(F::sizes[size]), range_{va, va + (page_.bytes() - 1)} {}

  [[nodiscard]] Status run() {
    const Slot s = tree_->descend(range_.first, page_.level);
    if (s.kind() == Kind::leaf && tree_->leaf_of(s).range().covers(range_))
      return Status::ok;
    if (s.level() != page_.level || !is_uniform(s.node) || (keeps_empty_nodes<M> && has_tables(s)))
      return Status::not_uniform;
    merge(s);
    return Status::ok;
  }

 private:
  // Mapped without a gap, frames consecutive from an aligned first one, attributes equal.
  [[nodiscard]] bool is_uniform(Node node) {
    std::uint64_t next = range_.first;
    const bool whole = tree_->for_leaves(node, range_, [&](const Leaf& leaf) {
      if (leaf.va != next)
        return false;
      if (next == range_.first)
        adopt(leaf);
      next = leaf.va + leaf.bytes();
      return raw(leaf.frame()) - raw(frame_) == leaf.va - range_.first && leaf.attributes() == attributes_;
    });
    return whole && next == range_.last + 1 && is_aligned(raw(frame_), page_.log2_bytes);
  }
  // Is there a node below one of the slots that the leaf takes?
  [[nodiscard]] bool has_tables(const Slot& s) const {
    bool any = false;
    for (unsigned i = 0; i < page_.copies(); ++i)
      any = any || F::kind(tree_->load(s.at + i * sizeof(Raw)), s.level()) == Kind::table;
    return any;
  }
  void adopt(const Leaf& first) {
    frame_ = first.frame();
    attributes_ = first.attributes();
  }

  void merge(const Slot& s) {
    const Raw leaf = F::leaf(F::leaf_bits(attributes_, Flags{}, page_), frame_, page_, 0);
    const bool breaks = page_.copies() > 1 || F::needs_break(s.word, leaf, s.level());
    const unsigned before = detach(s, breaks ? 0 : leaf);
    tree_->pay(range_, before == page_.copies() ? Invalidation::Reach::leaf : Invalidation::Reach::walk);
    if (detached_ != 0)
      release_detached();
    if (!breaks)
      return raise(s);
    tree_->fill(s.at, page_.copies(), frame_, F::leaf_bits(attributes_, flags_, page_), page_);
  }
  // The leaf is there, and has what hardware set in it since.
  void raise(const Slot& s) {
    const Raw word = tree_->load(s.at);
    const Flags flags = F::flags(word, s.level());
    if ((flags | flags_) != flags)
      tree_->replace(s.at, word, F::with_flags(word, flags | flags_, s.level()), s.level());
  }
  // Puts `word` into the slots. Nodes below are kept in a list until no cache knows them. Returns how many
  // slots were leaves.
  [[nodiscard]] unsigned detach(const Slot& s, Raw word) {
    unsigned leaves = 0;
    for (unsigned i = 0; i < page_.copies(); ++i) {
      const Raw old = tree_->exchange(s.at + i * sizeof(Raw), word);
      if (F::kind(old, s.level()) == Kind::table) {
        push({F::table(old, s.level()), s.level() - 1});
        continue;
      }
      flags_ = flags_ | F::flags(old, s.level());
      ++leaves;
    }
    return leaves;
  }
  void push(Node node) {
    tree_->record(node).next = detached_;
    detached_ = tree_->memory().pool().link(node.at);
  }
  void release_detached() {
    while (detached_ != 0) {
      const Node node{tree_->memory().pool().at(detached_), page_.level - 1U};
      detached_ = tree_->record(node).next;
      gather(node);
    }
    // Retired after their invalidation was complete, so nothing is left to wait for.
    tree_->memory().sync();
  }
  // ORs the flags of all leaves below, which are final now, and retires the nodes.
  void gather(Node node) {
    const auto slots = tree_->window(node.at);
    for (unsigned i = 0; i < G::entries(node.level); ++i) {
      const Raw word = slots.load(i);
      if (F::kind(word, node.level) == Kind::table)
        gather({F::table(word, node.level), node.level - 1});
      else
        flags_ = flags_ | F::flags(word, node.level);
    }
    tree_->retire(node, Contents::stale);
  }

  T* tree_;
  unsigned size_;
  PageSize page_;
  Range range_;
  PhysAddr frame_{};
  Attributes attributes_{};
  Flags flags_{};
  std::uint32_t detached_ = 0;
};

} // namespace pagetwin
