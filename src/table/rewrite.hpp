// Rewriting a live leaf that keeps its size: other attributes (protect) or another frame (remap). In place
// where one store is enough, through a break where the format demands it or where the leaf has several
// copies, which must never differ while they are live, but for flags. Knows no bit of a descriptor.
#pragma once

#include "src/table/tree.hpp"

namespace pagetwin {

enum class KeepFlags : std::uint8_t { no, yes };

template <Format F, class M>
void rewrite_leaf(Tree<F, M>& tree, const typename Tree<F, M>::Leaf& leaf, const Attributes& attributes,
                  PhysAddr frame, KeepFlags keep) {
  const auto bits = [&](Flags flags) {
    return F::leaf_bits(attributes, keep == KeepFlags::yes ? flags : Flags{}, leaf.page());
  };
  const auto word = F::leaf(bits(F::flags(leaf.word, leaf.level())), frame, leaf.page(), 0);
  const bool differs = frame != leaf.frame() || !(attributes == leaf.attributes());
  if ((leaf.copies() > 1 && differs) || F::needs_break(leaf.word, word, leaf.level())) {
    const Flags flags = tree.take(leaf);
    tree.pay_between(leaf.range(), Invalidation::Reach::leaf);
    tree.fill(leaf.slot, leaf.copies(), frame, bits(flags), leaf.page());
    return;
  }
  if (keep == KeepFlags::yes) // and something differs, so that there is one copy
    tree.replace(leaf.slot, leaf.word, word, leaf.level());
  for (unsigned i = 0; keep == KeepFlags::no && i < leaf.copies(); ++i)
    (void)tree.exchange(leaf.slot + i * sizeof(typename F::Raw), F::leaf(bits({}), frame, leaf.page(), i));
  tree.owe(leaf.range(), Invalidation::Reach::leaf);
}

} // namespace pagetwin
