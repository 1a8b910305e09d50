// The link node of a descriptor: a word at a fixed, level-dependent distance behind it that leads to the
// mapping node of its leaf. It holds the mapping node XOR the leaf's virtual address, so that who reads it
// has to know for which address (Tuch and Klein, sections 4.1 and 4.2: MapNode and Vaddr). Of a leaf of
// several descriptors the first one's counts, the others' are zero. Links are no descriptors: no hardware
// reads them, and they go past the Memory policy. Refuses to know what a mapping node is.
#pragma once

#include "src/arch/geometry.hpp"
#include "src/table/node_pool.hpp"

namespace pagetwin {

template <Format F>
struct LinkNode {
  using Raw = typename F::Raw;
  using G = Geometry<F>;

  // slot: a descriptor in a node of LinkedMemory.
  [[nodiscard]] static constexpr PhysAddr of(PhysAddr slot, unsigned level) {
    return slot + bytes_of(G::node_shift(level));
  }
  [[nodiscard]] static constexpr Raw word(std::uint32_t mapping, std::uint64_t va) {
    return static_cast<Raw>(mapping ^ va);
  }
  [[nodiscard]] static constexpr std::uint32_t mapping(Raw word, std::uint64_t va) {
    return static_cast<std::uint32_t>(word ^ static_cast<Raw>(va));
  }

  // va: of the leaf's first byte.
  [[nodiscard]] static std::uint32_t read(const NodePool& pool, PhysAddr slot, unsigned level,
                                          std::uint64_t va) {
    return mapping(*pool.host<Raw>(of(slot, level)), va);
  }
  static void write(const NodePool& pool, PhysAddr slot, unsigned level, std::uint64_t va,
                    std::uint32_t mapping) {
    *pool.host<Raw>(of(slot, level)) = word(mapping, va);
  }
  static void clear(const NodePool& pool, PhysAddr slot, unsigned level) {
    *pool.host<Raw>(of(slot, level)) = 0;
  }
};

} // namespace pagetwin
