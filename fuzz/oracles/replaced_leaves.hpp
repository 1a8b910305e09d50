// Leaves among the words that an operation replaced: as long as one follows the other, as the pages of a run
// or the copies of a group do, none but the first has to be decoded. It refuses to know what they leave
// behind.
#pragma once

#include "fuzz/oracles/observation.hpp"
#include "fuzz/oracles/view.hpp"

namespace pagetwin::fuzz {

class ReplacedLeaves {
 public:
  // Was the word a leaf, because it follows the one before? No says nothing.
  [[nodiscard]] bool go_on_with(const Replaced& r) {
    const bool goes_on = r.level == level_
                         && (series_.has(reference::Series::Of::pages, last_, r.before)
                             || series_.has(reference::Series::Of::copies, last_, r.before));
    last_ = r.before;
    if (!goes_on)
      series_ = {};
    return goes_on;
  }
  // What the word was, if the question above was answered with no.
  [[nodiscard]] reference::Decoded decode(const View& view, const Replaced& r) {
    const reference::Decoded was = view.mmu->decode(r.before, r.level, r.index, view.mode);
    if (was.kind == reference::SlotKind::leaf && was.violations == 0)
      series_ = view.mmu->series(r.before, r.level, view.mode);
    level_ = r.level;
    return was;
  }

 private:
  reference::Series series_; // of the last leaf; of nothing, where there is none
  std::uint64_t last_ = 0;
  std::uint8_t level_ = 0;
};

} // namespace pagetwin::fuzz
