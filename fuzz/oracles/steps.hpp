// O8 STEP: after a store that hardware can see, a walk of the raw bytes finds at every address the old
// translation or the new one, or a fault where the architecture has the entry broken first; beyond the
// request nothing changes. And no store links a node that is no valid table at that moment. New is what the
// table says when the operation is over, so walks are written down and judged then. It refuses to know
// src/arch, and what caches hold.
#pragma once

#include "fuzz/oracles/break_rules.hpp"
#include "fuzz/oracles/observation.hpp"
#include "fuzz/oracles/shape.hpp"
#include "fuzz/oracles/tables_now.hpp"

namespace pagetwin::fuzz {

class Steps {
 public:
  // Hardware walks after each of the first so many stores of an operation, and then after the 32nd, 64th and
  // so on: an edit of 2^18 slots costs ten walks more.
  static constexpr unsigned every_store = 16;

  Steps(const View& view, const BreakRules& rules, Observation& seen, const TablesNow& tables)
      : view_(&view), rules_(&rules), seen_(&seen), tables_(&tables), shape_(*view.mmu) {}

  void begin(const Request& request);
  // Where the operation is more than one, each is about the same addresses, and what is between them is
  // neither old nor new: nobody looks.
  void look_away(bool away) { away_ = away; }
  // The slot holds `after`. True when hardware walked.
  bool on_store(std::uint64_t slot, std::uint64_t before, std::uint64_t after);
  // The first address under that slot.
  [[nodiscard]] std::uint64_t last_looked_at() const { return va_; }
  [[nodiscard]] Verdict end();

 private:
  // A walk that did not find the old translation.
  struct Look {
    unsigned space;
    std::uint64_t va, slot, store;
    std::optional<reference::Translation> old, now;
  };

  [[nodiscard]] bool is_looked_at(std::uint64_t store) const {
    return !away_ && (store <= every_store || (store & (store - 1)) == 0);
  }
  void look_around(const NodeState& node, std::uint64_t slot);
  void look(unsigned space, std::uint64_t va, std::uint64_t slot, std::uint64_t root);
  [[nodiscard]] Verdict judge(const Look& look) const;
  [[nodiscard]] bool may_fault(const Look& look, const std::optional<reference::Translation>& end) const;

  // Is the word legal, and what it leads to?
  void link(const NodeState& parent, std::uint64_t slot, std::uint64_t raw);
  [[nodiscard]] const char* unfit(std::uint64_t slot, std::uint64_t node) const;
  [[nodiscard]] Verdict enter(const NodeState& parent, std::uint64_t slot, const reference::Decoded& table);
  [[nodiscard]] Verdict check_node(const NodeState& node);

  const View* view_;
  const BreakRules* rules_;
  Observation* seen_;
  const TablesNow* tables_;
  Shape shape_;
  Request request_;
  bool away_ = false;
  std::uint64_t stores_ = 0; // of the operation, that hardware can see
  std::uint64_t va_ = 0;
  std::vector<Look> looks_;
  Verdict found_;
};

} // namespace pagetwin::fuzz
