// What an operation refuses before it looks at the table, in the order of docs/table.md. Each check returns
// the first status that applies. Knows shapes, no table.
#pragma once

#include "src/arch/geometry.hpp"
#include "src/base/status.hpp"

namespace pagetwin {

template <Format F>
struct Check {
  using G = Geometry<F>;

  // [va, va + length) for operations on ranges.
  [[nodiscard]] static constexpr Status range(std::uint64_t va, std::uint64_t length) {
    if (length == 0)
      return Status::empty;
    if (!is_aligned(va | length, F::page_shift))
      return Status::misaligned;
    return G::is_input(va, va + (length - 1)) ? Status::ok : Status::out_of_range;
  }
  // One page of `size` bytes at va, and at pa when there is a frame.
  [[nodiscard]] static constexpr Status page(std::uint64_t va, std::uint64_t pa, std::uint64_t size) {
    if (size == 0)
      return Status::empty;
    if (((va | pa) & (alignment(size) - 1)) != 0)
      return Status::misaligned;
    if (!G::size_index(size))
      return Status::bad_size;
    // An aligned page that begins in the space ends in it, and in the same half.
    return G::is_canonical(va) && G::is_output(pa, size) ? Status::ok : Status::out_of_range;
  }
  // Is pa the frame of a smallest page?
  [[nodiscard]] static constexpr bool is_frame(std::uint64_t pa) {
    return (pa & ~(low_mask(F::pa_bits) & ~low_mask(F::page_shift))) == 0;
  }
  [[nodiscard]] static constexpr Status mapped_range(std::uint64_t va, std::uint64_t pa, std::uint64_t length,
                                                     std::uint64_t max_size) {
    if (length == 0)
      return Status::empty;
    if (!is_aligned(va | pa | length, F::page_shift))
      return Status::misaligned;
    if (!G::size_index(max_size))
      return Status::bad_size;
    return G::is_input(va, va + (length - 1)) && G::is_output(pa, length) ? Status::ok : Status::out_of_range;
  }

 private:
  // A size that is no power of two cannot align anything; bad_size follows from it.
  [[nodiscard]] static constexpr std::uint64_t alignment(std::uint64_t size) {
    return is_power_of_two(size) ? size : bytes_of(F::page_shift);
  }
};

// The first of two checks that is not ok, and else what comes after them.
[[nodiscard]] constexpr Status first_of(Status a, Status b) { return a != Status::ok ? a : b; }

} // namespace pagetwin
