// What an operation answers. The order of the enumerators is the order in which the statuses are tested
// (docs/table.md): the first that applies is returned.
#pragma once

#include <cstdint>
#include <string_view>

namespace pagetwin {

enum class Status : std::uint8_t {
  ok,
  empty,          // a length of 0
  misaligned,     // va, length or pa against the size, or against the smallest page for ranges
  bad_size,       // not a size of the format
  out_of_range,   // wraps, is not canonical, or lies beyond the input or output width
  bad_attributes, // not expressible in the format, or without any right
  overlap,        // a byte is mapped that must not be
  not_mapped,     // a leaf was expected
  not_uniform,    // frames, attributes or holes differ within the range
  out_of_memory,  // the pool cannot give the nodes that the operation needs
  unknown_space,  // no address space of this name (of those who keep several; asked before all others)
  space_in_use,   // it exists, or a CPU runs it
};

[[nodiscard]] constexpr std::string_view to_text(Status s) {
  constexpr std::string_view names[] = {"ok",           "empty",          "misaligned",    "bad_size",
                                        "out_of_range", "bad_attributes", "overlap",       "not_mapped",
                                        "not_uniform",  "out_of_memory",  "unknown_space", "space_in_use"};
  return names[static_cast<unsigned>(s)];
}

} // namespace pagetwin
