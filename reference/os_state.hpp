// The CPUs of hvisor's OS state machine, each with a TLB and a paging-structure cache that may keep whatever
// they once read until they are told to drop it; what they are still to be told is in in_flight.hpp. Raw
// bytes of tables are read through reference/mmu; nothing is known of who writes them. What hardware does on
// its own (fill, evict, use what is stale) are steps that somebody else chooses. Transcribed from
// docs/hvisor.md, "OS state machine"; what an invalidation drops follows Intel SDM 3A, 4.10.4, and Arm DDI
// 0487, D8.16, where these agree.
#pragma once

#include "reference/tables.hpp"

#include <array>

namespace reference {

// A translation in a TLB. bytes 0: none.
struct CachedPage {
  unsigned tag = 0; // of the space; a global one is everybody's
  std::uint64_t va = 0, bytes = 0, pa = 0;
  Attributes attributes;
  Flags flags;

  [[nodiscard]] bool covers(unsigned space, std::uint64_t at) const {
    return bytes != 0 && (attributes.global || tag == space) && at - va < bytes;
  }
  [[nodiscard]] bool meets(std::uint64_t first, std::uint64_t last) const {
    return bytes != 0 && va <= last && first <= va + (bytes - 1);
  }
};

// A table descriptor in a paging-structure cache: where a walk of its span may go on.
struct CachedTable {
  unsigned tag = 0;
  std::uint64_t va = 0, bytes = 0; // what lies below; bytes 0: none
  std::uint64_t node = 0;
  unsigned level = 0; // of the node
  Rights rights;
  bool global = false;

  [[nodiscard]] bool covers(unsigned space, std::uint64_t at) const {
    return bytes != 0 && tag == space && at - va < bytes;
  }
  [[nodiscard]] bool meets(std::uint64_t first, std::uint64_t last) const {
    return bytes != 0 && va <= last && first <= va + (bytes - 1);
  }
};

// Where a walk of one address ends.
struct Descent {
  bool found = false;
  std::uint64_t va = 0, bytes = 0, pa = 0; // of the whole page
  Attributes attributes;
  Flags flags;
  unsigned steps_taken = 0;
  std::array<Step, 5> steps{};
};

class Processor {
 public:
  static constexpr std::size_t pages = 16, tables = 16;
  static constexpr unsigned tags = 64; // identifiers of spaces are below

  void reset() { *this = {}; }
  // The space that it runs from now on.
  void run(unsigned tag, std::uint64_t root) {
    tag_ = tag;
    root_ = root;
    runs_ = true;
    ran_ |= std::uint64_t{1} << tag;
  }
  void idle() { runs_ = false; }
  [[nodiscard]] bool runs() const { return runs_; }
  // It may have something of the space in its caches: it ran it, and has not forgotten everything since.
  [[nodiscard]] bool may_hold(unsigned tag) const { return (ran_ >> tag & 1U) != 0; }

  // A walk that nobody asked for, from the root or from the lowest table that is cached, fills both caches
  // and sets accessed flags. False: it found no page.
  bool fill(const Tables& from, std::uint64_t va, bool from_cache);
  // What the caches have from such a walk in the past, when software has cleared the flags since: none is
  // set.
  void recall(const Tables& from, std::uint64_t va, bool from_cache);
  // Forgets the k-th of what it holds.
  void evict(unsigned k);

  struct Outcome {
    bool ok = false, cached = false; // cached: no descriptor was read or written
    std::uint64_t pa = 0;
  };
  // One access through whatever is cached, the oldest first; else, or where that does not permit it, or where
  // a flag must be set, by a walk.
  [[nodiscard]] Outcome access(const Tables& from, std::uint64_t va, const Access& access);
  // What that would come to: nothing is cached and no flag is set.
  [[nodiscard]] Outcome look(const Tables& from, std::uint64_t va, const Access& access) const;

  // What software makes it execute. with_tables: of a range, cached tables too.
  void invalidate(unsigned tag, std::uint64_t first, std::uint64_t last, bool with_tables);
  void invalidate_everything();

  [[nodiscard]] const std::array<CachedPage, pages>& cached_pages() const { return pages_; }
  [[nodiscard]] const std::array<CachedTable, tables>& cached_tables() const { return tables_; }

 private:
  struct Start {
    std::uint64_t node;
    unsigned level;
    Rights rights{true, true, true, true};
    bool global = false;
  };
  [[nodiscard]] Outcome through_cache(const Tables& from, std::uint64_t va, const Access& access) const;
  [[nodiscard]] Start start_of(const Tables& from, std::uint64_t va, bool from_cache) const;
  [[nodiscard]] Descent descend(const Tables& from, Start at, std::uint64_t va);
  [[nodiscard]] Descent walk(const Tables& from, std::uint64_t va, bool from_cache);
  void keep(const Descent& page);
  void keep(const CachedTable& table);

  unsigned tag_ = 0;
  std::uint64_t root_ = 0, ran_ = 0; // ran_: a bit for each identifier
  bool runs_ = false;
  std::array<CachedPage, pages> pages_{};
  std::array<CachedTable, tables> tables_{};
  std::size_t next_page_ = 0, next_table_ = 0;
};

} // namespace reference
