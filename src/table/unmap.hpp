// unmap and unmap_collect: one ascending pass that removes leaves, splits the two that the range cuts, drops
// covered subtrees by one store, and unlinks nodes that emptied. Plain unmap never reads the leaf tables that
// it drops: their counters tell how much was mapped. Knows no bit of a descriptor.
#pragma once

#include "src/table/split.hpp"

namespace pagetwin {

// A leaf that an operation reports: unmap_collect when it was removed, harvest as it is.
struct LeafReport {
  std::uint64_t va;
  PhysAddr frame;
  std::uint64_t bytes;
  Attributes attributes;
  Flags flags;
};

// The sink of plain unmap: nobody looks.
struct Unseen {};

template <Format F, class M, class Sink>
class Unmapper {
  using T = Tree<F, M>;
  using G = Geometry<F>;
  using Node = typename T::Node;
  using Slot = typename T::Slot;
  using Leaf = typename T::Leaf;
  using Raw = typename F::Raw;
  static constexpr bool collects = !std::is_same_v<Sink, Unseen>;

 public:
  Unmapper(T& tree, Sink& sink) : tree_(&tree), splitter_(tree), sink_(&sink) {}

  // Returns the bytes that were mapped. The nodes for the cuts are reserved.
  [[nodiscard]] std::uint64_t run(Range range) {
    clear(tree_->root(), range);
    tree_->pay();
    return bytes_;
  }

 private:
  void clear(Node node, Range range) {
    if (node.level == 0)
      return clear_pages(node, range);
    unsigned removed = 0, markers = 0;
    tree_->for_live_slots(node, range, [&](const Slot& s) -> unsigned {
      switch (s.kind()) {
      case Kind::table:
        return clear_table(s, range);
      case Kind::leaf:
        return clear_leaf(s, range, removed);
      case Kind::hole:
        break;
      }
      return clear_marker(s, range, markers);
    });
    NodeRecord& r = tree_->record(node);
    r.live = static_cast<std::uint16_t>(r.live - removed - markers);
    r.markers = static_cast<std::uint16_t>(r.markers - markers);
  }

  void clear_pages(Node node, Range range) {
    const auto slots = tree_->window(node.at);
    const std::uint64_t first = T::first_page(range.first);
    unsigned removed = 0, others = 0, markers = 0;
    const auto edit = [&](unsigned i, unsigned) -> unsigned {
      if (!T::is_page(slots.load(i)))
        return 0;
      report_page(first + (std::uint64_t{i} << F::page_shift), slots.exchange(i, 0));
      ++removed;
      return 1;
    };
    tree_->for_pages(node, range, edit,
                     [&](const Slot& s) { return clear_apart(s, range, others, markers); });
    if (removed != 0)
      tree_->owe(range, Invalidation::Reach::leaf);
    bytes_ += std::uint64_t{removed} << F::page_shift;
    NodeRecord& r = tree_->record(node);
    r.live = static_cast<std::uint16_t>(r.live - removed - others - markers);
    r.markers = static_cast<std::uint16_t>(r.markers - markers);
  }
  // Returns how many slots were dealt with: a leaf's, a marker's, or those up to the next one.
  [[gnu::noinline]] unsigned clear_apart(const Slot& s, Range range, unsigned& others, unsigned& markers) {
    if (s.kind() == Kind::leaf)
      return clear_leaf(s, range, others);
    return s.marker() != 0 ? clear_marker(s, range, markers) : tree_->holes(s, range);
  }

  unsigned clear_table(const Slot& s, Range range) {
    if (!keeps_empty_nodes<M> && range.covers(s.range())) {
      drop_linked(s);
      return 1;
    }
    clear(s.child(), range.clip(s.range()));
    tree_->reclaim(s);
    return 1;
  }
  unsigned clear_leaf(const Slot& s, Range range, unsigned& removed) {
    const Leaf leaf = tree_->leaf_of(s);
    if (!range.covers(leaf.range())) {
      splitter_.split(leaf);
      return 0;
    }
    const Flags flags = tree_->take(leaf);
    tree_->owe(leaf.range(), Invalidation::Reach::leaf);
    removed += leaf.copies();
    bytes_ += leaf.bytes();
    report(leaf, flags);
    return leaf.copies();
  }
  unsigned clear_marker(const Slot& s, Range range, unsigned& markers) {
    if (!range.covers(s.range())) {
      splitter_.split_marker(s);
      return 0;
    }
    tree_->store(s.at, 0);
    ++markers;
    return 1;
  }

  void drop_linked(const Slot& s) {
    tree_->unlink(s);
    if constexpr (collects) {
      // Hardware sets flags in the dropped leaves until the caches know; only then are they final.
      tree_->pay();
      collect(s.child(), s.va);
      tree_->owe(s.range(), Invalidation::Reach::walk); // nodes that were retired since go with the next sync
    } else {
      drop(s.child());
    }
  }
  // Counts and retires a subtree that is linked no more. Leaf tables are not read.
  void drop(Node node) {
    const NodeRecord& r = tree_->record(node);
    if (node.level == 0) {
      bytes_ += std::uint64_t{static_cast<unsigned>(r.live - r.markers)} << F::page_shift;
    } else {
      const auto slots = tree_->window(node.at);
      unsigned left = r.live;
      for (unsigned i = 0; left != 0;) {
        i = slots.next_live(i, G::entries(node.level));
        const unsigned done = drop_slots(node, slots, i);
        i += done;
        left -= done;
      }
    }
    tree_->retire(node, Contents::stale);
  }
  // Returns how many slots from i on were counted: one, or leaves in a row that differ in their frames only.
  template <class Slots>
  unsigned drop_slots(Node node, const Slots& slots, unsigned i) {
    const Raw word = slots.load(i);
    if (F::kind(word, node.level) == Kind::table)
      drop({F::table(word, node.level), node.level - 1});
    if (F::kind(word, node.level) != Kind::leaf)
      return 1;
    const unsigned count = slots.alike(i, G::entries(node.level), word, G::frame_bits(node.level));
    bytes_ += std::uint64_t{count} << G::span_shift(node.level);
    return count;
  }
  // The same, reporting each leaf.
  void collect(Node node, std::uint64_t va) {
    if (node.level == 0)
      return collect_pages(node, va);
    const Range all{va, va + (G::span(node.level) * G::entries(node.level) - 1)};
    tree_->for_live_slots(node, all, [&](const Slot& s) -> unsigned {
      if (s.kind() == Kind::table)
        collect(s.child(), s.va);
      return s.kind() == Kind::leaf ? collect_leaf(s) : 1;
    });
    tree_->retire(node, Contents::stale);
  }

  void collect_pages(Node node, std::uint64_t first) {
    const auto slots = tree_->window(node.at);
    const Range all{first, first + (G::span(0) * G::entries(0) - 1)};
    unsigned removed = 0;
    const auto edit = [&](unsigned i, unsigned) -> unsigned {
      const Raw word = slots.load(i);
      if (!T::is_page(word))
        return 0;
      report_page(first + (std::uint64_t{i} << F::page_shift), word);
      ++removed;
      return 1;
    };
    tree_->for_pages(node, all, edit, [&](const Slot& s) { return collect_apart(s, all); });
    bytes_ += std::uint64_t{removed} << F::page_shift;
    tree_->retire(node, Contents::stale);
  }
  [[gnu::noinline]] unsigned collect_apart(const Slot& s, Range all) {
    return s.kind() == Kind::leaf ? collect_leaf(s) : tree_->holes(s, all);
  }
  // Returns its slots.
  unsigned collect_leaf(const Slot& s) {
    const Leaf leaf = tree_->leaf_of(s);
    bytes_ += leaf.bytes();
    report(leaf, tree_->flags(leaf));
    return leaf.copies();
  }

  void report_page(std::uint64_t va, Raw word) {
    if constexpr (collects)
      (*sink_)(LeafReport{va, F::frame(word, 0), bytes_of(F::page_shift), F::attributes(word, 0),
                          F::flags(word, 0)});
  }
  void report(const Leaf& leaf, Flags flags) {
    if constexpr (collects)
      (*sink_)(LeafReport{leaf.va, leaf.frame(), leaf.bytes(), leaf.attributes(), flags});
  }

  T* tree_;
  Splitter<F, M> splitter_;
  Sink* sink_;
  std::uint64_t bytes_ = 0;
};

} // namespace pagetwin
