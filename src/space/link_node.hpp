// The link node of a descriptor: a word at a fixed distance from it (linked_memory.hpp) that leads from the
// leaf to its mapping node, and back. It holds the mapping node XOR the leaf's virtual address: who comes
// from the leaf knows the address, and who comes from the mapping node, which knows the descriptor, learns it
// (Tuch and Klein, sections 4.1 and 4.2: MapNode and Vaddr). Of a leaf of several descriptors the first one's
// counts, the others' are zero. Refuses to know what a mapping node is.
#pragma once

#include "src/arch/geometry.hpp"
#include "src/space/linked_memory.hpp"

namespace pagetwin {

template <Format F>
struct LinkNode {
  using Raw = typename F::Raw;

  [[nodiscard]] static constexpr Raw word(std::uint32_t mapping, std::uint64_t va) {
    return static_cast<Raw>(mapping ^ va);
  }
  [[nodiscard]] static constexpr std::uint32_t mapping(Raw word, std::uint64_t va) {
    return static_cast<std::uint32_t>(word ^ static_cast<Raw>(va));
  }
  [[nodiscard]] static constexpr std::uint64_t va(Raw word, std::uint32_t mapping) {
    return word ^ static_cast<Raw>(mapping);
  }

  // M: a LinkedMemory. slot: of the leaf's first descriptor; va: of its first byte.
  template <class M>
  [[nodiscard]] static Raw& of(const M& memory, PhysAddr slot) {
    return memory.template link<Raw>(slot);
  }
  template <class M>
  [[nodiscard]] static std::uint32_t read(const M& memory, PhysAddr slot, std::uint64_t va) {
    return mapping(of(memory, slot), va);
  }

  // Descriptors by number, in the pool's order: what a mapping node remembers of a leaf.
  [[nodiscard]] static std::uint32_t number(const NodePool& pool, PhysAddr slot) {
    return static_cast<std::uint32_t>((slot - pool.base()) / sizeof(Raw));
  }
  [[nodiscard]] static PhysAddr slot(const NodePool& pool, std::uint32_t number) {
    return pool.base() + std::uint64_t{number} * sizeof(Raw);
  }
};

} // namespace pagetwin
