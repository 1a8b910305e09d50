// What a leaf grants and remembers, as plain numbers.
// It refuses to know where any of it is kept in a descriptor; docs/table.md, "Values", is its rule.
#pragma once

#include <cstdint>

namespace reference {

struct Rights {
  bool read = false;
  bool write = false;
  bool execute = false;
  bool user = false;

  bool operator==(const Rights&) const = default;
};

// Everything about a leaf that is neither its place nor its flags.
struct Attributes {
  bool read = false;
  bool write = false;
  bool execute = false;
  bool user = false;
  std::uint8_t memory_type = 0;
  bool global = false;
  std::uint8_t key = 0;
  std::uint16_t software = 0;

  bool operator==(const Attributes&) const = default;
};

// What hardware records in a leaf. Not part of its attributes.
struct Flags {
  bool accessed = false;
  bool dirty = false;

  bool operator==(const Flags&) const = default;
};

[[nodiscard]] constexpr Rights rights_of(const Attributes& from) {
  return {from.read, from.write, from.execute, from.user};
}

[[nodiscard]] constexpr Attributes with_rights(Attributes from, const Rights& rights) {
  from.read = rights.read;
  from.write = rights.write;
  from.execute = rights.execute;
  from.user = rights.user;
  return from;
}

// Every restriction on a path applies.
[[nodiscard]] constexpr Rights both(const Rights& a, const Rights& b) {
  return {a.read && b.read, a.write && b.write, a.execute && b.execute, a.user && b.user};
}

// `user` alone lets nobody do anything.
[[nodiscard]] constexpr bool allow_something(const Rights& rights) {
  return rights.read || rights.write || rights.execute;
}

[[nodiscard]] constexpr Flags either(const Flags& a, const Flags& b) {
  return {a.accessed || b.accessed, a.dirty || b.dirty};
}

// The answer to "where does this byte live": of a model, or of hardware that walked there.
struct Translation {
  std::uint64_t pa = 0; // of the byte asked for, not of its page
  std::uint64_t size = 0;
  Attributes attributes;
  Flags flags;

  bool operator==(const Translation&) const = default;
};

} // namespace reference
