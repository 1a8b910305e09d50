// S2: SeKVM's memory operations, in time per page of 4 KiB, for fault-in of pages and blocks, for scatter
// lists, and for what a machine leaves behind. docs/benchmarks.md says what each name measures. What a
// platform does to the contents of frames is counted and not done, so that no memset is a part of any figure.
#include "bench/duel.hpp"
#include "bench/ours.hpp"
#include "bench/registry.hpp"
#include "bench/stage2_world.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/ept.hpp"
#include "src/arch/riscv.hpp"

namespace pagetwin::bench {
namespace {

// Frames, and pages.
constexpr std::uint64_t gib = 1U << 18, few = 1U << 12;

// Each workload: pages of a pass, prepare (not timed) and run. map is the bare table's way to the same.
template <unsigned Vms = 1, std::uint64_t Frames = few>
struct FaultPages {
  static constexpr unsigned vms = Vms;
  static constexpr std::uint64_t frames = Frames, pages = few;
  // Spread over what there is, in places that every number of frames has.
  static constexpr std::uint64_t stride = Frames / few;
  template <class W>
  static void prepare(W& world) {
    world.restart();
  }
  template <class W>
  static void run(W& world) {
    unsigned vm = 0;
    for (std::uint64_t i = 0; i < pages; ++i) {
      vm = vm == Vms ? 1 : vm + 1;
      W::must(world.ops().prot_and_map_vm_s2pt(vm, W::address(i / Vms), W::address(i * stride), 3));
    }
  }
  template <class Table>
  static void map(Table& table, std::uint64_t va) {
    for (std::uint64_t i = 0; i < pages; ++i)
      table.map(va + i * page_of<Table>, pa_base<Table> + i * page_of<Table>);
  }
};
struct FaultPagesOfHost : FaultPages<> {
  template <class W>
  static void prepare(W& world) {
    world.restart();
    world.map_host(pages);
  }
};
struct FaultBlocks {
  static constexpr unsigned vms = 1;
  static constexpr std::uint64_t frames = gib, pages = gib;
  template <class W>
  static void prepare(W& world) {
    world.restart();
  }
  template <class W>
  static void run(W& world) {
    for (std::uint64_t i = 0; i < pages; i += block_pages)
      W::must(world.ops().prot_and_map_vm_s2pt(1, W::address(i), W::address(i), 2));
  }
  template <class Table>
  static void map(Table& table, std::uint64_t va) {
    for (std::uint64_t i = 0; i < pages; i += block_pages)
      table.map_block(va + i * page_of<Table>, pa_base<Table> + i * page_of<Table>);
  }
};
// The list's pages stay mapped; what a pass does is undone before the next.
template <std::uint64_t Pages>
struct Shares {
  static constexpr unsigned vms = 1;
  static constexpr std::uint64_t frames = gib, pages = Pages, bytes = Pages << s2_page_shift;
  template <class W>
  static void fill(W& world) {
    world.map_pages(1, Pages);
  }
  template <class W>
  static void grant(W& world) {
    W::must(world.ops().grant_stage2_sg_gpa(1, W::address(0), bytes));
  }
  template <class W>
  static void revoke(W& world) {
    W::must(world.ops().revoke_stage2_sg_gpa(1, W::address(0), bytes));
  }
};
template <std::uint64_t Pages>
struct Grant : Shares<Pages> {
  template <class W>
  static void prepare(W& world) {
    Shares<Pages>::revoke(world);
  }
  template <class W>
  static void run(W& world) {
    Shares<Pages>::grant(world);
  }
};
template <std::uint64_t Pages>
struct Revoke : Shares<Pages> {
  template <class W>
  static void prepare(W& world) {
    Shares<Pages>::grant(world);
  }
  template <class W>
  static void run(W& world) {
    Shares<Pages>::revoke(world);
  }
};
// Fifteen lists of 1 MiB each: of one machine, or one of each of fifteen.
template <unsigned Vms, std::uint64_t Frames>
struct GrantLists {
  static constexpr unsigned vms = Vms, lists = 15;
  static constexpr std::uint64_t frames = Frames, list = 256, pages = lists * list;
  // visit(machine, first page of a list). Spread over what there is.
  template <class Visit>
  static void each(Visit visit) {
    for (unsigned i = 0; i < lists; ++i)
      visit(1 + i % Vms, i * (Frames / 16));
  }
  template <class W>
  static void fill(W& world) {
    each([&](unsigned vm, std::uint64_t first) { world.map_pages(vm, list, first); });
  }
  template <class W>
  static void prepare(W& world) {
    each([&](unsigned vm, std::uint64_t first) {
      W::must(world.ops().revoke_stage2_sg_gpa(vm, W::address(first), list << s2_page_shift));
    });
  }
  template <class W>
  static void run(W& world) {
    each([&](unsigned vm, std::uint64_t first) {
      W::must(world.ops().grant_stage2_sg_gpa(vm, W::address(first), list << s2_page_shift));
    });
  }
};
struct Clear {
  static constexpr unsigned vms = 1;
  static constexpr std::uint64_t frames = gib, pages = gib;
  template <class W>
  static void prepare(W& world) {
    world.restart();
    world.map_pages(1, pages);
    W::must(world.ops().power_off(1));
  }
  template <class W>
  static void run(W& world) {
    W::must(world.ops().clear_vm_range(1, W::first_frame, pages));
  }
};

template <class Work, Format F>
class OfWorld {
 public:
  OfWorld() {
    if constexpr (requires { Work::fill(world_); })
      Work::fill(world_);
  }
  void prepare() { Work::prepare(world_); }
  [[nodiscard]] Pass run() {
    return timed(Work::pages, [this] {
      Work::run(world_);
      return world_.changed_hands();
    });
  }

 private:
  Stage2World<F> world_{Work::vms, Work::frames};
};
template <class Work, Format F>
class OfTable {
 public:
  void prepare() { table_.clear(); }
  [[nodiscard]] Pass run() {
    return timed(Work::pages, [this] {
      Work::map(table_, va_base<Ours<F>>());
      return table_.lookup(va_base<Ours<F>>());
    });
  }

 private:
  Ours<F> table_{1024};
};

template <class Subject, class Probe, std::uint64_t Pages>
void compare(benchmark::State& state) {
  Subject subject;
  Probe probe;
  (void)take_turns(state, Pages, subject, probe, false);
}
// The same work where there is more of what must not count.
template <class Large, class Small, Format F>
void grow(benchmark::State& state) {
  compare<OfWorld<Large, F>, OfWorld<Small, F>, Large::pages>(state);
  report(state, {1.15});
}
template <class Work, Format F>
void measure(benchmark::State& state) {
  OfWorld<Work, F> side;
  std::vector<double> passes;
  while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(Work::pages))) {
    state.PauseTiming();
    side.prepare();
    state.ResumeTiming();
    passes.push_back(side.run().ns_per_op);
  }
  state.counters["page_ns"] = median(passes);
}
template <Format F>
std::string named(const char* what) {
  return std::string(what) + "/" + std::string(F::name);
}
template <class Work, Format F>
void add(const char* what) {
  if constexpr (requires(Ours<F>& table) { Work::map(table, 0); })
    benchmark::RegisterBenchmark(named<F>(what).c_str(),
                                 compare<OfWorld<Work, F>, OfTable<Work, F>, Work::pages>);
  else
    benchmark::RegisterBenchmark(named<F>(what).c_str(), measure<Work, F>);
}
template <class Large, class Small, Format F>
void add_growth_of(const char* what) {
  benchmark::RegisterBenchmark(named<F>(what).c_str(), grow<Large, Small, F>);
}

template <Format F>
void add_format() {
  add<FaultPages<>, F>("S2_fault_page");
  add<FaultPagesOfHost, F>("S2_fault_page_host");
  add<FaultBlocks, F>("S2_fault_block");
  add<Grant<256>, F>("S2_grant_1MiB");
  add<Revoke<256>, F>("S2_revoke_1MiB");
  add<Grant<gib>, F>("S2_grant_1GiB");
  add<Revoke<gib>, F>("S2_revoke_1GiB");
  add<Clear, F>("S2_clear_1GiB");
  add_growth_of<FaultPages<15>, FaultPages<1>, F>("S2_growth_vms");
  add_growth_of<FaultPages<1, gib>, FaultPages<1, few>, F>("S2_growth_frames");
  add_growth_of<GrantLists<15, few>, GrantLists<1, few>, F>("S2_growth_grant_vms");
  add_growth_of<GrantLists<1, gib>, GrantLists<1, few>, F>("S2_growth_grant_frames");
}

} // namespace

void add_stage2() {
  add_format<Aarch64S2_4k>();
  add_format<Ept4>();
  add_format<RiscvSv48x4>();
}

} // namespace pagetwin::bench
