// SharedReader: lookups in a table over SharedMemory by a thread that is not the writer's. What such a lookup
// may see is said in src/table/shared_memory.hpp. Holds copies of the few words that never change, so that a
// lookup touches nothing that the writer writes but descriptors and the epoch. Knows no bit of a descriptor.
#pragma once

#include "src/table/shared_memory.hpp"
#include "src/table/walk.hpp"

namespace pagetwin {

// One for each thread and table, on a cache line of its own, since it is read for each lookup; several tables
// of one thread may share a place, one lookup or visit at a time. The table is not destroyed before its
// readers are gone.
template <Format F>
class alignas(64) SharedReader {
 public:
  // reader: the number of the place, which nobody else uses at the same time.
  SharedReader(SharedMemory& memory, PhysAddr root, unsigned reader)
      : loads_(memory.pool()), root_(root), readers_(&memory.readers()), place_(&readers_->place(reader)) {}

  // Several lookups for one announcement, which costs more than a lookup does. Nodes that are retired
  // meanwhile wait for its end, so it is to be short.
  class [[nodiscard]] Visit {
   public:
    explicit Visit(const SharedReader& reader) : reader_(&reader) { reader_->enter(); }
    ~Visit() { reader_->leave(); }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

    [[nodiscard, gnu::always_inline]] std::optional<Translation<F>> lookup(VirtAddr va) const {
      return reader_->find(va);
    }

   private:
    const SharedReader* reader_;
  };
  Visit visit() const { return Visit(*this); }

  // As PageTable::lookup. A translation is a copy, and can be read after the node is gone.
  [[nodiscard, gnu::always_inline]] std::optional<Translation<F>> lookup(VirtAddr va) const {
    return visit().lookup(va);
  }

 private:
  void enter() const { readers_->enter(*place_); }
  void leave() const { ReaderEpochs::leave(*place_); }
  [[nodiscard, gnu::always_inline]] std::optional<Translation<F>> find(VirtAddr va) const {
    return walk<F>(loads_, root_, raw(va));
  }

  SharedLoads loads_;
  PhysAddr root_;
  const ReaderEpochs* readers_;
  ReaderPlace* place_;
};

} // namespace pagetwin
