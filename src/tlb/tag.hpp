// The tag of a cached translation: page number, space and a valid bit in one word, so that a match is one
// comparison. Knows no cache. All bits of a canonical address above the page are in the tag, hence nothing
// but canonical addresses may be packed: whoever looks up asks Geometry first.
#pragma once

#include "src/arch/geometry.hpp"

namespace pagetwin {

template <Format F>
struct Tag {
  static constexpr unsigned page_bits = F::va_bits - F::page_shift, space_bits = 16;
  static_assert(page_bits + space_bits < 64, "page number, space and the valid bit share one word");

  static constexpr std::uint64_t space_mask = low_mask(space_bits) << page_bits;
  static constexpr std::uint64_t valid = bytes_of(page_bits + space_bits);
  // Never equal to a packed tag, whatever bits are compared.
  static constexpr std::uint64_t none = 0;

  [[nodiscard]] static constexpr std::uint64_t of_space(SpaceId space) {
    return std::uint64_t{raw(space)} << page_bits;
  }
  [[nodiscard]] static constexpr std::uint64_t pack(SpaceId space, std::uint64_t va) {
    return valid | of_space(space) | (va >> F::page_shift & low_mask(page_bits));
  }
  [[nodiscard]] static constexpr SpaceId space(std::uint64_t tag) {
    return static_cast<SpaceId>((tag & space_mask) >> page_bits);
  }
  [[nodiscard]] static constexpr std::uint64_t address(std::uint64_t tag) {
    return Geometry<F>::canonical((tag & low_mask(page_bits)) << F::page_shift);
  }
  // Bits of a tag that a translation of 2^log2_bytes compares: an address within it differs from its base in
  // the others.
  [[nodiscard]] static constexpr std::uint64_t mask(unsigned log2_bytes) {
    return ~low_mask(log2_bytes - F::page_shift);
  }
};

} // namespace pagetwin
