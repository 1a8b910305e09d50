// What every oracle that looks at raw bytes needs: the memory, the walker of the architecture, and how it is
// switched. Nothing of src/arch is in reach.
#pragma once

#include "fuzz/oracles/arena.hpp"
#include "reference/mmu/mmu.hpp"

namespace pagetwin::fuzz {

struct View {
  const reference::Mmu* mmu;
  reference::PhysicalMemory memory;
  reference::Mode mode{};

  [[nodiscard]] std::uint64_t canonical(std::uint64_t va) const {
    return reference::canonical(mmu->profile(), va);
  }
  // First address that a slot covers.
  [[nodiscard]] std::uint64_t slot_va(std::uint64_t node_va, unsigned level, unsigned index) const {
    return canonical(node_va + index * mmu->span(level));
  }
  // What a slot covers, both ends included.
  struct Range {
    std::uint64_t first, last;
  };
  [[nodiscard]] Range slot_range(std::uint64_t node_va, unsigned level, unsigned index) const {
    const std::uint64_t first = slot_va(node_va, level, index);
    return {first, first + (mmu->span(level) - 1)};
  }
  // Where a slot lies, and what is there; the node lies in the memory.
  [[nodiscard]] std::uint64_t slot(std::uint64_t node, unsigned index) const {
    return node + std::uint64_t{index} * mmu->descriptor_bytes();
  }
  [[nodiscard]] unsigned index_of(std::uint64_t node, std::uint64_t slot) const {
    return static_cast<unsigned>((slot - node) / mmu->descriptor_bytes());
  }
  [[nodiscard]] std::uint64_t load(std::uint64_t slot) const {
    return memory.word(slot, mmu->descriptor_bytes());
  }
  [[nodiscard]] std::optional<reference::Translation> translate(std::uint64_t root, std::uint64_t va) const {
    return mmu->translate(memory, root, va, mode);
  }
};

// The tables of an arena, as machines have hardware walk them. Rights alone decide: what the other switches
// add is tested beside the walker itself.
[[nodiscard]] inline View view_of(const reference::Mmu& mmu, const Arena& arena) {
  return {&mmu,
          {reinterpret_cast<unsigned char*>(arena.begin()), arena.base(), arena.size()},
          {.pa_bits = mmu.profile().pa_bits, .smep = false, .smap = false}};
}

} // namespace pagetwin::fuzz
