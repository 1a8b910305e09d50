// What a leaf says about its pages besides their frames: rights, memory type, key, software bits; and the two
// flags that hardware sets. One vocabulary for all formats; a format refuses what it cannot express
// (docs/table.md).
#pragma once

#include <cstdint>

namespace pagetwin {

// Rights as a set. `user` widens the others to unprivileged accesses and is no right by itself.
enum class Rights : std::uint8_t { none = 0, read = 1, write = 2, execute = 4, user = 8 };

[[nodiscard]] constexpr Rights operator|(Rights a, Rights b) {
  return static_cast<Rights>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
[[nodiscard]] constexpr Rights operator&(Rights a, Rights b) {
  return static_cast<Rights>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
[[nodiscard]] constexpr Rights without(Rights set, Rights gone) {
  return static_cast<Rights>(static_cast<unsigned>(set) & ~static_cast<unsigned>(gone));
}
[[nodiscard]] constexpr bool has(Rights set, Rights right) { return (set & right) == right; }
[[nodiscard]] constexpr Rights when(bool condition, Rights right) { return condition ? right : Rights::none; }
// At least one of read, write and execute.
[[nodiscard]] constexpr bool grants_access(Rights set) {
  return (set & (Rights::read | Rights::write | Rights::execute)) != Rights::none;
}

struct Attributes {
  Rights rights = Rights::none;
  std::uint8_t memory_type = 0; // the format's own index: PAT on x86-64, AttrIndx on AArch64
  std::uint8_t key = 0;         // protection key or domain
  bool global = false;
  std::uint16_t software = 0; // bits that hardware ignores

  friend constexpr bool operator==(const Attributes&, const Attributes&) = default;
};

// Set by hardware in a leaf, or by software in its place; never part of the attributes.
struct Flags {
  bool accessed = false;
  bool dirty = false;

  friend constexpr bool operator==(const Flags&, const Flags&) = default;
};

[[nodiscard]] constexpr Flags operator|(Flags a, Flags b) {
  return {a.accessed || b.accessed, a.dirty || b.dirty};
}

} // namespace pagetwin
