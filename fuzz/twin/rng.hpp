// A random number generator whose numbers are the same with every compiler and library (splitmix64): a seed
// in a report must mean the same program everywhere. It refuses to be a source of secrets.
#pragma once

#include <cstdint>

namespace pagetwin::twin {

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}

  [[nodiscard]] std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EB;
    return z ^ (z >> 31U);
  }

  // 0 .. bound - 1, and 0 for a bound of 0; bounds are below 2^32. A product, as a division costs as much as
  // the number. The bias is far below what a fuzzer can notice.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return ((next() >> 32U) * bound) >> 32U; }
  [[nodiscard]] bool one_in(std::uint64_t n) { return below(n) == 0; }
  [[nodiscard]] std::uint16_t bits16() { return static_cast<std::uint16_t>(next() >> 48U); }

 private:
  std::uint64_t state_;
};

} // namespace pagetwin::twin
