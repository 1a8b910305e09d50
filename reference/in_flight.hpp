// The invalidations of hvisor's OS state machine that are in flight: what stores took out of the tables, and
// which CPUs have not acknowledged that they dropped it. What has to be dropped follows from the store alone:
// everything that a walk of the old word could have cached, unless the new word allows no less; nothing when
// it was a hole. Whether software asks for the invalidation, and of what range, is not known here, nor what a
// CPU happens to have cached. docs/hvisor.md, "The hardware"; Intel SDM 3A, 4.10.4.2 and 4.10.4.3; Arm DDI
// 0487, D8.16.
#pragma once

#include "reference/tables.hpp"

#include <span>
#include <vector>

namespace reference {

using CpuBits = std::uint32_t; // bit i for CPU i

class InFlight {
 public:
  // Pages in a row, or a table.
  struct Item {
    unsigned tag = 0; // of the space; of a global page any space's will do
    bool global = false, table = false;
    std::uint64_t first = 0, last = 0; // of pages: what they cover; of a table: what lies below
    std::uint64_t unit = 0; // bytes of each page, which goes whole when one byte of it is invalidated
    std::uint64_t node = 0; // of a table
    CpuBits waiting = 0;    // have not acknowledged

    [[nodiscard]] bool meets(std::uint64_t from, std::uint64_t to) const {
      return first <= to && from <= last;
    }
  };
  // Where a word lies that hardware may walk: in the tables of a space, of which `cpus` may hold something.
  struct Slot {
    unsigned tag;
    CpuBits cpus;
    std::uint64_t va; // first address that it covers
    unsigned level, index;
    bool global = false; // all that is below
  };

  void clear() { items_.clear(); }
  // A store to the slot. What lies below the old word is still in memory.
  void replace(const Tables& from, const Slot& slot, std::uint64_t before, std::uint64_t after);
  // The space is given up, with all that its root leads to.
  void drop(const Tables& from, unsigned tag, CpuBits cpus, std::uint64_t root);
  // The CPU has executed it. with_tables: of the range, cached tables too.
  void acknowledge(unsigned cpu, unsigned tag, std::uint64_t first, std::uint64_t last, bool with_tables);
  void acknowledge_everything(unsigned cpu);

  [[nodiscard]] std::span<const Item> items() const { return items_; }

 private:
  void post(const Tables& from, const Slot& slot, const Decoded& word);
  void post_below(const Tables& from, const Slot& first, std::uint64_t node);
  void add(const Item& item);

  std::vector<Item> items_;
};

} // namespace reference
