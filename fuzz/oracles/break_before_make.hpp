// O9 BBM: every slot is valid, broken, or clean. A store that makes a live word a hole breaks the slot; an
// invalidation of its space that covers it, with the reach that it takes, and then the sync of the same CPU
// make it clean; only then may it be valid again, where the architecture says so, and its node, or the one it
// led to, be released. A live word changes in place only in fields that BreakRules does not name. It refuses
// to know src/arch: words are decoded by reference/mmu. Invalid and clean slots, nearly all, are not kept.
#pragma once

#include "fuzz/oracles/break_rules.hpp"
#include "fuzz/oracles/finding.hpp"
#include "fuzz/oracles/observation.hpp"
#include "fuzz/oracles/view.hpp"

namespace pagetwin::fuzz {

// An invalidation, by the number of its space, and who began it.
struct Flush {
  unsigned space;
  std::uint64_t first, last;
  bool walk; // of cached table pointers, too
  unsigned cpu;
};

class BreakBeforeMake {
 public:
  BreakBeforeMake(const View& view, const BreakRules& rules, const Observation& seen)
      : view_(&view), rules_(&rules), seen_(&seen) {}

  void reset() { broken_.clear(); }
  [[nodiscard]] Verdict on_store(std::uint64_t slot, std::uint64_t before, std::uint64_t after);
  void on_flush(const Flush& flush);
  void on_sync(unsigned cpu);
  // The node may be handed out again.
  [[nodiscard]] Verdict on_release(std::uint64_t node);

 private:
  // Slots in a row that were broken and are not clean: in one node or in nodes side by side, over addresses
  // in a row.
  struct Broken {
    std::uint64_t slot, end;   // addresses of the first one and behind the last
    std::uint64_t first, last; // what they cover
    unsigned space, level;
    bool table, set;          // what they led to; were they copies of a leaf of several?
    bool invalidated = false; // and not synced
    unsigned cpu = 0;         // who did
  };
  // A slot, and both words as hardware reads them.
  struct Change {
    const NodeState* node;
    std::uint64_t slot, va;
    unsigned index;
    reference::Decoded before, after;
  };

  [[nodiscard]] Change decode(std::uint64_t slot, std::uint64_t before, std::uint64_t after) const;
  void break_slot(const Change& c);
  [[nodiscard]] Verdict make(const Change& c) const;
  [[nodiscard]] Verdict change_in_place(const Change& c) const;
  [[nodiscard]] const char* changed_leaf(const Change& c) const;
  [[nodiscard]] bool changes_more_than_size(const Change& c) const;
  [[nodiscard]] Verdict check_set(const Change& c) const;
  [[nodiscard]] reference::Decoded word_at(const NodeState& node, unsigned index) const;
  [[nodiscard]] const Broken* find(std::uint64_t slot) const;
  void split(std::size_t at, const Flush& flush);
  [[nodiscard]] Verdict wrong(const Change& c, std::string key) const;

  const View* view_;
  const BreakRules* rules_;
  const Observation* seen_;
  std::vector<Broken> broken_;
};

} // namespace pagetwin::fuzz
