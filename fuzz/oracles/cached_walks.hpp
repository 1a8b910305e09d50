// O7 WALKCACHE: what caches may hold of the tables themselves: pointers to nodes, and translations with the
// slot that they came from. Filled from walks of the raw bytes at every probe and between stores, tagged by
// space, and kept until an invalidation drops them; at the moment when a retired node may be handed out
// again, nothing may refer to it. It refuses to know src/tlb, and whether a translation is right (O6).
#pragma once

#include "fuzz/oracles/break_before_make.hpp"

#include <array>

namespace pagetwin::fuzz {

class CachedWalks {
 public:
  CachedWalks(const View& view, const Observation& seen) : view_(&view), seen_(&seen) {}

  void reset();
  // Hardware walks to va, and keeps all that it read.
  void fill(unsigned space, std::uint64_t root, std::uint64_t va);
  // Pointers that it covers whole, if it reaches them, and all translations that it meets.
  void on_flush(const Flush& flush);
  // The node may be handed out again, or just was.
  [[nodiscard]] Verdict on_free(std::uint64_t node, const char* when) const;

 private:
  // What the slot at this address said of first..last: a node, or a frame when there is none.
  struct Entry {
    std::uint64_t slot = 0; // 0: no entry
    std::uint64_t node = 0;
    std::uint64_t first = 0, last = 0;
    unsigned space = 0;
    bool global = false;
  };
  // The oldest goes.
  struct Entries {
    std::array<Entry, 64> all{};
    std::size_t next = 0;

    void keep(const Entry& entry);
  };

  void keep_pointer(unsigned space, const reference::Step& at, std::uint64_t node, std::uint64_t va);
  [[nodiscard]] static Verdict refers(const Entry& entry, std::uint64_t node, const char* what,
                                      const char* when);

  const View* view_;
  const Observation* seen_;
  Entries pointers_, leaves_;
};

} // namespace pagetwin::fuzz
