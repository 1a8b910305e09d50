// One operation to both sides, and their answers compared: O2 RET, O10 DIRTY where flags are reported, O16
// METAMORPHIC round trips.
#include "fuzz/machines/table/domains.hpp"
#include "fuzz/machines/table/machine.hpp"

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;

std::string show(const reference::LeafRun& r) {
  return format("%#llx -> %#llx, %#llx bytes of %#llx%s%s\n", Hex{r.va}, Hex{r.pa}, Hex{r.bytes},
                Hex{r.leaf_size}, r.flags.accessed ? " accessed" : "", r.flags.dirty ? " dirty" : "");
}

std::string show(std::span<const reference::LeafRun> runs) {
  std::string text;
  for (const auto& run : runs)
    text += "  " + show(run);
  return text;
}

// Is it the next leaf of the same kind, over the next frame? The top of the address space has none.
bool follows(const LeafReport& r, const LeafReport& before) {
  return r.va == before.va + before.bytes && r.va != 0 && r.bytes == before.bytes
         && raw(r.frame) == raw(before.frame) + before.bytes && r.attributes == before.attributes
         && r.flags == before.flags;
}

} // namespace

Verdict TableMachine::apply(const twin::Op& op) {
  const auto verb = static_cast<TableVerb>(op.verb);
  if (verb == TableVerb::fail) {
    subject_->fail_allocation(op.value[field_arg]);
    fault_armed_ = true;
    return std::nullopt;
  }
  if (verb == TableVerb::inject) {
    inject_spent_ = false;
    inject_in(op.value[field_arg] / 8);
    inject_page_ = static_cast<unsigned>(op.value[field_arg] % 8);
    return std::nullopt;
  }
  if (verb == TableVerb::create)
    return apply_create(op);
  if (!spaces_[space_].alive) {
    answer_ = {.word = "no_space", .is_status = false};
    return std::nullopt;
  }
  using Apply = Verdict (TableMachine::*)(const twin::Op&);
  static constexpr std::array<Apply, 21> applies{&TableMachine::apply_map,
                                                 &TableMachine::apply_map_range,
                                                 &TableMachine::apply_unmap,
                                                 &TableMachine::apply_unmap_collect,
                                                 &TableMachine::apply_protect,
                                                 &TableMachine::apply_remap,
                                                 &TableMachine::apply_promote,
                                                 &TableMachine::apply_harvest,
                                                 &TableMachine::apply_mark,
                                                 &TableMachine::apply_marker,
                                                 &TableMachine::apply_for_each,
                                                 &TableMachine::apply_lookup,
                                                 &TableMachine::apply_access,
                                                 &TableMachine::apply_clear,
                                                 nullptr,
                                                 &TableMachine::apply_destroy,
                                                 nullptr,
                                                 nullptr,
                                                 &TableMachine::apply_split,
                                                 &TableMachine::apply_set_attributes,
                                                 &TableMachine::apply_add_flags};
  return (this->*applies[op.verb])(op);
}

bool TableMachine::starved(Status status, std::uint64_t bytes) {
  answer_ = {.status = status, .bytes = bytes};
  starved_ = status == Status::out_of_memory;
  if (!starved_)
    absorb_injections();
  return starved_;
}

// Hardware may set flags at any time before the exchange that takes them, so for the model it happened just
// before the operation.
void TableMachine::absorb_injections() {
  for (const Injected& i : injected_)
    (void)spaces_[i.space].model.set_flags(i.va, true, true);
}

Verdict TableMachine::same_status(Status ours, reference::Status theirs) const {
  if (same(ours, theirs))
    return std::nullopt;
  return tell([=, this] {
    return finding(
        "O2 ret", op_->value[field_va],
        format("%s %s instead of %s", verb_name(), to_text(ours).data(), reference::to_text(theirs)),
        format("%s answers %s, the reference %s", verb_name(), to_text(ours).data(),
               reference::to_text(theirs)));
  });
}

Verdict TableMachine::same_amount(Status our_status, std::uint64_t ours, reference::Status their_status,
                                  std::uint64_t theirs) const {
  if (Verdict d = same_status(our_status, their_status); d || ours == theirs)
    return d;
  return tell([=, this] {
    return finding("O2 ret", op_->value[field_va], format("%s amount", verb_name()),
                   format("%s answers %#llx, the reference %#llx", verb_name(), Hex{ours}, Hex{theirs}));
  });
}

// reports_ against the reference's runs. When only flags differ it is a matter of conservation.
Verdict TableMachine::same_leaves(std::span<const reference::LeafRun> theirs) {
  runs_.clear();
  const LeafReport* before = nullptr;
  for (const LeafReport& r : reports_) {
    if (before != nullptr && follows(r, *before)) // as append would find, of its own words
      runs_.back().bytes += r.bytes;
    else
      reference::append(runs_, to_reference(r));
    before = &r;
  }
  if (std::ranges::equal(runs_, theirs))
    return std::nullopt;
  bool lost = false;
  for (const auto& want : theirs)
    for (const auto& have : runs_)
      if (have.va <= want.va && want.va - have.va < have.bytes)
        lost =
            lost || (want.flags.dirty && !have.flags.dirty) || (want.flags.accessed && !have.flags.accessed);
  return tell([=, this] {
    return finding(
        lost ? "O10 dirty" : "O2 ret", op_->value[field_va], format("%s leaves", verb_name()),
        format(lost ? "%s loses accessed or dirty flags" : "%s reports other leaves than the reference",
               verb_name()),
        "table:\n" + show(runs_) + "reference:\n" + show(theirs));
  });
}

Verdict TableMachine::apply_map(const twin::Op& op) {
  const auto& v = op.value;
  const Attributes a = unpack_attributes(v[field_attrs]);
  const Status ours = subject_->map(space_, v[field_va], v[field_pa], v[field_size], a);
  if (starved(ours))
    return std::nullopt;
  const bool marked = !model().markers().empty();
  if (Verdict d =
          same_status(ours, model().map(v[field_va], v[field_pa], v[field_size], to_reference(a)).status))
    return d;
  return ours == Status::ok && !marked ? round_trip(op, false) : std::nullopt;
}

Verdict TableMachine::apply_map_range(const twin::Op& op) {
  const auto& v = op.value;
  const Attributes a = unpack_attributes(v[field_attrs]);
  const Status ours = subject_->map_range(space_, v[field_va], v[field_pa], v[field_len], a, v[field_size]);
  if (starved(ours))
    return std::nullopt;
  const bool marked = !model().markers().empty();
  const auto theirs =
      model().map_range(v[field_va], v[field_pa], v[field_len], to_reference(a), v[field_size]);
  if (Verdict d = same_status(ours, theirs.status))
    return d;
  return ours == Status::ok && !marked ? round_trip(op, true) : std::nullopt;
}

// Unmapping what was just mapped leaves no trace, and mapping it again works. Tried now and then; markers,
// which an unmap erases, must be out of the way, nobody may write down what the trace alone does, and nobody
// may keep the nodes that the second map needs.
Verdict TableMachine::round_trip(const twin::Op& op, bool range) {
  const auto& v = op.value;
  const std::uint64_t length = v[range ? field_len : field_size];
  const bool turn = steps_ % 8 == 3 || thorough();
  if (!turn || fault_armed_ || inject_in_ != never || log_ || subject_->has_readers())
    return std::nullopt;
  if (transitions_)
    transitions_->look_away(true);
  const Amount gone = subject_->unmap(space_, v[field_va], length);
  const std::uint64_t nodes = subject_->nodes_used();
  if (gone.status != Status::ok || gone.bytes != length || nodes != nodes_before_)
    return tell([=, this, &v] {
      return finding("O16 metamorphic", v[field_va], "map then unmap",
                     format("map then unmap: %s, %#llx of %#llx bytes, %llu nodes instead of %llu",
                            to_text(gone.status).data(), Hex{gone.bytes}, Hex{length}, Hex{nodes},
                            Hex{nodes_before_}));
    });
  const Attributes a = unpack_attributes(v[field_attrs]);
  const Status again = range ? subject_->map_range(space_, v[field_va], v[field_pa], length, a, v[field_size])
                             : subject_->map(space_, v[field_va], v[field_pa], length, a);
  if (transitions_)
    transitions_->look_away(false);
  if (again == Status::ok)
    return std::nullopt;
  return tell([=, &v] {
    return finding("O16 metamorphic", v[field_va], "map, unmap, map",
                   format("map, unmap, map: the second map answers %s", to_text(again).data()));
  });
}

Verdict TableMachine::apply_unmap(const twin::Op& op) {
  const Amount ours = subject_->unmap(space_, op.value[field_va], op.value[field_len]);
  if (starved(ours.status, ours.bytes))
    return std::nullopt;
  const auto theirs = model().unmap(op.value[field_va], op.value[field_len]);
  return same_amount(ours.status, ours.bytes, theirs.status, theirs.bytes);
}

Verdict TableMachine::apply_unmap_collect(const twin::Op& op) {
  reports_.clear();
  const Amount ours = subject_->unmap_collect(space_, op.value[field_va], op.value[field_len], reports_);
  if (starved(ours.status, ours.bytes))
    return std::nullopt;
  const auto theirs = model().unmap_collect(op.value[field_va], op.value[field_len]);
  if (Verdict d = same_amount(ours.status, ours.bytes, theirs.status, theirs.bytes))
    return d;
  return same_leaves(theirs.leaves);
}

Verdict TableMachine::apply_protect(const twin::Op& op) {
  const Rights rights = unpack_attributes(op.value[field_attrs]).rights;
  const Amount ours = subject_->protect(space_, op.value[field_va], op.value[field_len], rights);
  if (starved(ours.status, ours.bytes))
    return std::nullopt;
  const auto theirs = model().protect(op.value[field_va], op.value[field_len], to_reference(rights));
  return same_amount(ours.status, ours.bytes, theirs.status, theirs.bytes);
}

Verdict TableMachine::apply_remap(const twin::Op& op) {
  const Status ours = subject_->remap(space_, op.value[field_va], op.value[field_pa]);
  if (starved(ours))
    return std::nullopt;
  return same_status(ours, model().remap(op.value[field_va], op.value[field_pa]).status);
}

Verdict TableMachine::apply_promote(const twin::Op& op) {
  const Status ours = subject_->promote(space_, op.value[field_va], op.value[field_size]);
  if (starved(ours))
    return std::nullopt;
  return same_status(ours, model().promote(op.value[field_va], op.value[field_size]).status);
}

Verdict TableMachine::apply_split(const twin::Op& op) {
  const Status ours = subject_->split(space_, op.value[field_va], op.value[field_size]);
  if (starved(ours))
    return std::nullopt;
  return same_status(ours, model().split(op.value[field_va], op.value[field_size]).status);
}

Verdict TableMachine::apply_set_attributes(const twin::Op& op) {
  const Attributes a = unpack_attributes(op.value[field_attrs]);
  const Status ours = subject_->set_attributes(space_, op.value[field_va], a);
  if (starved(ours))
    return std::nullopt;
  return same_status(ours, model().set_attributes(op.value[field_va], to_reference(a)).status);
}

Verdict TableMachine::apply_add_flags(const twin::Op& op) {
  const Flags flags{(op.value[field_arg] & 1U) != 0, (op.value[field_arg] & 2U) != 0};
  const Status ours = subject_->add_flags(space_, op.value[field_va], flags);
  if (starved(ours))
    return std::nullopt;
  return same_status(ours, model().add_flags(op.value[field_va], to_reference(flags)).status);
}

Verdict TableMachine::apply_harvest(const twin::Op& op) {
  const bool clear = (op.value[field_arg] & 1U) != 0;
  reports_.clear();
  const Status ours = subject_->harvest(space_, op.value[field_va], op.value[field_len],
                                        clear ? Harvest::clear : Harvest::keep, reports_);
  if (starved(ours))
    return std::nullopt;
  const auto theirs = model().harvest(op.value[field_va], op.value[field_len], clear);
  if (Verdict d = same_status(ours, theirs.status))
    return d;
  return same_leaves(theirs.leaves);
}

Verdict TableMachine::apply_mark(const twin::Op& op) {
  const Status ours = subject_->mark(space_, op.value[field_va], op.value[field_size], op.value[field_arg]);
  if (starved(ours))
    return std::nullopt;
  return same_status(ours,
                     model().mark(op.value[field_va], op.value[field_size], op.value[field_arg]).status);
}

Verdict TableMachine::apply_marker(const twin::Op& op) {
  const Word ours = subject_->marker(space_, op.value[field_va], op.value[field_size]);
  if (starved(ours.status, ours.word))
    return std::nullopt;
  const auto theirs = model().marker(op.value[field_va], op.value[field_size]);
  return same_amount(ours.status, ours.word, theirs.status, theirs.word);
}

Verdict TableMachine::apply_for_each(const twin::Op& op) {
  stretches_.clear();
  const Status ours = subject_->for_each(space_, op.value[field_va], op.value[field_len], stretches_);
  if (starved(ours))
    return std::nullopt;
  const auto theirs = model().for_each(op.value[field_va], op.value[field_len]);
  if (Verdict d = same_status(ours, theirs.status))
    return d;
  if (same_extents(theirs.extents))
    return std::nullopt;
  return tell([=, this, &op] {
    return finding("O14 views", op.value[field_va], "for_each",
                   "for_each shows other ranges than the reference",
                   format("%zu ranges, the reference has %zu", extents_.size(), theirs.extents.size()));
  });
}

bool TableMachine::same_extents(std::span<const reference::Extent> theirs) {
  extents_.clear();
  for (const Stretch& s : stretches_)
    extents_.push_back(to_reference(s));
  return std::ranges::equal(extents_, theirs);
}

// The probes do the comparison.
Verdict TableMachine::apply_lookup(const twin::Op& op) {
  const auto found = subject_->lookup(space_, op.value[field_va]);
  answer_ = {.word = "none", .is_status = found.has_value(), .bytes = found ? found->pa : 0};
  return std::nullopt;
}

Verdict TableMachine::apply_clear(const twin::Op&) {
  const Amount ours = subject_->clear(space_);
  if (starved(ours.status, ours.bytes))
    return std::nullopt;
  const auto theirs = model().clear();
  return same_amount(ours.status, ours.bytes, theirs.status, theirs.bytes);
}

Verdict TableMachine::apply_create(const twin::Op& op) {
  const unsigned s = space_of(op);
  if (spaces_[s].alive) {
    answer_ = {.word = "exists", .is_status = false};
    return std::nullopt;
  }
  if (starved(subject_->create(s)))
    return std::nullopt;
  spaces_[s].alive = true;
  spaces_[s].model.reset();
  if (Observation* seen = subject_->observation())
    structure_.add_root(*seen, subject_->root(s), s);
  return std::nullopt;
}

Verdict TableMachine::apply_destroy(const twin::Op&) { return destroy_space(space_); }

} // namespace pagetwin::fuzz
