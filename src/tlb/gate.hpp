// When a cache is worth asking. A cache that seldom hits costs more than the walk that it should save: its
// probe, its miss and its fill. So a cache is asked on trial: a trial ends after so many misses, and if they
// came with too few hits the cache rests, which is that many lookups go straight past it. Rests double as
// long as trials fail. Knows no cache: it is told of misses, and how many hits there were. It decides who is
// asked, and nothing about what is kept: a cache at rest must hear of every invalidation.
#pragma once

#include <algorithm>
#include <cstdint>

namespace pagetwin {

// Rests are in lookups, and shorter than 2^63. Whatever is asked for, of `shortest_rest` successive lookups
// at most `misses` miss without enough hits to pay for them.
struct GateRule {
  std::uint64_t misses = 256;             // that end a trial; 0: a trial never ends
  std::uint64_t hits_per_miss = 8;        // with fewer the cache rests
  std::uint64_t shortest_rest = 1U << 16; // not 0
  std::uint64_t longest_rest = 1U << 20;
  std::uint64_t first_rest = 0; // before the first trial

  [[nodiscard]] static constexpr GateRule always() { return {.misses = 0}; }
  [[nodiscard]] static constexpr GateRule never() { return {.first_rest = ~std::uint64_t{0} >> 1}; }
};

class Gate {
 public:
  constexpr explicit Gate(GateRule rule) : left_(rule.first_rest), rest_(rule.shortest_rest), rule_(rule) {}

  // Called once a lookup: does it go past the cache?
  [[nodiscard, gnu::always_inline]] constexpr bool rests() { return !is_negative(--left_); }
  // The cache missed. hits: how many it has had, ever. Who asks a cache that rests tries nothing.
  constexpr void missed(std::uint64_t hits) {
    if (is_asked() && ++missed_ == rule_.misses)
      end_trial(hits);
  }

 private:
  [[nodiscard]] static constexpr bool is_negative(std::uint64_t count) { return count >> 63 != 0; }
  [[nodiscard]] constexpr bool is_asked() const { return left_ == 0 || is_negative(left_); }
  constexpr void end_trial(std::uint64_t hits) {
    const bool pays = hits - hits_before_ >= rule_.misses * rule_.hits_per_miss;
    left_ = pays ? 0 : rest_;
    rest_ = pays ? rule_.shortest_rest : std::min(2 * rest_, rule_.longest_rest);
    missed_ = 0;
    hits_before_ = hits;
  }

  // Lookups that still go past the cache; once they are over it goes on, below 0, so that each lookup is one
  // subtraction in memory and one branch on its sign. As a signed number compilers would make a comparison
  // of it first, which takes two instructions more of every lookup that rests.
  std::uint64_t left_;
  std::uint64_t rest_;                         // how long the next rest is
  std::uint64_t missed_ = 0, hits_before_ = 0; // of this trial
  GateRule rule_;
};

} // namespace pagetwin
