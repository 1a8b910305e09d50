// What block and page descriptors of both VMSAv8-64 stages have in common: Arm Architecture Reference Manual
// for A-profile (DDI 0487), chapter D8, sections "VMSAv8-64 descriptor formats" and "Hardware updates to the
// translation tables" (the Access flag, and the dirty state with its DBM; TCR_ELx.HA and HD are 1).
// Refuses to know rights other than write, memory types, addresses and sizes.
#pragma once

#include "src/arch/format.hpp"

namespace pagetwin {

// Clean: what bit 7 is while hardware lets no write through. AP[2] of stage 1 forbids writes, S2AP[1] of
// stage 2 allows them.
template <std::uint64_t Clean>
struct Aarch64Leaf {
  using Raw = std::uint64_t;

  static constexpr Field<Raw> VALID{0};
  static constexpr Field<Raw> TYPE{1};        // above level 0: a table, else a block; at level 0 a page
  static constexpr Field<Raw> AP2{7};         // stage 1: no writes; S2AP[1] of stage 2: writes
  static constexpr Field<Raw> AF{10};         // accessed
  static constexpr Field<Raw> DBM{51};        // dirty bit modifier: the first write makes bit 7 allow writes
  static constexpr Field<Raw> CONTIGUOUS{52}; // one of a set of adjacent descriptors
  static constexpr Field<Raw> DIRTY{55};      // ours, of the bits for software: a page that was writable once
  static constexpr Field<Raw> SOFTWARE{56, 3};

  // The bit for software counts where hardware keeps no dirty state.
  static constexpr Flags flags(Raw w, unsigned) {
    return {AF.test(w), lets_writes(w) || (DIRTY.test(w) && !DBM.test(w))};
  }
  // Nothing else changes: hardware sets flags in words of any kind, too.
  static constexpr Raw with_flags(Raw w, Flags f, unsigned) {
    const Raw kept = (w & ~AF.mask()) | AF.of(f.accessed);
    if (DBM.test(w))
      return (kept & ~AP2.mask()) | (f.dirty ? AP2.mask() ^ Clean : Clean);
    return lets_writes(w) ? kept : (kept & ~DIRTY.mask()) | DIRTY.of(f.dirty);
  }

 protected:
  // The dirty state of a writable page is whether a write still has to ask hardware: DBM with bit 7 as
  // `Clean` has it is writable-clean, DBM with the other value writable-dirty. A page that is not writable
  // has no place for the flag, so that it is kept in a bit for software.
  static constexpr Raw state_mask = AF.mask() | AP2.mask() | DBM.mask() | DIRTY.mask();
  static constexpr Raw state_bits(bool write, Flags f) {
    const Raw dirty = write ? DBM.mask() | (f.dirty ? AP2.mask() ^ Clean : Clean) : Clean | DIRTY.of(f.dirty);
    return AF.of(f.accessed) | dirty;
  }
  // Without DBM, and with bit 7 allowing writes, a page is writable and nobody tracks it: dirty, to be safe.
  static constexpr bool may_write(Raw w) { return DBM.test(w) || lets_writes(w); }

 private:
  static constexpr bool lets_writes(Raw w) { return (w & AP2.mask()) != Clean; }
};

} // namespace pagetwin
