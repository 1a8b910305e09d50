// What an operation left behind, after its answers agreed: memory (O4, O5, O6, O11, O13, O14), translations
// around it (O1, O3, O14), and at the end of a run everything.
#include "fuzz/machines/table/machine.hpp"
#include "fuzz/oracles/flush_log.hpp"
#include "fuzz/oracles/show_translation.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;

std::string show(const std::optional<reference::Translation>& t) { return show_translation(t); }

std::string show(const std::optional<Found>& f) {
  return f ? show_translation(reference::Translation{f->pa, f->size, to_reference(f->attributes), {}})
           : "nothing";
}

bool equal(const std::optional<Found>& ours, const std::optional<reference::Translation>& theirs) {
  if (!ours || !theirs)
    return ours.has_value() == theirs.has_value();
  return ours->pa == theirs->pa && ours->size == theirs->size
         && to_reference(ours->attributes) == theirs->attributes;
}

// Which part of an answer differs.
const char* difference(bool ours, bool theirs, std::uint64_t pa, std::uint64_t their_pa, std::uint64_t size,
                       std::uint64_t their_size) {
  if (ours != theirs)
    return ours ? "mapped" : "missing";
  if (pa != their_pa)
    return "address";
  return size != their_size ? "size" : "attributes";
}

template <class A, class B>
[[gnu::cold, gnu::noinline]] Verdict disagreement(const char* oracle, const char* who, std::uint64_t va,
                                                  const A& ours, const B& theirs) {
  const char* what = difference(ours.has_value(), theirs.has_value(), ours ? ours->pa : 0,
                                theirs ? theirs->pa : 0, ours ? ours->size : 0, theirs ? theirs->size : 0);
  return finding(oracle, va, format("%s %s", who, what),
                 format("%s of %#llx differs from the reference: %s", who, Hex{va}, what),
                 format("%-10s", who) + show(ours) + "\nreference " + show(theirs));
}

} // namespace

Verdict TableMachine::judge(const twin::Op& op) {
  if (Verdict v = judge_atomicity())
    return v;
  if (Verdict v = judge_readers())
    return v;
  if (Verdict v = judge_transitions())
    return v;
  if (Verdict v = judge_memory())
    return v;
  if (Verdict v = probe_around(op))
    return v;
  return options_.paranoid ? compare_all() : std::nullopt;
}

// O11: out of memory exactly when the pool refused, nodes reserved exactly as needed, and nothing changed
// whenever an operation failed.
Verdict TableMachine::judge_atomicity() const {
  const bool observed = subject_->observation() != nullptr;
  if (observed && starved_ != subject_->refused())
    return tell([=, this] {
      return finding("O11 atomic", op_->value[field_va],
                     format("%s refused %d", verb_name(), subject_->refused()),
                     starved_ ? format("%s is out of memory though no allocation was refused", verb_name())
                              : format("%s goes on though an allocation was refused", verb_name()));
    });
  if (subject_->spare() != 0)
    return tell([=, this] {
      return finding("O11 atomic", op_->value[field_va], format("%s reserves too much", verb_name()),
                     format("%s reserved %llu nodes more than it took: it can fail without need", verb_name(),
                            Hex{subject_->spare()}));
    });
  if (!answer_.is_status || answer_.status == Status::ok)
    return std::nullopt;
  const bool changed =
      subject_->nodes_used() != nodes_before_ || (observed && subject_->observation()->visible_change());
  if (!changed)
    return std::nullopt;
  return tell([=, this] {
    return finding(
        "O11 atomic", op_->value[field_va], format("%s changed something", verb_name()),
        format("%s failed with %s and changed the table", verb_name(), to_text(answer_.status).data()));
  });
}

// O7: a reader that was inside holds pointers as a cache does.
Verdict TableMachine::judge_readers() {
  const ReaderComplaint* const of = subject_->readers_go_on();
  return of == nullptr ? std::nullopt
                       : tell([of] { return finding("O7 walk cache", of->va, "reader", of->text); });
}

Verdict TableMachine::judge_memory() {
  Observation* seen = subject_->observation();
  if (seen == nullptr || seen->quiet())
    return std::nullopt;
  if (Verdict v = structure_.check(
          view_, *seen, [this](std::uint64_t node) { return unsigned{subject_->record(node).live}; }))
    return v;
  if (Verdict v = check_flush_log(view_, *seen, tag_of))
    return v;
  return tlb_.check(view_, *seen, [this](unsigned s) { return spaces_[s].alive ? subject_->root(s) : 0; });
}

// Both ends of the operation, and by turns what is beside them, the middle, an address that differs only in
// bits that are not translated, and the same place in another space. An operation that failed changed nothing
// that the memory oracles would not have seen, so that one look is enough.
Verdict TableMachine::probe_around(const twin::Op& op) {
  const twin::Verb& verb = table_verbs[op.verb];
  if (!verb.uses(field_va))
    return std::nullopt;
  const std::uint64_t va = op.value[field_va], page = mmu_->profile().sizes.front();
  const std::uint64_t extent = extent_of(op, page);
  const bool changed = answer_.is_status && answer_.status == Status::ok;
  const unsigned turn = 2 + steps_ % 4,
                 ends = extent <= page && turn != 2 ? 1 : 2; // of one page both are one
  if (spaces_[space_].alive && thorough())
    if (Verdict v = probe_everywhere(va, extent))
      return v;
  if (spaces_[space_].alive && !thorough())
    for (const unsigned i : {0U, 1U, turn})
      if ((changed && i < ends) || (i == turn && (changed || steps_ % 2 == 0)))
        if (Verdict v = probe(space_, place(i, va, extent)))
          return v;
  const unsigned other = (space_ + 1) % space_count_;
  return changed && (thorough() || steps_ % 4 == 0) && other != space_ && spaces_[other].alive
             ? probe(other, va)
             : std::nullopt;
}

Verdict TableMachine::probe_everywhere(std::uint64_t va, std::uint64_t extent) {
  for (unsigned i = 0; i < places; ++i)
    if (Verdict v = probe(space_, place(i, va, extent)))
      return v;
  for (unsigned bit = 0; bit < 4; ++bit)
    if (Verdict v = probe(space_, va ^ std::uint64_t{1} << (mmu_->profile().va_bits - 1 + bit)))
      return v;
  return std::nullopt;
}

std::uint64_t TableMachine::place(unsigned i, std::uint64_t va, std::uint64_t extent) const {
  switch (i) {
  case 0:
    return va;
  case 1:
    return va + (extent - 1);
  case 2:
    return va - 1;
  case 3:
    return va + extent;
  case 4:
    return va + extent / 2;
  default:
    return va ^ std::uint64_t{1} << (mmu_->profile().va_bits - 1 + steps_ % 4);
  }
}

Verdict TableMachine::probe(unsigned space, std::uint64_t va) {
  const auto model = spaces_[space].model.lookup(va);
  const auto ours = subject_->lookup(space, va);
  if (!equal(ours, model))
    return disagreement("O1 lookup", "lookup", va, ours, model);
  const auto walked = view_.translate(subject_->root(space), va);
  if (walked != model)
    return disagreement("O3 walk", "walk", va, walked, model);
  if (walked && subject_->observation() != nullptr)
    tlb_.fill(space, va, *walked);
  if (transitions_)
    transitions_->cache(space, va);
  return probe_cached(space, va, model);
}

Verdict TableMachine::probe_cached(unsigned space, std::uint64_t va,
                                   const std::optional<reference::Translation>& model) {
  const auto cached = subject_->cached_lookup(space, va);
  if (equal(cached, model) || (cached && global_elsewhere(space, va, *cached)))
    return std::nullopt;
  return disagreement("O14 views", "cached lookup", va, cached, model);
}

// A global translation of one space answers in every space; that the spaces contradict each other is the
// program's doing.
bool TableMachine::global_elsewhere(unsigned space, std::uint64_t va, const Found& found) const {
  if (!found.attributes.global)
    return false;
  for (unsigned s = 0; s < space_count_; ++s)
    if (s != space && spaces_[s].alive && equal(found, spaces_[s].model.lookup(va)))
      return true;
  return false;
}

Verdict TableMachine::compare_all() {
  std::uint64_t nodes = 0;
  for (unsigned s = 0; s < space_count_; ++s) {
    if (!spaces_[s].alive)
      continue;
    if (Verdict v = compare_space(s))
      return v;
    nodes += seen_.nodes;
  }
  if (nodes == subject_->nodes_used())
    return std::nullopt;
  return tell([=, this] {
    return finding(
        "O5 frames", 0, "nodes in use",
        format("%llu nodes are in use and %llu are reachable", Hex{subject_->nodes_used()}, Hex{nodes}));
  });
}

Verdict TableMachine::compare_space(unsigned space) {
  reference::read_contents(view_.memory, subject_->root(space), *mmu_, view_.mode, seen_);
  if (seen_.broken != nullptr)
    return tell([=, this] {
      return finding("O4 shape", seen_.where, seen_.broken, format("space %u: %s", space, seen_.broken));
    });
  const reference::FlatMap& model = spaces_[space].model;
  if (!std::ranges::equal(seen_.leaves, model.regions())) {
    const auto [ours, theirs] = std::ranges::mismatch(seen_.leaves, model.regions());
    const std::uint64_t va = ours != seen_.leaves.end() ? ours->va : theirs->va;
    return tell([=] {
      return finding("O3 walk", va, "final contents",
                     format("space %u differs from the reference at %#llx", space, Hex{va}));
    });
  }
  if (!std::ranges::equal(seen_.markers, model.markers()))
    return tell([=] {
      return finding("O3 walk", 0, "final markers",
                     format("the markers of space %u differ from the reference's", space));
    });
  if (const std::string problem = subject_->audit(space); !problem.empty())
    return tell([space, &problem] {
      return finding("O4 shape", 0, "audit", format("the audit of space %u: %s", space, problem.c_str()));
    });
  return compare_iteration(space);
}

Verdict TableMachine::compare_iteration(unsigned space) {
  const reference::Profile& p = mmu_->profile();
  const std::uint64_t half = std::uint64_t{1} << (p.sign_extended ? p.va_bits - 1 : p.va_bits);
  if (Verdict v = compare_half(space, 0, half))
    return v;
  return p.sign_extended ? compare_half(space, 0 - half, half) : std::nullopt;
}

Verdict TableMachine::compare_half(unsigned space, std::uint64_t first, std::uint64_t length) {
  stretches_.clear();
  const Status status = subject_->for_each(space, first, length, stretches_);
  if (status == Status::ok && same_extents(spaces_[space].model.for_each(first, length).extents))
    return std::nullopt;
  return tell([=] {
    return finding("O14 views", first, "for_each",
                   format("for_each of space %u shows other ranges than the reference", space));
  });
}

Verdict TableMachine::destroy_space(unsigned space) {
  if (Observation* seen = subject_->observation())
    Structure::drop_root(*seen, subject_->root(space));
  subject_->destroy(space);
  spaces_[space].alive = false;
  spaces_[space].model.reset();
  return tlb_.check_gone(space);
}

Verdict TableMachine::destroy_all() {
  subject_->close();
  const Observation* seen = subject_->observation();
  for (unsigned s = 0; s < space_count_; ++s) {
    if (!spaces_[s].alive)
      continue;
    subject_->begin_operation();
    begin_transitions({.space = s});
    if (Verdict v = destroy_space(s))
      return v;
    if (Verdict v = judge_transitions())
      return v;
    if (Verdict v = seen == nullptr ? std::nullopt : Structure::complaint(*seen))
      return v;
  }
  if (Verdict v = judge_readers())
    return v;
  if (subject_->nodes_used() == 0)
    return std::nullopt;
  return tell([=, this] {
    return finding(
        "O5 frames", 0, "nodes after destroy",
        format("%llu nodes are still in use after every space is gone", Hex{subject_->nodes_used()}));
  });
}

} // namespace pagetwin::fuzz
