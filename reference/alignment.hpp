// Multiples of powers of two. It refuses to know any other number, and never forms 2^64.
#pragma once

#include <cstdint>

namespace reference {

[[nodiscard]] constexpr bool divides(std::uint64_t alignment, std::uint64_t value) {
  return (value & (alignment - 1)) == 0;
}

[[nodiscard]] constexpr std::uint64_t round_down(std::uint64_t value, std::uint64_t alignment) {
  return value & ~(alignment - 1);
}

// Bytes from value up to the next multiple; the multiple itself may be 2^64.
[[nodiscard]] constexpr std::uint64_t up_to_multiple(std::uint64_t value, std::uint64_t alignment) {
  return -value & (alignment - 1);
}

} // namespace reference
