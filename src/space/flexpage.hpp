// Flexpages: aligned regions of 2^k pages, what they may be, and how a transfer places one in the other
// (docs/l4.md). Knows no mapping.
#pragma once

#include "src/arch/geometry.hpp"
#include "src/base/status.hpp"
#include "src/table/tree.hpp"

namespace pagetwin {

// base and size in bytes.
struct Flexpage {
  VirtAddr base{};
  std::uint64_t size = 0;

  [[nodiscard]] constexpr Range range() const { return {raw(base), raw(base) + (size - 1)}; }
};

template <Format F>
[[nodiscard]] constexpr Status check(const Flexpage& page) {
  constexpr std::uint64_t largest = bytes_of(F::sign_extended ? F::va_bits - 1 : F::va_bits);
  if (page.size == 0)
    return Status::empty;
  if (!is_power_of_two(page.size) || page.size < bytes_of(F::page_shift) || page.size > largest)
    return Status::bad_size;
  if ((raw(page.base) & (page.size - 1)) != 0)
    return Status::misaligned;
  return Geometry<F>::is_canonical(raw(page.base)) ? Status::ok : Status::out_of_range;
}

// What a transfer is about: the pages from `from` on go where those from `to` on are.
struct Passage {
  std::uint64_t from, to, bytes;
};

// The smaller flexpage lies in the larger one where the send base says. Both are good ones.
[[nodiscard]] constexpr Passage meet(const Flexpage& send, std::uint64_t send_base, const Flexpage& window) {
  const std::uint64_t larger = std::max(send.size, window.size), bytes = std::min(send.size, window.size);
  const std::uint64_t offset = (send_base & (larger - 1)) & ~(bytes - 1);
  return {raw(send.base) + (send.size > bytes ? offset : 0),
          raw(window.base) + (window.size > bytes ? offset : 0), bytes};
}

} // namespace pagetwin
