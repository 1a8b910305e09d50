// A unit of an address space: by its mapping node, and as its leaf was found in a table. Knows no format.
#pragma once

#include "src/table/tree.hpp"

namespace pagetwin {

// A unit with its first frame.
struct UnitAt {
  std::uint32_t node;
  std::uint64_t frame;
};

// A leaf as it was found, with its first descriptor. node 0: an area.
struct FoundUnit {
  std::uint32_t node;
  unsigned size;
  std::uint64_t va, frame, descriptor;
  Range range;

  [[nodiscard]] bool is_area() const { return node == 0; }
  [[nodiscard]] UnitAt at() const { return {node, frame}; }
  [[nodiscard]] std::uint64_t bytes() const { return range.last - range.first + 1; }
  // Of a byte, or the bytes, of the unit.
  [[nodiscard]] std::uint64_t frame_of(std::uint64_t address) const { return frame + (address - va); }
  [[nodiscard]] Range frames_of(const Range& part) const {
    return {frame_of(part.first), frame_of(part.last)};
  }
};

} // namespace pagetwin
