#include "fuzz/oracles/flush_log.hpp"

#include "fuzz/oracles/replaced_hull.hpp"
#include "fuzz/oracles/replaced_leaves.hpp"

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

class Checker {
 public:
  Checker(const View& view, const Observation& seen) : view_(view), seen_(seen) {}

  [[nodiscard]] Verdict check(const Replaced& r, unsigned tag) {
    const std::uint64_t first = view_.slot_range(r.node_va, r.level, r.index).first,
                        last = first + (view_.mmu->span(r.level) - 1);
    if (leaves_.go_on_with(r) && covered(r, tag, first, last, false))
      return std::nullopt;
    const Decoded before = leaves_.decode(view_, r);
    const bool table = before.kind == SlotKind::table;
    if (before.kind == SlotKind::hole)
      return std::nullopt;
    if (covered(r, tag, first, last, table))
      return std::nullopt;
    if (only_gained_flags(before, view_.mmu->decode(r.after, r.level, r.index, view_.mode)))
      return std::nullopt;
    return tell([=, &r] {
      return finding("O13 flush log", first, table ? "table not covered" : "leaf not covered",
                     format("a %s of %#llx at level %u was replaced and no invalidation covers it",
                            table ? "table" : "leaf", static_cast<unsigned long long>(first),
                            unsigned{r.level}));
    });
  }

 private:
  // The next invalidation first, as one is owed between the stores of a break-before-make, and then the last
  // one: it usually covers the whole operation.
  [[nodiscard]] bool covered(const Replaced& r, unsigned tag, std::uint64_t first, std::uint64_t last,
                             bool table) const {
    const auto after = seen_.flushes().subspan(r.flushes);
    if (!after.empty() && covers(after.front(), tag, first, last, table))
      return true;
    for (std::size_t i = after.size(); i-- > 1;)
      if (covers(after[i], tag, first, last, table))
        return true;
    return false;
  }

  const View& view_;
  const Observation& seen_;
  ReplacedLeaves leaves_;
};

// Does the last invalidation cover all of them, whatever they were?
bool is_covered_at_once(const View& view, const Observation& seen, unsigned (*space_tag)(unsigned space)) {
  const auto replaced = seen.replaced();
  if (replaced.empty() || replaced.back().flushes == seen.flushes().size())
    return replaced.empty();
  const ReplacedHull hull = hull_of(view, replaced);
  return hull.is_of_one_space
         && covers(seen.flushes().back(), space_tag(replaced.front().space), hull.first, hull.last,
                   hull.has_upper);
}

} // namespace

Verdict check_flush_log(const View& view, const Observation& seen, unsigned (*space_tag)(unsigned space)) {
  if (is_covered_at_once(view, seen, space_tag))
    return std::nullopt;
  Checker checker(view, seen);
  for (const Replaced& r : seen.replaced())
    if (Verdict v = checker.check(r, space_tag(r.space)))
      return v;
  return std::nullopt;
}

} // namespace pagetwin::fuzz
