// What freed nodes and data frames are full of, so that a walk that leads there finds something plausible and
// wrong. It asks a format to write words, and refuses to know any bit of them.
#pragma once

#include "src/arch/format.hpp"

namespace pagetwin::fuzz {

// Tables and leaves of every level, pointing at data and at nodes.
template <Format F>
[[nodiscard]] std::array<typename F::Raw, 8> junk_words(std::uint64_t data) {
  std::array<typename F::Raw, 8> junk{};
  const Attributes all{.rights = Rights::read | Rights::write | Rights::execute | Rights::user};
  for (unsigned i = 0; i < junk.size(); ++i) {
    const PageSize size = F::sizes[i % F::sizes.size()];
    const bool table = i % 2 == 0;
    junk[i] = table ? F::to_table(PhysAddr{data}, 1 + i % (F::levels - 1))
                    : F::leaf(F::leaf_bits(all, Flags{}, size), PhysAddr{align_down(data, size.log2_bytes)},
                              size, 0);
  }
  return junk;
}

} // namespace pagetwin::fuzz
