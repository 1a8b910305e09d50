#include "fuzz/machines/l4_page_table/machine.hpp"

#include "fuzz/oracles/progress.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

using Hex = unsigned long long;

AdtMachine::AdtMachine(const AdtSides& sides, const twin::MachineOptions& options)
    : sides_(sides), options_(options), mmu_(&sides.mmu()), subject_(sides.subject(*this)),
      abstraction_(view_, links_), structure_(*mmu_), order_(view_, sides.rules(), subject_->observation()),
      model_(mmu_->profile()) {
  want_exchanges(false);
  subject_->tell(this);
  view_ = view_of(*mmu_, subject_->arena());
  links_ = links_beside(subject_->arena(), subject_->links());
}

void AdtMachine::begin(const twin::Program& program) {
  model_.reset();
  order_.reset();
  wrong_ = std::nullopt;
  held_ = {};
  parts_ = 0;
  steps_ = 0;
  nodes_expected_ = 0;
  subject_->start(adt_node_limits.nearest(program.header[header_adt_nodes]));
  const auto spaces = std::min<std::uint64_t>(program.header[header_adt_spaces], most_adt_spaces);
  for (unsigned s = 0; s < spaces; ++s) {
    subject_->begin_operation();
    status_ = Status::ok;
    (void)createspace(s); // a fresh pool has no name that is in use
  }
}

Verdict AdtMachine::step(const twin::Op& op) {
  op_ = &op;
  status_ = Status::ok;
  word_ = nullptr;
  answer_ = 0;
  nodes_before_ = subject_->nodes_used();
  space_ = static_cast<unsigned>(op.value[adt_space]) % most_adt_spaces;
  place_ = op.value[adt_va];
  bytes_ = op.value[adt_size];
  before_.reset();
  ++steps_;
  subject_->begin_operation();
  return bounded(verb_name(), place_, [&]() -> Verdict {
    if (Verdict v = apply(op))
      return v;
    return judge();
  });
}

Verdict AdtMachine::finish() {
  subject_->begin_operation();
  return bounded("finish", 0, [&]() -> Verdict {
    if (Verdict v = compare_all())
      return v;
    subject_->close();
    for (unsigned s = 0; s < most_adt_spaces; ++s)
      if (exists(s))
        Structure::drop_root(subject_->observation(), subject_->root(s));
    subject_->stop();
    if (subject_->nodes_used() != 0)
      return finding("O5 frames", 0, "leak at the end",
                     format("%llu nodes are left when all spaces are gone", Hex{subject_->nodes_used()}));
    return Structure::complaint(subject_->observation());
  });
}

std::string AdtMachine::outcome() const {
  std::string text = word_ != nullptr ? word_ : std::string(to_text(status_));
  if (answer_ != 0)
    text += format(" %#llx", Hex{answer_});
  return text;
}

std::string AdtMachine::explain(std::uint64_t address) const {
  std::string lines;
  for (unsigned s = 0; s < most_adt_spaces; ++s) {
    if (!exists(s))
      continue;
    const auto show = [&](const char* level, const Page& page, std::uint64_t link) {
      const P::PTE& f = page.fields;
      lines += format("space %u: %s %#llx size %#llx pte %#llx: paddr %#llx %c%c%c %s link %#llx\n", s, level,
                      Hex{page.base}, Hex{page.size}, Hex{page.pte}, Hex{f.Paddr}, f.R ? 'r' : '-',
                      f.W ? 'w' : '-', f.X ? 'x' : '-', f.Cached ? "cached" : "uncached", Hex{link});
    };
    if (const Page* const page = page_at(s, address))
      show("P", *page, page->fields.MapNode ^ page->fields.Vaddr);
    const auto seen = abstraction_.lookup(subject_->root(s), address);
    if (seen.is_page())
      show("C", seen.page, seen.link);
    else if (seen.why != nullptr)
      lines += format("space %u: C %s\n", s, seen.why);
  }
  return lines;
}

bool AdtMachine::touches(const twin::Op& op, std::uint64_t address) const {
  const twin::Verb& uses = adt_verbs[op.verb];
  const std::uint64_t size = uses.uses(adt_size) ? std::max<std::uint64_t>(op.value[adt_size], 1) : 4096;
  return uses.uses(adt_va) && (op.value[adt_va] ^ address) < size;
}

} // namespace pagetwin::fuzz
