// Is a word that reference/mmu calls notable one that a table of ours may hold, and is its group whole? Asked
// after an operation of what it stored to (O4), and at the moment when a node is linked of all of it (O8). It
// refuses to follow tables.
#pragma once

#include "fuzz/oracles/finding.hpp"
#include "fuzz/oracles/view.hpp"

namespace pagetwin::fuzz {

// A size that no level spans is made of several descriptors of the level below: how many.
[[nodiscard]] unsigned copies_of(const reference::Mmu& mmu, std::uint64_t size);
// Is one of the sizes, or one between them, of several descriptors? A split goes through every size in
// between (docs/table.md).
[[nodiscard]] bool passes_set(const reference::Mmu& mmu, std::uint64_t size, std::uint64_t other);

class Shape {
 public:
  // A slot of a node, and where the node begins in the address space.
  struct Place {
    std::uint64_t node, node_va;
    unsigned level, index;
  };
  // Slots from first to end - 1.
  struct Slots {
    unsigned first, end;
  };

  explicit Shape(const reference::Mmu& mmu);

  // The slots from first to last, both included, and the rest of the groups that they may be in.
  [[nodiscard]] Slots whole_groups(const View& view, unsigned level, unsigned first, unsigned last) const {
    return {first & ~(widest_group_ - 1),
            std::min((last | (widest_group_ - 1)) + 1, view.mmu->entries(level))};
  }
  // What Mmu::next_notable found there.
  [[nodiscard]] Verdict check(const char* oracle, const View& view, const Place& at,
                              const reference::Decoded& word) const;

 private:
  unsigned widest_group_; // slots of the leaf that has the most duplicated descriptors; 1: there is none
};

} // namespace pagetwin::fuzz
