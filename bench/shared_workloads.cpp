// Edits of SharedMemory, and lookups by its reader, alone and beside one writer: each in turns with
// PlainMemory's.
#include "bench/edits.hpp"
#include "bench/lists.hpp"
#include "bench/registry.hpp"
#include "bench/shared.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/x86_64.hpp"

#include <chrono>

namespace pagetwin::bench {
namespace {

using SharedEditing = List<W6, W7, W9, W9b, W11>;
using Alone = List<W2<Dependent::no>, W2<Dependent::yes>, W2h<Dependent::no>, W2h<Dependent::yes>>;

// Passes of a quarter of a millisecond at most, because longer ones are interrupted on a busy machine, and
// each side right after one that does not count: what the other side left in the caches would be a part of
// them.
template <Dependent Chain>
struct Short : W2h<Chain, 1U << 14> {
  template <class Table>
  static void prepare(Table& table, std::uint64_t base) {
    benchmark::DoNotOptimize(Short::run(table, base));
  }
};
using Accompanied = List<Short<Dependent::no>, Short<Dependent::yes>>;

// The side of a duel that has a writer, who works during its passes only.
template <class Workload, class Table>
class BesideWriter {
 public:
  static constexpr std::uint64_t turns = 30;

  BesideWriter() : table_(Workload::nodes + Table::levels) {
    Workload::fill(static_cast<typename Table::Edited&>(table_), va_base<Table>());
  }
  // Until both run at the same time: with fewer free cores than two they take turns.
  void prepare() {
    company_.emplace(table_);
    bool together = false;
    for (unsigned i = 0; i < most_tries && !together; ++i)
      together = try_pass().together;
  }
  [[nodiscard]] Pass run() {
    const Try last = try_pass();
    company_.reset();
    together_ = last.together;
    beside_ += together_;
    return last.pass;
  }
  [[nodiscard]] bool counts() const { return together_; }
  // How many of the turns count.
  [[nodiscard]] double beside() const { return static_cast<double>(beside_) / turns; }

 private:
  struct Try {
    Pass pass;
    bool together;
  };
  static constexpr unsigned most_tries = 100;
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] Try try_pass() {
    const std::uint64_t edits = table_.edits();
    const auto start = Clock::now();
    const Pass pass = timed(Workload::operations, [this] { return bench::run<Workload>(table_); });
    table_.leave();
    return {pass, was_beside(pass, Clock::now() - start, table_.edits() - edits)};
  }
  // The reader was hardly interrupted, and the writer made an edit in every other microsecond: alone it makes
  // ten times as many.
  [[nodiscard]] static bool was_beside(Pass pass, std::chrono::duration<double, std::nano> time,
                                       std::uint64_t edits) {
    const double cpu = pass.ns_per_op * static_cast<double>(Workload::operations);
    return time.count()<1.1 * cpu&& static_cast<double>(edits) * 2000> cpu;
  }

  Table table_;
  std::optional<typename Table::Company> company_;
  bool together_ = false; // in the last turn
  std::uint64_t beside_ = 0;
};

template <class Workload, class Subject, class Probe>
void beside(benchmark::State& state) {
  BesideWriter<Workload, Subject> subject;
  Contestant<Workload, Probe> probe;
  (void)take_turns(state, Workload::operations, subject, probe, true);
  state.counters["beside"] = subject.beside();
}

template <class Subject, class Probe, class... Workloads>
void add_beside(List<Workloads...>) {
  (benchmark::RegisterBenchmark((std::string(Workloads::name) + "/" + Subject::name()).c_str(),
                                beside<Workloads, Subject, Probe>)
       ->Iterations(static_cast<benchmark::IterationCount>(BesideWriter<Workloads, Subject>::turns
                                                           * Workloads::operations)),
   ...);
}
template <Format F>
void add_format() {
  add_duels<SharedEdits<F>, Ours<F>>(SharedEditing{});
  add_duels<Shared<F, EachLookup>, Ours<F>>(Alone{});
  add_duels<Shared<F, Visits>, Ours<F>>(Alone{});
  add_beside<Beside<F, EachLookup>, Ours<F>>(Accompanied{});
  add_beside<Beside<F, Visits>, Ours<F>>(Accompanied{});
}

} // namespace

void add_shared() {
  add_format<X86_64_4>();
  add_format<Aarch64S1_4k>();
}

} // namespace pagetwin::bench
