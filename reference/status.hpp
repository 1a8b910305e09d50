// The answers of FlatMap, in the order in which docs/table.md tests for them.
// There is no out_of_memory: FlatMap has no nodes and cannot run out of them.
#pragma once

#include <cstdint>

namespace reference {

enum class Status : std::uint8_t {
  ok,
  empty,
  misaligned,
  bad_size,
  out_of_range,
  bad_attributes,
  overlap,
  not_mapped,
  not_uniform,
};

[[nodiscard]] constexpr const char* to_text(Status status) {
  switch (status) {
  case Status::ok:
    return "ok";
  case Status::empty:
    return "empty";
  case Status::misaligned:
    return "misaligned";
  case Status::bad_size:
    return "bad_size";
  case Status::out_of_range:
    return "out_of_range";
  case Status::bad_attributes:
    return "bad_attributes";
  case Status::overlap:
    return "overlap";
  case Status::not_mapped:
    return "not_mapped";
  case Status::not_uniform:
    return "not_uniform";
  }
  return "no status";
}

} // namespace reference
