// The attributes of a leaf as one operand of the table machine: packed into a number, written as letters, and
// chosen by 16 bits. Rights in bits 0-3, memory type 8-15, key 16-23, global 24, software 32-47.
// It asks a format what is expressible and refuses to know any bit of a descriptor.
#pragma once

#include "fuzz/twin/domains.hpp"
#include "src/arch/format.hpp"

namespace pagetwin::fuzz {

// Rights as letters, then what differs from the default: rw-u.t3.g.k2.s0x5.
void print_attributes(std::string& to, std::uint64_t value);
[[nodiscard]] std::optional<std::uint64_t> parse_attributes(std::string_view text);
[[nodiscard]] Attributes unpack_attributes(std::uint64_t value);

template <Format F>
class AttributeOperand {
 public:
  // Eight rights that the format has, and rarely any; other attributes in one of four; few values, so that
  // neighbours are often equal.
  static std::uint64_t drawn(std::uint16_t s) {
    static constexpr std::array<std::uint8_t, 8> rights{3, 1, 7, 11, 15, 5, 9, 13};
    const std::uint64_t r = (s & 0xf00U) == 0xf00U ? (s >> 4U & 15U) : nearest_rights(rights[s & 7U]);
    if ((s >> 11U & 3U) != 0)
      return r;
    return (s & 0x700U) == 0x700U ? decorated(r, s) : nearest_expressible(decorated(r, s));
  }

 private:
  // Memory type, key, global, software.
  static constexpr std::array<std::uint64_t, 4> parts{0xff00, 0xff'0000, 0x100'0000, 0xffff'0000'0000};

  static std::uint64_t decorated(std::uint64_t r, std::uint16_t s) {
    return r | std::uint64_t{(s >> 3U) & 7U} << 8U | std::uint64_t{(s >> 6U) & 3U} << 16U
           | std::uint64_t{(s >> 8U) & 1U} << 24U | std::uint64_t{(s >> 5U) & 15U} << 32U;
  }

  // Rights that the format has, with as few others as can be, and another `user` rather than another access:
  // some formats have it only for what may be executed, and some have nothing without it.
  static std::uint64_t nearest_rights(std::uint64_t rights) {
    constexpr std::array<std::uint8_t, 16> others{0, 8, 4, 2, 1, 12, 10, 9, 6, 5, 3, 14, 13, 11, 7, 15};
    for (const std::uint64_t other : others) {
      const auto near = static_cast<Rights>(rights ^ other);
      if (grants_access(near) && F::expressible(near))
        return rights ^ other;
    }
    return rights;
  }

  // Every attribute that the format can write, the rights being legal: few formats have keys, and some have
  // few memory types. What one of them may be depends on no other.
  static std::uint64_t nearest_expressible(std::uint64_t value) {
    std::uint64_t near = value & 0xfU;
    for (const std::uint64_t part : parts)
      if (F::expressible(unpack_attributes(near | (value & part))))
        near |= value & part;
    return near;
  }
};

} // namespace pagetwin::fuzz
