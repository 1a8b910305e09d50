// What a figure of ours is held against: the goals of the project's performance anchors. Knows no workload.
#pragma once

#include <benchmark/benchmark.h>
#include <string>

namespace pagetwin::bench {

// at_most: the goal. beyond: the goal beyond it. 0: none.
struct Goal {
  double at_most = 0, beyond = 0;
};

// As counters with these names and what follows.
inline void report(benchmark::State& state, const Goal& goal, const char* of = "") {
  const std::string name = of;
  if (goal.at_most > 0)
    state.counters["at_most" + name] = goal.at_most;
  if (goal.beyond > 0)
    state.counters["beyond" + name] = goal.beyond;
}

} // namespace pagetwin::bench
