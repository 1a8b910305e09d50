// Bits as manuals number them, and the hole that every format of ours without a bit to spare shares.
// It refuses to know any architecture.
#pragma once

#include "reference/mmu/mmu.hpp"

#include <cstdint>

namespace reference {

[[nodiscard]] constexpr std::uint64_t bit(unsigned position) { return std::uint64_t{1} << position; }
[[nodiscard]] constexpr std::uint64_t bits(unsigned high, unsigned low) {
  return (bit(high - low) * 2 - 1) << low;
}
[[nodiscard]] constexpr unsigned field(std::uint64_t raw, unsigned high, unsigned low) {
  return static_cast<unsigned>((raw & bits(high, low)) >> low);
}

// Where the address of a leaf stands in its own bits, from page_shift up: each word holds the next page's.
[[nodiscard]] constexpr Series next_pages(Series::Of what, unsigned page_shift, unsigned pa_bits) {
  return {what, bit(page_shift), bits(pa_bits - 1, page_shift)};
}

// A 64-bit word that hardware ignores once it is not present: ours keeps a marker in the upper half.
[[nodiscard]] inline Decoded hole_with_marker(std::uint64_t raw, std::uint64_t span) {
  Decoded slot;
  slot.bytes = span;
  if (field(raw, 31, 0) == 0)
    slot.marker = raw >> 32;
  else
    slot.violations = violation::hole_pattern;
  return slot;
}

} // namespace reference
