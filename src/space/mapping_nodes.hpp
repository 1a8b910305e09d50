// The mapping nodes that are free, in storage of the caller. Knows nothing of what they say.
#pragma once

#include "src/space/mapping_node.hpp"

#include <algorithm>
#include <span>

namespace pagetwin {

class MappingNodes {
 public:
  // storage[0] is never used: 0 is no node. Nor is what has a higher number than can be derived.
  explicit MappingNodes(std::span<MappingNode> storage)
      : nodes_(storage.first(std::min<std::uint64_t>(storage.size(), DerivedUnits::most))) {}

  [[nodiscard]] MappingNode& operator[](std::uint32_t node) const { return nodes_[node]; }
  [[nodiscard]] std::uint64_t used() const { return used_; }
  // Those that were ever in use, from number 0 on, which never is.
  [[nodiscard]] std::span<const MappingNode> reached() const {
    return nodes_.first(top_ == 0 ? 0 : std::size_t{top_} + 1);
  }
  [[nodiscard]] bool contains(std::uint32_t node) const { return node != 0 && node < nodes_.size(); }
  [[nodiscard]] bool available(std::uint64_t count) const {
    return count == 0 || count + used_ < nodes_.size();
  }
  // There is one.
  [[nodiscard]] std::uint32_t allocate(const MappingNode& as) {
    const std::uint32_t node = free_ != 0 ? free_ : ++top_;
    if (free_ != 0)
      free_ = nodes_[free_].next;
    ++used_;
    nodes_[node] = as;
    return node;
  }
  void release(std::uint32_t node) {
    MappingNode free;
    free.next = free_;
    nodes_[node] = free;
    free_ = node;
    --used_;
  }

 private:
  std::span<MappingNode> nodes_;
  std::uint32_t free_ = 0, top_ = 0;
  std::uint64_t used_ = 0;
};

} // namespace pagetwin
