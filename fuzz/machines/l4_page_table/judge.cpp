// What an operation left behind.
#include "fuzz/machines/l4_page_table/machine.hpp"
#include "fuzz/oracles/flush_log.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

using Hex = unsigned long long;

namespace {

// What the tables call a space in their invalidations.
unsigned tag_of(unsigned space) { return space + 1; }

} // namespace

// O9 is asked at every store that hardware can see, and when a node is let go.
void AdtMachine::hear(const MemoryEvent& e) {
  switch (e.kind) {
  case MemoryEvent::Kind::store:
    return keep_first(wrong_, order_.on_store(e.address, e.before, e.after));
  case MemoryEvent::Kind::invalidate: {
    const Invalidation& i = *e.flush;
    return order_.on_flush({raw(i.space) - 1U, i.first, i.last, i.reach == Invalidation::Reach::walk, 0});
  }
  case MemoryEvent::Kind::sync:
    return order_.on_sync(0);
  case MemoryEvent::Kind::release:
    return keep_first(wrong_, order_.on_release(e.address));
  case MemoryEvent::Kind::allocate:
  case MemoryEvent::Kind::retire:
    return;
  }
}

Verdict AdtMachine::judge() {
  if (wrong_)
    return std::exchange(wrong_, std::nullopt);
  if (Verdict v = judge_atomicity())
    return v;
  if (Verdict v = judge_memory())
    return v;
  if (Verdict v = judge_states())
    return v;
  const bool all = options_.paranoid || options_.thorough || steps_ % turns() == 0;
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

// wfpt, as far as counting goes: as many nodes as the pages of level P have ways to them. What was stored is
// what the format's manual allows (O4, O5), the counters are right (O14), and caches were told (O13).
Verdict AdtMachine::judge_memory() {
  Observation& seen = subject_->observation();
  if (seen.quiet())
    return std::nullopt;
  if (subject_->nodes_used() != nodes_expected_)
    return finding("wfpt", place_, format("%s: nodes", verb_name()),
                   format("after %s there are %llu nodes, and %llu have a page below them", verb_name(),
                          Hex{subject_->nodes_used()}, Hex{nodes_expected_}));
  if (Verdict v = structure_.check(
          view_, seen, [this](std::uint64_t node) { return unsigned{subject_->record(node).live}; }))
    return v;
  return check_flush_log(view_, seen, tag_of);
}

// The square closes: at the place that was meant, right beside it, and where ours stored, R of our state is
// level P's.
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
  return judge_stores();
}

// And wherever a descriptor was stored to, in nodes that are still there.
Verdict AdtMachine::judge_stores() const {
  const Observation& seen = subject_->observation();
  for (const std::uint64_t at : seen.touched()) {
    const NodeState& node = seen.node(at);
    for (unsigned i = node.first; node.live && node.linked && i <= node.last; ++i)
      if (Verdict v = judge_bytes(node.space, view_.slot_va(node.va, node.level, i)))
        return v;
  }
  return std::nullopt;
}

Verdict AdtMachine::judge_place(std::uint64_t va) const {
  if (!reference::is_canonical(mmu_->profile(), va))
    return std::nullopt;
  if (Verdict v = judge_bytes(space_, va))
    return v;
  return va == place_ ? judge_hardware(page_at(space_, va), va) : std::nullopt;
}
Verdict AdtMachine::judge_bytes(unsigned space, std::uint64_t va) const {
  return abstraction_.judge({name_of(space), space, va}, page_at(space, va), verb_name());
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
