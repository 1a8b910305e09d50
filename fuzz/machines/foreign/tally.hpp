// How often one oracle was asked, and how often it disagreed, for each reason. It refuses to judge.
#pragma once

#include "fuzz/emulators/oracles.hpp"

#include <cstdint>
#include <vector>

namespace pagetwin::fuzz {

// Of accesses through its TLB (shootdown.hpp).
struct TlbTally {
  std::uint64_t edits = 0;
  std::uint64_t accesses = 0; // that were judged; each was made three times
  std::uint64_t stale = 0;    // saw the old translation before it was invalidated, which is allowed
  std::uint64_t wrong = 0;
  std::uint64_t not_judged = 0;
};

struct Tally {
  explicit Tally(const emulators::Oracle& oracle)
      : by_deviation(oracle.deviations.size()), by_word_deviation(oracle.word_deviations.size()) {}

  std::uint64_t probes = 0;     // that were judged
  std::uint64_t damaged = 0;    // of them, over tables with damaged descriptors
  std::uint64_t not_judged = 0; // that the oracle could not ask, or that led out of the memory
  std::uint64_t unexplained = 0;
  TlbTally tlb;
  std::vector<std::uint64_t> by_deviation, by_word_deviation; // explained, in the order of the oracle's lists
};

} // namespace pagetwin::fuzz
