// What a table holds, read from its raw bytes alone: leaves and markers in the words of FlatMap, so that the
// two can be compared with ==. It refuses to judge beyond what the walker calls a violation.
#pragma once

#include "reference/leaf_run.hpp"
#include "reference/mmu/enumerate.hpp"

#include <vector>

namespace reference {

struct Contents {
  std::vector<LeafRun> leaves; // canonical, see append; attributes are effective ones
  std::vector<Marker> markers;
  std::uint64_t nodes = 0;      // reached, the root included
  const char* broken = nullptr; // why the bytes are no table at all
  std::uint64_t where = 0;      // address of the first such place
};

namespace contents_detail {

template <typename Arch>
class Reader {
 public:
  Reader(const Arch& mmu, Contents& to) : mmu_(mmu), to_(to) {}

  void operator()(const Slot& slot) {
    if (slot.decoded.violations != 0 && to_.broken == nullptr) {
      to_.broken = violation_name(slot.decoded.violations & -slot.decoded.violations);
      to_.where = slot.va;
    }
    switch (slot.decoded.kind) {
    case SlotKind::table:
      ++to_.nodes;
      return;
    case SlotKind::leaf:
      return leaf(slot);
    case SlotKind::hole:
      append(to_.markers, {slot.va, mmu_.span(slot.level), slot.decoded.marker});
    }
  }
  void finish() {
    if (open_)
      append(to_.leaves, leaf_);
    open_ = false;
  }

 private:
  // Copies of one leaf that differ arrive one after the other; its flags are the OR over them.
  void leaf(const Slot& slot) {
    const bool first = slot.index % slot.decoded.copies == 0;
    if (!first && open_) {
      leaf_.flags = either(leaf_.flags, slot.decoded.flags);
      return;
    }
    finish();
    open_ = true;
    leaf_ = {slot.va,
             slot.decoded.bytes * (slot.decoded.copies == 1 ? slot.count : 1),
             slot.decoded.address,
             slot.decoded.bytes,
             slot.effective,
             slot.decoded.flags};
  }

  const Arch& mmu_;
  Contents& to_;
  LeafRun leaf_;
  bool open_ = false;
};

[[nodiscard]] inline const char* problem(Enumeration e) {
  switch (e) {
  case Enumeration::complete:
    return nullptr;
  case Enumeration::node_outside_memory:
    return "a table leads out of the memory";
  case Enumeration::out_of_budget:
    return "more nodes are reached than there are";
  }
  return "unknown";
}

} // namespace contents_detail

// Reuses the memory of `to`. Each architecture answers Mmu::read_contents with this over itself.
template <typename Arch>
void read_contents_of(const Arch& mmu, const PhysicalMemory& memory, std::uint64_t root, const Mode& mode,
                      Contents& to) {
  to.leaves.clear();
  to.markers.clear();
  to.nodes = 1;
  to.broken = nullptr;
  contents_detail::Reader<Arch> reader(mmu, to);
  const Enumeration end = for_each_slot(memory, root, mmu, mode, reader);
  reader.finish();
  if (const char* why = contents_detail::problem(end))
    to.broken = why;
}

inline void read_contents(const PhysicalMemory& memory, std::uint64_t root, const Mmu& mmu, const Mode& mode,
                          Contents& to) {
  mmu.read_contents(memory, root, mode, to);
}

} // namespace reference
