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

Frame Frames::untouched(std::uint64_t pfn) const {
  if (pfn == 0)
    return {};
  return {{HOSTVISOR, 0, pfn + host_offset_}, contents_ == nullptr ? 0 : contents_(pfn)};
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
