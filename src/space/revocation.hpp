// unmap and flush of a range: rights are taken from what is derived from its pages, and by flush from the
// pages themselves; what has none left disappears. What was done to any of them becomes known to what the
// pages were derived from, so that nothing is forgotten with what disappears (docs/l4.md, "Status"). Costs
// what it meets, however deep the derivations are and however many spaces there are. Reserves nothing.
#pragma once

#include "src/space/units.hpp"

namespace pagetwin {

// Who loses rights: what is derived from the pages, or they as well.
enum class Revoke : std::uint8_t { derived, all };

template <Format F, class M>
class Revocation {
  using S = Sizes<F>;

 public:
  Revocation(Units<F, M>& units, Revoke what, Rights mask)
      : units_(&units), db_(&units.db()), what_(what), mask_(mask) {}

  // Returns what was done to the units that meet the range, and to what is derived from its pages.
  [[nodiscard]] Usage run(unsigned space, Range range) {
    Usage usage = Usage::none;
    while (const auto unit = units_->next(space, range)) {
      if (!unit->is_area()) {
        if (what_ == Revoke::all && cuts(*unit, range))
          continue; // it is smaller now
        usage |= revoke(*unit, range);
      }
      if (unit->range.last >= range.last)
        break;
      range.first = unit->range.last + 1;
    }
    return usage;
  }

 private:
  // A unit of which the range is a part is split, if it is to lose anything.
  [[nodiscard]] bool cuts(const FoundUnit& unit, const Range& range) {
    const bool loses = !range.covers(unit.range) && loses_rights(unit.node);
    if (loses)
      units_->split(unit.at());
    return loses;
  }
  [[nodiscard]] bool loses_rights(std::uint32_t node) const {
    return ((*db_)[node].rights & mask_) != Rights::none;
  }

  [[nodiscard]] Usage revoke(const FoundUnit& unit, const Range& range) {
    const Scope scope{unit.frames_of(range.clip(unit.range))};
    if (what_ == Revoke::derived && !range.covers(unit.range))
      cut_derived(unit, scope);
    Usage usage = Usage::none;
    for (auto next = db_->first_derived(unit.at(), scope); next;) {
      const UnitAt one = *next;
      next = db_->next_derived(one, unit.node, scope);
      usage |= settle(one, scope.frames, mask_);
    }
    const std::uint32_t parent = (*db_)[unit.node].parent;
    usage |= settle(unit.at(), scope.frames, what_ == Revoke::all ? mask_ : Rights::none);
    if (parent != 0)
      (*db_)[parent].note(usage);
    return usage;
  }
  // What is derived from the unit as a whole, or from more of it than these frames, loses rights in a part.
  void cut_derived(const FoundUnit& unit, const Scope& scope) {
    const unsigned to = S::within(scope.frames.last - scope.frames.first + 1);
    for (unsigned size = unit.size; size > to; --size) {
      const std::uint64_t frame = align_down(scope.frames.first, S::log2(size));
      std::uint32_t next = db_->list(unit.node, size, frame);
      while (next != 0) {
        const std::uint32_t one = next;
        next = (*db_)[one].next;
        if (loses_rights(one))
          units_->split({one, frame});
      }
    }
  }

  // The unit, from which nothing is derived any more that would disappear, gives up the rights of a mask, and
  // what was done to it is told and forgotten. Where the frames are only a part of it, it stays as it is.
  [[nodiscard]] Usage settle(const UnitAt& unit, const Range& frames, Rights mask) {
    if (!frames.covers(db_->frames(unit)))
      return units_->usage(unit.node);
    const Rights rights = (*db_)[unit.node].rights, left = without(rights, mask);
    if (left == Rights::none)
      return units_->remove(unit);
    if (left != rights)
      units_->restrict(unit.node, left);
    return units_->take_usage(unit.node);
  }

  Units<F, M>* units_;
  MappingDb<F>* db_;
  Revoke what_;
  Rights mask_;
};

} // namespace pagetwin
