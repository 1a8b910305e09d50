// Everything that can be reached from a root, in ascending canonical address order.
// It refuses to judge: wrong descriptors are shown with their violations, and never followed out of the
// memory.
#pragma once

#include "reference/mmu/runs.hpp"

#include <cstdint>

namespace reference {

// One slot that is not zero, or several: a table (shown before what is below it), a run of leaves, a leaf
// with all its copies where they are alike, else each of them, a marker, or junk.
struct Slot {
  std::uint64_t va = 0; // first byte that the slot covers
  unsigned level = 0;
  unsigned index = 0;
  std::uint64_t address = 0; // of the descriptor
  std::uint64_t raw = 0;
  unsigned count = 1; // slots from here on that hold such a leaf over consecutive frames, or its copies
  Decoded decoded;
  Attributes effective; // what the tables on the path make of the slot's own
};

enum class Enumeration : std::uint8_t {
  complete,
  node_outside_memory, // some table points where there is no memory; its subtree was skipped
  out_of_budget,       // more nodes than the memory can hold: some node is reached more than once
};

namespace enumerate_detail {

// Arch: Mmu itself, or one of them, whose questions are then answered without a virtual call.
template <typename Arch, typename Sink>
class Enumerator {
 public:
  using Path = typename Arch::Path;

  Enumerator(const PhysicalMemory& memory, const Arch& mmu, const Mode& mode, Sink& sink)
      : memory_(memory), mmu_(mmu), mode_(mode), sink_(sink), budget_(memory.size / mmu.node_bytes(0)) {}

  void node(std::uint64_t address, unsigned level, std::uint64_t va, const Path& path) {
    if (!memory_.contains(address, mmu_.node_bytes(level))) {
      note(Enumeration::node_outside_memory);
      return;
    }
    if (budget_ == 0) {
      note(Enumeration::out_of_budget);
      return;
    }
    --budget_;
    const unsigned entries = mmu_.entries(level);
    for (unsigned index = next_used(mmu_, memory_, address, 0, entries); index < entries;) {
      const unsigned shown = slot(address, level, index, va, path);
      index = next_used(mmu_, memory_, address, index + shown, entries);
    }
  }

  [[nodiscard]] Enumeration result() const { return result_; }

 private:
  // The node lies within the memory: `node` has looked.
  [[nodiscard]] std::uint64_t word(std::uint64_t node, unsigned index) const {
    const unsigned bytes = mmu_.descriptor_bytes();
    return memory_.word(node + std::uint64_t{index} * bytes, bytes);
  }

  // The slot before which addresses stop being in a row: the upper half of a root lies at the top of the
  // address space.
  [[nodiscard]] unsigned end_of_row(const Slot& found) const {
    const unsigned entries = mmu_.entries(found.level), half = entries / 2;
    const bool splits = mmu_.profile().sign_extended && found.level == mmu_.levels() - 1;
    return splits && found.index < half ? half : entries;
  }

  // Slots from `found` on that are shown with it.
  [[nodiscard]] unsigned shown_with(const Slot& found) const {
    if (found.decoded.kind != SlotKind::leaf || found.decoded.violations != 0)
      return 1;
    return run_from(mmu_, memory_, found.address, found.level, found.index, end_of_row(found), found.decoded,
                    mode_);
  }

  // Returns how many slots it has shown.
  unsigned slot(std::uint64_t node_address, unsigned level, unsigned index, std::uint64_t node_va,
                const Path& path) {
    const std::uint64_t raw = word(node_address, index);
    Slot found{.va = canonical(mmu_.profile(), node_va + index * mmu_.span(level)),
               .level = level,
               .index = index,
               .address = node_address + std::uint64_t{index} * mmu_.descriptor_bytes(),
               .raw = raw,
               .count = 1,
               .decoded = mmu_.decode(raw, level, index, mode_),
               .effective = {}};
    found.count = shown_with(found);
    found.effective = path.effective(found.raw, found.decoded.attributes);
    sink_(static_cast<const Slot&>(found));
    const bool followed = (found.decoded.violations & violation::faulting) == 0;
    if (found.decoded.kind == SlotKind::table && followed && level > 0)
      node(found.decoded.address, level - 1, found.va, through(path, found));
    return found.count;
  }

  [[nodiscard]] static Path through(Path path, const Slot& table) {
    path.pass(table.raw, rights_of(table.decoded.attributes), table.decoded.attributes.global);
    return path;
  }

  void note(Enumeration what) {
    if (result_ == Enumeration::complete)
      result_ = what;
  }

  const PhysicalMemory& memory_;
  const Arch& mmu_;
  const Mode& mode_;
  Sink& sink_;
  std::uint64_t budget_;
  Enumeration result_ = Enumeration::complete;
};

} // namespace enumerate_detail

// sink(const Slot&) for everything that is not zero, in runs. Loads only, and only within the memory;
// terminates whatever the bytes are.
template <typename Arch, typename Sink>
[[nodiscard]] Enumeration for_each_slot(const PhysicalMemory& memory, std::uint64_t root, const Arch& mmu,
                                        const Mode& mode, Sink&& sink) {
  enumerate_detail::Enumerator<Arch, Sink> enumerator(memory, mmu, mode, sink);
  enumerator.node(root, mmu.levels() - 1, 0, {});
  return enumerator.result();
}

} // namespace reference
