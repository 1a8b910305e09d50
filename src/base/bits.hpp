// Bit arithmetic on descriptors and addresses: a named field of a word, and powers of two.
// Knows no format; positions come from the manuals, in src/arch.
#pragma once

#include <cstdint>

namespace pagetwin {

// A field of a descriptor, named once with its lowest bit and its width as the manual prints them.
template <class Raw>
struct Field {
  unsigned low;
  unsigned width = 1;

  [[nodiscard]] constexpr Raw mask() const {
    const Raw ones =
        width >= sizeof(Raw) * 8 ? static_cast<Raw>(~Raw{0}) : static_cast<Raw>((Raw{1} << width) - 1);
    return static_cast<Raw>(ones << low);
  }
  // The field's bits for a value. The caller has checked that the value fits (fits below).
  [[nodiscard]] constexpr Raw of(std::uint64_t value) const {
    return static_cast<Raw>(static_cast<Raw>(value) << low) & mask();
  }
  [[nodiscard]] constexpr std::uint64_t get(Raw word) const {
    return static_cast<std::uint64_t>((word & mask()) >> low);
  }
  [[nodiscard]] constexpr bool test(Raw word) const { return (word & mask()) != 0; }
  [[nodiscard]] constexpr bool fits(std::uint64_t value) const { return (value & ~(mask() >> low)) == 0; }
};

[[nodiscard]] constexpr std::uint64_t bytes_of(unsigned log2) { return std::uint64_t{1} << log2; }
[[nodiscard]] constexpr std::uint64_t low_mask(unsigned bits) {
  return bits >= 64 ? ~std::uint64_t{0} : bytes_of(bits) - 1;
}
[[nodiscard]] constexpr bool is_aligned(std::uint64_t value, unsigned log2) {
  return (value & low_mask(log2)) == 0;
}
[[nodiscard]] constexpr std::uint64_t align_down(std::uint64_t value, unsigned log2) {
  return value & ~low_mask(log2);
}
[[nodiscard]] constexpr bool is_power_of_two(std::uint64_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

} // namespace pagetwin
