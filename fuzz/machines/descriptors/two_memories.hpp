// What a program stores, in the memory of either side: the verbs of the descriptor machine but accesses and
// lookups. It asks the format under test for a word to begin with, from which nothing is concluded, and
// refuses to judge.
#pragma once

#include "fuzz/machines/descriptors/domains.hpp"

#include <bit>

namespace pagetwin::fuzz {

template <Format F>
class TwoMemories {
  using G = Geometry<F>;
  using D = DescriptorDomains<F>;
  using Raw = typename F::Raw;
  using Verb = DescriptorVerb;

 public:
  // Nodes of zeroes. all_noted: as if every page had been stored to.
  void restart(std::uint64_t nodes, bool all_noted) {
    nodes_ = D::memory_limits.nearest(nodes);
    for (WalledMemory* memory : {&ours_, &theirs_}) {
      memory->restart(nodes_ * D::node_bytes);
      if (all_noted)
        memory->note_all();
    }
  }
  [[nodiscard]] const WalledMemory& ours() const { return ours_; }
  [[nodiscard]] const WalledMemory& theirs() const { return theirs_; }
  // Physical address of a node that is there.
  [[nodiscard]] std::uint64_t node(std::uint64_t number) const {
    return D::base + number % nodes_ * D::node_bytes;
  }

  void write(const twin::Op& op) {
    const std::uint64_t at = node(op.value[at_node]), i = op.value[at_slot] % D::slots, slot = slot_at(at, i);
    switch (static_cast<Verb>(op.verb)) {
    case Verb::store:
      return put(slot, static_cast<Raw>(op.value[at_bits]));
    case Verb::table:
      return put(slot, flipped(table(op), op));
    case Verb::leaf:
      return put(slot, flipped(leaf(op, static_cast<unsigned>(i)), op));
    case Verb::path:
      return path(op);
    case Verb::flip: {
      const std::uint64_t on_path = slot_of_path(op.value[at_va], D::level_of(op.value[at_size]));
      return put(on_path, flipped(word(on_path), op));
    }
    case Verb::run:
    case Verb::repeat:
      return go_on(op, at, i);
    case Verb::copy:
      return put(slot_at(node(op.value[at_to]), i), word(slot));
    case Verb::clone:
      for (const WalledMemory* memory : {&ours_, &theirs_})
        memory->copy(at, node(op.value[at_to]), D::node_bytes);
      return;
    case Verb::access:
    case Verb::lookup:
      return;
    }
  }

 private:
  void path(const twin::Op& op) {
    const PageSize size = size_of(op);
    for (unsigned level = G::root_level; level > size.level; --level)
      put(slot_of_path(op.value[at_va], level),
          F::to_table(PhysAddr{node(G::root_level - level + 1)}, level));
    const std::uint64_t first = align_down(slot_of_path(op.value[at_va], size.level),
                                           size.log2_copies + std::countr_zero(sizeof(Raw)));
    for (unsigned copy = 0; copy < size.copies(); ++copy)
      put(first + copy * sizeof(Raw), leaf(op, copy));
  }
  void go_on(const twin::Op& op, std::uint64_t at, std::uint64_t i) {
    const PageSize size = size_of(op);
    const Raw step =
        static_cast<Verb>(op.verb) == Verb::run ? F::leaf(0, PhysAddr{size.bytes()}, size, 0) : Raw{0};
    Raw last = word(slot_at(at, i));
    for (std::uint64_t k = i + 1, end = std::min(op.value[at_to], D::slots); k < end;) {
      const std::span<Raw> some(some_, std::min(end - k, std::size(some_)));
      for (Raw& next : some)
        next = last = static_cast<Raw>(last + step);
      put(slot_at(at, k), std::span<const Raw>(some));
      k += some.size();
    }
  }

  [[nodiscard]] static PageSize size_of(const twin::Op& op) {
    return F::sizes[G::size_index(op.value[at_size]).value_or(0)];
  }
  [[nodiscard]] static Raw flipped(Raw word, const twin::Op& op) {
    return static_cast<Raw>(word ^ op.value[at_bits]);
  }
  // Where `to` leads, in the memory or not.
  [[nodiscard]] static std::uint64_t there(const twin::Op& op) {
    return D::base + op.value[at_to] * D::node_bytes;
  }
  [[nodiscard]] static Raw table(const twin::Op& op) {
    return F::to_table(PhysAddr{there(op)}, D::level_of(op.value[at_size]));
  }
  [[nodiscard]] static Raw leaf(const twin::Op& op, unsigned copy) {
    const PageSize size = size_of(op);
    const Raw bits = F::leaf_bits(unpack_attributes(op.value[at_attrs]), Flags{}, size);
    return F::leaf(bits, PhysAddr{align_down(there(op), size.log2_bytes)}, size, copy % size.copies());
  }

  [[nodiscard]] static std::uint64_t slot_at(std::uint64_t node, std::uint64_t index) {
    return node + index * sizeof(Raw);
  }
  // Of the tables that `path` writes: the root is in node 0, each next level in the next node.
  [[nodiscard]] std::uint64_t slot_of_path(std::uint64_t va, unsigned level) const {
    return slot_at(node(G::root_level - level), G::index(va, level));
  }
  [[nodiscard]] Raw word(std::uint64_t slot) const { return ours_.load<Raw>(slot); }
  template <class Words>
  void put(std::uint64_t slot, const Words& words) const {
    ours_.store(slot, words);
    theirs_.store(slot, words);
  }

  WalledMemory ours_{D::base, D::memory_limits.most* D::node_bytes};
  WalledMemory theirs_{D::base, D::memory_limits.most* D::node_bytes};
  std::uint64_t nodes_ = 1;
  Raw some_[512]{}; // words of a run on their way to both
};

} // namespace pagetwin::fuzz
