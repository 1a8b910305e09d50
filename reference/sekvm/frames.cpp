#include "reference/sekvm/frames.hpp"

#include <algorithm>

namespace reference::sekvm {

void Frames::reset(const Config& config) {
  regions_ = config.regions;
  host_offset_ = config.smmu_host_offset;
  contents_ = config.initial;
  touched_.clear();
  std::uint64_t count = 0;
  for (const Region& region : regions_)
    count += region.count;
  if (frames_.size() < count) {
    frames_.resize(count);
    set_in_.resize(count);
  }
  if (++round_ == 0) { // after 2^32 rounds the first one would come back
    std::fill(set_in_.begin(), set_in_.end(), 0);
    round_ = 1;
  }
}

std::uint64_t Frames::index_of(std::uint64_t pfn) const {
  std::uint64_t before = 0;
  for (const Region& region : regions_) {
    if (pfn - region.first < region.count)
      return before + (pfn - region.first);
    before += region.count;
  }
  return nowhere;
}

Frame Frames::initial(std::uint64_t pfn) const {
  if (pfn == 0 || !holds(pfn))
    return {};
  return {{HOSTVISOR, 0, pfn + host_offset_}, contents_ == nullptr ? 0 : contents_(pfn)};
}

Frame Frames::at(std::uint64_t pfn) const {
  const std::uint64_t index = index_of(pfn);
  return index != nowhere && set_in_[index] == round_ ? frames_[index] : initial(pfn);
}

void Frames::set(std::uint64_t pfn, const Frame& frame) {
  const std::uint64_t index = index_of(pfn);
  if (index == nowhere)
    return;
  if (set_in_[index] != round_) {
    set_in_[index] = round_;
    touched_.push_back(pfn);
  }
  frames_[index] = frame;
}

} // namespace reference::sekvm
