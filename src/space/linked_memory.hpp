// A Memory policy whose nodes have a second half: behind the descriptors a link word for each of them, as
// wide as they are, at a fixed distance that depends on the level only (link_node.hpp). The table knows
// nothing of it: it asks for nodes, and gets them twice as large. The pool's units are those larger nodes.
// Links are zero when a node is handed out, and their owner has cleared them when the table retires it.
// Refuses to know what a link says. The idea is in Tuch and Klein, "Verifying the L4 Virtual Memory
// Subsystem", section 4.2.
#pragma once

#include "src/table/memory.hpp"

#include <array>

namespace pagetwin {

// Base: the Memory policy that is meant.
template <class Base>
class LinkedMemory : public Base {
 public:
  using Base::Base;
  // log2 of what a node of 2^shift bytes of descriptors takes.
  [[nodiscard]] static constexpr unsigned linked_shift(unsigned shift) { return shift + 1; }

  [[nodiscard]] bool reserve(unsigned shift, std::uint64_t count) {
    return Base::reserve(linked_shift(shift), count);
  }
  // Who will write every slot writes no link, so that the node has to be zero all the same.
  [[nodiscard]] PhysAddr allocate(unsigned shift, Fill) {
    return Base::allocate(linked_shift(shift), Fill::zero);
  }
  template <unsigned Count>
  [[nodiscard]] std::array<PhysAddr, Count> allocate_empty(unsigned shift)
    requires requires(Base base) { base.template allocate_empty<Count>(shift); }
  {
    return Base::template allocate_empty<Count>(linked_shift(shift));
  }
  void retire(PhysAddr node, unsigned shift, Contents contents) {
    Base::retire(node, linked_shift(shift), contents);
  }
};

} // namespace pagetwin
