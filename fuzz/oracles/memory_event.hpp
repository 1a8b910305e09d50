// What a table does to memory that hardware may use, one thing after the other, as the oracles of order (O7,
// O8, O9) hear it while an operation runs. It refuses to know who makes the events: ObservedMemory has one
// CPU; a machine with several gives each its number.
#pragma once

#include "src/table/memory.hpp"

#include <cstdint>

namespace pagetwin::fuzz {

struct MemoryEvent {
  enum class Kind : std::uint8_t {
    store,      // to a slot that hardware may walk; memory holds `after` already, where `before` was
    invalidate, // is on its way; what it drops is gone for sure after the next sync of the same CPU
    sync,       // all invalidations that this CPU began are complete
    allocate,   // a node was handed out
    retire,     // a node is the table's no more; caches may still know it
    release,    // a retired node may be handed out again
  };
  Kind kind;
  std::uint8_t cpu = 0;
  std::uint64_t address = 0;           // of the slot, or of the node
  std::uint64_t before = 0, after = 0; // words; of a store
  const Invalidation* flush = nullptr; // of an invalidation
};

class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void hear(const MemoryEvent& event) = 0;
};

} // namespace pagetwin::fuzz
