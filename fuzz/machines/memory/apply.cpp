// One operation to both sides.
#include "fuzz/machines/convert.hpp"
#include "fuzz/machines/memory/machine.hpp"
#include "fuzz/machines/table/attribute_operand.hpp"

namespace pagetwin::fuzz {

Verdict MemoryMachine::apply(const twin::Op& op) {
  switch (verb()) {
  case MemoryVerb::map:
  case MemoryVerb::unmap:
  case MemoryVerb::protect:
  case MemoryVerb::split:
  case MemoryVerb::promote:
  case MemoryVerb::harvest:
    return apply_edit(op);
  case MemoryVerb::query:
    return apply_query(op);
  case MemoryVerb::read:
  case MemoryVerb::write:
  case MemoryVerb::execute:
    return apply_access(op);
  case MemoryVerb::fill:
    word_ = fill(op.value[os_va], (op.value[os_arg] & 1U) != 0) ? "ok" : "none";
    return std::nullopt;
  case MemoryVerb::evict:
    processors_[cpu_].evict(static_cast<unsigned>(op.value[os_arg]));
    return std::nullopt;
  case MemoryVerb::meanwhile:
    if (meanwhile_.size() < 16)
      meanwhile_.push_back(
          {cpu_, static_cast<unsigned>(op.value[os_arg] >> 4U & 31U), op.value[os_va], op.value[os_arg]});
    return std::nullopt;
  case MemoryVerb::create:
  case MemoryVerb::destroy:
  case MemoryVerb::activate:
    return apply_space();
  case MemoryVerb::idle:
    subject_->idle(cpu_);
    synchronise_cpus();
    return std::nullopt;
  case MemoryVerb::fail:
    subject_->fail_allocation(op.value[os_arg]);
    return std::nullopt;
  }
  return std::nullopt;
}

Verdict MemoryMachine::same_status(Status ours, reference::Status theirs) const {
  if (same(ours, theirs))
    return std::nullopt;
  return finding("O2 ret", op_->value[os_va], format("%s status", verb_name()),
                 format("%s answers %s, the reference %s", verb_name(), to_text(ours).data(),
                        reference::to_text(theirs)));
}

Status MemoryMachine::edit_ours(const twin::Op& op) {
  const std::uint64_t va = op.value[os_va], size = op.value[os_size];
  const Attributes attributes = unpack_attributes(op.value[os_attrs]);
  switch (verb()) {
  case MemoryVerb::map:
    return subject_->map(cpu_, space_, {va, size, op.value[os_pa], attributes});
  case MemoryVerb::protect:
    return subject_->protect(cpu_, space_, va, attributes);
  case MemoryVerb::split:
    return subject_->split(cpu_, space_, va, size);
  case MemoryVerb::promote:
    return subject_->promote(cpu_, space_, va, size);
  default:
    break;
  }
  const OsFlags done = verb() == MemoryVerb::unmap
                           ? subject_->unmap(cpu_, space_, va)
                           : subject_->harvest(cpu_, space_, va, (op.value[os_arg] & 1U) != 0);
  flags_ = done.flags;
  if (done.status == Status::ok && flags_.dirty)
    word_ = "ok dirty";
  return done.status;
}

reference::Status MemoryMachine::edit_model(const twin::Op& op) {
  const std::uint64_t va = op.value[os_va], size = op.value[os_size];
  const reference::Attributes attributes = to_reference(unpack_attributes(op.value[os_attrs]));
  switch (verb()) {
  case MemoryVerb::map:
    return model_.map(space_, va, {op.value[os_pa], size, attributes});
  case MemoryVerb::unmap:
    return model_.unmap(space_, va);
  case MemoryVerb::protect:
    return model_.protect(space_, va, attributes);
  case MemoryVerb::split:
    return model_.split(space_, va, size);
  case MemoryVerb::promote:
    return model_.promote(space_, va, size);
  default:
    return model_.find(space_, va);
  }
}

// Whoever runs the space has the old translation when the edit begins.
Verdict MemoryMachine::apply_edit(const twin::Op& op) {
  if (!subject_->exists(space_)) {
    status_ = edit_ours(op);
    return status_ == Status::unknown_space ? std::nullopt
                                            : Verdict(finding("O2 ret", op.value[os_va], "unknown space",
                                                              "a space that does not exist is edited"));
  }
  const std::uint64_t va = op.value[os_va];
  recall_all(space_, va, false);
  editing_ = true;
  status_ = edit_ours(op);
  editing_ = false;
  meanwhile_.clear();
  if (status_ != Status::out_of_memory)
    if (Verdict v = compare_edit(op))
      return v;
  if (meanwhile_wrong_)
    return std::exchange(meanwhile_wrong_, std::nullopt);
  return refinement_.settle(
      model_, [this](const Page& before, const Page& after) { return may_break(before, after); });
}

// Flags first, while the model has the page.
Verdict MemoryMachine::compare_edit(const twin::Op& op) {
  Verdict lost = account_flags(op);
  if (Verdict v = same_status(status_, edit_model(op)))
    return v;
  return lost;
}

// O10: what was accessed or written through a page is reported when its flags are collected.
Verdict MemoryMachine::account_flags(const twin::Op& op) {
  const bool removes = verb() == MemoryVerb::unmap;
  if (status_ != Status::ok || (!removes && verb() != MemoryVerb::harvest))
    return std::nullopt;
  const Page page = model_.query(space_, op.value[os_va]);
  if (!page)
    return std::nullopt;
  const bool clears = removes || (op.value[os_arg] & 1U) != 0;
  Verdict lost = account(*page, clears, walked_, flags_.accessed, "accessed");
  if (mmu_->profile().dirty)
    keep_first(lost, account(*page, clears, written_, flags_.dirty, "dirty"));
  return lost;
}

Verdict MemoryMachine::account(const reference::PageMapping& page, bool clears, AllTouched& touched,
                               bool reported, const char* flag) {
  const bool removes = verb() == MemoryVerb::unmap;
  const unsigned space = model_.is_kernel(page.va) ? 0 : space_;
  Verdict lost;
  std::erase_if(touched, [&](const Touched& t) {
    if (t.space != space || !page.covers(t.va))
      return false;
    if (!reported && (removes || t.step < steps_) && !lost)
      lost = finding("O10 dirty", t.va, format("%s loses %s", verb_name(), flag),
                     format("%#llx was made %s by hardware, and %s says that its page is not",
                            static_cast<unsigned long long>(t.va), flag, verb_name()));
    return reported && clears;
  });
  return lost;
}

bool MemoryMachine::is_running(unsigned space) const {
  for (unsigned cpu = 0; cpu < cpu_count_; ++cpu)
    if (subject_->runs(cpu) == space)
      return true;
  return false;
}

// What the answer must be, nodes permitting.
Status MemoryMachine::expected_of_space() const {
  const bool exists = subject_->exists(space_);
  if (verb() == MemoryVerb::create)
    return exists ? Status::space_in_use : Status::ok;
  if (!exists)
    return Status::unknown_space;
  const bool stays = space_ == 0 || is_running(space_);
  return verb() == MemoryVerb::destroy && stays ? Status::space_in_use : Status::ok;
}

Status MemoryMachine::destroy_space() {
  if (expected_of_space() == Status::ok) {
    const unsigned tag = subject_->tag(space_);
    in_flight_.drop(tables(), tag, holders(tag), subject_->root(space_));
    Structure::drop_root(subject_->observation(), subject_->root(space_));
  }
  const Status done = subject_->destroy(cpu_, space_);
  if (done != Status::ok)
    return done;
  model_.forget(space_);
  for (AllTouched* touched : {&walked_, &written_})
    std::erase_if(*touched,
                  [this](const Touched& t) { return t.space == space_ && !model_.is_kernel(t.va); });
  return done;
}

Status MemoryMachine::create_space() {
  const Status done = subject_->create(cpu_, space_);
  if (done == Status::ok)
    introduce(space_);
  return done;
}

Verdict MemoryMachine::apply_space() {
  const Status expected = expected_of_space();
  editing_ = true;
  status_ = verb() == MemoryVerb::create    ? create_space()
            : verb() == MemoryVerb::destroy ? destroy_space()
                                            : subject_->activate(cpu_, space_);
  editing_ = false;
  synchronise_cpus();
  const bool starved = verb() == MemoryVerb::create && status_ == Status::out_of_memory;
  if (status_ == expected || (starved && expected == Status::ok))
    return refinement_.settle(model_, [](const Page&, const Page&) { return false; });
  return finding(
      "O2 ret", 0, format("%s status", verb_name()),
      format("%s answers %s instead of %s", verb_name(), to_text(status_).data(), to_text(expected).data()));
}

Verdict MemoryMachine::apply_query(const twin::Op& op) {
  word_ = "none";
  if (!subject_->exists(space_))
    return std::nullopt;
  if (model_.query(space_, op.value[os_va]))
    word_ = "ok";
  return probe(space_, op.value[os_va]);
}

Verdict MemoryMachine::apply_access(const twin::Op& op) {
  const auto kind = static_cast<AccessKind>(op.verb - static_cast<unsigned>(MemoryVerb::read));
  const std::uint64_t va = op.value[os_va];
  const auto space = subject_->runs(cpu_);
  if (va % 8 != 0 || !space) {
    status_ = subject_->access(cpu_, va, kind, Privilege::user, 0).status;
    const Status expected = va % 8 != 0 ? Status::misaligned : Status::unknown_space;
    return status_ == expected ? std::nullopt
                               : Verdict(finding("O2 ret", va, "access status",
                                                 format("an access answers %s", to_text(status_).data())));
  }
  const SeenAccess seen = access(cpu_, *space, va, op.value[os_arg], kind);
  word_ = !seen.ok ? "fault" : seen.cached ? "ok cached" : "ok";
  return Refinement::judge(model_, seen);
}

} // namespace pagetwin::fuzz
