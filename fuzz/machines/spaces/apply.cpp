// One operation to both sides.
#include "fuzz/machines/spaces/machine.hpp"
#include "fuzz/machines/spaces/rights_operand.hpp"

namespace pagetwin::fuzz {

namespace {

using reference::L4Status;

// Every status but out_of_memory, which the reference does not have.
Status in_our_words(L4Status theirs) {
  switch (theirs) {
  case L4Status::ok:
    return Status::ok;
  case L4Status::unknown_space:
    return Status::unknown_space;
  case L4Status::space_in_use:
    return Status::space_in_use;
  case L4Status::empty:
    return Status::empty;
  case L4Status::bad_size:
    return Status::bad_size;
  case L4Status::misaligned:
    return Status::misaligned;
  case L4Status::out_of_range:
    return Status::out_of_range;
  case L4Status::bad_attributes:
    return Status::bad_attributes;
  case L4Status::overlap:
    return Status::overlap;
  case L4Status::not_mapped:
    return Status::not_mapped;
  case L4Status::not_uniform:
    return Status::not_uniform;
  }
  return Status::out_of_memory; // a number that is no status, and never ours
}

reference::L4Bits to_reference(Rights r) {
  return static_cast<reference::L4Bits>(when(has(r, Rights::read), Rights::read)
                                        | when(has(r, Rights::write), Rights::write)
                                        | when(has(r, Rights::execute), Rights::execute));
}

// The right that an access wants: the first that is named, or to read.
AccessKind kind_of(std::uint64_t rights) {
  return (rights & 1U) != 0 || (rights & l4_rights_mask) == 0 ? AccessKind::read
         : (rights & 2U) != 0                                 ? AccessKind::write
                                                              : AccessKind::execute;
}

unsigned number(const twin::Op& op, SpacesField field) { return static_cast<unsigned>(op.value[field]); }

} // namespace

Verdict SpacesMachine::apply(const twin::Op& op) {
  switch (verb()) {
  case SpacesVerb::map:
  case SpacesVerb::grant:
    return apply_transfer(op);
  case SpacesVerb::unmap:
  case SpacesVerb::flush:
    return apply_revocation(op);
  case SpacesVerb::create:
  case SpacesVerb::destroy:
  case SpacesVerb::place:
  case SpacesVerb::merge:
    return apply_other(op);
  case SpacesVerb::access:
    return apply_access(op);
  case SpacesVerb::lookup:
    return apply_lookup(op);
  case SpacesVerb::fail:
    subject_->fail_allocation(op.value[l4_to]);
    return std::nullopt;
  }
  return std::nullopt;
}

Verdict SpacesMachine::same_status(L4Status theirs) const {
  if (status_ == in_our_words(theirs))
    return std::nullopt;
  return tell([this, theirs] {
    return finding("O2 ret", op_->value[l4_va], format("%s status", verb_name()),
                   format("%s answers %s, the reference %s", verb_name(), to_text(status_).data(),
                          to_text(in_our_words(theirs)).data()));
  });
}

Verdict SpacesMachine::same_number(std::uint64_t ours, std::uint64_t theirs, const char* what) {
  number_ = ours;
  has_number_ = true;
  if (status_ != Status::ok || ours == theirs)
    return std::nullopt;
  return tell([=, this] {
    return finding("O2 ret", op_->value[l4_va], format("%s %s", verb_name(), what),
                   format("%s answers %llu (%s), the reference %llu", verb_name(),
                          static_cast<unsigned long long>(ours), what,
                          static_cast<unsigned long long>(theirs)));
  });
}

Verdict SpacesMachine::apply_transfer(const twin::Op& op) {
  const Rights mask = rights_of_operand(op.value[l4_rights]);
  const std::uint64_t send_base = send_base_of_operand(op.value[l4_rights]);
  const SpacesTransfer ours{number(op, l4_space),
                            number(op, l4_to),
                            {op.value[l4_va], op.value[l4_size]},
                            send_base,
                            {op.value[l4_window], op.value[l4_window_size]},
                            mask};
  const SpacesTransferred done = verb() == SpacesVerb::map ? subject_->map(ours) : subject_->grant(ours);
  status_ = done.status;
  if (status_ == Status::out_of_memory)
    return std::nullopt;
  const reference::L4Transfer theirs{ours.from,
                                     ours.to,
                                     {ours.send.base, ours.send.size},
                                     send_base,
                                     {ours.window.base, ours.window.size},
                                     to_reference(mask)};
  const reference::L4Transferred expected =
      verb() == SpacesVerb::map ? model_->map(theirs) : model_->grant(theirs);
  if (Verdict v = same_status(expected.status))
    return v;
  return same_number(done.pages, expected.pages, "pages");
}

Verdict SpacesMachine::apply_revocation(const twin::Op& op) {
  const Rights mask = rights_of_operand(op.value[l4_rights]);
  const unsigned space = number(op, l4_space);
  const SpacesFlexpage page{op.value[l4_va], op.value[l4_size]};
  const bool flushes = verb() == SpacesVerb::flush;
  const SpacesUnmapped done =
      flushes ? subject_->flush(space, page, mask) : subject_->unmap(space, page, mask);
  status_ = done.status;
  if (status_ == Status::out_of_memory)
    return std::nullopt;
  const reference::L4Flexpage theirs{page.base, page.size};
  const reference::L4Unmapped expected = flushes ? model_->flush(space, theirs, to_reference(mask))
                                                 : model_->unmap(space, theirs, to_reference(mask));
  if (Verdict v = same_status(expected.status))
    return v;
  return same_number(done.bits, expected.bits, "status bits");
}

Status SpacesMachine::edit_ours(const twin::Op& op) {
  const unsigned space = number(op, l4_space);
  switch (verb()) {
  case SpacesVerb::create:
    return subject_->create(space);
  case SpacesVerb::destroy:
    if (space != 0 && is_space(space))
      Structure::drop_root(subject_->observation(), roots_[space]);
    return subject_->destroy(space);
  case SpacesVerb::place:
    return subject_->place(space, op.value[l4_va], op.value[l4_size], op.value[l4_window],
                           rights_of_operand(op.value[l4_rights]));
  default:
    return subject_->merge(space, op.value[l4_va], op.value[l4_size]);
  }
}

L4Status SpacesMachine::edit_model(const twin::Op& op) {
  const unsigned space = number(op, l4_space);
  switch (verb()) {
  case SpacesVerb::create:
    return model_->create(space);
  case SpacesVerb::destroy:
    return model_->destroy(space);
  case SpacesVerb::place:
    return model_->place(space, op.value[l4_va], op.value[l4_size], op.value[l4_window],
                         to_reference(rights_of_operand(op.value[l4_rights])));
  default:
    return model_->merge(space, op.value[l4_va], op.value[l4_size]);
  }
}

Verdict SpacesMachine::apply_other(const twin::Op& op) {
  status_ = edit_ours(op);
  if (status_ == Status::out_of_memory)
    return std::nullopt;
  Verdict v = same_status(edit_model(op));
  follow_roots();
  return v;
}

Verdict SpacesMachine::apply_access(const twin::Op& op) {
  word_ = "none";
  if (!is_space(op.value[l4_space]))
    return std::nullopt;
  const unsigned space = number(op, l4_space);
  const std::uint64_t va = op.value[l4_va];
  const AccessKind kind = kind_of(op.value[l4_rights]);
  const SpacesAccess done = subject_->access(space, va, kind);
  word_ = !done.ok ? "fault" : done.cached ? "ok cached" : "ok";
  const Unit unit = model_->find(space, va);
  const bool allowed = unit && (unit->rights >> static_cast<unsigned>(kind) & 1U) != 0;
  if (allowed)
    model_->touch(space, va, static_cast<reference::AccessKind>(kind));
  if (done.ok == allowed && (!allowed || done.pa == unit->frame + (va - unit->base)))
    return std::nullopt;
  return tell([va, ok = done.ok, allowed] {
    const char* does = ok ? "succeeds" : "faults";
    return finding("O1 lookup", va, format("access %s", does),
                   format("an access through the TLB %s, and the reference %s it", does,
                          allowed ? "allows" : "forbids"));
  });
}

Verdict SpacesMachine::apply_lookup(const twin::Op& op) {
  word_ = "none";
  if (!is_space(op.value[l4_space]))
    return probe_absent(op.value[l4_space], op.value[l4_va]);
  if (model_->find(number(op, l4_space), op.value[l4_va]))
    word_ = "ok";
  return probe(number(op, l4_space), op.value[l4_va]);
}

} // namespace pagetwin::fuzz
