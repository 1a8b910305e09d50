// What the words that an operation replaced reached, all together: two oracles ask it before they look at
// each word, as an operation that replaces many usually owes no more than one invalidation of them all.
#pragma once

#include "fuzz/oracles/observation.hpp"
#include "fuzz/oracles/view.hpp"

namespace pagetwin::fuzz {

struct ReplacedHull {
  std::uint64_t first = ~std::uint64_t{0}, last = 0; // first above last: nothing was replaced
  bool is_of_one_space = true;
  bool has_upper = false; // a word above level 0, where there are tables
};

// Words of one node come one after the other, and are one range of slots.
[[nodiscard]] ReplacedHull hull_of(const View& view, std::span<const Replaced> replaced);

} // namespace pagetwin::fuzz
