// The sizes of a format, as units are split and derived: how many parts of the next smaller size one has, and
// which sizes fit. Knows no bit of a descriptor.
#pragma once

#include "src/arch/geometry.hpp"

namespace pagetwin {

template <Format F>
struct Sizes {
  static constexpr unsigned count = static_cast<unsigned>(F::sizes.size());

  [[nodiscard]] static constexpr unsigned log2(unsigned size) { return F::sizes[size].log2_bytes; }
  [[nodiscard]] static constexpr std::uint64_t bytes(unsigned size) { return bytes_of(log2(size)); }
  // size: not the smallest.
  [[nodiscard]] static constexpr unsigned log2_parts(unsigned size) { return log2(size) - log2(size - 1); }
  [[nodiscard]] static constexpr unsigned parts(unsigned size) { return 1U << log2_parts(size); }
  // The largest that is at most so many bytes, which are at least a page.
  [[nodiscard]] static constexpr unsigned within(std::uint64_t length) {
    unsigned size = count - 1;
    while (bytes(size) > length)
      --size;
    return size;
  }
};

} // namespace pagetwin
