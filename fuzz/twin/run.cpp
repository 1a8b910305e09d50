// See run.hpp.
#include "fuzz/twin/run.hpp"

namespace pagetwin::twin {
namespace {

Verdict at_step(Verdict divergence, std::size_t step) {
  if (divergence)
    divergence->step = step;
  return divergence;
}

Verdict compare_outcome(const Machine& machine, const Op& op, const std::string& outcome,
                        std::string_view expected) {
  if (expected.empty() || outcome == expected)
    return std::nullopt;
  const std::string verb(machine.schema().verbs[op.verb].name);
  Divergence divergence;
  divergence.oracle = expectation_oracle;
  divergence.address = machine.address_of(op);
  divergence.headline =
      verb + " answered \"" + outcome + "\", the trace expects \"" + std::string(expected) + "\"";
  divergence.details = "answered  " + outcome + "\nexpected  " + std::string(expected) + "\n";
  divergence.key = verb;
  return divergence;
}

} // namespace

Verdict run(Machine& machine, const Program& program) {
  machine.begin(program);
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    if (auto divergence = machine.step(program.ops[i]))
      return at_step(std::move(divergence), i);
  }
  return at_step(machine.finish(), program.ops.size());
}

Recording run_recorded(Machine& machine, const Program& program, std::span<const std::string> expectations) {
  StepObserver nobody;
  return run_observed(machine, program, expectations, nobody);
}

Recording run_observed(Machine& machine, const Program& program, std::span<const std::string> expectations,
                       StepObserver& observer) {
  Recording recording;
  machine.begin(program);
  for (std::size_t i = 0; i < program.ops.size() && !recording.divergence; ++i) {
    const Op& op = program.ops[i];
    observer.before(i, op);
    recording.divergence = machine.step(op);
    recording.outcomes.push_back(machine.outcome());
    observer.after(i, op, recording.outcomes.back());
    if (!recording.divergence && i < expectations.size())
      recording.divergence = compare_outcome(machine, op, recording.outcomes.back(), expectations[i]);
    recording.divergence = at_step(std::move(recording.divergence), i);
  }
  if (!recording.divergence)
    recording.divergence = at_step(machine.finish(), program.ops.size());
  return recording;
}

} // namespace pagetwin::twin
