// An operation and a program of operations, as plain numbers: what the codec makes from bytes, the text from
// lines, and a machine executes. It refuses to know what a number means; that is a Schema's business.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace pagetwin::twin {

inline constexpr unsigned max_fields = 7;

// One value per field. A field that is not used holds 0: programs are canonical, so that == compares meaning.
using Values = std::array<std::uint64_t, max_fields>;

struct Op {
  std::uint8_t verb = 0; // index into Schema::verbs
  Values value{};

  bool operator==(const Op&) const = default;
};

struct Program {
  Values header{};
  std::vector<Op> ops;

  bool operator==(const Program&) const = default;
};

} // namespace pagetwin::twin
