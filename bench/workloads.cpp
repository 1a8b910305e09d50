// The list of what is measured: every workload over every format, with its probe. A new format is one line of
// add_workloads.
#include "bench/edits.hpp"
#include "bench/floor.hpp"
#include "bench/lists.hpp"
#include "bench/ours.hpp"
#include "bench/raw.hpp"
#include "bench/registry.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/armv7.hpp"
#include "src/arch/ept.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"

namespace pagetwin::bench {
namespace {

template <class Workload, class Probe>
void add_probe() {
  const std::string name = Probe::name() + "/" + Workload::name;
  benchmark::RegisterBenchmark(name.c_str(), solo<Workload, Probe>);
}

// Where every address has all four levels.
using PageLookups = List<W1, W2<Dependent::no>, W2<Dependent::yes>, W2h<Dependent::no>, W2h<Dependent::yes>,
                         W3<Dependent::no>, W3<Dependent::yes>>;
using Edits = List<W6, W7, W8, W9, W9b, W9c, W10, W10p, W11>;
using DenseLookups =
    List<W1, W2<Dependent::no>, W2<Dependent::yes>, W2h<Dependent::no>, W2h<Dependent::yes>, W5>;
using DenseEdits = List<W6, W7, W9, W9b, W9c, W10, W10p, W11>;

template <class Probe, class... Workloads>
void add_probes(List<Workloads...>) {
  (add_probe<Workloads, Probe>(), ...);
}

template <Format F>
void add_format() {
  using Probe = RawFor<F>;
  using OursWithHardware = Ours<F, HardwareFlags::on>;
  add_duels<Ours<F>, Probe>(Lookups{});
  add_duels<Ours<F>, Probe>(Edits{});
  add_duel<W12, Ours<F>, Probe, W2<Dependent::no>>();
  add_duels<OursWithHardware, Probe>(Edits{});
  add_duel<W12, OursWithHardware, Probe, W2<Dependent::no>>();
}

// Where addresses have 32 bits, without what is wider than 1 GiB, and without leaves that not every level
// has.
template <Format F>
void add_narrow_format() {
  add_duels<Ours<F>, RawFor<F>>(DenseLookups{});
  add_duels<Ours<F>, RawFor<F>>(DenseEdits{});
}

} // namespace

void add_workloads() {
  add_probes<Raw<4>>(Lookups{});
  add_probes<Raw<4>>(Edits{});
  add_probes<Unchecked<4>>(PageLookups{});
  add_probes<StoreLoop>(List<W7>{});
  add_probes<Memset>(List<W9>{});
  add_format<X86_64_4>();
  add_format<X86_64_5>();
  add_format<Ept4>();
  add_format<RiscvSv39>();
  add_format<RiscvSv48>();
  add_format<RiscvSv57>();
  add_format<RiscvSv39x4>();
  add_format<Aarch64S1_4k>();
  add_format<Aarch64S1_16k>();
  add_format<Aarch64S1_64k>();
  add_format<Aarch64S2_4k>();
  add_narrow_format<Armv7>();
}

} // namespace pagetwin::bench
