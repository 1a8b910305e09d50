// Bits of 64-bit words by the numbers that manuals give them.
#pragma once

#include <cstdint>

namespace pagetwin::emulators {

constexpr std::uint64_t bit(unsigned n) { return std::uint64_t{1} << n; }
constexpr std::uint64_t bits(unsigned high, unsigned low) {
  return (~std::uint64_t{0} >> (63U - high)) & ~std::uint64_t{0} << low;
}

} // namespace pagetwin::emulators
