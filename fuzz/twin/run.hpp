// Run a program on a machine: the fast path that makes no string unless the sides diverge, and the one that
// records what every operation answered. It refuses to print.
#pragma once

#include "fuzz/twin/machine.hpp"

#include <vector>

namespace pagetwin::twin {

// Of the divergence between an outcome and what a text trace expects.
inline constexpr const char* expectation_oracle = "expectation";

[[nodiscard]] Verdict run(Machine& machine, const Program& program);

struct Recording {
  std::vector<std::string> outcomes; // one per operation that was executed, the diverging one included
  Verdict divergence;
};

// Is told of every operation before it runs, so that a crash finds it printed, and of its outcome.
class StepObserver {
 public:
  StepObserver() = default;
  StepObserver(const StepObserver&) = delete;
  StepObserver& operator=(const StepObserver&) = delete;
  virtual ~StepObserver() = default;
  virtual void before(std::size_t /*step*/, const Op& /*op*/) {}
  virtual void after(std::size_t /*step*/, const Op& /*op*/, const std::string& /*outcome*/) {}
};

// expectations: per operation what the trace says after "->", empty for "anything"; may be shorter than the
// program. An outcome that differs from it is a divergence of the oracle "expectation", judged after the
// machine's own oracles.
[[nodiscard]] Recording run_recorded(Machine& machine, const Program& program,
                                     std::span<const std::string> expectations = {});
[[nodiscard]] Recording run_observed(Machine& machine, const Program& program,
                                     std::span<const std::string> expectations, StepObserver& observer);

} // namespace pagetwin::twin
