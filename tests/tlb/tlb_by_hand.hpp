// A translation cache with its storage, and translations to put into it. Decides nothing.
#pragma once

#include "src/arch/x86_64.hpp"
#include "src/tlb/tlb.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace pagetwin {

constexpr std::uint64_t page = 4096, large = 2 << 20, huge = 1 << 30;
constexpr std::uint64_t last_page = ~std::uint64_t{0} << 12; // of the address space
constexpr SpaceId one{1}, two{2};

inline TlbTranslation leaf(std::uint64_t pa, unsigned size = 0) {
  return {.pa = PhysAddr{pa},
          .size = size,
          .attributes = {.rights = Rights::read | Rights::write, .memory_type = 5, .key = 9, .software = 77},
          .flags = {.accessed = true}};
}
inline TlbTranslation global_leaf(std::uint64_t pa, unsigned size = 0) {
  TlbTranslation result = leaf(pa, size);
  result.attributes.global = true;
  return result;
}

template <Format F = X86_64_4>
struct Cache {
  Cache(std::size_t sets, unsigned ways) : entries(sets * ways), tlb(entries, ways) {}

  std::vector<TlbLine> lines() const {
    std::vector<TlbLine> result;
    tlb.for_each([&](const TlbLine& line) { result.push_back(line); });
    return result;
  }
  bool holds(SpaceId space, std::uint64_t va) { return tlb.lookup(space, va).has_value(); }
  // fills == evictions + invalidations + lines, at any time.
  void expect_balance() const {
    const TlbCounters& c = tlb.counters();
    EXPECT_EQ(c.fills, c.evictions + c.invalidations + lines().size());
  }

  std::vector<TlbEntry> entries;
  Tlb<F> tlb;
};

} // namespace pagetwin
