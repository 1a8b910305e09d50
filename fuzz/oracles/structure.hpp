// O4 SHAPE, O5 FRAMES and the counters of O14, kept up to date from what each operation stored: every
// reachable word is one that the format's manual allows here, nodes form a tree, none is leaked, lost or
// freed twice, none is empty where tables shrink, and the table's live counters equal ours. It refuses to
// know src/arch: words are decoded by reference/mmu.
#pragma once

#include "fuzz/oracles/finding.hpp"
#include "fuzz/oracles/observation.hpp"
#include "fuzz/oracles/shape.hpp"
#include "fuzz/oracles/view.hpp"

namespace pagetwin::fuzz {

// May a node be linked that holds nothing? In tables whose policy keeps them (docs/table.md, "Tables that
// never shrink").
enum class EmptyNodes : std::uint8_t { unlinked, kept };

class Structure {
 public:
  explicit Structure(const reference::Mmu& mmu, EmptyNodes empty = EmptyNodes::unlinked)
      : root_level_(static_cast<std::uint8_t>(mmu.levels() - 1)), empty_(empty), shape_(mmu) {}

  // A new space's root, which no slot leads to.
  void add_root(Observation& seen, std::uint64_t root, unsigned space) const;
  // The space is about to be destroyed: its root may be retired.
  static void drop_root(Observation& seen, std::uint64_t root) { seen.node(root).linked = false; }

  // After an operation. live(node) reads the table's counter beside a node.
  template <class Live>
  [[nodiscard]] Verdict check(const View& view, Observation& seen, Live&& live) {
    if (Verdict v = complaint(seen))
      return v;
    if (Verdict v = follow(view, seen))
      return v;
    for (const std::uint64_t node : seen.touched()) {
      const NodeState& state = seen.node(node);
      if (state.live && state.linked && live(node) != state.nonzero)
        return wrong_counter(state, node, live(node));
    }
    return std::nullopt;
  }

  // Memory was used wrongly while the operation ran.
  [[nodiscard]] static Verdict complaint(const Observation& seen) {
    return seen.complaint() == nullptr ? std::nullopt : tell([&seen] {
      return finding("O5 frames", seen.complaint_address(), seen.complaint(), seen.complaint());
    });
  }

 private:
  [[nodiscard]] Verdict follow(const View& view, Observation& seen);
  void detach_replaced(const View& view, Observation& seen);
  [[nodiscard]] Verdict attach(const View& view, Observation& seen, std::uint64_t node);
  [[nodiscard]] Verdict attach_child(const View& view, Observation& seen, std::uint64_t slot, unsigned index,
                                     std::uint64_t table);
  [[nodiscard]] static NodeState* linked_by(Observation& seen, std::uint64_t node, const Replaced& r);
  [[nodiscard]] static NodeState* incarnation(Observation& seen, std::uint64_t node, std::uint64_t serial);
  // Is the node that the child, which has a parent, was linked in still there?
  [[nodiscard]] static bool leads_from_live(Observation& seen, const NodeState& child);
  [[nodiscard]] Verdict check_retired(Observation& seen);
  [[nodiscard]] Verdict check_remaining(Observation& seen) const;
  [[nodiscard]] static Verdict wrong_counter(const NodeState& state, std::uint64_t node, unsigned counter);

  std::uint8_t root_level_;
  EmptyNodes empty_;
  Shape shape_;
  std::vector<std::uint64_t> detached_;
  reference::Decoded notable_; // that attach met last: made once, as it asks at every node
};

} // namespace pagetwin::fuzz
