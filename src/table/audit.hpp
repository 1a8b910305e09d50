// audit: proof that a table is well formed, or the first reason why it is not. Read only, for tests and for
// users who doubt. Every node reached once and inside the pool, counters equal to a recount, no empty node
// below the root, every leaf exactly what the format would write, every group whole. Knows no bit of a
// descriptor.
#pragma once

#include "src/table/tree.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace pagetwin {

struct [[nodiscard]] AuditReport {
  std::string_view problem;  // empty: well formed
  std::uint64_t slot = 0;    // simulated address of the descriptor or node
  std::uint64_t nodes = 0;   // seen, the root included
  std::uint64_t mapped = 0;  // bytes
  std::uint64_t markers = 0; // slots

  [[nodiscard]] bool ok() const { return problem.empty(); }
};

template <Format F, class M>
class Auditor {
  using T = Tree<F, M>;
  using G = Geometry<F>;
  using Node = typename T::Node;
  using Raw = typename F::Raw;
  using Slots = decltype(std::declval<const T&>().window(PhysAddr{}));

 public:
  explicit Auditor(const T& tree) : tree_(&tree) {}

  AuditReport run() {
    node(tree_->root());
    return report_;
  }

 private:
  void blame(std::string_view problem, PhysAddr slot) {
    if (report_.ok()) {
      report_.problem = problem;
      report_.slot = raw(slot);
    }
  }
  void node(Node n) {
    if (++report_.nodes > tree_->memory().pool().used())
      return blame("a node is reached twice", n.at);
    const Slots slots = tree_->window(n.at);
    const unsigned entries = G::entries(n.level);
    unsigned live = 0, markers = 0;
    for (unsigned i = slots.next_live(0, entries); i < entries && report_.ok();) {
      const Raw word = slots.load(i);
      markers += F::kind(word, n.level) == Kind::hole && F::marker(word, n.level) != 0;
      const unsigned dealt_with = slot(n, slots, i, word);
      live += dealt_with;
      i = slots.next_live(i + dealt_with, entries);
    }
    report_.markers += markers;
    count(n, live, markers);
  }
  void count(Node n, unsigned live, unsigned markers) {
    const NodeRecord& r = tree_->record(n);
    if (r.live != live)
      blame("the live counter differs from a recount", n.at);
    if (r.markers != markers)
      blame("the marker counter differs from a recount", n.at);
    if (live == 0 && !keeps_empty_nodes<M> && n.at != tree_->root().at)
      blame("an empty node is linked", n.at);
  }
  // How many slots it dealt with: those of a whole leaf, and of the leaves that go on after it.
  [[nodiscard]] unsigned slot(Node n, const Slots& slots, unsigned index, Raw word) {
    const PhysAddr at = G::slot(n.at, index);
    switch (F::kind(word, n.level)) {
    case Kind::hole:
      if (word != 0 && word != F::to_marker(F::marker(word, n.level), n.level))
        blame("a hole is neither zero nor a marker", at);
      return 1;
    case Kind::table:
      table(n, at, word);
      return 1;
    case Kind::leaf:
      break;
    }
    const unsigned slots_taken = leaf(n, slots, index, word);
    report_.mapped += slots_taken * G::span(n.level);
    return slots_taken;
  }
  void table(Node n, PhysAddr at, Raw word) {
    const PhysAddr child = F::table(word, n.level);
    if (n.level == 0)
      return blame("a table below the last level", at);
    if (!tree_->memory().pool().contains(child)
        || !is_aligned(raw(child) - raw(tree_->memory().pool().base()), G::node_shift(0)))
      return blame("a table outside the pool", at);
    node({child, n.level - 1});
  }
  [[nodiscard]] unsigned leaf(Node n, const Slots& slots, unsigned index, Raw word) {
    const PageSize size = F::sizes[G::size_of(word, n.level)];
    const PhysAddr frame = F::frame(word, n.level);
    const unsigned copy = index & (size.copies() - 1);
    if (size.level != n.level || !is_proper(word, frame, size, copy)) {
      blame("a leaf is not what the format writes", G::slot(n.at, index));
      return 1;
    }
    if (size.copies() == 1)
      return 1 + followers(n, slots, index, frame, size);
    if (!is_whole_group(slots, index - copy, bits_of(word, size), frame, size))
      blame("a group of duplicated descriptors is mixed", G::slot(n.at, index));
    return size.copies() - copy;
  }
  [[nodiscard]] static Raw bits_of(Raw leaf, PageSize size) {
    return F::leaf_bits(F::attributes(leaf, size.level), F::flags(leaf, size.level), size);
  }
  // Is the word what the format writes for what it says?
  [[nodiscard]] static bool is_proper(Raw word, PhysAddr frame, PageSize size, unsigned copy) {
    return F::leaf(bits_of(word, size), frame, size, copy) == word && is_aligned(raw(frame), size.log2_bytes);
  }
  // How many slots after `index`, whose leaf of one slot is proper, hold the same one frame further on each.
  [[nodiscard]] static unsigned followers(Node n, const Slots& slots, unsigned index, PhysAddr frame,
                                          PageSize size) {
    const Raw bits = bits_of(slots.load(index), size);
    // Behind the last frame of physical memory the word would say something else.
    const std::uint64_t frames = (low_mask(F::pa_bits) - (raw(frame) + (size.bytes() - 1))) / size.bytes();
    const auto most = static_cast<unsigned>(std::min<std::uint64_t>(frames, G::entries(n.level) - index - 1));
    return T::pages_in_row(slots, index + 1, index + 1 + most, bits, frame + size.bytes(), size);
  }
  // Is every copy, from slot `first` on, proper, and all of them one leaf, flags aside? Few copies differ
  // even in those from the one that was met, whose bits these are.
  [[nodiscard]] static bool is_whole_group(const Slots& slots, unsigned first, Raw bits, PhysAddr frame,
                                           PageSize size) {
    for (unsigned copy = 0; copy < size.copies(); ++copy) {
      const Raw word = slots.load(first + copy), expected = F::leaf(bits, frame, size, copy);
      if (word != expected && !is_same_leaf(word, expected, frame, size, copy))
        return false;
    }
    return true;
  }
  [[nodiscard]] static bool is_same_leaf(Raw word, Raw other, PhysAddr frame, PageSize size, unsigned copy) {
    return F::kind(word, size.level) == Kind::leaf && is_proper(word, frame, size, copy)
           && F::with_flags(word, {}, size.level) == F::with_flags(other, {}, size.level);
  }

  const T* tree_;
  AuditReport report_;
};

// table: a PageTable.
template <class Table>
[[nodiscard]] AuditReport audit(const Table& table) {
  return Auditor<typename Table::Format, typename Table::Memory>(table.tree()).run();
}

} // namespace pagetwin
