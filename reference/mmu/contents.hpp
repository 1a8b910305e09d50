// What a table holds, read from its raw bytes alone: leaves and markers in the words of FlatMap, so that the two can be compared with ==.
// It refuses to judge beyond what the walker calls a violation.
#pragma once

#include "reference/leaf_run.hpp"
#include "reference/mmu/mmu.hpp"

#include <vector>

namespace reference {

struct Contents {
  std::vector<LeafRun> leaves; // canonical, see append; rights are effective ones
  std::vector<Marker> markers;
  std::uint64_t nodes = 0;      // reached, the root included
  const char* broken = nullptr; // why the bytes are no table at all
  std::uint64_t where = 0;      // address of the first such place
};

// Reuses the memory of `to`.
void read_contents(const PhysicalMemory& memory, std::uint64_t root, const Mmu& mmu, const Mode& mode, Contents& to);

} // namespace reference
