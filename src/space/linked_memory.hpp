// A Memory policy with a link word beside each descriptor, as wide as it is: in a shadow of the pool's arena,
// of equal shape, so that every descriptor's is at one fixed distance, and nodes stay as large and as aligned
// as the hardware wants them. Links are no descriptors: no hardware reads them. The table knows nothing of
// them; their owner clears those of a node before the table retires it. Refuses to know what a link says. The
// idea is in Tuch and Klein, "Verifying the L4 Virtual Memory Subsystem", section 4.2, where the distance
// depends on the level, because the link nodes of a table are right behind it.
#pragma once

#include "src/table/memory.hpp"

#include <utility>

namespace pagetwin {

// Base: the Memory policy that is meant.
template <class Base>
class LinkedMemory : public Base {
 public:
  // links: as many bytes as the pool's units, aligned as the descriptors are, and zero; and zero again when
  // every table is gone. base: what Base is made from.
  template <class... Args>
  explicit LinkedMemory(std::span<std::byte> links, Args&&... base)
      : Base(std::forward<Args>(base)...), links_(links) {}

  // slot: a descriptor in a node of the pool.
  template <class Raw>
  [[nodiscard]] Raw& link(PhysAddr slot) const {
    return *reinterpret_cast<Raw*>(links_.data() + (slot - Base::pool().base()));
  }
  // Those of a node, or of several in a row.
  [[nodiscard]] std::span<std::byte> links(PhysAddr node, std::uint64_t bytes) const {
    return links_.subspan(static_cast<std::size_t>(node - Base::pool().base()), bytes);
  }

 private:
  std::span<std::byte> links_;
};

} // namespace pagetwin
