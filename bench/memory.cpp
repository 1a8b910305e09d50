// MEM: bytes of table memory per mapped page, the side array included. No time is measured: the counters are
// the result.
//   bytes_per_page, and `ratio` to the bytes that the probe's tables take (it has no side array).
#include "bench/ours.hpp"
#include "bench/raw.hpp"
#include "bench/registry.hpp"
#include "bench/streams.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/armv7.hpp"
#include "src/arch/ept.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"

#include <benchmark/benchmark.h>

namespace pagetwin::bench {
namespace {

// 2^18 pages.
struct Dense {
  static constexpr const char* name = "MEM_dense";
  static constexpr std::uint64_t pages = 1U << 18, nodes = 600;
  static constexpr Goal goal{8.1, 8.05};
  template <class Table>
  static void fill(Table& table) {
    table.map_range(va_base<Table>(), pa_base<Table>, dense<Table>, page_of<Table>);
  }
};
// Every 16th of 2^24 pages.
struct Sparse {
  static constexpr const char* name = "MEM_sparse";
  static constexpr std::uint64_t pages = 1U << 20, nodes = 33100;
  static constexpr Goal goal{};
  template <class Table>
  static void fill(Table& table) {
    for (std::uint64_t i = 0; i < pages; ++i)
      table.map(va_base<Table>() + i * 16 * page_of<Table>, pa_base<Table> + i * page_of<Table>);
  }
};

template <class Workload, class Table>
double bytes_per_page() {
  Table table(Workload::nodes);
  Workload::fill(table);
  return static_cast<double>(table.memory_bytes()) / static_cast<double>(Workload::pages);
}
template <class Workload, class Subject, class Probe>
void measure(benchmark::State& state) {
  const double bytes = bytes_per_page<Workload, Subject>();
  for (auto _ : state)
    benchmark::DoNotOptimize(bytes);
  state.counters["bytes_per_page"] = bytes;
  state.counters["ratio"] = bytes / bytes_per_page<Workload, Probe>();
  report(state, Subject::template goal<Workload>, "_bytes");
}
template <class Workload, Format F>
void add_workload() {
  const std::string name = std::string(Workload::name) + "/" + Ours<F>::name();
  benchmark::RegisterBenchmark(name.c_str(), measure<Workload, Ours<F>, RawFor<F>>);
}

template <Format F>
void add_format() {
  add_workload<Dense, F>();
  add_workload<Sparse, F>();
}

} // namespace

void add_memory() {
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
  add_workload<Dense, Armv7>();
}

} // namespace pagetwin::bench
