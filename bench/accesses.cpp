// ACCESS: a recorded stream of accesses, translated over a table that maps the pages it touches, with each
// configuration of caches; nanoseconds per translation. An access across the end of a page is two
// translations. In turns with the probe, like every other ratio.
//   cycles              of the time stamp counter per translation, where there is one
//   tlb_hits, walk_hits shares of all translations, and of the walks that asked the walk cache, from cold
//                       caches over one pass; absent where there is no such cache
//   translations, pages, blocks   in the stream, of 4 KiB and of 2 MiB that are mapped
#include "bench/access_stream.hpp"
#include "bench/arena.hpp"
#include "bench/duel.hpp"
#include "bench/footprint.hpp"
#include "bench/raw.hpp"
#include "bench/registry.hpp"
#include "bench/time_stamp.hpp"
#include "src/arch/aarch64.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"
#include "src/table/page_table.hpp"
#include "src/tlb/mmu.hpp"

#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

namespace pagetwin::bench {
namespace {

// A Tlb has at least one line; where the walk caches are alone it is never asked.
struct Caches {
  const char* name;
  unsigned lines, ways, pointers, level;
  CacheRules rules{};
};
constexpr CacheRules walk_cache_only{GateRule::never(), GateRule::always()};
constexpr CacheRules all_asked{GateRule::always(), GateRule::always()};
constexpr Caches no_caches{"none", 0, 0, 0, 1};
// The last is what an Mmu does that is told nothing else, with the sizes of the cached lookups.
constexpr std::array configurations{
    Caches{"walk1", 1, 1, 64, 1, walk_cache_only}, Caches{"walk2", 1, 1, 16, 2, walk_cache_only},
    Caches{"tlb64", 64, 4, 0, 1, all_asked},       Caches{"tlb256", 256, 4, 0, 1, all_asked},
    Caches{"tlb1024", 1024, 4, 0, 1, all_asked},   Caches{"both", 1024, 4, 64, 2, all_asked},
    Caches{"adaptive", 1U << 14, 2, 64, 2}};

enum class Leaves : bool { pages, blocks };

struct Recording {
  std::vector<std::uint64_t> addresses;
  Footprint footprint;
};

// Frames are far above 4 GiB, and lie like the addresses.
constexpr std::uint64_t frame_of(std::uint64_t va) {
  constexpr std::uint64_t base = std::uint64_t{1} << 46;
  return base | (va & (base - 1));
}

template <class Table>
void map_all(Table& table, const Footprint& footprint, Leaves leaves) {
  const bool with_blocks = leaves == Leaves::blocks;
  for (const std::uint64_t va : with_blocks ? footprint.loose_pages() : footprint.pages())
    table.map(va, frame_of(va));
  if (with_blocks)
    for (const std::uint64_t va : footprint.blocks())
      table.map_block(va, frame_of(va));
}

// Our table, with or without an Mmu in front.
template <Format F>
class Space {
 public:
  Space(std::uint64_t nodes, const Caches& caches)
      : arena_(nodes + F::levels), records_(arena_.nodes()),
        pool_(arena_.memory(), Arena::base, Arena::node_shift, records_), memory_(pool_),
        table_(*Table::create(memory_, space)), lines_(std::max(caches.lines, 1U)),
        pointers_(caches.pointers), mmu_(memory_, Tlb<F>(lines_, std::max(caches.ways, 1U)),
                                         WalkCache<F>(pointers_, caches.level), caches.rules) {}
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;
  ~Space() = default;

  void map(std::uint64_t va, std::uint64_t pa) { map_leaf(va, pa, Footprint::page_shift); }
  void map_block(std::uint64_t va, std::uint64_t pa) { map_leaf(va, pa, Footprint::block_shift); }

  [[nodiscard, gnu::always_inline]] inline std::uint64_t lookup(std::uint64_t va) const {
    const auto found = table_.lookup(VirtAddr{va});
    return found ? raw(found->pa()) : miss;
  }
  [[nodiscard, gnu::always_inline]] inline std::uint64_t translate(std::uint64_t va) {
    const auto found = mmu_.find(space, table_.root(), va);
    return found ? raw(*found) : miss;
  }
  // Of so many translations.
  void report_hits(benchmark::State& state, const Caches& caches, std::uint64_t translations) const {
    const auto& walks = mmu_.walk_cache().counters();
    state.counters["tlb_hits"] = share(mmu_.tlb().counters().hits, translations);
    if (caches.pointers != 0)
      state.counters["walk_hits"] = share(walks.hits, walks.hits + walks.misses);
  }

 private:
  using Memory = PlainMemory<>;
  using Table = PageTable<F, Memory>;
  static constexpr SpaceId space{0};

  [[nodiscard]] static double share(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }
  void map_leaf(std::uint64_t va, std::uint64_t pa, unsigned shift) {
    if (table_.map(VirtAddr{va}, PhysAddr{pa}, bytes_of(shift), {.rights = Rights::read | Rights::write})
        != Status::ok)
      std::abort();
  }

  Arena arena_;
  std::vector<NodeRecord> records_;
  NodePool pool_;
  Memory memory_;
  Table table_;
  std::vector<TlbEntry> lines_;
  std::vector<WalkCacheEntry> pointers_;
  Mmu<F, Memory, Words::ours> mmu_;
};

template <class Translate>
[[nodiscard, gnu::always_inline]] inline std::uint64_t each(const Recording& recording, Translate translate) {
  std::uint64_t sum = 0;
  for (const std::uint64_t va : recording.addresses)
    sum += translate(va);
  return sum;
}
// Functions of their own, as those of the other workloads.
template <class Table>
[[nodiscard, gnu::noinline]] std::uint64_t look_up_all(Table& table, const Recording& recording) {
  return each(recording, [&table](std::uint64_t va) { return table.lookup(va); });
}
template <class Table>
[[nodiscard, gnu::noinline]] std::uint64_t translate_all(Table& table, const Recording& recording) {
  return each(recording, [&table](std::uint64_t va) { return table.translate(va); });
}

void describe(benchmark::State& state, const Recording& recording, Leaves leaves) {
  const Footprint& f = recording.footprint;
  const bool with_blocks = leaves == Leaves::blocks;
  state.counters["translations"] = static_cast<double>(recording.addresses.size());
  state.counters["pages"] = static_cast<double>((with_blocks ? f.loose_pages() : f.pages()).size());
  state.counters["blocks"] = static_cast<double>(with_blocks ? f.blocks().size() : 0);
}

template <class Table, bool Cached>
class Translator {
 public:
  Translator(Table& table, const Recording& recording) : table_(&table), recording_(&recording) {}
  void prepare() {} // the caches keep what they have: a stream is long
  [[nodiscard]] std::uint64_t pass() {
    if constexpr (Cached)
      return translate_all(*table_, *recording_);
    else
      return look_up_all(*table_, *recording_);
  }
  [[nodiscard]] Pass run() {
    return timed(recording_->addresses.size(), [this] { return pass(); });
  }

 private:
  Table* table_;
  const Recording* recording_;
};

template <Format F, bool Cached>
void measure(benchmark::State& state, const Recording& recording, Leaves leaves, const Caches& caches) {
  Space<F> space(recording.footprint.nodes(), caches);
  Raw<F::levels> raw(recording.footprint.nodes());
  map_all(space, recording.footprint, leaves);
  map_all(raw, recording.footprint, leaves);
  Translator<Space<F>, Cached> subject(space, recording);
  Translator<Raw<F::levels>, false> probe(raw, recording);
  benchmark::DoNotOptimize(subject.pass());
  if constexpr (Cached)
    space.report_hits(state, caches, recording.addresses.size());
  const Comparison turns = take_turns(state, recording.addresses.size(), subject, probe, true);
  if (time_stamps_per_ns() > 0)
    state.counters["cycles"] = turns.subject_ns() * time_stamps_per_ns();
  describe(state, recording, leaves);
}

template <Format F>
void add_configuration(const std::string& stream, const std::shared_ptr<const Recording>& recording,
                       Leaves leaves, const Caches& caches) {
  const std::string name = "ACCESS_" + stream + (leaves == Leaves::blocks ? "_2m_" : "_") + caches.name + "/"
                           + std::string(F::name);
  benchmark::RegisterBenchmark(name.c_str(), [recording, leaves, caches](benchmark::State& state) {
    if (caches.lines == 0)
      measure<F, false>(state, *recording, leaves, caches);
    else
      measure<F, true>(state, *recording, leaves, caches);
  });
}
// The probe has nine bits a level, and one root.
template <Format F>
bool reaches(const std::vector<std::uint64_t>& addresses) {
  constexpr unsigned bits = 12 + 9 * F::levels;
  return std::all_of(addresses.begin(), addresses.end(), [](std::uint64_t va) {
    return Geometry<F>::is_canonical(va) && (bits >= F::va_bits || va >> bits == 0);
  });
}
template <Format F>
void add_format(const std::string& stream, const std::shared_ptr<const Recording>& recording) {
  if (!reaches<F>(recording->addresses)) {
    std::fprintf(stderr, "%s: left out for %s: an address is too wide for it\n", stream.c_str(),
                 std::string(F::name).c_str());
    return;
  }
  for (const Leaves leaves : {Leaves::pages, Leaves::blocks}) {
    if (leaves == Leaves::blocks && recording->footprint.blocks().empty())
      continue;
    add_configuration<F>(stream, recording, leaves, no_caches);
    for (const Caches& caches : configurations)
      add_configuration<F>(stream, recording, leaves, caches);
  }
}

// Every address that is translated; an access is one for each page that it touches.
void append(std::vector<std::uint64_t>& addresses, const Access& access) {
  const std::uint64_t last = access.va + (access.size - 1);
  addresses.push_back(access.va);
  for (std::uint64_t page = access.va >> Footprint::page_shift; page < last >> Footprint::page_shift;)
    addresses.push_back(++page << Footprint::page_shift);
}

// Returns what is wrong with the file, if anything is. A folder can be opened, and fails when it is read.
std::string read(const std::string& path, std::vector<std::uint64_t>& addresses) try {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return "cannot be read";
  AccessStream stream(file);
  while (const auto access = stream.next())
    append(addresses, *access);
  return stream.error().empty() && addresses.empty() ? "no access is in it" : stream.error();
} catch (const std::ios_base::failure&) {
  return "cannot be read";
}

} // namespace

int add_accesses(const std::string& path) {
  std::vector<std::uint64_t> addresses;
  if (const std::string wrong = read(path, addresses); !wrong.empty()) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), wrong.c_str());
    return 2;
  }
  Footprint footprint(addresses);
  const auto recording =
      std::make_shared<const Recording>(Recording{std::move(addresses), std::move(footprint)});
  const std::string name = std::filesystem::path(path).stem().string();
  add_format<X86_64_4>(name, recording);
  add_format<Aarch64S1_4k>(name, recording);
  add_format<Aarch64S2_4k>(name, recording);
  add_format<RiscvSv48>(name, recording);
  return 0;
}

} // namespace pagetwin::bench
