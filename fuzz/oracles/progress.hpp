// O15 PROGRESS: an operation ends, and stays inside the arena. What throws is ObservedMemory; here is who
// catches it, and puts it into words. It refuses to know operations.
#pragma once

#include "fuzz/oracles/finding.hpp"
#include "fuzz/oracles/observation.hpp"

namespace pagetwin::fuzz {

// va: what the operation is about, for who explains the finding. doing: its name.
[[nodiscard]] Verdict ran_away(const Runaway& runaway, std::uint64_t va, const char* doing);

// What judge() says, or that it never came to an end.
template <class Judge>
[[nodiscard]] Verdict bounded(const char* doing, std::uint64_t va, Judge&& judge) {
  try {
    return judge();
  } catch (const Runaway& runaway) {
    return ran_away(runaway, va, doing);
  }
}

} // namespace pagetwin::fuzz
