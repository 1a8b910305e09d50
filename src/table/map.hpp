// map and map_range: a survey that finds overlaps and counts the nodes that are missing, then a pass that
// lays the leaves. Between the two nothing can fail. Nodes that the range fills completely are not zeroed
// first; a node is linked after it was filled. Knows no bit of a descriptor.
#pragma once

#include "src/table/tree.hpp"

namespace pagetwin {

template <Format F, class M>
class Mapper {
  using T = Tree<F, M>;
  using G = Geometry<F>;
  using Node = typename T::Node;
  using Slot = typename T::Slot;
  using Raw = typename F::Raw;

 public:
  // Leaves of at most sizes[largest]; va and pa are congruent modulo that size, so every smaller size fits by
  // alignment of va alone.
  Mapper(T& tree, std::uint64_t va, PhysAddr pa, const Attributes& attributes, unsigned largest)
      : tree_(&tree), offset_(raw(pa) - va), largest_(largest), top_level_(F::sizes[largest].level) {
    for (unsigned i = 0; i <= largest; ++i)
      bits_[i] = F::leaf_bits(attributes, Flags{}, F::sizes[i]);
    for (unsigned level = top_level_ + 1; level < F::levels; ++level)
      whole_below_[level] = 1 + G::entries(level - 1) * whole_below_[level - 1];
  }

  [[nodiscard]] Status run(Range range) {
    if (!survey(tree_->root(), range))
      return Status::overlap;
    if (!tree_->reserve(missing_))
      return Status::out_of_memory;
    lay<Slots::existing>(tree_->root(), range);
    tree_->pay();
    return Status::ok;
  }

 private:
  // Counts missing nodes. False when a byte of the range is mapped.
  [[nodiscard]] bool survey(Node node, Range range) {
    bool free = true;
    tree_->for_slots(node, range, [&](const Slot& s) -> unsigned {
      const Range part = range.clip(s.range());
      if (s.kind() == Kind::hole) {
        missing_ += absent(s.level(), part);
        cluttered_ = cluttered_ || s.marker() != 0;
      } else {
        free = free && s.kind() == Kind::table && survey_table(s, part);
      }
      // A slot that shows a mapping ends the search: the whole rest of the node counts as seen.
      return free ? 1 : G::entries(s.level());
    });
    return free;
  }
  [[nodiscard]] bool survey_table(const Slot& s, Range part) {
    if (!takes_leaf(s, part))
      return survey(s.child(), part);
    if (keeps_empty_nodes<M>)
      return false;
    // Only markers can be below; the leaf replaces the subtree.
    cluttered_ = true;
    return tree_->for_leaves(s.child(), part, [](const auto&) { return false; });
  }
  [[nodiscard]] bool takes_leaf(const Slot& s, Range part) const {
    return s.level() <= top_level_ && part.covers(s.range());
  }

  // Nodes that a part of a slot without a node needs.
  [[nodiscard]] std::uint64_t absent(unsigned level, Range part) const {
    if (level == 0 || (level <= top_level_ && is_whole(level, part)))
      return 0;
    const unsigned below = level - 1, shift = G::span_shift(below);
    const std::uint64_t slots = (part.last >> shift) - (part.first >> shift) + 1;
    const std::uint64_t head = align_down(part.first, shift), tail = align_down(part.last, shift);
    if (slots == 1)
      return 1 + absent(below, part);
    return 1 + absent(below, {part.first, head + (G::span(below) - 1)}) + absent(below, {tail, part.last})
           + (slots - 2) * whole_below_[below];
  }
  [[nodiscard]] static bool is_whole(unsigned level, Range part) {
    return is_aligned(part.first, G::span_shift(level)) && part.last - part.first == G::span(level) - 1;
  }

  // What the slots of a node hold before leaves are laid over them: what memory says, or nothing because the
  // node is new.
  enum class Slots : std::uint8_t { existing, fresh };

  template <Slots State>
  void lay(Node node, Range range) {
    unsigned laid = 0;
    const auto visit = [&](const Slot& s) -> unsigned {
      const Range part = range.clip(s.range());
      if (!takes_leaf(s, part))
        return lay_below(s, part);
      const unsigned count = T::whole_slots(s, range);
      laid += count;
      if (State == Slots::existing && cluttered_)
        laid -= declutter(s, count);
      lay_leaves(s, count);
      return count;
    };
    if constexpr (State == Slots::fresh)
      tree_->for_fresh_slots(node, range, visit);
    else
      tree_->for_slots(node, range, visit);
    NodeRecord& r = tree_->record(node);
    r.live = static_cast<std::uint16_t>(r.live + laid);
  }
  void lay_leaves(const Slot& s, unsigned count) {
    const unsigned index = G::index(s.va, s.level());
    for (unsigned done = 0; done < count;)
      done += lay_run(s, index + done, count - done);
  }
  // Leaves of one size from slot `index`: the largest that is aligned and fits, as long as it stays the
  // largest.
  unsigned lay_run(const Slot& s, unsigned index, unsigned count) {
    const unsigned size = size_at(s.level(), index, count);
    const PageSize page = F::sizes[size];
    unsigned run = count;
    if (T::has_groups)
      run = size == largest_at(s.level()) ? count & ~(page.copies() - 1) : page.copies();
    const unsigned first = G::index(s.va, s.level());
    const std::uint64_t va = s.va + (std::uint64_t{index - first} << G::span_shift(s.level()));
    tree_->fill(G::slot(s.node.at, index), run, PhysAddr{va + offset_}, bits_[size], page);
    return run;
  }
  [[nodiscard]] unsigned largest_at(unsigned level) const {
    unsigned size = largest_;
    while (F::sizes[size].level > level)
      --size;
    return size;
  }
  [[nodiscard]] unsigned size_at(unsigned level, unsigned index, unsigned count) const {
    unsigned size = largest_at(level);
    if constexpr (T::has_groups)
      while (F::sizes[size].copies() > count || !is_aligned(index, F::sizes[size].log2_copies))
        --size;
    return size;
  }
  // Removes markers, and subtrees that hold nothing else, from slots that get leaves. Returns how many slots
  // were live before.
  [[nodiscard]] unsigned declutter(const Slot& first, unsigned count) {
    unsigned live = 0;
    for (unsigned i = 0; i < count; ++i) {
      const Slot s =
          tree_->slot_of(first.node, first.va + (std::uint64_t{i} << G::span_shift(first.level())));
      if (s.kind() == Kind::table)
        tree_->drop_markers(s);
      if (s.kind() != Kind::hole || s.marker() == 0)
        continue;
      ++live;
      --tree_->record(s.node).markers;
    }
    return live;
  }
  unsigned lay_below(const Slot& s, Range part) {
    if (s.kind() == Kind::table) {
      lay<Slots::existing>(s.child(), part);
      return 1;
    }
    const bool whole = part.covers(s.range());
    const bool keeps_marker = s.marker() != 0 && !whole;
    const Node node = tree_->allocate(s.level() - 1, whole || keeps_marker ? Fill::any : Fill::zero);
    if (keeps_marker) {
      tree_->fill_markers(node, s.marker());
      lay<Slots::existing>(node, part);
    } else {
      lay<Slots::fresh>(node, part);
    }
    tree_->link(s, node);
    return 1;
  }

  T* tree_;
  std::uint64_t offset_; // pa - va
  unsigned largest_, top_level_;
  std::uint64_t missing_ = 0;
  bool cluttered_ = false;
  std::array<Raw, F::sizes.size()> bits_{};
  // Nodes that one whole slot of a level needs: none where a leaf takes it.
  std::array<std::uint64_t, F::levels> whole_below_{};
};

} // namespace pagetwin
