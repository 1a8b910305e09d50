// What an edit of a table owes the caches, in which order, and how it gets from the table to them.
// Knows neither format nor table: the table names a range and a reach (src/table/memory.hpp), the caches know
// what to drop.
#pragma once

#include "src/table/memory.hpp"

#include <utility>

namespace pagetwin {

// Table pointers first: a walk between the two steps could otherwise start at a node that is no longer
// linked, and fill a translation that the second step has already passed.
template <class Tlb, class WalkCache>
void apply(const Invalidation& i, Tlb& tlb, WalkCache& walk_cache) {
  if (i.reach == Invalidation::Reach::walk)
    walk_cache.invalidate_range(i.space, i.first, i.last);
  tlb.invalidate_range(i.space, i.first, i.last);
}

// The Memory policy Base, with a listener (an Mmu, or whatever forwards to several) that hears each
// invalidation and sync of the table. The listener is told first: when Base's sync returns, retired nodes may
// be reused.
template <class Base, class Listener>
class NotifyingMemory : public Base {
 public:
  // The listener must outlive the policy; the other arguments make the Base.
  template <class... Arguments>
  explicit NotifyingMemory(Listener& listener, Arguments&&... arguments)
      : Base(std::forward<Arguments>(arguments)...), listener_(&listener) {}

  void invalidate(const Invalidation& i) {
    listener_->invalidate(i);
    Base::invalidate(i);
  }
  void sync() {
    listener_->sync();
    Base::sync();
  }

 private:
  Listener* listener_;
};

} // namespace pagetwin
