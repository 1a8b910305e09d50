// One mapping of the L4 address spaces (docs/l4.md): a unit, where its leaf is, what it is derived from, and
// what is derived from it. The frame is in the leaf, which leads here through its link node; the virtual
// address is in the link node, too. Knows no format.
#pragma once

#include "src/base/attributes.hpp"

namespace pagetwin {

// What was done to a unit since it was made or cleared: what docs/l4.md calls its status.
enum class Usage : std::uint8_t { none = 0, accessed = 1, written = 2, executed = 4 };

[[nodiscard]] constexpr Usage operator|(Usage a, Usage b) {
  return static_cast<Usage>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr Usage& operator|=(Usage& a, Usage b) { return a = a | b; }
[[nodiscard]] constexpr Usage usage_of(Flags flags) {
  return (flags.accessed ? Usage::accessed : Usage::none) | (flags.dirty ? Usage::written : Usage::none);
}

inline constexpr Rights all_rights = Rights::read | Rights::write | Rights::execute;

// Units derived from one place, which is a unit or one of its parts: those of its own size, as a list; or,
// where smaller ones are, an array with a place for each part of the next smaller size, which knows the list.
// One word, since most places have no more than one unit.
class DerivedUnits {
  static constexpr std::uint32_t array_bit = std::uint32_t{1} << 31U;

 public:
  // Mapping nodes and arrays are fewer.
  static constexpr std::uint64_t most = array_bit;

  DerivedUnits() = default; // none
  [[nodiscard]] static DerivedUnits list(std::uint32_t first) { return DerivedUnits(first); }
  [[nodiscard]] static DerivedUnits array(std::uint32_t number) { return DerivedUnits(number | array_bit); }

  [[nodiscard]] bool none() const { return word_ == 0; }
  [[nodiscard]] bool is_array() const { return (word_ & array_bit) != 0; }
  // The first unit of the list, 0: none; or the number of the array.
  [[nodiscard]] std::uint32_t number() const { return word_ & ~array_bit; }

 private:
  explicit DerivedUnits(std::uint32_t word) : word_(word) {}
  std::uint32_t word_ = 0;
};

// Mapping nodes are known by number; 0 is none. parent 0: the unit is a frame of sigma0's. slot: the leaf's
// first descriptor, by number (link_node.hpp).
struct MappingNode {
  std::uint32_t slot = 0;
  std::uint32_t parent = 0, next = 0, prev = 0;
  DerivedUnits derived;
  std::uint16_t space = 0;
  std::uint8_t size = 0; // its place among the format's sizes
  Rights rights : 4 = Rights::none;
  Usage usage : 4 = Usage::none; // beside the leaf's flags

  void note(Usage more) { usage = usage | more; }
};
static_assert(sizeof(MappingNode) == 24);

} // namespace pagetwin
