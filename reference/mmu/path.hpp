// What the tables between the root and a slot make of what the slot says. It refuses to know bits: where a
// table decides more than is named here, an Arch brings a path of its own, with these two questions
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
  // What becomes of a leaf's own attributes.
  [[nodiscard]] Attributes effective(std::uint64_t, const Attributes& own) const {
    Attributes left = with_rights(own, both(rights, rights_of(own)));
    left.global = left.global || global;
    return left;
  }
};

} // namespace reference
