// SharedMemory: the policy for tables that one writer edits while readers look up, without locks on the
// readers' side (several writers take turns by a lock of their own, one for all tables of a memory). Readers
// have a SharedReader each (src/table/shared_reader.hpp); every operation of the PageTable, for_each and
// audit too, is the writer's. Knows no format.
//
// What makes it safe. A store to a slot is a release and a reader's load an acquire, so that who finds the
// way to a node finds in it what was there when it was linked: its zeroes, its leaves. (Where the child is
// depends on the word that was loaded, and every machine but Alpha orders that by itself; C++ has no way to
// say so that compilers keep. An acquire costs nothing on x86-64 and is one LDAR or LDAPR on AArch64.) A node
// that is linked no more stays what it is until every reader has left that entered before the sync that
// followed. So the pool's clearing and the stores of its next user, which are plain ones, race with nobody. A
// reader that stays inside costs nodes, never the writer's time: when no node is left, edits answer
// out_of_memory and have changed nothing.
//
// What a reader sees of an edit that runs: each page as it was before or as it is after, page by page in any
// order. Or nothing, as hardware would, where the edit clears before it writes:
//   AArch64, ARMv7 (break-before-make): a split, a promote, and what changes more of a leaf than its rights
//   leaves of several descriptors (contiguous sets, NAPOT, large pages): every edit of one
//
// x86-64 and EPT have no gaps: what replaces a leaf or a table is stored over it. So does RISC-V, but a
// superpage that is cut becomes NAPOT pages, and those that the edit meets have their gap. A lookup that
// happens after an edit sees it.
//
// sync waits for nobody. invalidate does nothing: readers have no cache. Who puts a TLB in front of one has
// to tell it; and, as who frees the frames that were unmapped, has to wait: readers().advance() is a moment
// after the unmap, and once readers().passed(moment) no reader that entered before is still inside.
#pragma once

#include "src/table/memory.hpp"
#include "src/table/reader_epochs.hpp"
#include "src/table/retired_nodes.hpp"

#include <utility>

namespace pagetwin {

// The reader's side of the memory: descriptors can be loaded, and that is all. A copy of where the arena is,
// so that a load does not touch the pool, which the writer writes all the time.
class SharedLoads {
 public:
  explicit SharedLoads(const NodePool& pool) : bias_(pool.places().host()) {}

  template <class Raw>
  [[nodiscard]] Raw load(PhysAddr pa) const {
    return __atomic_load_n(bias_.template at<const Raw>(pa), __ATOMIC_ACQUIRE);
  }

 private:
  HostBias bias_;
};

// The writer's loops. Their loads are plain: nobody else stores, but for the flags that hardware sets, which
// come back from the exchange.
template <class Raw>
class SharedWindow {
 public:
  explicit SharedWindow(Raw* slots) : slots_(slots) {}
  [[nodiscard]] Raw load(std::uint64_t i) const { return slots_[i]; }
  void store(std::uint64_t i, Raw word) const { __atomic_store_n(slots_ + i, word, __ATOMIC_RELEASE); }
  [[nodiscard]] Raw exchange(std::uint64_t i, Raw word) const {
    return __atomic_exchange_n(slots_ + i, word, __ATOMIC_ACQ_REL);
  }
  [[nodiscard]] unsigned next_live(unsigned i, unsigned end) const { return next_nonzero(slots_, i, end); }
  [[nodiscard]] unsigned alike(unsigned i, unsigned end, Raw word, Raw but) const {
    return count_alike(slots_, i, end, word, but);
  }
  template <class WordOf>
  void fill(unsigned count, WordOf&& word_of) const {
    for (unsigned i = 0; i < count; ++i)
      store(i, word_of(i));
  }

 private:
  Raw* slots_;
};

class SharedMemory {
 public:
  static constexpr std::uint32_t usual_batch = 32;

  // One place for each reader. Pool and places outlive the memory, which does not move. So many nodes are
  // retired before sync asks the readers; before that, only who finds no node does. Each time takes a reader
  // that looks up at the same time as long as dozens of lookups.
  SharedMemory(NodePool& pool, std::span<ReaderPlace> places, std::uint32_t batch = usual_batch)
      : readers_(places), pool_(&pool), batch_(batch) {}
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory() = default;

  template <class Raw>
  [[nodiscard]] Raw load(PhysAddr pa) const {
    return SharedLoads(*pool_).load<Raw>(pa);
  }
  template <class Raw>
  void store(PhysAddr pa, Raw word) {
    window<Raw>(pa).store(0, word);
  }
  template <class Raw>
  [[nodiscard]] Raw exchange(PhysAddr pa, Raw word) {
    return window<Raw>(pa).exchange(0, word);
  }
  template <class Raw>
  [[nodiscard]] SharedWindow<Raw> window(PhysAddr pa) const {
    return SharedWindow<Raw>(pool_->host<Raw>(pa));
  }

  void invalidate(const Invalidation&) {}
  void sync() {
    synced_ = true;
    if (retired_.count() >= batch_)
      reclaim();
  }
  [[nodiscard]] bool reserve(unsigned shift, std::uint64_t count) {
    if (!pool_->available(shift, count))
      reclaim();
    return pool_->available(shift, count);
  }
  [[nodiscard]] PhysAddr allocate(unsigned shift, Fill fill) { return pool_->allocate(shift, fill); }
  template <unsigned Count>
  [[nodiscard]] std::array<PhysAddr, Count> allocate_empty(unsigned shift) {
    return pool_->allocate_empty<Count>(shift);
  }
  void retire(PhysAddr node, unsigned shift, Contents contents) {
    retired_.push(*pool_, node, shift, contents);
    synced_ = false;
  }
  // Gives back to the pool what no reader can hold any more, at once: for who wants to know what is used, or
  // has nothing to edit. What was retired since the last sync stays.
  void reclaim() {
    release_passed();
    if (!waiting_.empty() || retired_.empty() || !synced_)
      return;
    waiting_ = std::exchange(retired_, {});
    moment_ = readers_.advance();
    release_passed();
  }

  [[nodiscard]] NodeRecord& record(PhysAddr node, unsigned unit_shift) {
    return pool_->places().record(node, unit_shift);
  }
  [[nodiscard]] NodePool& pool() { return *pool_; }
  [[nodiscard]] const NodePool& pool() const { return *pool_; }
  [[nodiscard]] ReaderEpochs& readers() { return readers_; }
  [[nodiscard]] const ReaderEpochs& readers() const { return readers_; }
  // Nodes that are linked no more and were not given back yet. The pool counts them as used.
  [[nodiscard]] std::uint64_t retired() const { return std::uint64_t{retired_.count()} + waiting_.count(); }

 private:
  void release_passed() {
    if (!waiting_.empty() && readers_.passed(moment_))
      waiting_.release(*pool_);
  }

  ReaderEpochs readers_;
  NodePool* pool_;
  std::uint32_t batch_;
  RetiredNodes retired_; // since the last ones were put to wait
  RetiredNodes waiting_; // for the readers that entered before moment_
  std::uint64_t moment_ = 0;
  bool synced_ = true; // no node was retired since the last sync
};

} // namespace pagetwin
