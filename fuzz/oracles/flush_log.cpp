#include "fuzz/oracles/flush_log.hpp"

namespace pagetwin::fuzz {

namespace {

using reference::Decoded;
using reference::SlotKind;

bool covers(const Invalidation& i, unsigned tag, std::uint64_t first, std::uint64_t last, bool table) {
  return raw(i.space) == tag && i.first <= first && i.last >= last
         && (!table || i.reach == Invalidation::Reach::walk);
}

// Hardware may keep the old word when only flags were added.
bool only_gained_flags(const Decoded& before, const Decoded& after) {
  return after.kind == SlotKind::leaf && reference::same_leaf(before, after)
         && before.address == after.address && reference::either(before.flags, after.flags) == after.flags;
}

} // namespace

Verdict check_flush_log(const View& view, const Observation& seen, unsigned (*space_tag)(unsigned space)) {
  for (const Replaced& r : seen.replaced()) {
    const Decoded before = view.mmu->decode(r.before, r.level, r.index, view.mode);
    if (before.kind == SlotKind::hole)
      continue;
    if (only_gained_flags(before, view.mmu->decode(r.after, r.level, r.index, view.mode)))
      continue;
    const std::uint64_t first = view.slot_va(r.node_va, r.level, r.index),
                        last = first + (view.mmu->span(r.level) - 1);
    bool covered = false;
    for (std::size_t i = r.flushes; i < seen.flushes().size() && !covered; ++i)
      covered = covers(seen.flushes()[i], space_tag(r.space), first, last, before.kind == SlotKind::table);
    if (!covered)
      return finding("O13 flush log", first,
                     before.kind == SlotKind::table ? "table not covered" : "leaf not covered",
                     format("a %s of %#llx at level %u was replaced and no invalidation covers it",
                            before.kind == SlotKind::table ? "table" : "leaf",
                            static_cast<unsigned long long>(first), unsigned{r.level}));
  }
  return std::nullopt;
}

} // namespace pagetwin::fuzz
