// The Memory policy of one stage-2 table: its pages come from a memory that all tables share, up to a bound
// of its own, and it never shrinks (docs/table.md, "Tables that never shrink"), so that the bound is reached
// by the addresses that were ever mapped. Knows no format.
#pragma once

#include "src/table/memory.hpp"

namespace pagetwin {

template <class Base>
class BoundedMemory {
 public:
  static constexpr bool keeps_empty_nodes = true;

  // At most so many nodes, the root included. Base outlives this.
  BoundedMemory(Base& base, std::uint64_t most) : base_(&base), left_(most), most_(most) {}

  template <class Raw>
  [[nodiscard]] Raw load(PhysAddr pa) const {
    return base_->template load<Raw>(pa);
  }
  template <class Raw>
  void store(PhysAddr pa, Raw word) {
    base_->template store<Raw>(pa, word);
  }
  template <class Raw>
  [[nodiscard]] Raw exchange(PhysAddr pa, Raw word) {
    return base_->template exchange<Raw>(pa, word);
  }
  template <class Raw>
  [[nodiscard]] auto window(PhysAddr pa) const {
    return window_of<Raw>(*base_, pa);
  }
  void invalidate(const Invalidation& i) { base_->invalidate(i); }
  void sync() { base_->sync(); }
  [[nodiscard]] bool reserve(unsigned shift, std::uint64_t count) {
    return count <= left_ && base_->reserve(shift, count);
  }
  [[nodiscard]] PhysAddr allocate(unsigned shift, Fill fill) {
    --left_;
    return base_->allocate(shift, fill);
  }
  void retire(PhysAddr node, unsigned shift, Contents contents) {
    ++left_;
    base_->retire(node, shift, contents);
  }
  [[nodiscard]] NodeRecord& record(PhysAddr node, unsigned unit_shift) {
    return base_->record(node, unit_shift);
  }
  [[nodiscard]] NodePool& pool() { return base_->pool(); }
  [[nodiscard]] const NodePool& pool() const { return base_->pool(); }
  [[nodiscard]] std::uint64_t used() const { return most_ - left_; }

 private:
  Base* base_;
  std::uint64_t left_, most_;
};

} // namespace pagetwin
