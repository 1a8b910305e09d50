// SharedMemory as the memory of a table under test (fuzz/machines/table_subject.hpp), with readers beside the
// writer: some that stay inside while operations go on, and one, as it ships, for a lookup at a time. Nodes
// are given back early, as far as readers let them go, so that short programs see it. It refuses to judge.
#pragma once

#include "fuzz/machines/junk_words.hpp"
#include "fuzz/machines/paused_reader.hpp"
#include "fuzz/machines/table_subject.hpp"
#include "src/table/shared_reader.hpp"

namespace pagetwin::fuzz {

template <class F>
class SharedBacking {
  static_assert(Format<F>);

 public:
  using Memory = SharedMemory;

  SharedBacking(Arena& arena, Watcher&)
      : arena_(&arena), records_(most_nodes), pool_(pool_of<F>(arena, records_, {})) {
    const auto junk = junk_words<F>(arena.data());
    arena.fill_data(std::as_bytes(std::span(junk)));
  }
  void restart(const SubjectOptions& o) {
    for (PausedReader<F>& each : paused_)
      each.leave();
    pool_ = pool_of<F>(*arena_, records_, o);
    memory_.emplace(pool_, places_, retired_at_once);
    complaint_.reset();
  }
  void begin_operation() {}
  void close() {}
  // Who is outside enters on the way to the address, each a level farther than the one before and for an
  // operation more; the others hear what is there now.
  void before_edit(PhysAddr root, std::uint64_t va) {
    for (unsigned i = 0; i < pausing; ++i)
      if (paused_[i].is_inside())
        paused_[i].note(*memory_);
      else if (Geometry<F>::is_canonical(va))
        paused_[i].enter(*memory_, root, va, 1 + i, shortest_stay + i);
  }
  // The readers of a table are gone before it is.
  void before_destroy(PhysAddr root) {
    for (PausedReader<F>& each : paused_)
      if (each.is_in(root))
        leave(each);
  }
  [[nodiscard]] static constexpr bool has_readers() { return true; }
  [[nodiscard]] const ReaderComplaint* readers_go_on() {
    for (PausedReader<F>& each : paused_)
      if (each.is_inside()) {
        each.note(*memory_);
        if (each.ends())
          leave(each);
      }
    return complaint_ ? &*complaint_ : nullptr;
  }
  // By a reader's lookup, as it ships.
  [[nodiscard]] std::optional<Found> translate(SpaceId, PhysAddr root, std::uint64_t va) {
    return to_found(SharedReader<F>(*memory_, root, lookups).lookup(VirtAddr{va}));
  }
  [[nodiscard]] Memory& memory() { return *memory_; }
  [[nodiscard]] const Memory& memory() const { return *memory_; }
  // But for those that wait for readers.
  [[nodiscard]] std::uint64_t nodes_used() const { return pool_.used() - memory_->retired(); }
  [[nodiscard]] Observation* observation() { return nullptr; }
  void tell(EventSink*) {}
  void fail_allocation(std::uint64_t) {}
  // As PlainBacking.
  [[nodiscard]] bool refused() const { return true; }
  [[nodiscard]] std::uint64_t spare() const { return 0; }
  template <class Sink>
  void lines_at(std::uint64_t, Sink&&) const {}

 private:
  static constexpr std::uint32_t retired_at_once = 2;
  // One for each level but the last, where nothing is left to load; then the place for lookups.
  static constexpr unsigned pausing = F::levels - 1, lookups = pausing, shortest_stay = 2;

  void leave(PausedReader<F>& reader) {
    const auto found = reader.finish(*memory_);
    reader.leave();
    if (complaint_ || (reader.was_said(found) && !reader.is_back()))
      return;
    char text[128];
    const auto va = static_cast<unsigned long long>(reader.va()),
               pa = static_cast<unsigned long long>(found ? found->pa : 0);
    std::snprintf(text, sizeof text,
                  reader.is_back()
                      ? "a reader of %#llx, which finds %#llx, is in a node that is used again"
                      : "a reader of %#llx finds %#llx, which no lookup said while it was inside",
                  va, pa);
    complaint_ = {reader.va(), text};
  }

  std::array<ReaderPlace, pausing + 1> places_;
  std::optional<SharedMemory> memory_;
  Arena* arena_;
  std::vector<NodeRecord> records_;
  NodePool pool_;
  std::vector<PausedReader<F>> paused_{places_.begin(), places_.begin() + pausing};
  std::optional<ReaderComplaint> complaint_; // the first
};

} // namespace pagetwin::fuzz
