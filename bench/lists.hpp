// Lists of workloads, and how each becomes a benchmark of a subject against its probe: <workload>/<subject>.
#pragma once

#include "bench/duel.hpp"
#include "bench/lookups.hpp"

#include <string>

namespace pagetwin::bench {

template <class... Workloads>
struct List {};
using Lookups = List<W1, W2<Dependent::no>, W2<Dependent::yes>, W2h<Dependent::no>, W2h<Dependent::yes>,
                     W3<Dependent::no>, W3<Dependent::yes>, W4<Dependent::no>, W4<Dependent::yes>, W5>;

template <class Workload, class Subject, class Probe, class ProbeWorkload = Workload>
void add_duel() {
  const std::string name = std::string(Workload::name) + "/" + Subject::name();
  benchmark::RegisterBenchmark(name.c_str(), duel<Workload, Subject, ProbeWorkload, Probe>);
}

template <class Subject, class Probe, class... Workloads>
void add_duels(List<Workloads...>) {
  (add_duel<Workloads, Subject, Probe>(), ...);
}

} // namespace pagetwin::bench
