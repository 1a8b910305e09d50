// An inclusive range of addresses, as an invalidation names it, and when a cache should look at each page of
// it or at itself. Inclusive, because the last byte of the address space has no successor. Knows no cache and
// no format.
#pragma once

#include <cstdint>

namespace pagetwin {

struct InclusiveRange {
  std::uint64_t first, last;

  [[nodiscard]] constexpr bool overlaps(InclusiveRange other) const {
    return first <= other.last && other.first <= last;
  }
  // Pages of 2^shift bytes that the range touches. shift > 0, so that the number fits.
  [[nodiscard]] constexpr std::uint64_t pages(unsigned shift) const {
    return (last >> shift) - (first >> shift) + 1;
  }

  template <class Visit>
  constexpr void for_each_page(unsigned shift, Visit visit) const {
    for (std::uint64_t page = first >> shift; page <= last >> shift; ++page)
      visit(page << shift);
  }
};

// A probe looks at one set, a sweep at all of them: beyond as many probes as there are sets, the sweep is
// cheaper.
[[nodiscard]] constexpr bool sweep_is_cheaper(std::uint64_t probes, std::uint64_t sets) {
  return probes > sets;
}

} // namespace pagetwin
