// A reader beside the writer of a SharedMemory, with one thread for both: it enters, loads a few words on the
// way to an address, and stays inside while operations go on. Then it loads the others and leaves. What it
// finds must be what a lookup said at some moment in between, and the node that it is in must not come back
// once it was gone: else it was handed out again too early. Nothing is seen between two stores of one
// operation. It refuses to judge.
#pragma once

#include "fuzz/machines/subject.hpp"
#include "src/table/shared_memory.hpp"
#include "src/table/walk.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

template <Format F>
[[nodiscard]] std::optional<Found> to_found(const std::optional<Translation<F>>& t) {
  return t ? std::optional(Found{raw(t->pa()), t->size().bytes(), t->attributes()}) : std::nullopt;
}

template <Format F>
class PausedReader {
 public:
  using Answer = std::optional<Found>;

  explicit PausedReader(ReaderPlace& place) : place_(&place) {}

  [[nodiscard]] bool is_inside() const { return stay_ != 0; }
  [[nodiscard]] bool is_in(PhysAddr root) const { return is_inside() && root_ == root; }
  // Loads so many words, and stays for so many operations, at least one; or leaves at once, if these words
  // are all that it needs.
  void enter(const SharedMemory& memory, PhysAddr root, std::uint64_t va, unsigned loads, unsigned stay) {
    memory.readers().enter(*place_);
    root_ = root;
    va_ = va;
    stay_ = stay;
    known_ = 0;
    is_gone_ = is_back_ = false;
    said_.clear();
    (void)walk_on(memory, loads);
    if (is_on_the_way_)
      note(memory);
    else
      leave();
  }
  // What a lookup says now.
  void note(const SharedMemory& memory) {
    Lookup lookup{SharedLoads(memory.pool()), node_};
    if (const Answer now = to_found(walk<F>(lookup, root_, va_)); said_.empty() || said_.back() != now)
      said_.push_back(now);
    is_back_ = is_back_ || (is_gone_ && lookup.passes);
    is_gone_ = is_gone_ || !lookup.passes;
  }
  // An operation is over. Was it the last of the stay?
  [[nodiscard]] bool ends() { return --stay_ == 0; }
  // Loads the rest.
  [[nodiscard]] Answer finish(const SharedMemory& memory) { return walk_on(memory, F::levels); }
  [[nodiscard]] bool was_said(const Answer& found) const {
    return std::ranges::find(said_, found) != said_.end();
  }
  [[nodiscard]] bool is_back() const { return is_back_; }
  void leave() {
    ReaderEpochs::leave(*place_);
    stay_ = 0;
  }
  [[nodiscard]] std::uint64_t va() const { return va_; }

 private:
  // First the words that it has, then as many as it may load now; behind these all is a hole, so that the
  // walk ends.
  struct Loads {
    PausedReader* reader;
    SharedLoads memory;
    unsigned allowed, next = 0;

    template <class Raw>
    [[nodiscard]] Raw load(PhysAddr pa) {
      if (next == reader->known_) {
        if (next == allowed) {
          reader->is_on_the_way_ = true;
          reader->node_ = node_of(pa);
          return 0;
        }
        reader->words_[reader->known_++] = memory.load<Raw>(pa);
      }
      return reader->words_[next++];
    }
  };
  // One from the start, now. Does it pass this node?
  struct Lookup {
    SharedLoads memory;
    std::uint64_t node;
    bool passes = false;

    template <class Raw>
    [[nodiscard]] Raw load(PhysAddr pa) {
      passes = passes || node_of(pa) == node;
      return memory.load<Raw>(pa);
    }
  };
  // No reader pauses in a root: all others are of one size.
  [[nodiscard]] static std::uint64_t node_of(PhysAddr slot) {
    return align_down(raw(slot), Geometry<F>::node_shift(0));
  }
  // The lookup that ships, from its start: with the same words it goes the same way.
  [[nodiscard]] Answer walk_on(const SharedMemory& memory, unsigned loads) {
    is_on_the_way_ = false;
    Loads through{this, SharedLoads(memory.pool()), loads};
    return to_found(walk<F>(through, root_, va_));
  }

  ReaderPlace* place_;
  PhysAddr root_{};
  std::uint64_t va_ = 0;
  unsigned stay_ = 0, known_ = 0; // operations that it stays; words that it has
  std::array<typename F::Raw, F::levels> words_{};
  bool is_on_the_way_ = false;             // it needs more words than it was allowed
  std::uint64_t node_ = 0;                 // that the first of these is in
  bool is_gone_ = false, is_back_ = false; // is the node from the way to the address
  std::vector<Answer> said_;               // since it entered, without repetitions in a row
};

} // namespace pagetwin::fuzz
