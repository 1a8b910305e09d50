#include "bench/growth.hpp"

#include "bench/duel.hpp"
#include "bench/ours.hpp"
#include "bench/raw.hpp"
#include "bench/registry.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

namespace pagetwin::bench {
namespace {

template <class Set, class Table>
std::unique_ptr<Table> filled() {
  auto table = std::make_unique<Table>(Set::nodes + Table::levels);
  Set::fill(*table, va_base<Table>());
  return table;
}
template <class Set, Format F>
struct Pair {
  std::unique_ptr<Ours<F>> subject = filled<Set, Ours<F>>();
  std::unique_ptr<RawFor<F>> probe = filled<Set, RawFor<F>>();
};

// Several benchmarks in a row ask for the same tables, and Google Benchmark calls each of them several times:
// 1 TiB takes seconds to map. Only the last pair is kept.
class Kept {
 public:
  template <class Tables>
  [[nodiscard]] Tables& get() {
    static constexpr char here = 0; // an address for each kind
    if (kind_ != &here) {
      tables_.reset();
      tables_ = std::make_shared<Tables>();
      kind_ = &here;
    }
    return *static_cast<Tables*>(tables_.get());
  }

 private:
  std::shared_ptr<void> tables_;
  const void* kind_ = nullptr;
};

// One side of a duel, over tables that stay.
template <class Work, class Table>
class Side {
 public:
  explicit Side(Table& table) : table_(&table) {}
  void prepare() { Work::prepare(*table_, va_base<Table>()); }
  [[nodiscard]] Pass run() {
    return timed(Work::operations, [this] { return bench::run<Work>(*table_); });
  }

 private:
  Table* table_;
};

template <class Work, class Set, Format F>
void add(const std::string& size, const std::shared_ptr<Kept>& kept) {
  const std::string name = std::string(Work::name) + Set::suffix + "_" + size + "/" + std::string(F::name);
  benchmark::RegisterBenchmark(name.c_str(), [kept](benchmark::State& state) {
    auto& tables = kept->get<Pair<Set, F>>();
    Side<Work, Ours<F>> subject(*tables.subject);
    Side<Work, RawFor<F>> probe(*tables.probe);
    (void)take_turns(state, Work::operations, subject, probe, true);
    state.counters["table_bytes"] = static_cast<double>(tables.subject->memory_bytes());
  });
}
template <class Set, Format F>
void add_lookups(const std::string& size, const std::shared_ptr<Kept>& kept) {
  add<LookUp<Set, Dependent::no>, Set, F>(size, kept);
  add<LookUp<Set, Dependent::yes>, Set, F>(size, kept);
}
template <class Set, Format F>
void add_edits(const std::string& size, const std::shared_ptr<Kept>& kept) {
  add<MapNext<Set>, Set, F>(size, kept);
  add<Churn<Set>, Set, F>(size, kept);
}

// What the machine can give now, in bytes; everything where it does not say.
std::uint64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;)
    if (std::uint64_t kib = 0; word == "MemAvailable:" && file >> kib)
      return kib << 10;
  return ~std::uint64_t{0};
}
template <class Set>
bool fits(const std::string& size) {
  const std::uint64_t needed = 2 * Set::nodes << Arena::node_shift, available = available_memory();
  if (needed > available / 10 * 9)
    std::fprintf(
        stderr, "GROWTH_*_%s with pages of 4 KiB is left out: its tables take %.1f GiB, %.1f are available\n",
        size.c_str(), static_cast<double>(needed) / (1U << 30), static_cast<double>(available) / (1U << 30));
  return needed <= available / 10 * 9;
}

template <unsigned Log2Pages, Format F>
void add_size(const std::string& size, const std::shared_ptr<Kept>& kept) {
  using Set = PageSet<Log2Pages>;
  if (fits<Set>(size)) {
    add_lookups<Set, F>(size, kept);
    add_edits<Set, F>(size, kept);
  }
  if constexpr (Log2Pages > 9)
    add_lookups<BlockSet<Log2Pages>, F>(size, kept);
}
template <Format F>
void add_format(const std::shared_ptr<Kept>& kept) {
  add_size<8, F>("1MiB", kept);
  add_size<12, F>("16MiB", kept);
  add_size<16, F>("256MiB", kept);
  add_size<20, F>("4GiB", kept);
  add_size<24, F>("64GiB", kept);
  add_size<28, F>("1TiB", kept);
}

} // namespace

void add_growth() {
  const auto kept = std::make_shared<Kept>();
  add_format<X86_64_4>(kept);
  add_format<Aarch64S1_4k>(kept);
  add_format<RiscvSv48>(kept);
}

} // namespace pagetwin::bench
