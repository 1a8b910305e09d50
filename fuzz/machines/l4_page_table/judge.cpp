// What an operation left behind.
#include "fuzz/machines/l4_page_table/machine.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

using Hex = unsigned long long;

Verdict AdtMachine::judge() {
  const Observation& seen = subject_->observation();
  if (seen.complaint() != nullptr)
    return finding("O5 frames", seen.complaint_address(), seen.complaint(), seen.complaint());
  if (Verdict v = judge_atomicity())
    return v;
  if (Verdict v = judge_counters())
    return v;
  if (Verdict v = judge_states())
    return v;
  if (Verdict v = judge_invalidations())
    return v;
  const bool all = options_.paranoid || options_.thorough || steps_ % 8 == 0;
  return all ? compare_all() : std::nullopt;
}

// O11: what failed changed nothing. What it says is compared by judge_states.
Verdict AdtMachine::judge_atomicity() const {
  const bool starved = status_ == Status::out_of_memory, failed = status_ != Status::ok;
  if (starved != subject_->refused())
    return finding("O11 atomic", place_, format("%s refused %d", verb_name(), subject_->refused()),
                   format("%s answers %s, and allocations were %srefused", verb_name(),
                          to_text(status_).data(), subject_->refused() ? "" : "not "));
  if (failed && (subject_->nodes_used() != nodes_before_ || !subject_->observation().touched().empty()))
    return finding("O11 atomic", place_, format("%s changed something", verb_name()),
                   format("%s answers %s, and changed something", verb_name(), to_text(status_).data()));
  return std::nullopt;
}

// wfpt, as far as counting goes: as many nodes as the pages of level P have ways to them.
Verdict AdtMachine::judge_counters() const {
  if (subject_->nodes_used() != nodes_expected_)
    return finding("wfpt", place_, format("%s: nodes", verb_name()),
                   format("after %s there are %llu nodes, and %llu have a page below them", verb_name(),
                          Hex{subject_->nodes_used()}, Hex{nodes_expected_}));
  const Observation& seen = subject_->observation();
  for (const std::uint64_t node : seen.touched())
    if (const NodeState& state = seen.node(node); state.live && subject_->record(node).live != state.nonzero)
      return finding("wfpt", place_, format("%s: live counter", verb_name()),
                     format("the table counts %u live slots in the node %#llx, which has %u",
                            unsigned{subject_->record(node).live}, Hex{node}, unsigned{state.nonzero}));
  return std::nullopt;
}

// O13: what hardware knew of the page, and knows no more or otherwise, every cache is told of; and pointers
// to nodes that are gone, too.
Verdict AdtMachine::judge_invalidations() const {
  const Observation& seen = subject_->observation();
  const Page* const now = before_ ? page_at(space_, before_->base) : nullptr;
  if (before_ && must_tell(*before_, now)
      && !is_told(before_->base, before_->last(), Invalidation::Reach::leaf))
    return untold("page");
  if (!seen.retired().empty() && !is_told(place_, place_, Invalidation::Reach::walk))
    return untold("node");
  return std::nullopt;
}

bool AdtMachine::must_tell(const Page& before, const Page* after) const {
  if (!abstraction_.shows(before.fields))
    return false;
  if (after == nullptr || after->size != before.size || !abstraction_.shows(after->fields))
    return true;
  const P::PTE &old = before.fields, &now = after->fields;
  return (old.R && !now.R) || (old.W && !now.W) || (old.X && !now.X) || old.Paddr != now.Paddr
         || old.Cached != now.Cached;
}

bool AdtMachine::is_told(std::uint64_t first, std::uint64_t last, Invalidation::Reach reach) const {
  return std::ranges::any_of(subject_->observation().flushes(), [=, this](const Invalidation& i) {
    const bool reaches = reach == Invalidation::Reach::leaf || i.reach == Invalidation::Reach::walk;
    return reaches && raw(i.space) == space_ + 1 && i.first <= first && last <= i.last;
  });
}

Verdict AdtMachine::untold(const char* what) const {
  return finding("O13 flush log", place_, format("%s: %s", verb_name(), what),
                 format("%s at %#llx changes a %s that caches may know, and tells them nothing", verb_name(),
                        Hex{place_}, what));
}

// The square closes: at the place that was meant, and right beside it, R of our state is level P's.
Verdict AdtMachine::judge_states() const {
  if (!exists(space_) || verb() == AdtVerb::fail || verb() == AdtVerb::createspace)
    return std::nullopt;
  const Page* const page = page_at(space_, place_);
  const std::uint64_t size = std::max(reference::is_page_size(mmu_->profile(), bytes_) ? bytes_ : 1,
                                      page != nullptr ? page->size : 1);
  const std::uint64_t first = place_ & ~(size - 1);
  for (const std::uint64_t va : {place_, first - 1, first + size})
    if (Verdict v = judge_place(va))
      return v;
  return std::nullopt;
}

Verdict AdtMachine::judge_place(std::uint64_t va) const {
  if (!reference::is_canonical(mmu_->profile(), va))
    return std::nullopt;
  const Page* const page = page_at(space_, va);
  const auto seen = abstraction_.lookup(name_of(space_), va);
  if (seen.is == L4Abstraction::Seen::Is::broken)
    return finding("wfpt", va, format("%s: %s", verb_name(), seen.why),
                   format("after %s there is, at %#llx, %s", verb_name(), Hex{va}, seen.why));
  const bool same = page != nullptr ? L4Abstraction::related(*page, seen) : !seen.is_page();
  if (!same)
    return finding("R", va, format("%s: state", verb_name()),
                   format("after %s the page of %#llx in space %u is not that of level P", verb_name(),
                          Hex{va}, space_));
  return va == place_ ? judge_hardware(page, va) : std::nullopt;
}

// O3: hardware finds the page when it is one that it may use, and nothing else.
Verdict AdtMachine::judge_hardware(const Page* page, std::uint64_t va) const {
  const auto found = view_.translate(name_of(space_), va);
  const bool shown = page != nullptr && abstraction_.shows(page->fields);
  const bool same =
      shown == found.has_value()
      && (!shown
          || (found->pa == page->fields.Paddr + (va - page->base) && found->size == page->size
              && found->attributes.read == page->fields.R && found->attributes.write == page->fields.W
              && found->attributes.execute == page->fields.X));
  return same ? std::nullopt
              : Verdict(finding(
                    "O3 walk", va, format("%s: walk of the bytes", verb_name()),
                    format("a walk of %#llx in space %u does not find what level P says", Hex{va}, space_)));
}

Verdict AdtMachine::compare_all() {
  if (Verdict v = abstraction_.compare(model_, pool()))
    return v;
  for (const auto& node : abstraction_.reached())
    if (const NodeRecord record = subject_->record(node.address);
        record.live != node.used || record.markers != node.holes)
      return finding(
          "wfpt", 0, "counters",
          format("the table counts %u live slots and %u markers in the node %#llx, which has %u and %u",
                 unsigned{record.live}, unsigned{record.markers}, Hex{node.address}, node.used, node.holes));
  return std::nullopt;
}

} // namespace pagetwin::fuzz
