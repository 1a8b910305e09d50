// SeKVM's invariants 1 to 8, by their numbers in docs/sekvm.md. It refuses to know operations: 1 to 7 are of
// a state, and 8, noninterference, is of one step.
#pragma once

#include "reference/sekvm/machine.hpp"

namespace reference::sekvm {

// The first one of 1 to 7 that the state breaks, of all that it holds; 0: none.
[[nodiscard]] unsigned broken(const State& state);

// The first one of 1 to 8 that the last operation broke, when there was none before it. It asks what that
// changed, and nothing else.
[[nodiscard]] unsigned broken_by_last(const Machine& machine);

} // namespace reference::sekvm
