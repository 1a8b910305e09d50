// Where workloads live and which addresses they touch: the same streams for subject and probe, computed on
// the fly so that no array of addresses competes for the cache. Knows no table.
#pragma once

#include "src/base/address.hpp"

#include <array>
#include <cstdint>

namespace pagetwin::bench {

// Where all mappings begin: at 64 GiB, so that the widest workload ends in the lower half of every format,
// Sv39 included. Frames start far above 4 GiB. The compiler is kept from knowing the address, else it would
// walk the upper levels once, before the loop.
inline constexpr std::uint64_t pa_base = 0x100'0000'0000;
[[nodiscard, gnu::always_inline]] inline std::uint64_t va_base() {
  std::uint64_t va = 0x10'0000'0000;
  asm("" : "+r"(va)); // NOLINT(hicpp-no-assembler): an empty barrier
  return va;
}
inline constexpr std::uint64_t gib = std::uint64_t{1} << 30, mib = std::uint64_t{1} << 20;

// A linear congruential generator (Knuth's MMIX): one multiply and one add; its high bits are the random
// ones.
class Random {
 public:
  // A number of `bits` bits.
  [[nodiscard]] std::uint64_t next(unsigned bits) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return state_ >> (64 - bits);
  }
  // Makes what follows depend on a result.
  void depend(std::uint64_t result) { state_ += result; }

 private:
  std::uint64_t state_ = 88172645463325252ULL;
};

// 256 pages spread over 1 GiB.
[[nodiscard]] inline std::array<std::uint64_t, 256> hot_pages(std::uint64_t base) {
  std::array<std::uint64_t, 256> pages{};
  Random random;
  for (std::uint64_t& va : pages)
    va = base + (random.next(18) << 12);
  return pages;
}

} // namespace pagetwin::bench
