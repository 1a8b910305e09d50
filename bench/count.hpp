// Instructions instead of time: runs one basic operation a fixed number of times, in a function of its own
// whose name callgrind can be told to collect (scripts/instructions).
#pragma once

#include <cstdint>
#include <string_view>

namespace pagetwin::bench {

// `what`: lookup, map_one, unmap_one, protect_one, fault_page, grant_page, loop_only, or of L4 a removal
// (bench/count_removals.hpp), which runs once among so many. Prints one line:
//   count <what> operations=<n> function=<symbol> result=<checksum>
// Returns the exit status: 0, or 2 when `what` or the number is not one that can be counted.
[[nodiscard]] int count(std::string_view what, std::uint64_t operations);

} // namespace pagetwin::bench
