#include "fuzz/machines/table/machine.hpp"

#include "fuzz/oracles/progress.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

static_assert(space_limits.most == max_spaces);

TableMachine::TableMachine(const TableSides& sides, const twin::MachineOptions& options)
    : sides_(sides), options_(options), mmu_(&sides.mmu()), subject_(sides.subject(*this)),
      structure_(*mmu_) {
  view_ = view_of(*mmu_, subject_->arena());
  for (unsigned i = 0; i < max_spaces; ++i)
    spaces_.push_back({false, reference::FlatMap(mmu_->profile())});
  Observation* const seen = subject_->observation();
  if (sides.rules != nullptr && seen != nullptr)
    listen(sides.rules(), *seen);
}

void TableMachine::listen(const BreakRules& rules, Observation& seen) {
  const TablesNow& tables = *this; // optional's arguments see no private base
  subject_->tell(&transitions_.emplace(view_, rules, seen, tables, space_of_tag));
  if (options_.event_log && CasemateLog::tells(*mmu_))
    transitions_->also_tell(&log_.emplace(view_, seen));
}

void TableMachine::begin(const twin::Program& program) {
  const auto& header = program.header;
  const unsigned tlb = static_cast<unsigned>(header[header_tlb]),
                 walk = static_cast<unsigned>(header[header_walk]);
  space_count_ = static_cast<unsigned>(space_limits.nearest(header[header_spaces]));
  subject_->restart({.nodes = node_limits.nearest(header[header_nodes]),
                     .spaces = space_count_,
                     .tlb_sets = 1U << (tlb & 3U),
                     .tlb_ways = 1 + (tlb >> 2U & 3U),
                     .walk_entries = (walk & 1U) == 0 ? 4U : 0U,
                     .walk_level = 1 + (walk >> 1U & 3U) % (mmu_->levels() - 1),
                     .gate = tlb >> 4U & 3U});
  tlb_.reset();
  if (transitions_)
    transitions_->restart();
  if (log_)
    log_->restart();
  inject_in(never);
  inject_spent_ = false;
  fault_armed_ = false;
  steps_ = most_nodes_at_once_ = 0;
  for (unsigned s = 0; s < max_spaces; ++s) {
    spaces_[s].alive = false;
    spaces_[s].model.reset();
    if (s < std::min(space_count_, 2U)) {
      const twin::Op op{static_cast<std::uint8_t>(TableVerb::create), {s}};
      op_ = &op;
      (void)apply_create(op);
    }
  }
}

unsigned TableMachine::space_of(const twin::Op& op) const {
  return static_cast<unsigned>(op.value[field_space] % space_count_);
}

Verdict TableMachine::step(const twin::Op& op) {
  op_ = &op;
  space_ = space_of(op);
  answer_ = {};
  starved_ = false;
  injected_.clear();
  if (inject_spent_) // it is for the next operation that exchanges anything, and for no other
    inject_in(never);
  ++steps_;
  nodes_before_ = subject_->nodes_used();
  subject_->begin_operation();
  if (Observation* seen = subject_->observation())
    seen->allow(steps_for(op, seen->most_steps()));
  if (transitions_) // nobody else asks what the request was
    begin_transitions(request_of(op));
  return bounded(verb_name(), address_of(op), [&]() -> Verdict {
    if (Verdict v = apply(op))
      return v;
    if (const std::uint64_t now = subject_->nodes_used(); now > nodes_before_)
      most_nodes_at_once_ = std::max(most_nodes_at_once_, now - nodes_before_);
    return judge(op);
  });
}

void TableMachine::begin_transitions(const Request& request) {
  if (log_)
    log_->begin_operation(steps_);
  if (transitions_)
    transitions_->begin(request);
}

std::uint64_t TableMachine::extent_of(const twin::Op& op, std::uint64_t otherwise) const {
  const twin::Verb& verb = table_verbs[op.verb];
  return std::max<std::uint64_t>(verb.uses(field_len)    ? op.value[field_len]
                                 : verb.uses(field_size) ? op.value[field_size]
                                                         : otherwise,
                                 1);
}

// A remap, and a change of attributes, name only where a leaf begins.
Request TableMachine::request_of(const twin::Op& op) const {
  if (!table_verbs[op.verb].uses(field_va))
    return {.space = space_};
  const std::uint64_t va = op.value[field_va];
  const auto verb = static_cast<TableVerb>(op.verb);
  const bool whole = verb == TableVerb::remap || verb == TableVerb::set_attributes;
  const auto leaf = whole ? modelled(space_, va) : std::nullopt;
  return {.space = space_, .first = va, .last = va + (extent_of(op, leaf ? leaf->size : 1) - 1)};
}

// Whatever an operation does to its surroundings, and some accesses for each page that it is about.
std::uint64_t TableMachine::steps_for(const twin::Op& op, std::uint64_t most) const {
  const twin::Verb& verb = table_verbs[op.verb];
  if (!verb.uses(field_va)) // all of a space
    return most;
  const std::uint64_t bytes = std::max(op.value[field_len], op.value[field_size]);
  return (1U << 16U) + std::min(bytes / mmu_->profile().sizes.front(), most) * 64;
}

Verdict TableMachine::finish() {
  if (log_)
    log_->end();
  subject_->begin_operation(); // with the accesses of its own that comparing everything takes
  return bounded("finish", 0, [&]() -> Verdict {
    if (Verdict v = compare_all())
      return v;
    return destroy_all();
  });
}

const char* TableMachine::verb_name() const { return table_verbs[op_->verb].name.data(); }

std::string TableMachine::outcome() const {
  if (!answer_.is_status)
    return answer_.word;
  std::string text(to_text(answer_.status));
  if (answer_.status == Status::ok && answer_.bytes != 0)
    text += format(" %#llx", static_cast<unsigned long long>(answer_.bytes));
  return text;
}

bool TableMachine::touches(const twin::Op& op, std::uint64_t address) const {
  const twin::Verb& verb = table_verbs[op.verb];
  if (!verb.uses(field_va))
    return false;
  const std::uint64_t extent = verb.uses(field_len)    ? op.value[field_len]
                               : verb.uses(field_size) ? op.value[field_size]
                                                       : 1;
  return address - op.value[field_va] < extent;
}

} // namespace pagetwin::fuzz
