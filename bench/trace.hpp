// Reads recorded programs (corpus/traces/*.ops, written by scripts/record) for replay at full speed: the five
// verbs that recordings use, without the engine's schema. The text format's own reader is fuzz/twin/text;
// this one checks only what it needs, and a line that it does not know makes the whole trace unusable, with
// the reason.
#pragma once

#include "src/base/attributes.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace pagetwin::bench {

struct TraceOp {
  enum class Verb : std::uint8_t { create, destroy, clear, map_range, unmap, protect };
  Verb verb{};
  unsigned space = 0;
  std::uint64_t va = 0, pa = 0, length = 0, largest = 0;
  Attributes attributes;
};
struct Trace {
  std::uint64_t nodes = 0;
  unsigned spaces = 0;
  std::vector<TraceOp> ops;
  std::string error; // empty when the trace can be replayed
};

[[nodiscard]] Trace read_trace(const std::string& path);

} // namespace pagetwin::bench
