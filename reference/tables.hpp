// What a CPU's walk reads: the bytes of tables, through the walker of an architecture, as its control
// registers say. It refuses to know which table is whose.
#pragma once

#include "reference/mmu/mmu.hpp"

namespace reference {

struct Tables {
  const Mmu* mmu;
  PhysicalMemory memory;
  Mode mode; // hardware sets accessed and dirty

  [[nodiscard]] std::uint64_t slot(std::uint64_t node, unsigned index) const {
    return node + std::uint64_t{index} * mmu->descriptor_bytes();
  }
  // The word of a slot; nothing outside of memory.
  [[nodiscard]] std::optional<std::uint64_t> load(std::uint64_t node, unsigned index) const {
    return memory.load(slot(node, index), mmu->descriptor_bytes());
  }
};

} // namespace reference
