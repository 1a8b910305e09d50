// Makes a failing program small and plain while it keeps failing in the same way: operations are removed
// (ddmin), then values made simpler. It works on operations with absolute values, so that removing one does
// not change what the others mean. It refuses to know what failing is: a predicate says.
#pragma once

#include "fuzz/twin/run.hpp"

#include <chrono>
#include <functional>

namespace pagetwin::twin {

inline constexpr std::size_t default_minimise_runs = 100'000;

struct Reduction {
  Program program;
  std::size_t runs = 0;   // of the predicate
  bool exhausted = false; // the limit of runs or of time ended it: there may be a smaller one
};

// What is slow to fail, because an operation does not end, must not keep a fuzzer for hours.
inline constexpr std::chrono::seconds default_minimise_time{5}, default_isolated_time{30};

using StillFails = std::function<bool(const Program&)>;

// `program` itself must fail; it is not tried again.
[[nodiscard]] Reduction reduce(const Program& program, const Schema& schema, const StillFails& still_fails,
                               std::size_t max_runs = default_minimise_runs,
                               std::chrono::seconds max_time = default_minimise_time);

// With a child for every run, which takes milliseconds: a smaller program may crash where the first one
// diverged.
inline constexpr std::size_t default_isolated_runs = 2'000;

// For a divergence: its signature is kept. In process, unless a rehearsal in a child shows that this would
// crash.
[[nodiscard]] Reduction minimise(Machine& machine, const Program& program, const std::string& signature,
                                 std::size_t max_runs = default_minimise_runs);

} // namespace pagetwin::twin
