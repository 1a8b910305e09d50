// map and grant of one flexpage onto another, unit by unit (docs/l4.md, "Operations"). A step is as large as
// the source's unit, both alignments, the region and the areas of the destination allow. Reserves nothing.
#pragma once

#include "src/space/flexpage.hpp"
#include "src/space/revocation.hpp"

namespace pagetwin {

enum class TransferKind : std::uint8_t { map, grant };

// bytes from `va` on in space `from` go to `to_va` in space `to`, with no other rights than those of the
// mask.
struct Move {
  TransferKind kind;
  unsigned from, to;
  std::uint64_t va, to_va, bytes;
  Rights mask;

  [[nodiscard]] Range source() const { return {va, va + (bytes - 1)}; }
  [[nodiscard]] Range destination(const Range& part) const {
    return {to_va + (part.first - va), to_va + (part.last - va)};
  }
};

template <Format F, class M>
class Transfer {
  using S = Sizes<F>;

 public:
  Transfer(Units<F, M>& units, const Move& move)
      : units_(&units), db_(&units.db()), move_(move), whole_(units, Revoke::all, all_rights) {}

  // Returns how many bytes were set.
  [[nodiscard]] std::uint64_t run() {
    std::uint64_t set = 0;
    Range rest = move_.source();
    while (const auto unit = units_->next(move_.from, rest)) {
      rest.first = std::max(rest.first, unit->va);
      const Range done = passes(*unit) ? step(*unit, rest, set) : rest.clip(unit->range);
      if (done.last >= rest.last)
        break;
      rest.first = done.last + 1;
    }
    return set;
  }

 private:
  [[nodiscard]] bool passes(const FoundUnit& unit) const {
    return !unit.is_area() && ((*db_)[unit.node].rights & move_.mask) != Rights::none;
  }
  // From the begin of the rest on. Returns the source that it dealt with.
  [[nodiscard]] Range step(const FoundUnit& unit, const Range& rest, std::uint64_t& set) {
    const std::uint64_t va = rest.first;
    for (unsigned size = unit.size;; --size) {
      const Range part{va, va + (S::bytes(size) - 1)};
      const Range to = move_.destination(part);
      if (!is_aligned(part.first | to.first, S::log2(size)) || !rest.covers(part))
        continue;
      if (!units_->next_area(move_.to, to)) {
        set += carry(part, to, size);
        return part;
      }
      if (size == 0)
        return beside_area(rest, to.first);
    }
  }
  // An area stays, and so does what would have gone there.
  [[nodiscard]] Range beside_area(const Range& rest, std::uint64_t to) const {
    const std::uint64_t covered = units_->find(move_.to, to)->range.last - to;
    return {rest.first, rest.first + std::min(covered, rest.last - rest.first)};
  }
  // Returns the bytes that were set: all or none.
  [[nodiscard]] std::uint64_t carry(const Range& part, const Range& to, unsigned size) {
    (void)whole_.run(move_.to, to);
    const auto unit = units_->find(move_.from, part.first);
    if (unit)
      units_->make(mapping(*unit, size), to.first, unit->frame_of(part.first));
    if (move_.kind == TransferKind::grant)
      (void)whole_.run(move_.from, part);
    return unit ? S::bytes(size) : 0;
  }
  [[nodiscard]] MappingNode mapping(const FoundUnit& source, unsigned size) const {
    const MappingNode& node = (*db_)[source.node];
    MappingNode made;
    made.parent = move_.kind == TransferKind::map ? source.node : node.parent;
    made.space = static_cast<std::uint16_t>(move_.to);
    made.size = static_cast<std::uint8_t>(size);
    made.rights = node.rights & move_.mask;
    return made;
  }

  Units<F, M>* units_;
  MappingDb<F>* db_;
  Move move_;
  Revocation<F, M> whole_;
};

} // namespace pagetwin
