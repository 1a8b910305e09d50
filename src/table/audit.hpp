// audit: proof that a table is well formed, or the first reason why it is not. Read only, for tests and for
// users who doubt. Every node reached once and inside the pool, counters equal to a recount, no empty node
// below the root, every leaf exactly what the format would write, every group whole. Knows no bit of a
// descriptor.
#pragma once

#include "src/table/tree.hpp"

#include <optional>
#include <string_view>

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
    const auto slots = tree_->window(n.at);
    const unsigned entries = G::entries(n.level);
    unsigned live = 0, markers = 0;
    proven_ = {};
    for (unsigned i = 0; i < entries && report_.ok();) {
      const Raw word = slots.load(i);
      if (word == 0) {
        i = slots.next_live(i + 1, entries);
        continue;
      }
      ++live;
      markers += F::kind(word, n.level) == Kind::hole && F::marker(word, n.level) != 0;
      slot(n, i, G::slot(n.at, i), word);
      ++i;
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
    if (live == 0 && n.at != tree_->root().at)
      blame("an empty node is linked", n.at);
  }
  void slot(Node n, unsigned index, PhysAddr at, Raw word) {
    switch (F::kind(word, n.level)) {
    case Kind::hole:
      if (word != 0 && word != F::to_marker(F::marker(word, n.level), n.level))
        blame("a hole is neither zero nor a marker", at);
      return;
    case Kind::table:
      return table(n, at, word);
    case Kind::leaf:
      return leaf(n, index, at, word);
    }
  }
  void table(Node n, PhysAddr at, Raw word) {
    const PhysAddr child = F::table(word, n.level);
    if (n.level == 0)
      return blame("a table below the last level", at);
    if (!tree_->memory().pool().contains(child)
        || !is_aligned(raw(child) - raw(tree_->memory().pool().base()), G::node_shift(0)))
      return blame("a table outside the pool", at);
    node({child, n.level - 1});
    proven_ = {};
  }
  void leaf(Node n, unsigned index, PhysAddr at, Raw word) {
    report_.mapped += G::span(n.level);
    if (follows(n.level, index, word))
      return;
    const PageSize size = F::sizes[G::size_of(word, n.level)];
    const unsigned copy = index & (size.copies() - 1);
    const PhysAddr frame = F::frame(word, n.level);
    const Raw bits = F::leaf_bits(F::attributes(word, n.level), F::flags(word, n.level), size);
    if (size.level != n.level || F::leaf(bits, frame, size, copy) != word
        || !is_aligned(raw(frame), size.log2_bytes))
      return blame("a leaf is not what the format writes", at);
    if (size.copies() == 1)
      proven_ = {bits, frame, index, true};
    else
      group(at, copy, F::leaf_bits(F::attributes(word, n.level), {}, size), frame, size);
  }
  // `at`: one of its copies. A group that was found whole at one copy is whole at the others.
  void group(PhysAddr at, unsigned copy, Raw bits, PhysAddr frame, PageSize size) {
    const PhysAddr first = at + -std::uint64_t{copy} * sizeof(Raw);
    if (whole_group_ == first)
      return;
    if (is_whole_group(first, bits, frame, size))
      whole_group_ = first;
    else
      blame("a group of duplicated descriptors is mixed", at);
  }
  // One frame on from the leaf of one slot right before, which was found to be what the format writes?
  [[nodiscard]] bool follows(unsigned level, unsigned index, Raw word) {
    if (!proven_.any || index != proven_.index + 1)
      return false;
    const PageSize size = F::sizes[G::size_of(word, level)];
    proven_.frame = proven_.frame + G::span(level);
    ++proven_.index;
    // Behind the last frame of physical memory the word would say something else.
    return size.copies() == 1 && G::is_output(raw(proven_.frame), size.bytes())
           && F::leaf(proven_.bits, proven_.frame, size, 0) == word;
  }
  // Does every copy hold what the format writes there, flags aside?
  [[nodiscard]] bool is_whole_group(PhysAddr first, Raw bits, PhysAddr frame, PageSize size) const {
    for (unsigned copy = 0; copy < size.copies(); ++copy) {
      const Raw word = tree_->load(first + copy * sizeof(Raw));
      if (F::kind(word, size.level) != Kind::leaf
          || F::with_flags(word, {}, size.level) != F::leaf(bits, frame, size, copy))
        return false;
    }
    return true;
  }

  // Of the node that is being read: the last leaf of one slot that was proved bit by bit, or follows from it.
  struct Proven {
    Raw bits;
    PhysAddr frame;
    unsigned index;
    bool any;
  };

  const T* tree_;
  AuditReport report_;
  Proven proven_{};
  std::optional<PhysAddr> whole_group_; // the first copy of the last one that was read
};

// table: a PageTable.
template <class Table>
[[nodiscard]] AuditReport audit(const Table& table) {
  return Auditor<typename Table::Format, typename Table::Memory>(table.tree()).run();
}

} // namespace pagetwin
