// Who reads now: the places where readers say since when they have been looking, so that the one writer knows
// when all of them have seen a change. Reading and asking take no lock, wait for nobody and are bounded: one
// store and two loads for a reader that enters, one load a reader for the writer that asks. The places are
// the caller's. Knows no table and no memory.
//
// Why this is enough (C++20, [atomics.order]): the writer changes the table, advances, and asks; a reader
// announces, and then loads the epoch once more. Those four accesses are sequentially consistent, hence in
// one order. If the writer did not see the announcement, the reader's second load sees the new epoch, and
// with it everything before it: the change. If it saw an epoch at least as new, the same. Else it says that
// the moment has not passed. No fence is needed, and ThreadSanitizer, which knows none, understands it.
#pragma once

#include <cstdint>
#include <span>

namespace pagetwin {

// One reader's own. A cache line each, so that readers do not slow each other down.
struct alignas(64) ReaderPlace {
  static constexpr std::uint64_t outside = ~std::uint64_t{0};

  std::uint64_t since = outside; // the epoch in which the reader entered, or an older one
};

class ReaderEpochs {
 public:
  explicit ReaderEpochs(std::span<ReaderPlace> places) : places_(places) {}

  // The reader's: the nodes that it finds from now on are what they are until it leaves. Not to be nested.
  void enter(ReaderPlace& mine) const {
    __atomic_store_n(&mine.since, __atomic_load_n(&now_, __ATOMIC_RELAXED), __ATOMIC_SEQ_CST);
    (void)__atomic_load_n(&now_, __ATOMIC_SEQ_CST);
  }
  static void leave(ReaderPlace& mine) {
    __atomic_store_n(&mine.since, ReaderPlace::outside, __ATOMIC_RELEASE);
  }

  // The writer's: a moment after everything that it did so far.
  [[nodiscard]] std::uint64_t advance() {
    const std::uint64_t next = now_ + 1; // nobody else stores
    __atomic_store_n(&now_, next, __ATOMIC_SEQ_CST);
    return next;
  }
  // Has every reader left that entered before that moment?
  [[nodiscard]] bool passed(std::uint64_t moment) const {
    for (const ReaderPlace& place : places_)
      if (__atomic_load_n(&place.since, __ATOMIC_SEQ_CST) < moment)
        return false;
    return true;
  }

  [[nodiscard]] ReaderPlace& place(unsigned reader) const { return places_[reader]; }

 private:
  alignas(64) std::uint64_t now_ = 0; // apart from what the writer writes all the time
  alignas(64) std::span<ReaderPlace> places_;
};

} // namespace pagetwin
