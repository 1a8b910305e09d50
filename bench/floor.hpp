// Three more probes, which are no tables but floors: what the memory system allows whoever walks four levels
// (raw_unchecked), writes descriptors (store_loop) or clears them (memset). Per descriptor, over the same
// memory.
#pragma once

#include "bench/raw.hpp"

#include <benchmark/benchmark.h>

namespace pagetwin::bench {

template <unsigned Levels>
class Unchecked : public Raw<Levels> {
 public:
  using Raw<Levels>::Raw;
  [[nodiscard]] static std::string name() { return "raw_unchecked"; }
  [[nodiscard]] PAGETWIN_INLINE std::uint64_t lookup(std::uint64_t va) const {
    return this->lookup_unchecked(va);
  }
};

// The descriptors of a range side by side, as in its leaf tables, without anything above them.
class Descriptors {
 public:
  static constexpr unsigned levels = 0, page_shift = 12, block_shift = 21;
  using Place = Wide<12>;

  explicit Descriptors(std::uint64_t nodes) : arena_(nodes) {}
  PAGETWIN_INLINE std::uint64_t map_range(std::uint64_t, std::uint64_t pa, std::uint64_t length,
                                          std::uint64_t) {
    auto* words = reinterpret_cast<std::uint64_t*>(arena_.host());
    for (std::uint64_t i = 0; i < length / page; ++i)
      words[i] = (pa + i * page) | 3;
    benchmark::ClobberMemory();
    return length;
  }
  PAGETWIN_INLINE std::uint64_t unmap_range(std::uint64_t, std::uint64_t length) {
    std::memset(arena_.host(), 0, length / page * sizeof(std::uint64_t));
    benchmark::ClobberMemory();
    return length;
  }
  void clear() {}

 private:
  static constexpr std::uint64_t page = 4096;

  Arena arena_;
};
struct StoreLoop : Descriptors {
  using Descriptors::Descriptors;
  [[nodiscard]] static std::string name() { return "store_loop"; }
};
struct Memset : Descriptors {
  using Descriptors::Descriptors;
  [[nodiscard]] static std::string name() { return "memset"; }
};

} // namespace pagetwin::bench
