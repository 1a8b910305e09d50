// Slots of one node that are looked at in one step: holes, runs of leaves, groups of copies. It refuses to
// know bits; Arch is Mmu itself, or one of them, whose questions are then answered without a virtual call.
#pragma once

#include "reference/mmu/mmu.hpp"

namespace reference {

// The first of the slots index .. end - 1 that is not zero, or end. The node lies in the memory.
template <typename Arch>
[[nodiscard]] unsigned next_used(const Arch& mmu, const PhysicalMemory& memory, std::uint64_t node,
                                 unsigned index, unsigned end) {
  const unsigned char* const words = memory.base + (node - memory.pa_base);
  return mmu.descriptor_bytes() == 4 ? next_nonzero<std::uint32_t>(words, index, end)
                                     : next_nonzero<std::uint64_t>(words, index, end);
}

// How many slots up to `end`, from that of a legal leaf on, are one run, or one group, with it: 1 where a
// group is not whole, or its copies are not repeated.
template <typename Arch>
[[nodiscard]] unsigned run_from(const Arch& mmu, const PhysicalMemory& memory, std::uint64_t slot,
                                unsigned level, unsigned index, unsigned end, const Decoded& leaf,
                                const Mode& mode) {
  if (leaf.copies == 1)
    return mmu.run_length(memory, slot, end - index, level, mode);
  const bool is_whole = index % leaf.copies == 0 && mmu.is_repeated(memory, slot, leaf.copies, level, mode);
  return is_whole ? leaf.copies : 1;
}

// Each architecture answers Mmu::next_notable with this over itself.
template <typename Arch>
[[nodiscard]] unsigned next_notable_of(const Arch& mmu, const PhysicalMemory& memory, std::uint64_t node,
                                       unsigned level, unsigned index, unsigned end, const Mode& mode,
                                       Decoded& to) {
  const unsigned bytes = mmu.descriptor_bytes();
  for (index = next_used(mmu, memory, node, index, end); index < end;) {
    const std::uint64_t slot = node + std::uint64_t{index} * bytes;
    const Decoded found = mmu.decode(memory.word(slot, bytes), level, index, mode);
    const bool is_legal_leaf = found.kind == SlotKind::leaf && found.violations == 0;
    const unsigned run = is_legal_leaf ? run_from(mmu, memory, slot, level, index, end, found, mode) : 1;
    if (found.kind == SlotKind::table || found.violations != 0 || run < found.copies) {
      to = found;
      return index;
    }
    index = next_used(mmu, memory, node, index + run, end);
  }
  return end;
}

} // namespace reference
