// What the tables between the root and a slot let through. It refuses to know bits: where a table limits more
// than the rights that are named here, an Arch brings a path of its own, with these two questions
// (HierarchicalPath of AArch64), and no other architecture pays for it.
#pragma once

#include "reference/attributes.hpp"

#include <cstdint>

namespace reference {

struct Path {
  Rights rights{true, true, true, true};
  bool global = false;

  // Through one more table: its word, what it lets through, and whether all below it is global.
  void pass(std::uint64_t, const Rights& table, bool makes_global) {
    rights = both(rights, table);
    global = global || makes_global;
  }
  // What is left of a leaf's own rights.
  [[nodiscard]] Rights effective(std::uint64_t, const Rights& own) const { return both(rights, own); }
};

} // namespace reference
