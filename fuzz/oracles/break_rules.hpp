// Which changes of a live descriptor have to go through an invalid one, field by field and manual by manual:
// what O8 and O9 share. It refuses to know bits; a field is what reference/mmu decodes.
#pragma once

#include "reference/mmu/mmu.hpp"

namespace pagetwin::fuzz {

// Two profiles follow. Where `size` is true the neighbours of a leaf that is split fault until it is done
// (break-before-make); elsewhere they never do (hitless), but for those in a set.
struct BreakRules {
  const char* manual;
  // Fields of a leaf that may not change while it is live, nor from one table to another.
  bool address = false;     // output address
  bool size = false;        // table and block, one into the other, and the Contiguous bit
  bool memory_type = false; // with shareability and cacheability, which reference/mmu packs into it
  bool global = false;
  bool key = false; // the domain, where that is what a key is
  // Leaves of several copies change through a break, whatever changes, and all copies together.
  bool sets = false;
  // One store may change the size or anything else, and not both.
  bool size_alone = false;

  // Is anything of this architecture broken before it is made?
  [[nodiscard]] bool breaks() const { return size; }
};

// Arm DDI 0487, "Using break-before-make when updating translation table entries": a change of the memory
// type or of cacheability; of the output address, if something may write or the contents differ, which we
// cannot know; of the size of block, a table for a block and back among them; the creation of a global entry
// where others may be not global (either way here: nothing of ours needs the other). "Misprogramming of the
// Contiguous bit": all descriptors of a set agree, so that they change together. Rights, AF, DBM and what is
// for software may change in place.
[[nodiscard]] const BreakRules& aarch64_break_rules();
// Arm DDI 0406C, B3.10.1: the same for short descriptors. The domain of a page is its table's. Large pages
// and supersections are sixteen equal words (B3.5.1).
[[nodiscard]] const BreakRules& armv7_break_rules();
// docs/tiny.md: everything but rights, A, D and software bits.
[[nodiscard]] const BreakRules& tiny_break_rules();
// Intel SDM 3A, "Recommended Invalidation" (4.10.3.2 of older editions, 4.10.4.2 of newer ones): nothing has
// to be broken, caches may give the old or the new until they are invalidated. But "software should not write
// to a paging-structure entry in a way that would change, for any linear address, both the page size and
// either the page frame, access rights, or other attributes": there the P flag is cleared first. Of EPT
// the "Guidelines for Use of the INVEPT Instruction" (3C) say only what to invalidate; the same is asked of
// it here.
[[nodiscard]] const BreakRules& intel_break_rules();
// The RISC-V privileged architecture, SFENCE.VMA: before the fence old or new, which is unpredictable, "but
// the behavior is otherwise well defined". Svnapot: the descriptors of a NAPOT page have to agree; an update
// marks all of them invalid, fences, and then writes them.
[[nodiscard]] const BreakRules& riscv_break_rules();

// The first field that differs between two live leaves and has to be broken for; null: none has. sets: does
// either have several copies? Flags never count.
[[nodiscard]] const char* broken_field(const BreakRules& rules, const reference::Translation& old,
                                       const reference::Translation& next, bool sets);

} // namespace pagetwin::fuzz
