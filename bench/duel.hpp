// One benchmark: subject and probe run the same workload in turns, in the same process, each pass timed by
// the CPU time of this thread. Google Benchmark's own time is the subject's; the counters compare.
//   ratio    median over the turns of (subject's time per operation / probe's time per operation)
//   probe_ns median of the probe's time per operation
//   at_most  the goal that `ratio` is held against, and `beyond` the one beyond it, where there are such
// Knows no table and no particular workload.
#pragma once

#include "bench/goal.hpp"
#include "bench/streams.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdint>
#include <ctime>
#include <vector>

namespace pagetwin::bench {

[[nodiscard]] inline double cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}
// What reading the clock twice costs: the shortest of many tries, so that short passes are not charged for
// it.
[[nodiscard]] inline double clock_cost_ns() {
  static const double cost = [] {
    double least = 1e9;
    for (int i = 0; i < 1000; ++i) {
      const double start = cpu_ns();
      least = std::min(least, cpu_ns() - start);
    }
    return least;
  }();
  return cost;
}
[[nodiscard]] inline double median(std::vector<double> values) {
  if (values.empty())
    return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// A pass of a workload on a table: its time per operation and what it computed.
struct Pass {
  double ns_per_op;
  std::uint64_t result;
};

// A function of its own, so that every benchmark that uses a probe runs the same machine code of it.
template <class Workload, class Table>
[[nodiscard, gnu::noinline]] std::uint64_t run(Table& table) {
  return Workload::run(table, va_base<Table>());
}
template <class Run>
[[nodiscard]] Pass timed(std::uint64_t operations, Run run) {
  const double start = cpu_ns();
  const std::uint64_t result = run();
  const double spent = cpu_ns() - start - clock_cost_ns();
  return {std::max(spent, 0.0) / static_cast<double>(operations), result};
}

// What the turns of two sides come to.
class Comparison {
 public:
  void add(Pass mine, Pass theirs) {
    ratios_.push_back(mine.ns_per_op / theirs.ns_per_op);
    mine_.push_back(mine.ns_per_op);
    theirs_.push_back(theirs.ns_per_op);
  }
  [[nodiscard]] double subject_ns() const { return median(mine_); }
  // Nothing where no turn counted.
  void report(benchmark::State& state) const {
    if (ratios_.empty())
      return;
    state.counters["ratio"] = median(ratios_);
    state.counters["probe_ns"] = median(theirs_);
  }

 private:
  std::vector<double> ratios_, mine_, theirs_;
};
// A subject may have goals of its own.
template <class Workload, class Subject>
[[nodiscard]] constexpr Goal goal() {
  if constexpr (requires { Subject::template goal<Workload>; })
    return Subject::template goal<Workload>;
  else
    return Workload::goal;
}

// A table that holds what the workload needs, prepared before every pass.
template <class Workload, class Table>
class Contestant {
 public:
  Contestant() : table_(Workload::nodes + Table::levels) {
    if constexpr (requires { Workload::fill(edited(), va_base<Table>()); })
      Workload::fill(edited(), va_base<Table>());
  }
  void prepare() {
    if constexpr (requires { Workload::prepare(table_, va_base<Table>()); })
      Workload::prepare(table_, va_base<Table>());
  }
  [[nodiscard]] Pass run() {
    return timed(Workload::operations, [this] { return bench::run<Workload>(table_); });
  }

 private:
  // What only looks up in another way is filled by the code that fills the other: it takes long to compile.
  [[nodiscard]] auto& edited() {
    if constexpr (requires { typename Table::Edited; })
      return static_cast<typename Table::Edited&>(table_);
    else
      return table_;
  }

  Table table_;
};

// The probe's own figure.
template <class Workload, class Table>
void solo(benchmark::State& state) {
  Contestant<Workload, Table> contestant;
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(Workload::operations))) {
    state.PauseTiming();
    contestant.prepare();
    state.ResumeTiming();
    benchmark::DoNotOptimize(contestant.run().result);
  }
}

template <class Subject>
[[nodiscard]] bool counts(const Subject& subject) {
  if constexpr (requires { subject.counts(); })
    return subject.counts();
  else
    return true;
}
// Turns until Google Benchmark has enough. Each side has prepare(), untimed, and run(), which returns a Pass.
// same_work: is one a failure in which the two computed different results? A subject may have counts(): is
// the last pass one of those that are meant?
template <class Subject, class Probe>
[[nodiscard]] Comparison take_turns(benchmark::State& state, std::uint64_t operations, Subject& subject,
                                    Probe& probe, bool same_work) {
  Comparison comparison;
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(operations))) {
    state.PauseTiming();
    subject.prepare();
    state.ResumeTiming();
    const Pass mine = subject.run();
    state.PauseTiming();
    probe.prepare();
    const Pass theirs = probe.run();
    if (same_work && mine.result != theirs.result)
      state.SkipWithError("the table and the probe computed different results");
    if (counts(subject))
      comparison.add(mine, theirs);
    state.ResumeTiming();
  }
  comparison.report(state);
  return comparison;
}

template <class Workload, class Subject, class ProbeWorkload, class Probe>
void duel(benchmark::State& state) {
  Contestant<Workload, Subject> subject;
  Contestant<ProbeWorkload, Probe> probe;
  (void)take_turns(state, Workload::operations, subject, probe, std::is_same_v<Workload, ProbeWorkload>);
  report(state, goal<Workload, Subject>());
}

} // namespace pagetwin::bench
