#include "reference/l4_units.hpp"

#include "reference/alignment.hpp"

#include <algorithm>
#include <utility>

namespace reference {

// What is where

std::size_t L4Units::first_from(unsigned space, std::uint64_t va) const {
  const auto ends_before = [space](const Unit& unit, std::uint64_t at) {
    return unit.place.space != space ? unit.place.space < space
                                     : unit.place.base + (unit.place.size - 1) < at;
  };
  return static_cast<std::size_t>(std::lower_bound(units_.begin(), units_.end(), va, ends_before)
                                  - units_.begin());
}

const L4Units::Unit* L4Units::first_in(const Region& region) const {
  const std::size_t at = first_from(region.space, region.base);
  const bool is_inside = region.size != 0 && at < units_.size() && units_[at].place.meets(region);
  return is_inside ? &units_[at] : nullptr;
}

const L4Units::Unit* L4Units::covering(unsigned space, std::uint64_t va) const {
  return first_in({space, va, 1});
}

// A path is never longer than all units, even where a bug made a loop.
std::optional<std::uint64_t> L4Units::frame_of(const Unit& unit) const {
  Region at = unit.source;
  for (std::size_t steps = 0; at.space != real; ++steps) {
    const Unit* next = covering(at.space, at.base);
    if (next == nullptr || steps == units_.size())
      return std::nullopt;
    at = next->source_of(at);
  }
  return at.base;
}

// Splitting

std::uint64_t L4Units::next_smaller(std::uint64_t size) const {
  return *(std::lower_bound(profile().sizes.begin(), profile().sizes.end(), size) - 1);
}

// One unit becomes units of the next smaller size. They inherit rights and status.
void L4Units::divide(std::size_t at) {
  const Unit whole = units_[at];
  const std::uint64_t size = next_smaller(whole.place.size);
  const std::uint64_t count = whole.place.size / size;
  units_.insert(units_.begin() + static_cast<std::ptrdiff_t>(at), count - 1, whole);
  for (std::uint64_t k = 0; k < count; ++k) {
    units_[at + k].place = {whole.place.space, whole.place.base + k * size, size};
    units_[at + k].source = whole.source_of(units_[at + k].place);
    note_change(units_[at + k].place);
  }
}

// Until the part is whole units. Whether anything was split.
bool L4Units::split_to(const Region& part) {
  bool is_split = false;
  for (;;) {
    const std::size_t at = first_from(part.space, part.base);
    if (units_[at].place.size <= part.size)
      return is_split;
    divide(at);
    is_split = true;
  }
}

// A unit is never larger than what it is derived from. What is split may in its turn be too small for
// another.
void L4Units::split_derived() {
  const auto is_too_large = [this](const Unit& unit) {
    return unit.source.space != real && parent_of(unit)->place.size < unit.place.size;
  };
  for (;;) {
    const auto found = std::find_if(units_.begin(), units_.end(), is_too_large);
    if (found == units_.end())
      return;
    divide(static_cast<std::size_t>(found - units_.begin()));
  }
}

// Revocation

// derived_ becomes the part, and every unit or part of one that is derived from it, parents before children.
void L4Units::derive(const Region& part) {
  derived_.assign(1, part);
  for (std::size_t from = 0; from < derived_.size(); ++from) {
    const Region parent = derived_[from];
    for (const Unit& unit : units_)
      if (parent.contains(unit.source))
        derived_.push_back(unit.place);
      else if (parent.meets(unit.source))
        derived_.push_back(
            {unit.place.space, unit.place.base + (parent.base - unit.source.base), parent.size});
  }
}

// A unit that is covered only in part is reported whole.
L4Bits L4Units::status_of_derived() const {
  L4Bits bits = 0;
  for (const Region& part : derived_)
    bits |= first_in(part)->status;
  return bits;
}

// A unit that loses nothing is split only when its parent is.
void L4Units::split_what_loses(L4Bits mask, bool itself) {
  bool is_split = false;
  for (std::size_t at = itself ? 0 : 1; at < derived_.size(); ++at)
    if ((first_in(derived_[at])->rights & mask) != 0 && split_to(derived_[at]))
      is_split = true;
  if (is_split)
    split_derived();
}

// The status of the units in the part, and their rights; what has none left disappears. A larger unit was not
// split: it keeps both.
void L4Units::take(const Region& part, L4Bits mask) {
  std::size_t at = first_from(part.space, part.base);
  while (at < units_.size() && part.contains(units_[at].place)) {
    if (units_[at].status != 0 || (units_[at].rights & mask) != 0)
      note_change(units_[at].place);
    units_[at].status = 0;
    units_[at].rights &= static_cast<L4Bits>(~mask);
    if (units_[at].rights == 0)
      units_.erase(units_.begin() + static_cast<std::ptrdiff_t>(at));
    else
      ++at;
  }
}

L4Bits L4Units::revoke_part(const Region& part, L4Bits mask, bool itself) {
  derive(part);
  const L4Bits bits = status_of_derived();
  const Region source = covering(part.space, part.base)->source;
  add_status(source.space, source.base, bits);
  split_what_loses(mask, itself);
  for (std::size_t at = 0; at < derived_.size(); ++at)
    take(derived_[at], at == 0 && !itself ? L4Bits{0} : mask);
  return bits;
}

// Unit by unit, ascending, each in the state that its predecessor left. The region covers units whole, or is
// a part of one.
L4Bits L4Units::revoke(const Region& region, L4Bits mask, bool itself) {
  L4Bits bits = 0;
  Region rest = region;
  while (const Unit* unit = first_in(rest)) {
    const Region part = region.contains(unit->place) ? unit->place : region;
    rest = rest.behind(part);
    bits |= revoke_part(part, mask, itself);
  }
  return bits;
}

// Transfers

// The rest begins where the step does. At least the smallest page is possible.
std::uint64_t L4Units::step_size(const Unit& from, const Region& rest, const Region& to) const {
  std::uint64_t largest = page();
  for (const std::uint64_t size : profile().sizes) {
    const bool fits = size <= from.place.size && size <= rest.size && divides(size, rest.base | to.base);
    if (fits && area_in({to.space, to.base, size}) == nullptr)
      largest = size;
  }
  return largest;
}

void L4Units::insert(const Unit& unit) {
  const std::size_t at = first_from(unit.place.space, unit.place.base);
  units_.insert(units_.begin() + static_cast<std::ptrdiff_t>(at), unit);
  note_change(unit.place);
}

// Part of one unit, to nothing or to units, or parts of one, that are overmapped. Whether they were set.
bool L4Units::transfer_step(const Region& from, const Region& to, L4Bits mask, bool grants) {
  const Unit unit = *first_in(from);
  const Region source = grants ? unit.source_of(from) : from;
  revoke(to, l4_all, true);
  const bool is_still_mapped = is_mapped(from);
  if (is_still_mapped)
    insert({to, source, static_cast<L4Bits>(unit.rights & mask)});
  if (grants)
    revoke(from, l4_all, true);
  return is_still_mapped;
}

std::uint64_t L4Units::transfer(const Move& move, bool grants) {
  std::uint64_t bytes = 0;
  Region rest = move.from;
  while (const Unit* unit = first_in(rest)) {
    rest = rest.from(std::max(rest.base, unit->place.base));
    Region to{move.to.space, move.destination(rest.base), page()};
    if ((unit->rights & move.mask) == 0) {
      rest = rest.behind(unit->place);
    } else if (const L4Unit* area = area_in(to)) {
      rest = rest.behind({rest.space, rest.base, area->base + area->size - to.base});
    } else {
      to.size = step_size(*unit, rest, to);
      const Region from{rest.space, rest.base, to.size};
      rest = rest.behind(from);
      bytes += transfer_step(from, to, move.mask, grants) ? to.size : 0;
    }
  }
  return bytes / page();
}

// merge

// The place of the first is already known to be in the region, which is larger.
bool L4Units::can_join(std::size_t first, const Region& region) const {
  const Unit& like = units_[first];
  const std::uint64_t size = next_smaller(region.size);
  const std::uint64_t count = region.size / size;
  if (like.place.base != region.base || count > units_.size() - first
      || !divides(region.size, like.source.base))
    return false;
  for (std::uint64_t k = 0; k < count; ++k) {
    const Unit& each = units_[first + k];
    const bool agrees = each.place == Region{region.space, region.base + k * size, size}
                        && each.source == Region{like.source.space, like.source.base + k * size, size}
                        && each.rights == like.rights;
    if (!agrees)
      return false;
  }
  return like.source.space == real || parent_of(like)->place.size >= region.size;
}

bool L4Units::join(const Region& region) {
  const std::size_t at = first_from(region.space, region.base);
  if (units_[at].place.size >= region.size)
    return true;
  if (!can_join(at, region))
    return false;
  const auto first = units_.begin() + static_cast<std::ptrdiff_t>(at);
  const auto end = first + static_cast<std::ptrdiff_t>(region.size / first->place.size);
  for (auto each = first; each != end; ++each)
    first->status |= each->status;
  first->place.size = first->source.size = region.size;
  units_.erase(first + 1, end);
  note_change(region);
  return true;
}

// What a model answers

void L4Units::start(std::uint64_t memory) {
  units_.clear();
  for (Region rest{0, 0, memory}; rest.size != 0; rest = rest.behind(units_.back().place)) {
    std::uint64_t largest = page();
    for (const std::uint64_t size : profile().sizes)
      if (size <= rest.size && divides(size, rest.base))
        largest = size;
    units_.push_back({{0, rest.base, largest}, {real, rest.base, largest}, l4_all});
  }
}

void L4Units::add_status(unsigned space, std::uint64_t va, L4Bits bits) {
  const std::size_t at = first_from(space, va);
  const bool adds = at < units_.size() && units_[at].place.space == space && units_[at].place.covers(va)
                    && (bits & ~units_[at].status) != 0;
  if (!adds)
    return;
  units_[at].status |= bits;
  note_change(units_[at].place);
}

L4Unit L4Units::answer(const Unit& unit) const {
  L4Unit told{unit.place.base, unit.place.size, std::nullopt, frame_of(unit).value_or(0),
              unit.rights,     unit.status};
  if (unit.source.space != real)
    told.parent = {unit.source.space, unit.source.base};
  return told;
}

std::optional<L4Unit> L4Units::find_unit(unsigned space, std::uint64_t va) const {
  const Unit* unit = covering(space, va);
  return unit == nullptr ? std::nullopt : std::optional(answer(*unit));
}

void L4Units::list(unsigned space, std::vector<L4Unit>& units) const {
  for (std::size_t at = first_from(space, 0); at < units_.size() && units_[at].place.space == space; ++at)
    units.push_back(answer(units_[at]));
}

// The theorems

// Where the path from a unit ends. A path is never longer than all units, even where a bug made a loop that
// does not lead back.
L4Units::End L4Units::end_of(const Unit& unit) const {
  Region at = unit.source;
  for (std::size_t steps = 0; at.space != real; ++steps) {
    if (at == unit.place)
      return End::itself;
    const Unit* next = covering(at.space, at.base);
    if (next == nullptr || steps == units_.size())
      return End::nowhere;
    at = next->source_of(at);
  }
  return End::real;
}

// In a space that exists, aligned, behind its predecessor.
bool L4Units::has_its_place_alone(std::size_t at) const {
  const Region& place = units_[at].place;
  if (!exists(place.space) || !is_page_size(profile(), place.size) || !divides(place.size, place.base))
    return false;
  const Region& before = units_[at == 0 ? 0 : at - 1].place;
  return at == 0 || before.space < place.space
         || (before.space == place.space && before.base + (before.size - 1) < place.base);
}

bool L4Units::real_pages_have_one_mapping() const {
  frames_.clear();
  for (const Unit& unit : units_)
    if (unit.source.space == real)
      frames_.push_back(unit.source);
  const auto is_below = [](const Region& a, const Region& b) { return a.base < b.base; };
  if (!std::is_sorted(frames_.begin(), frames_.end(), is_below)) // most often they are
    std::sort(frames_.begin(), frames_.end(), is_below);
  const auto meet = [](const Region& a, const Region& b) { return a.meets(b); };
  return std::adjacent_find(frames_.begin(), frames_.end(), meet) == frames_.end();
}

bool L4Units::has_rights_below(const Unit& unit, const Unit* parent) {
  const L4Bits most = parent == nullptr ? l4_all : parent->rights;
  return unit.rights != 0 && (unit.rights & ~most) == 0;
}

bool L4Units::is_inside(const Unit& unit, const Unit* parent) {
  const bool is_part = parent == nullptr || parent->place.contains(unit.source);
  return is_part && divides(unit.place.size, unit.source.base) && unit.source.size == unit.place.size;
}

unsigned L4Units::broken_core() const {
  bool holds[] = {true, true, areas_are_no_units(), real_pages_have_one_mapping(), true, true};
  for (std::size_t at = 0; at < units_.size(); ++at) {
    const Unit& unit = units_[at];
    const End end = end_of(unit);
    holds[0] = holds[0] && end != End::itself;
    holds[1] = holds[1] && end != End::nowhere;
    holds[2] = holds[2] && has_its_place_alone(at);
    const Unit* parent = unit.source.space == real ? nullptr : parent_of(unit);
    holds[4] = holds[4] && has_rights_below(unit, parent);
    holds[5] = holds[5] && is_inside(unit, parent);
  }
  const auto* broken = std::find(std::begin(holds), std::end(holds), false);
  return broken == std::end(holds) ? 0 : static_cast<unsigned>(broken - std::begin(holds)) + 1;
}

} // namespace reference
