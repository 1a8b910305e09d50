// Where workloads live and which addresses they touch: the same streams for subject and probe, computed on
// the fly so that no array of addresses competes for the cache. Knows no table.
#pragma once

#include "src/base/address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace pagetwin::bench {

// Where all mappings begin: at 64 GiB, so that the widest workload ends in the lower half of every format,
// Sv39 included, or where a node of level 1 begins if that is larger; with addresses of 32 bits, at 1 GiB.
// Frames start far above 4 GiB, or at 2 GiB.
template <unsigned PageShift>
struct Wide {
  static constexpr std::uint64_t va = std::uint64_t{1} << std::max(36U, 3 * PageShift - 6),
                                 pa = 0x100'0000'0000;
};
// Where 2^24 pages, which lookups spread over, are all that addresses reach.
template <unsigned PageShift>
struct FromZero : Wide<PageShift> {
  static constexpr std::uint64_t va = 0;
};
struct Narrow {
  static constexpr std::uint64_t va = 0x4000'0000, pa = 0x8000'0000;
};
// The compiler is kept from knowing the address, else it would walk the upper levels once, before the loop.
template <class Table>
[[nodiscard, gnu::always_inline]] inline std::uint64_t va_base() {
  std::uint64_t va = Table::Place::va;
  asm("" : "+r"(va)); // NOLINT(hicpp-no-assembler): an empty barrier
  return va;
}
template <class Table>
inline constexpr std::uint64_t pa_base = Table::Place::pa;

// Workloads count pages, and leaves of the level above, whatever their size: a page here, and 2^18 of them,
// which are 1 GiB where pages have 4 KiB.
template <class Table>
inline constexpr std::uint64_t page_of = std::uint64_t{1} << Table::page_shift;
template <class Table>
inline constexpr std::uint64_t dense = page_of<Table> << 18;
template <class Table>
inline constexpr std::uint64_t block_of = std::uint64_t{1} << Table::block_shift;

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

// 256 pages spread over 2^18.
template <class Table>
[[nodiscard]] std::array<std::uint64_t, 256> hot_pages(std::uint64_t base) {
  std::array<std::uint64_t, 256> pages{};
  Random random;
  for (std::uint64_t& va : pages)
    va = base + (random.next(18) << Table::page_shift);
  return pages;
}

} // namespace pagetwin::bench
