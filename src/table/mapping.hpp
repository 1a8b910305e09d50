// for_each: the maximal ranges of equal attributes over consecutive frames, whatever the leaves' sizes and
// flags. Knows no bit of a descriptor.
#pragma once

#include "src/table/tree.hpp"

#include <optional>

namespace pagetwin {

// Consecutive virtual addresses over consecutive frames with equal attributes.
struct Mapping {
  std::uint64_t va;
  PhysAddr pa;
  std::uint64_t bytes;
  Attributes attributes;
};

template <Format F, class M, class Sink>
class MappingFinder {
  using T = Tree<F, M>;
  using G = Geometry<F>;
  using Node = typename T::Node;
  using Slot = typename T::Slot;
  using Leaf = typename T::Leaf;
  using Raw = typename F::Raw;

 public:
  MappingFinder(T& tree, Sink& sink) : tree_(&tree), sink_(&sink) {}

  void run(Range range) {
    node(tree_->root(), range);
    if (run_)
      (*sink_)(*run_);
  }

 private:
  void node(Node node, Range range) {
    tree_->for_live_slots(node, range, [&](const Slot& s) -> unsigned {
      if (s.kind() == Kind::table)
        this->node(s.child(), range.clip(s.range()));
      return s.kind() == Kind::leaf ? leaf(s, range) : 1;
    });
  }
  // How many slots it took: those of the leaf, and of the pages of the same run behind it.
  [[nodiscard]] unsigned leaf(const Slot& s, Range range) {
    const Leaf leaf = tree_->leaf_of(s);
    const Range part = leaf.range().clip(range);
    join({part.first, leaf.frame() + (part.first - leaf.va), part.last - part.first + 1, leaf.attributes()});
    const bool repeats = leaf.copies() == 1 && range.covers(leaf.range());
    return repeats ? 1 + next_pages(s, leaf, range) : T::slots_left(leaf, s);
  }
  void join(const Mapping& next) {
    const bool extends = run_ && next.va == run_->va + run_->bytes && next.pa == run_->pa + run_->bytes
                         && next.attributes == run_->attributes;
    if (extends) {
      run_->bytes += next.bytes;
      return;
    }
    if (run_)
      (*sink_)(*run_);
    run_ = next;
  }
  // The next page of a run is known by its word, without decoding it. Behind the last frame of physical
  // memory there is none: its word would say something else.
  [[nodiscard]] unsigned next_pages(const Slot& s, const Leaf& leaf, Range range) {
    const Raw bits = F::leaf_bits(leaf.attributes(), F::flags(leaf.word, leaf.level()), leaf.page());
    const std::uint64_t bytes = leaf.bytes(), frame = raw(leaf.frame());
    const std::uint64_t most =
        std::min(range.last - leaf.range().last, low_mask(F::pa_bits) - (frame + bytes - 1));
    const auto end = static_cast<unsigned>(1 + most / bytes);
    const unsigned more =
        T::pages_in_row(tree_->window(s.at), 1, end, bits, PhysAddr{frame + bytes}, leaf.page());
    run_->bytes += more * bytes;
    return more;
  }

  T* tree_;
  Sink* sink_;
  std::optional<Mapping> run_;
};

} // namespace pagetwin
