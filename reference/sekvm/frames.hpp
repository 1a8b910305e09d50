// s2page and contents: one record and one token for each frame of the regions. It refuses to know who may
// change them. A frame that was never touched is not stored, so that a reset costs nothing.
#pragma once

#include "reference/sekvm/values.hpp"

#include <span>
#include <vector>

namespace reference::sekvm {

struct Frame {
  S2Page page;
  std::uint64_t contents = 0;

  bool operator==(const Frame&) const = default;
};

class Frames {
 public:
  void reset(const Config& config);

  // Outside every region, and page 0: all INVALID, and what is written there is lost.
  [[nodiscard]] Frame at(std::uint64_t pfn) const {
    const std::uint64_t index = index_of(pfn);
    if (index == nowhere)
      return {};
    return set_in_[index] == round_ ? frames_[index] : untouched(pfn);
  }
  void set(std::uint64_t pfn, const Frame& frame);
  // Before anything happened.
  [[nodiscard]] Frame initial(std::uint64_t pfn) const { return holds(pfn) ? untouched(pfn) : Frame{}; }
  [[nodiscard]] bool holds(std::uint64_t pfn) const { return index_of(pfn) != nowhere; }

  // The pfns that were ever set; each once, in the order in which that happened first.
  [[nodiscard]] std::span<const std::uint64_t> touched() const { return touched_; }
  [[nodiscard]] std::span<const Region> regions() const { return regions_; }

 private:
  static constexpr std::uint64_t nowhere = INVALID64;
  [[nodiscard]] std::uint64_t index_of(std::uint64_t pfn) const {
    std::uint64_t before = 0;
    for (const Region& region : regions_) {
      if (pfn - region.first < region.count)
        return before + (pfn - region.first);
      before += region.count;
    }
    return nowhere;
  }

  [[nodiscard]] Frame untouched(std::uint64_t pfn) const;

  std::array<Region, 4> regions_{};
  std::uint64_t host_offset_ = 0;
  std::uint64_t (*contents_)(std::uint64_t pfn) = nullptr;
  std::vector<Frame> frames_;         // region after region
  std::vector<std::uint32_t> set_in_; // the round in which each was touched
  std::uint32_t round_ = 0;
  std::vector<std::uint64_t> touched_;
};

} // namespace reference::sekvm
