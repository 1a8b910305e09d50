// O12 for L4 address spaces: what must hold of any derivation of mappings, asked of the mapping database
// itself and of no model. From a position, its parents lead to a Real page in a bounded number of steps; on
// the way rights only grow, units are no smaller, and the frame is the same. docs/l4.md, "Invariants".
#pragma once

#include "fuzz/oracles/finding.hpp"
#include "src/base/attributes.hpp"

#include <cstdint>
#include <optional>

namespace pagetwin::fuzz {

// One leaf, as the mapping database knows it.
struct SpacesUnit {
  std::uint64_t base = 0, size = 0;
  bool real = false, area = false; // no parent: a frame of sigma0's, or an area
  bool hangs = true;               // below its parent, where it covers it
  unsigned parent_space = 0;
  std::uint64_t parent_va = 0; // of the unit's first byte
  std::uint64_t frame = 0;
  Rights rights = Rights::none;
  unsigned status = 0; // accessed 1, written 2, executed 4; hardware's flags included
};

// Whether a unit may hang below what its parent's position holds now.
[[nodiscard]] Verdict check_derived(unsigned space, const SpacesUnit& child,
                                    const std::optional<SpacesUnit>& parent);
[[nodiscard]] Verdict endless_derivation(unsigned space, std::uint64_t va);

// find(space, va): the unit that covers va. mappings: how many there are, so that a loop is seen.
template <class Find>
[[nodiscard]] Verdict check_derivation(unsigned space, const SpacesUnit& asked, std::uint64_t mappings,
                                       Find&& find) {
  const unsigned asked_space = space;
  const SpacesUnit* unit = &asked;
  SpacesUnit above;
  for (std::uint64_t steps = 0; !unit->real && !unit->area; ++steps) {
    if (steps > mappings)
      return endless_derivation(asked_space, asked.base);
    const std::optional<SpacesUnit> parent = find(unit->parent_space, unit->parent_va);
    if (Verdict v = check_derived(space, *unit, parent))
      return v;
    space = unit->parent_space;
    above = *parent;
    unit = &above;
  }
  return std::nullopt;
}

} // namespace pagetwin::fuzz
