// Refinement: every access is one that the high-level machine allows. Outside edits that is what it says now;
// while an edit is under way, what it said before or says after it, and where the edit must break a page
// before it makes it anew, a fault. Nothing else, on any CPU. docs/hvisor.md, "Refinement". It refuses to
// know tables and caches.
#pragma once

#include "fuzz/oracles/finding.hpp"
#include "reference/high_level.hpp"

#include <vector>

namespace pagetwin::fuzz {

// What an access of 8 bytes came to.
struct SeenAccess {
  const char* who = ""; // whose CPU: "cpu" of src, "hardware" of the reference
  unsigned cpu = 0, space = 0;
  std::uint64_t va = 0;
  reference::Access access;
  bool ok = false, cached = false;
  std::uint64_t pa = 0, word = 0; // word: that was read
  std::uint64_t held = 0;         // that the model's memory held there, at that moment
};

class Refinement {
 public:
  void reset() { pending_.clear(); }
  // Now, and finally: no edit is under way.
  [[nodiscard]] static Verdict judge(const reference::HighLevel& now, const SeenAccess& seen) {
    return decide(seen, now.query(seen.space, seen.va), now.query(seen.space, seen.va), now, false);
  }
  // In the middle of an edit, which the machine has not been shown yet.
  void note(const reference::HighLevel& before, const SeenAccess& seen) {
    pending_.push_back({seen, before.query(seen.space, seen.va)});
  }
  // The edit is over. may_break: of a page that it changed, whether accesses to it may have faulted
  // meanwhile.
  template <class MayBreak>
  [[nodiscard]] Verdict settle(const reference::HighLevel& after, MayBreak may_break) {
    Verdict first;
    for (const Pending& each : pending_) {
      const Page now = after.query(each.seen.space, each.seen.va);
      keep_first(first, decide(each.seen, each.before, now, after, may_break(each.before, now)));
    }
    pending_.clear();
    return first;
  }

 private:
  using Page = std::optional<reference::PageMapping>;
  struct Pending {
    SeenAccess seen;
    Page before;
  };
  [[nodiscard]] static Verdict decide(const SeenAccess& seen, const Page& before, const Page& after,
                                      const reference::HighLevel& model, bool may_break);

  std::vector<Pending> pending_;
};

} // namespace pagetwin::fuzz
