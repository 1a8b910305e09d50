#include "fuzz/machines/spaces/machine.hpp"

#include "fuzz/oracles/progress.hpp"

namespace pagetwin::fuzz {

namespace {

// More new mappings in one operation are what a superpage of x86-64 is split into. A flexpage has 64 pages.
constexpr std::uint64_t most_mappings_bred_from = 96;

} // namespace

static_assert(l4_space_limits.most == 8);

SpacesMachine::SpacesMachine(const SpacesSides& sides, const twin::MachineOptions& options)
    : sides_(sides), options_(options), mmu_(&sides.mmu()), subject_(sides.subject(*this)),
      model_(sides.model(mmu_->profile())), level_p_(mmu_->profile()),
      links_(links_beside(subject_->arena(), subject_->links())), abstraction_(view_, links_),
      structure_(*mmu_) {
  want_exchanges(false);
  view_ = view_of(*mmu_, subject_->arena());
}

// sigma0, and space 1 if there may be one.
void SpacesMachine::begin(const twin::Program& program) {
  const auto& header = program.header;
  space_count_ = static_cast<unsigned>(l4_space_limits.nearest(header[header_l4_spaces]));
  const std::uint64_t page = mmu_->profile().sizes.front(),
                      memory =
                          std::max(page, sides_.schema->header[header_memory].limits_with(header).nearest(
                                             header[header_memory])
                                             / page * page);
  most_ = {0, mapping_limits.nearest(header[header_mappings]), part_limits.nearest(header[header_parts])};
  roots_ = {};
  tlb_.reset();
  is_heavy_ = is_over_ = false;
  level_p_.reset();
  op_ = nullptr;
  wrong_op_.reset();
  refused_start_ = subject_->start({.nodes = l4_node_limits.nearest(header[header_l4_nodes]),
                                    .mappings = most_.mappings,
                                    .parts = most_.parts,
                                    .spaces = space_count_,
                                    .memory = memory,
                                    .largest = sides_.pages_only ? page : 0,
                                    .level_p = &level_p_})
                   != Status::ok;
  if (refused_start_) {
    wrong_start_ = std::nullopt;
    return;
  }
  model_->reset(space_count_, memory);
  if (space_count_ > 1 && subject_->create(1) == Status::ok)
    (void)model_->create(1);
  follow_roots();
  used_ = used();
  wrong_start_ = level_p_.take();
  keep_first(wrong_start_, judge_structure()); // sigma0's table was filled before anybody knew its root
}

// Spaces that came and went.
void SpacesMachine::follow_roots() {
  for (unsigned s = 0; s < space_count_; ++s) {
    const std::uint64_t root = subject_->exists(s) ? subject_->root(s) : 0;
    if (root != 0 && roots_[s] == 0)
      structure_.add_root(subject_->observation(), root, s);
    roots_[s] = root;
  }
}

Verdict SpacesMachine::step(const twin::Op& op) {
  if (refused_start_) // too little for sigma0's table
    return std::nullopt;
  if (wrong_start_)
    return std::exchange(wrong_start_, std::nullopt);
  op_ = &op;
  status_ = Status::ok;
  word_ = nullptr;
  has_number_ = false;
  stores_ = 0;
  subject_->begin_operation();
  model_->forget_changes();
  return bounded(verb_name(), op.value[l4_va], [&]() -> Verdict {
    fill_around(op);
    Verdict v = apply(op);
    const Used before = std::exchange(used_, used());
    is_heavy_ |= used_.mappings > before.mappings + most_mappings_bred_from;
    keep_first(v, level_p_.take());
    keep_first(v, judge_atomicity(before, used_));
    if (!v)
      v = judge(op);
    keep_first(v, level_p_.take()); // of what was judged by its answers
    if (v)
      wrong_op_ = op;
    return v;
  });
}

Verdict SpacesMachine::finish() {
  if (refused_start_)
    return std::nullopt;
  subject_->begin_operation();
  return bounded("finish", 0, [&]() -> Verdict {
    subject_->close();
    if (Verdict v = compare_all())
      return v;
    is_over_ = true;
    for (unsigned s = 0; s < space_count_; ++s)
      if (roots_[s] != 0)
        Structure::drop_root(subject_->observation(), roots_[s]);
    subject_->stop();
    if (const Used left = used(); left != Used{0, 0, 0})
      return tell([left] {
        return finding("O5 frames", 0, "leak at the end",
                       format("%llu table nodes, %llu mapping nodes and %llu arrays of parts are left",
                              static_cast<unsigned long long>(left.nodes),
                              static_cast<unsigned long long>(left.mappings),
                              static_cast<unsigned long long>(left.parts)));
      });
    return Structure::complaint(subject_->observation());
  });
}

std::string SpacesMachine::outcome() const {
  if (word_ != nullptr)
    return word_;
  const std::string status(to_text(status_));
  return status_ == Status::ok && has_number_
             ? status + format(" %llu", static_cast<unsigned long long>(number_))
             : status;
}

bool SpacesMachine::touches(const twin::Op& op, std::uint64_t address) const {
  const twin::Verb& verb = spaces_verbs[op.verb];
  const auto within = [&](std::uint64_t base, std::uint64_t size) {
    return address - base < std::max(size, mmu_->profile().sizes.front());
  };
  const bool at_window = verb.uses(l4_window_size) && within(op.value[l4_window], op.value[l4_window_size]);
  return at_window
         || (verb.uses(l4_va) && within(op.value[l4_va], verb.uses(l4_size) ? op.value[l4_size] : 0));
}

} // namespace pagetwin::fuzz
