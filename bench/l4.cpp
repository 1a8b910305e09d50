// L4: map, grant, unmap and flush over derivations of 10 to 1,000,000 mappings, wide and deep, each against
// the same pages in a table without a mapping database; lookups; and bytes per mapping.
#include "bench/derived.hpp"
#include "bench/duel.hpp"
#include "bench/ours.hpp"
#include "bench/registry.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/x86_64.hpp"

#include <string>

namespace pagetwin::bench {
namespace {

// As many small derivations as make a pass that a clock can measure.
template <std::uint64_t Count>
inline constexpr std::uint64_t copies = std::max<std::uint64_t>(1, 8192 / Count);
template <std::uint64_t Count>
inline constexpr std::uint64_t total = copies<Count> * Count;

enum class Act : std::uint8_t { map, unmap, flush, grant };
constexpr std::array act_names{"map", "unmap", "flush", "grant"};

// flush and grant act on the page of space 1 from which everything else is derived.
template <Format F, Shape How, std::uint64_t Count, Act What>
class Derive {
 public:
  Derive() : l4_({total<Count> + copies<Count>, 3}) {}
  void prepare() {
    for (std::uint64_t i = 0; i < copies<Count>; ++i)
      l4_.unmap(0, source(i));
    if (What != Act::map)
      benchmark::DoNotOptimize(build());
  }
  [[nodiscard]] Pass run() {
    return timed(total<Count>, [this] { return What == Act::map ? build() : remove(); });
  }

 private:
  static constexpr std::uint64_t page = L4<F>::page;

  [[nodiscard]] static std::uint64_t source(std::uint64_t i) { return i * page; }
  [[nodiscard]] static std::uint64_t place(std::uint64_t i) { return L4<F>::va + i * Count * page; }
  [[nodiscard]] std::uint64_t build() {
    std::uint64_t pages = 0;
    for (std::uint64_t i = 0; i < copies<Count>; ++i)
      pages += derive(l4_, How, source(i), place(i), Count);
    return pages;
  }
  [[nodiscard]] std::uint64_t remove() {
    std::uint64_t bits = 0;
    for (std::uint64_t i = 0; i < copies<Count>; ++i)
      bits += remove(i);
    return bits + total<Count>;
  }
  [[nodiscard]] std::uint64_t remove(std::uint64_t i) {
    if (What == Act::unmap)
      return l4_.unmap(0, source(i));
    return What == Act::flush ? l4_.flush(1, place(i)) : l4_.grant(1, place(i), 2, place(i)) - 1;
  }

  L4<F> l4_;
};

// The same pages, one by one, in a table that knows nothing of derivations.
template <Format F, std::uint64_t Count, Act What>
class Bare {
 public:
  Bare() : table_(total<Count> / 500 + 64) {}
  void prepare() {
    table_.clear();
    if (What != Act::map)
      benchmark::DoNotOptimize(map_all());
  }
  [[nodiscard]] Pass run() {
    return timed(total<Count>, [this] { return What == Act::map ? map_all() : unmap_all(); });
  }

 private:
  static constexpr std::uint64_t page = bytes_of(F::page_shift), va = Wide<F::page_shift>::va;

  [[nodiscard]] std::uint64_t map_all() {
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < total<Count>; ++i)
      bytes += table_.map(va + i * page, i / Count * page);
    return bytes / page;
  }
  [[nodiscard]] std::uint64_t unmap_all() {
    std::uint64_t bytes = 0;
    for (std::uint64_t i = 0; i < total<Count>; ++i)
      bytes += table_.unmap(va + i * page);
    return bytes / page;
  }

  Ours<F> table_;
};

template <Format F, Shape How, std::uint64_t Count, Act What>
void add_derivation() {
  const std::string name = std::string("L4_") + act_names[static_cast<unsigned>(What)] + "_"
                           + shape_names[static_cast<unsigned>(How)] + "_" + std::to_string(Count) + "/"
                           + std::string(F::name);
  benchmark::RegisterBenchmark(name.c_str(), [](benchmark::State& state) {
    Derive<F, How, Count, What> subject;
    Bare<F, Count, What> probe;
    (void)take_turns(state, total<Count>, subject, probe, true);
  });
}
template <Format F, Shape How, std::uint64_t Count>
void add_acts() {
  add_derivation<F, How, Count, Act::map>();
  add_derivation<F, How, Count, Act::unmap>();
  add_derivation<F, How, Count, Act::flush>();
  add_derivation<F, How, Count, Act::grant>();
}
template <Format F, Shape How>
void add_shape() {
  add_acts<F, How, 10>();
  add_acts<F, How, 1000>();
  add_acts<F, How, 100000>();
  add_acts<F, How, 1000000>();
}

// What the mappings of a crowd cost to remove, beside 1,000 other spaces and beside one.
template <Format F>
class Among {
 public:
  static constexpr std::uint64_t removed = Crowd<F>::sources * Crowd<F>::derived;

  explicit Among(unsigned others) : crowd_(others) {}
  void prepare() { benchmark::DoNotOptimize(crowd_.derive_all()); }
  [[nodiscard]] Pass run() {
    return timed(removed, [this] { return crowd_.remove_all(); });
  }

 private:
  Crowd<F> crowd_;
};
template <Format F>
void add_among() {
  benchmark::RegisterBenchmark(("L4_unmap_among_1000_spaces/" + std::string(F::name)).c_str(),
                               [](benchmark::State& state) {
                                 Among<F> many(1000), one(1);
                                 (void)take_turns(state, Among<F>::removed, many, one, true);
                                 report(state, {1.1});
                               });
}

// Random lookups of 2^18 pages in a space, and in a bare table; or in one of four spaces, which each lookup
// names, and in one of four bare tables. Tables have the pages of one another's.
constexpr std::uint64_t looked_up = 1U << 18;
// A function of its own, whose loop lies alike for subject and probe.
template <unsigned Tables, unsigned PageShift, class LookUp>
[[gnu::noinline]] std::uint64_t look_up_all(LookUp lookup) {
  Random random;
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < looked_up; ++i) {
    const std::uint64_t at = random.next(18 + PageShift), page = at & low_mask(18 + PageShift) / Tables;
    sum += lookup(static_cast<unsigned>(at >> (18 + PageShift - std::countr_zero(Tables))),
                  Wide<PageShift>::va + page);
  }
  return sum;
}
template <unsigned Tables, unsigned PageShift, class LookUp>
Pass look_up(LookUp lookup) {
  return timed(looked_up, [&] { return look_up_all<Tables, PageShift>(lookup); });
}
template <Format F, unsigned Tables>
struct SpaceLookups {
  L4<F> l4{{looked_up, Tables + 1}};

  SpaceLookups() {
    for (std::uint64_t i = 0; i < looked_up; ++i)
      l4.map(0, i * L4<F>::page, 1 + static_cast<unsigned>(i % Tables), L4<F>::va + i / Tables * L4<F>::page);
  }
  void prepare() {}
  [[nodiscard]] Pass run() const {
    return look_up<Tables, F::page_shift>([this](unsigned table, std::uint64_t va) {
      return Tables == 1 ? l4.lookup_here(va) : l4.lookup(1 + table, va);
    });
  }
};
template <Format F, unsigned Tables>
struct BareLookups {
  std::array<Ours<F>, Tables> tables = make(std::make_index_sequence<Tables>());

  BareLookups() {
    for (std::uint64_t i = 0; i < looked_up; ++i)
      tables[i % Tables].map(L4<F>::va + i / Tables * L4<F>::page, i * L4<F>::page);
  }
  void prepare() {}
  [[nodiscard]] Pass run() const {
    return look_up<Tables, F::page_shift>(
        [this](unsigned table, std::uint64_t va) { return tables[table].lookup(va); });
  }

 private:
  template <std::size_t... I>
  static std::array<Ours<F>, Tables> make(std::index_sequence<I...>) {
    return {((void)I, Ours<F>{700})...};
  }
};
template <Format F, unsigned Tables>
void add_lookups(const char* name) {
  benchmark::RegisterBenchmark((name + std::string(F::name)).c_str(), [](benchmark::State& state) {
    SpaceLookups<F, Tables> subject;
    BareLookups<F, Tables> probe;
    (void)take_turns(state, looked_up, subject, probe, true);
    report(state, {Tables == 1 ? 1.05 : 1.1});
  });
}

// 2^20 mappings of one page, and of one page each. No time is measured.
template <Format F>
void add_memory(const char* what, std::uint64_t step) {
  const std::string name = std::string("L4_MEM_") + what + "/" + std::string(F::name);
  benchmark::RegisterBenchmark(name.c_str(), [step](benchmark::State& state) {
    constexpr std::uint64_t count = 1U << 20;
    L4<F> l4({count, 2});
    const std::uint64_t bytes = l4.bytes(), mapped = l4.mapped();
    for (std::uint64_t i = 0; i < count; ++i)
      l4.map(0, i * step, 1, L4<F>::va + i * L4<F>::page);
    for (auto _ : state)
      benchmark::DoNotOptimize(l4.bytes());
    report(state, {48}, "_bytes");
    state.counters["bytes_per_page"] =
        static_cast<double>(l4.bytes() - bytes) / static_cast<double>(l4.mapped() - mapped);
  });
}

template <Format F>
void add_format() {
  add_shape<F, Shape::wide>();
  add_shape<F, Shape::deep>();
  add_among<F>();
  add_lookups<F, 1>("L4_lookup/");
  add_lookups<F, 4>("L4_lookup_by_space/");
  add_memory<F>("one_page", 0);
  add_memory<F>("all_pages", L4<F>::page);
}

} // namespace

void add_l4() {
  add_format<X86_64_4>();
  add_format<Aarch64S1_4k>();
}

} // namespace pagetwin::bench
