// States of the L4 models that no operation made: written down directly, good or bad.
#pragma once

#include "reference/l4_spaces.hpp"
#include "reference/l4_units.hpp"

#include <algorithm>

namespace reference {

struct L4Surgeon {
  // A unit that nobody checked; behind those that are at its place already. Its frame counts where it has no
  // parent.
  static void put(L4Spaces& model, unsigned space, const L4Unit& unit) {
    const auto to =
        unit.parent ? L4Spaces::Virtual(unit.parent->space, unit.parent->va) : L4Spaces::Real(unit.frame);
    auto at = model.edges_.begin();
    while (at != model.edges_.end() && (at->x.n < space || (at->x.n == space && at->x.v <= unit.base)))
      ++at;
    model.edges_.insert(at, {L4Spaces::Virtual(space, unit.base), to, unit.rights, unit.status});
  }
  static void put(L4Units& model, unsigned space, const L4Unit& unit) {
    const unsigned from = unit.parent ? unit.parent->space : L4Units::real;
    const std::uint64_t base = unit.parent ? unit.parent->va : unit.frame;
    auto at = model.units_.begin();
    while (at != model.units_.end()
           && (at->place.space < space || (at->place.space == space && at->place.base <= unit.base)))
      ++at;
    model.units_.insert(at,
                        {{space, unit.base, unit.size}, {from, base, unit.size}, unit.rights, unit.status});
  }
  // The first area moves.
  static void move_area(L4Operations& model, std::uint64_t va) { model.areas_.front().unit.base = va; }
};

} // namespace reference
