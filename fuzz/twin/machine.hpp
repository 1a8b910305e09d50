// What the engine needs from a pair of an optimized and a reference side: take an operation, apply it to
// both, and say whether they agree. The engine refuses to know what the sides are.
#pragma once

#include "fuzz/twin/schema.hpp"
#include "fuzz/twin/verdict.hpp"

#include <memory>

namespace pagetwin::twin {

struct MachineOptions {
  bool paranoid = false;  // compare everything after every operation
  bool thorough = false;  // no taking turns: every check that belongs to an operation, at each
  bool event_log = false; // write down what happens to memory
};

class Machine {
 public:
  Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  virtual ~Machine() = default;

  [[nodiscard]] virtual const Schema& schema() const = 0;
  // Forget the last program. Called before every run; must reuse its memory, as it is called 100,000 times a
  // second.
  virtual void begin(const Program& program) = 0;
  [[nodiscard]] virtual Verdict step(const Op& op) = 0;
  [[nodiscard]] virtual Verdict finish() = 0;
  // Of the last step, for people and for expectations: "ok 4096". The first word is the status that --stats
  // counts.
  [[nodiscard]] virtual std::string outcome() const = 0;
  // The walk, the TLB lines and the reference's region at an address, after the last step; lines.
  [[nodiscard]] virtual std::string explain(std::uint64_t address) const = 0;
  [[nodiscard]] virtual bool touches(const Op& op, std::uint64_t address) const = 0;
  // What the last run did to memory, in the words of another tool (docs/traces.md); null where there is no
  // such log, or where nobody asked for it.
  [[nodiscard]] virtual const std::string* event_log() const { return nullptr; }
  // Did the last run take so much longer than most that its like should stay rare? It is judged like any
  // other, but the engine does not breed from it.
  [[nodiscard]] virtual bool is_heavy() const { return false; }
  // What explain() should look at when an operation answers otherwise than a trace expects.
  [[nodiscard]] virtual std::uint64_t address_of(const Op& op) const { return op.value[0]; }
};

} // namespace pagetwin::twin
