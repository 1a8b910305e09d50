// Subject: the run-time interface of a table under test. Ours wraps each format once (table_subject.hpp);
// other people's tables come in here. Spaces are numbered from 0; an operation on a space that is not alive
// is the caller's mistake. Statuses and values are those of docs/table.md. It refuses to know the reference.
#pragma once

#include "fuzz/oracles/arena.hpp"
#include "fuzz/oracles/memory_event.hpp"
#include "fuzz/oracles/observation.hpp"
#include "src/base/attributes.hpp"
#include "src/base/status.hpp"
#include "src/table/accessed_dirty.hpp"
#include "src/tlb/gate.hpp"

#include <optional>
#include <string>
#include <vector>

namespace pagetwin::fuzz {

inline constexpr unsigned max_spaces = 8;

struct SubjectOptions {
  // All spaces together. The roots of `spaces` spaces count as one node each, however large they are; what
  // any more take beyond the smallest node is missing elsewhere.
  std::size_t nodes = 64, spaces = 1;
  unsigned tlb_sets = 4, tlb_ways = 2;
  unsigned walk_entries = 4, walk_level = 1; // 0 entries: no walk cache
  unsigned gate = 0;                         // when they are asked: gate_rule(gate)
};

// When a cache is asked: for 0 always; else it soon rests, and not for long, so that short programs see both.
[[nodiscard]] constexpr GateRule gate_rule(unsigned gate) {
  if (gate == 0)
    return GateRule::always();
  return {.misses = gate, .hits_per_miss = 1, .shortest_rest = gate, .longest_rest = std::uint64_t{2} * gate};
}

struct Found {
  std::uint64_t pa = 0, size = 0;
  Attributes attributes;

  friend bool operator==(const Found&, const Found&) = default;
};

struct Amount {
  Status status = Status::ok;
  std::uint64_t bytes = 0;
};
struct Word {
  Status status = Status::ok;
  std::uint64_t word = 0;
};
// What for_each shows: consecutive addresses over consecutive frames.
struct Stretch {
  std::uint64_t va, pa, bytes;
  Attributes attributes;
};
// What a reader beside the writer saw at an address, in words.
struct ReaderComplaint {
  std::uint64_t va;
  std::string text;
};

class Subject {
 public:
  Subject() = default;
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;
  virtual ~Subject() = default;

  // Forgets everything; no space is alive.
  virtual void restart(const SubjectOptions& options) = 0;
  [[nodiscard]] virtual Status create(unsigned space) = 0;
  virtual void destroy(unsigned space) = 0;
  [[nodiscard]] virtual bool alive(unsigned space) const = 0;

  [[nodiscard]] virtual Status map(unsigned space, std::uint64_t va, std::uint64_t pa, std::uint64_t size,
                                   Attributes a) = 0;
  [[nodiscard]] virtual Status map_range(unsigned space, std::uint64_t va, std::uint64_t pa,
                                         std::uint64_t length, Attributes a, std::uint64_t max_size) = 0;
  [[nodiscard]] virtual Amount unmap(unsigned space, std::uint64_t va, std::uint64_t length) = 0;
  [[nodiscard]] virtual Amount unmap_collect(unsigned space, std::uint64_t va, std::uint64_t length,
                                             std::vector<LeafReport>& to) = 0;
  [[nodiscard]] virtual Amount protect(unsigned space, std::uint64_t va, std::uint64_t length,
                                       Rights rights) = 0;
  [[nodiscard]] virtual Status remap(unsigned space, std::uint64_t va, std::uint64_t pa) = 0;
  [[nodiscard]] virtual Status promote(unsigned space, std::uint64_t va, std::uint64_t size) = 0;
  [[nodiscard]] virtual Status split(unsigned space, std::uint64_t va, std::uint64_t size) = 0;
  [[nodiscard]] virtual Status set_attributes(unsigned space, std::uint64_t va, Attributes a) = 0;
  [[nodiscard]] virtual Status add_flags(unsigned space, std::uint64_t va, Flags flags) = 0;
  [[nodiscard]] virtual Status harvest(unsigned space, std::uint64_t va, std::uint64_t length, Harvest what,
                                       std::vector<LeafReport>& to) = 0;
  [[nodiscard]] virtual Status mark(unsigned space, std::uint64_t va, std::uint64_t size,
                                    std::uint64_t word) = 0;
  [[nodiscard]] virtual Word marker(unsigned space, std::uint64_t va, std::uint64_t size) = 0;
  [[nodiscard]] virtual Status for_each(unsigned space, std::uint64_t va, std::uint64_t length,
                                        std::vector<Stretch>& to) = 0;
  [[nodiscard]] virtual Amount clear(unsigned space) = 0;

  [[nodiscard]] virtual std::optional<Found> lookup(unsigned space, std::uint64_t va) = 0;
  // Through the TLB and the walk cache, which the table's invalidations reach.
  [[nodiscard]] virtual std::optional<Found> cached_lookup(unsigned space, std::uint64_t va) = 0;

  // The k-th allocation from now fails. Without effect where allocations are not observed.
  virtual void fail_allocation(std::uint64_t k) = 0;
  // Did the pool refuse an allocation in the last operation?
  [[nodiscard]] virtual bool refused() const = 0;
  // Nodes that the last operation reserved and did not take.
  [[nodiscard]] virtual std::uint64_t spare() const = 0;
  [[nodiscard]] virtual std::uint64_t root(unsigned space) const = 0;
  [[nodiscard]] virtual std::uint64_t nodes_used() const = 0;
  // The counter beside a node.
  [[nodiscard]] virtual NodeRecord record(std::uint64_t node) const = 0;
  // The table's own proof of its structure: the problem, or empty. nodes and mapped: what it counted.
  [[nodiscard]] virtual std::string audit(unsigned space) const = 0;
  [[nodiscard]] virtual std::string dump(unsigned space) const = 0;
  [[nodiscard]] virtual std::string cache_lines(std::uint64_t va) const = 0;
  // Everything that table memory holds, nodes and data frames, by simulated address.
  [[nodiscard]] virtual Arena& arena() = 0;
  // What happened in the last operation; nothing where memory is not observed.
  [[nodiscard]] virtual Observation* observation() = 0;
  // Who hears every event of observed memory; null: nobody.
  virtual void tell(EventSink* sink) = 0;
  virtual void begin_operation() = 0;
  // Are there readers beside the writer, who may keep nodes from being used again?
  [[nodiscard]] virtual bool has_readers() const { return false; }
  // The operation is over for readers beside the writer, too. Null: none of them saw what it must not see.
  [[nodiscard]] virtual const ReaderComplaint* readers_go_on() { return nullptr; }
  // The program is over: all that follows is destroy.
  virtual void close() = 0;
};

} // namespace pagetwin::fuzz
