// PTEs in the slots of a tree's nodes: what a slot holds in the paper's words, pages that are made, change,
// vanish and are split where they are, and their link words. Those that hardware may see are leaves, as
// src/table makes them; the others hide in markers (pte.hpp). It refuses to know how slots are found, and any
// bit of a descriptor.
#pragma once

#include "src/space/link_node.hpp"
#include "src/space/pte.hpp"
#include "src/table/rewrite.hpp"
#include "src/table/split.hpp"

namespace pagetwin {

// Edits owe caches what they change; the caller pays. Nodes were reserved.
template <Format F, class M, class Words>
class PteSlots {
  using G = Geometry<F>;
  using T = Tree<F, M>;
  using Slot = typename T::Slot;
  using Node = typename T::Node;
  using Raw = typename F::Raw;

 public:
  explicit PteSlots(T& tree) : tree_(&tree) {}

  [[nodiscard]] static bool is_valid(const Slot& s) { return !s.is_free(); }
  [[nodiscard]] static bool is_subtree(const Slot& s) { return s.kind() == Kind::table; }
  // The slot of a PTE, a leaf or a hole that hides one.
  [[nodiscard]] static unsigned size_of(const Slot& s) {
    return s.kind() == Kind::leaf ? G::size_of(s.word, s.level()) : Words::hidden_size(s.marker(), s.level());
  }
  [[nodiscard]] static Pte pte_of(const Slot& s) { return pte_of(s, size_of(s)); }
  [[nodiscard]] static Pte pte_of(const Slot& s, unsigned size) {
    const std::uint64_t va = align_down(s.va, F::sizes[size].log2_bytes);
    return {G::slot(s.node.at, G::index(va, s.level())), va, size};
  }
  [[nodiscard]] static PteFields fields_of(const Slot& s) {
    return s.kind() == Kind::leaf ? Words::of_leaf(s.word, s.level())
                                  : Words::of_hole(s.marker(), F::sizes[size_of(s)]);
  }

  // The slot holds the table afterwards.
  void make_subtree(Slot& s) {
    tree_->link(s, tree_->allocate(s.level() - 1, Fill::zero));
    s.word = tree_->load(s.at);
  }
  // A new PTE, without rights. False: another page of its node is in the way.
  [[nodiscard]] bool make(Node node, const Pte& pte) {
    const PageSize page = F::sizes[pte.size];
    for (unsigned i = 0; i < page.copies(); ++i)
      if (tree_->load(pte.name + i * sizeof(Raw)) != 0)
        return false;
    hide(node, pte.name, page, {});
    NodeRecord& r = tree_->record(node);
    r.live = static_cast<std::uint16_t>(r.live + page.copies());
    return true;
  }
  // Other fields for a PTE, shown or hidden before and after.
  void rewrite(const Slot& s, PageSize page, const PteFields& next) {
    const PhysAddr first = pte_of(s).name;
    const bool shown = s.kind() == Kind::leaf, shows = Words::shows(next);
    if (shown && shows)
      return rewrite_leaf(*tree_, tree_->leaf_of(s), Words::attributes(next), next.frame,
                          fields_of(s).frame == next.frame ? KeepFlags::yes : KeepFlags::no);
    if (shown)
      take(tree_->leaf_of(s));
    else
      unhide(s.node, page);
    if (!shows)
      return hide(s.node, first, page, next);
    tree_->fill(first, page.copies(), next.frame, F::leaf_bits(Words::attributes(next), Flags{}, page), page);
  }
  // Nothing is there afterwards; the node may be empty.
  void clear(const Slot& s) {
    const PageSize page = F::sizes[size_of(s)];
    const PhysAddr first = pte_of(s).name;
    if (s.kind() == Kind::leaf) {
      take(tree_->leaf_of(s));
    } else {
      for (unsigned i = 0; i < page.copies(); ++i)
        tree_->store(first + i * sizeof(Raw), 0);
      unhide(s.node, page);
    }
    NodeRecord& r = tree_->record(s.node);
    r.live = static_cast<std::uint16_t>(r.live - page.copies());
  }

  // Into parts of the next smaller size.
  void split(const Slot& s, PageSize part) {
    if (s.kind() == Kind::leaf)
      return Splitter<F, M>(*tree_).split(tree_->leaf_of(s));
    const PteFields whole = fields_of(s);
    if (part.level == s.level())
      return hide_parts(pte_of(s).name, F::sizes[size_of(s)].copies(), part, whole);
    const Node node = tree_->allocate(part.level, Fill::any);
    hide_parts(node.at, G::entries(part.level), part, whole);
    NodeRecord& r = tree_->record(node);
    r.live = r.markers = static_cast<std::uint16_t>(G::entries(part.level));
    tree_->link(s, node);
  }

  // The link word of a PTE, that of its first descriptor. It is no descriptor, and goes past the policy.
  [[nodiscard]] static Raw& link(const M& memory, const Pte& pte) {
    return LinkNode<F>::of(memory, pte.name);
  }
  [[nodiscard]] Raw& link(const Pte& pte) { return link(tree_->memory(), pte); }
  // Parts are in one node, each with a link word of its own.
  void link_parts(const Pte& whole, PageSize part, Raw word) {
    const Pte first = pte_of(tree_->descend(whole.va, part.level));
    const std::uint64_t count = F::sizes[whole.size].bytes() / part.bytes();
    for (std::uint64_t i = 0; i < count; ++i)
      link(first.name + i * part.copies() * sizeof(Raw)) = word;
  }
  void clear_links(Node node) {
    const auto slots = tree_->window(node.at);
    const unsigned end = G::entries(node.level);
    for (unsigned i = slots.next_live(0, end); i < end; i = slots.next_live(i + 1, end)) {
      const Raw word = slots.load(i);
      if (F::kind(word, node.level) == Kind::table)
        clear_links({F::table(word, node.level), node.level - 1});
      else
        link(G::slot(node.at, i)) = 0;
    }
  }

 private:
  [[nodiscard]] Raw& link(PhysAddr slot) { return LinkNode<F>::of(tree_->memory(), slot); }
  // Words of holes, in all slots of a page that hardware sees nothing of.
  void hide(Node node, PhysAddr first, PageSize page, const PteFields& f) {
    for (unsigned i = 0; i < page.copies(); ++i)
      tree_->store(first + i * sizeof(Raw), Words::hole(f, page));
    NodeRecord& r = tree_->record(node);
    r.markers = static_cast<std::uint16_t>(r.markers + page.copies());
  }
  // They hold something else from now on.
  void unhide(Node node, PageSize page) {
    NodeRecord& r = tree_->record(node);
    r.markers = static_cast<std::uint16_t>(r.markers - page.copies());
  }

  // Holes in place of a leaf, of which every cache is told.
  void take(const typename T::Leaf& leaf) {
    (void)tree_->take(leaf);
    tree_->owe(leaf.range(), Invalidation::Reach::leaf);
  }
  // `count` slots become parts that hide, over consecutive frames; they are counted already.
  void hide_parts(PhysAddr first, unsigned count, PageSize part, PteFields fields) {
    for (unsigned i = 0; i < count; ++i) {
      tree_->store(first + i * sizeof(Raw), Words::hole(fields, part));
      if ((i + 1) % part.copies() == 0)
        fields.frame = fields.frame + part.bytes();
    }
  }

  T* tree_;
};

} // namespace pagetwin
