#include "fuzz/machines/foreign/machine.hpp"

#include "fuzz/machines/foreign/confirmation.hpp"
#include "fuzz/machines/foreign/wear.hpp"
#include "fuzz/machines/foreign/witness.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

ForeignMachine::ForeignMachine(std::unique_ptr<TableMachine> inner, const Jury& jury)
    : inner_(std::move(inner)), jury_(jury) {
  for (std::size_t i = 0; i < jury_.oracles.size(); ++i) {
    referees_.emplace_back(jury_.oracles[i], jury_.tallies[i]);
    shootdowns_.emplace_back(jury_.oracles[i], jury_.tallies[i].tlb);
  }
}

void ForeignMachine::begin(const twin::Program& program) {
  salt_ = 0;
  for (const std::uint64_t value : program.header)
    salt_ = salt_ * 1'000'003 + value;
  inner_->begin(program);
}

// What the table machine finds ends the program. Where it is about what a TLB holds, the table is sound
// enough to be shown to those that are TLBs.
Verdict ForeignMachine::step(const twin::Op& op) {
  const bool edits = has_tlbs() && scene_.begin(*inner_, op, salt_);
  Verdict verdict = inner_->step(op);
  const bool sound = !verdict || verdict->oracle == "O6 tlb" || verdict->oracle == "O13 flush log";
  Verdict tlb = edits && sound && scene_.end(*inner_) ? judge_tlbs() : std::nullopt;
  if (!verdict)
    return tlb;
  if (tlb)
    verdict->details += "\n" + confirmation(tlb->oracle, tlb->headline);
  return with_testimony(std::move(verdict));
}

// Who watches nothing needs no scene, which surveys and copies the table twice for each edit.
bool ForeignMachine::has_tlbs() const {
  return std::ranges::any_of(shootdowns_, [this](const Shootdown& of) { return of.watches(inner_->view()); });
}

Verdict ForeignMachine::judge_tlbs() {
  Verdict first;
  for (Shootdown& shootdown : shootdowns_)
    keep_first(first, shootdown.judge(scene_, inner_->view()));
  return first;
}

// Before the tables are compared with the model and destroyed. Every space and every oracle has its turn, so
// that the counts are whole; the first finding is told.
Verdict ForeignMachine::finish() {
  Verdict first;
  for (unsigned space = 0; space < max_spaces; ++space) {
    const auto root = inner_->root_of(space);
    keep_first(first, root ? judge_space(*root) : std::nullopt);
  }
  return first ? std::move(first) : with_testimony(inner_->finish());
}

// What the table machine found by itself is theirs to confirm.
Verdict ForeignMachine::with_testimony(Verdict verdict) {
  if (verdict)
    for (const emulators::Oracle& oracle : jury_.oracles)
      verdict->details += "\n" + testimony(*oracle.emulator, *inner_, verdict->address);
  return verdict;
}

Verdict ForeignMachine::judge_space(std::uint64_t root) {
  survey_.read(inner_->view(), root, salt_);
  survey_.choose(probes_, jury_.probes);
  Verdict first;
  for (std::size_t i = 0; i < referees_.size(); ++i)
    for (const bool damaged : {false, true})
      keep_first(first, judge(i, root, damaged));
  return first;
}

Verdict ForeignMachine::judge(std::size_t oracle, std::uint64_t root, bool damaged) {
  View view = inner_->view();
  survey_.copy_nodes(view, bytes_);
  view.memory = {reinterpret_cast<unsigned char*>(bytes_.data()), view.memory.pa_base, bytes_.size()};
  view.mode.adue = jury_.oracles[oracle].emulator->writes_back();
  if (!view.mode.adue)
    use(view, survey_, root, probes_);
  if (damaged)
    damage(view, survey_);
  return referees_[oracle].judge({&view, view.memory.pa_base, root, bytes_, probes_, damaged});
}

} // namespace pagetwin::fuzz
