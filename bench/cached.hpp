// The subject of the cached lookups: our table behind an Mmu of src/tlb. Every lookup is one call of
// Mmu::find, as a caller makes it. Nothing is edited between lookups, so no invalidation is owed.
#pragma once

#include "bench/lookups.hpp"
#include "bench/ours.hpp"
#include "src/tlb/mmu.hpp"

namespace pagetwin::bench {

// Which caches there are, and when they are asked. The pointers lead to nodes of level 1: 64 of them are
// enough for the widest workload.
struct NoCache {
  static constexpr const char* suffix = "_uncached";
  static constexpr std::size_t pointers = 0;
  static constexpr CacheRules rules{GateRule::never(), GateRule::never()};
};
struct WalkCacheOnly {
  static constexpr const char* suffix = "_walk_cache";
  static constexpr std::size_t pointers = 64;
  static constexpr CacheRules rules{GateRule::never(), GateRule::always()};
};
struct TlbOnly {
  static constexpr const char* suffix = "_tlb";
  static constexpr std::size_t pointers = 0;
  static constexpr CacheRules rules{GateRule::always(), GateRule::never()};
};
// What an Mmu does that is told nothing else: the one configuration with goals.
struct Adaptive {
  static constexpr const char* suffix = "_cached";
  static constexpr std::size_t pointers = 64;
  static constexpr CacheRules rules{};
};

template <class Workload>
inline constexpr Goal cached_goal{1.2, 0.9};
template <>
inline constexpr Goal cached_goal<W2h<Dependent::no>>{0.65, 0.54};
template <>
inline constexpr Goal cached_goal<W2h<Dependent::yes>>{0.55, 0.44};

template <Format F, class Caching>
class Cached : public Ours<F> {
 public:
  using Edited = Ours<F>;
  template <class Workload>
  static constexpr Goal goal = std::is_same_v<Caching, Adaptive> ? cached_goal<Workload> : Goal{};

  explicit Cached(std::uint64_t nodes) : Ours<F>(nodes) {}
  [[nodiscard]] static std::string name() { return Ours<F>::name() + Caching::suffix; }
  [[nodiscard]] PAGETWIN_INLINE std::uint64_t lookup(std::uint64_t va) {
    const auto found = mmu_.find(Ours<F>::space, this->table().root(), va);
    return found ? raw(*found) : miss;
  }

 private:
  static constexpr std::size_t lines = 1U << 14, ways = 2;
  static constexpr unsigned level = 2;
  std::vector<TlbEntry> lines_{lines};
  std::vector<WalkCacheEntry> pointers_{Caching::pointers};
  Mmu<F, PlainMemory<>, Words::ours> mmu_{this->memory(), {lines_, ways}, {pointers_, level}, Caching::rules};
};

} // namespace pagetwin::bench
