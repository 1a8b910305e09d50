// A table machine whose tables are walked by foreign MMUs, too, at the end of every program: a finding of
// theirs is one like any other, with a trace that can be minimised and replayed. It refuses to know where the
// emulators come from.
#pragma once

#include "fuzz/machines/foreign/referee.hpp"
#include "fuzz/machines/foreign/shootdown.hpp"
#include "fuzz/machines/table/machine.hpp"

namespace pagetwin::fuzz {

// The oracles that judge this format, with their counts. Both outlive the machine.
struct Jury {
  std::span<const emulators::Oracle> oracles;
  std::span<Tally> tallies;  // one for each
  std::size_t probes = 1024; // of one batch
};

class ForeignMachine final : public twin::Machine {
 public:
  ForeignMachine(std::unique_ptr<TableMachine> inner, const Jury& jury);

  [[nodiscard]] const twin::Schema& schema() const override { return inner_->schema(); }
  void begin(const twin::Program& program) override;
  [[nodiscard]] Verdict step(const twin::Op& op) override;
  [[nodiscard]] Verdict finish() override;
  [[nodiscard]] std::string outcome() const override { return inner_->outcome(); }
  [[nodiscard]] std::string explain(std::uint64_t address) const override { return inner_->explain(address); }
  [[nodiscard]] bool touches(const twin::Op& op, std::uint64_t address) const override {
    return inner_->touches(op, address);
  }
  [[nodiscard]] std::uint64_t address_of(const twin::Op& op) const override { return inner_->address_of(op); }

 private:
  [[nodiscard]] Verdict with_testimony(Verdict verdict);
  [[nodiscard]] bool has_tlbs() const;
  [[nodiscard]] Verdict judge_tlbs();
  [[nodiscard]] Verdict judge_space(std::uint64_t root);
  [[nodiscard]] Verdict judge(std::size_t oracle, std::uint64_t root, bool damaged);

  std::unique_ptr<TableMachine> inner_;
  Jury jury_;
  std::vector<Referee> referees_;
  std::vector<Shootdown> shootdowns_;
  Scene scene_;
  Survey survey_;
  std::uint64_t salt_ = 0; // from the program's header, which minimising keeps
  std::vector<emulators::Probe> probes_;
  std::vector<std::byte> bytes_;
};

} // namespace pagetwin::fuzz
