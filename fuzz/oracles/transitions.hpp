// Every intermediate state of a table's edits: hands the events of observed memory to the three oracles that
// judge the order of things (O7 cached walks, O8 steps, O9 break-before-make), and keeps the first finding
// until the operation is over. It refuses to judge.
#pragma once

#include "fuzz/oracles/break_before_make.hpp"
#include "fuzz/oracles/cached_walks.hpp"
#include "fuzz/oracles/memory_event.hpp"
#include "fuzz/oracles/steps.hpp"

namespace pagetwin::fuzz {

class Transitions final : public EventSink {
 public:
  // All outlive it. space_of: the number of the space that the table calls so in its invalidations.
  Transitions(const View& view, const BreakRules& rules, Observation& seen, const TablesNow& tables,
              unsigned (*space_of)(SpaceId tag))
      : seen_(&seen), tables_(&tables), space_of_(space_of), steps_(view, rules, seen, tables),
        order_(view, rules, seen), cached_(view, seen) {}

  // Who hears of each event, too, before it is judged.
  void also_tell(EventSink* log) { log_ = log; }
  // Forgets the last program.
  void restart();
  // Hardware has walked to both ends of the request, and its middle, when the operation begins.
  void begin(const Request& request);
  void look_away(bool away) { steps_.look_away(away); }
  void hear(const MemoryEvent& event) override;
  // Hardware walks there.
  void cache(unsigned space, std::uint64_t va);
  [[nodiscard]] Verdict end();

 private:
  void on_store(const MemoryEvent& event);
  void on_flush(const MemoryEvent& event);
  void on_release(std::uint64_t node);

  Observation* seen_;
  const TablesNow* tables_;
  unsigned (*space_of_)(SpaceId tag);
  EventSink* log_ = nullptr;
  Steps steps_;
  BreakBeforeMake order_;
  CachedWalks cached_;
  Verdict found_;
};

} // namespace pagetwin::fuzz
