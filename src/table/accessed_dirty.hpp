// harvest: accessed and dirty flags per leaf, and their clearing where the range covers the whole leaf.
// Knows no bit of a descriptor.
#pragma once

#include "src/table/unmap.hpp"

namespace pagetwin {

// Leave the flags for the next harvest, or clear those of leaves that the range covers whole.
enum class Harvest : std::uint8_t { keep, clear };

template <Format F, class M, class Sink>
class Harvester {
  using T = Tree<F, M>;
  using Node = typename T::Node;
  using Slot = typename T::Slot;
  using Leaf = typename T::Leaf;
  using Raw = typename F::Raw;

 public:
  Harvester(T& tree, Sink& sink, Harvest what) : tree_(&tree), sink_(&sink), what_(what) {}

  void run(Range range) {
    (void)tree_->for_leaves(tree_->root(), range, [&](const Leaf& leaf) {
      const bool clears = what_ == Harvest::clear && range.covers(leaf.range());
      const Flags flags = clears ? clear(leaf) : tree_->flags(leaf);
      (*sink_)(LeafReport{leaf.va, leaf.frame(), leaf.bytes(), leaf.attributes(), flags});
      return true;
    });
    tree_->pay();
  }

 private:
  // What hardware set between the load and the exchange comes back from the exchange, so no flag is cleared
  // unreported.
  [[nodiscard]] Flags clear(const Leaf& leaf) {
    Flags all{};
    for (unsigned i = 0; i < leaf.copies(); ++i)
      all = all | clear_copy(leaf.slot + i * sizeof(Raw), leaf.level());
    if (all != Flags{})
      tree_->owe(leaf.range(), Invalidation::Reach::leaf);
    return all;
  }
  [[nodiscard]] Flags clear_copy(PhysAddr slot, unsigned level) {
    const Raw word = tree_->load(slot);
    if (F::flags(word, level) == Flags{})
      return {};
    return F::flags(tree_->exchange(slot, F::with_flags(word, Flags{}, level)), level);
  }

  T* tree_;
  Sink* sink_;
  Harvest what_;
};

} // namespace pagetwin
