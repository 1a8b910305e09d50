// Random choices for the tests of this folder: operands close together, so that programs meet themselves.
// Knows no cache.
#pragma once

#include "src/arch/geometry.hpp"
#include "src/arch/x86_64.hpp"

#include <random>

namespace pagetwin {

// Dice whose results are the same with every standard library.
class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool one_in(unsigned n) { return below(n) == 0; }
  // Few pages at both ends of two huge ones, at the end of the space, and rarely what is not canonical.
  std::uint64_t address() {
    constexpr std::uint64_t page = 4096, huge = 1 << 30;
    constexpr std::uint64_t anchors[] = {
        0, huge, 2 * huge, 0x7fffffffffff, 0xffff800000000000, ~std::uint64_t{0}};
    const std::uint64_t va = anchors[below(6)] + below(16) * page + below(3) * (2 << 20) - 8 * page;
    return one_in(20) ? va ^ std::uint64_t{1} << (47 + below(17)) : Geometry<X86_64_4>::canonical(va);
  }

 private:
  std::mt19937 engine_;
};

} // namespace pagetwin
