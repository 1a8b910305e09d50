// Stage 1 of the EL1&0 translation regime, as its block, page and table descriptors say it: Arm Architecture
// Reference Manual for A-profile (DDI 0487), chapter D8, sections "Stage 1 permissions" (direct ones, table
// permissions) and "Memory region attributes". The registers that this is for: TCR_EL1.HPD0 = 0,
// SCTLR_EL1.WXN = 0, PSTATE.PAN = 0, a Non-secure state (NS and NSTable mean nothing), no permission
// indirection. Refuses to know where the output address is; it shares bits with SH when TCR_EL1.DS = 1.
#pragma once

#include "src/arch/aarch64_leaf.hpp"

namespace pagetwin {

// Ds: TCR_EL1.DS, 52-bit addresses with 4 and 16 KiB granules. Shareability is then in TCR_EL1.
template <bool Ds>
struct Aarch64Stage1 : Aarch64Leaf<bytes_of(7)> {
  using Leaf = Aarch64Leaf<bytes_of(7)>;
  using Leaf::DIRTY, Leaf::SOFTWARE, Leaf::may_write;
  static constexpr bool ds = Ds;
  static constexpr unsigned concatenated_bits = 0; // the root is at most one table

  static constexpr Field<Raw> ATTR_INDX{2, 3}; // memory type: which field of MAIR_EL1
  static constexpr Field<Raw> AP1{6};          // accessible at EL0
  static constexpr Field<Raw> SH{8, 2};        // shareability: none, reserved, outer, inner
  static constexpr Field<Raw> NG{11};          // not global
  static constexpr Field<Raw> PXN{53};         // never executed at EL1
  static constexpr Field<Raw> UXN{54};         // never executed at EL0
  static constexpr Field<Raw> PXN_TABLE{59};   // table: PXN for all that is below
  static constexpr Field<Raw> UXN_TABLE{60};   // table: UXN for all that is below
  static constexpr Field<Raw> AP_TABLE0{61};   // table: no access at EL0
  static constexpr Field<Raw> AP_TABLE1{62};   // table: no writes

  // Table permissions only take away, so that they gather by OR.
  static constexpr Raw open_path() { return 0; }
  static constexpr Raw through(Raw path, Raw table, unsigned) {
    return path | (table & (PXN_TABLE.mask() | UXN_TABLE.mask() | AP_TABLE0.mask() | AP_TABLE1.mask()));
  }
  // EL1 reads and writes what EL0 may, too, but executes only what EL0 cannot reach. A page that a table
  // withdraws from EL0 is judged as one of EL1's: that EL0 may still execute it (with UXN = 0) cannot be said
  // with our rights.
  static constexpr Attributes effective(Raw path, Raw w, unsigned) {
    const bool user = AP1.test(w) && !AP_TABLE0.test(path);
    const bool never = user ? UXN.test(w) || UXN_TABLE.test(path) : PXN.test(w) || PXN_TABLE.test(path);
    return {.rights = Rights::read | when(may_write(w) && !AP_TABLE1.test(path), Rights::write)
                      | when(!never, Rights::execute) | when(user, Rights::user),
            .memory_type = memory_type(w),
            .global = !NG.test(w),
            .software = static_cast<std::uint16_t>(SOFTWARE.get(w))};
  }

  // "Stage 1 permissions": PAN is 0, so that EL1 may read and write what EL0 may.
  static constexpr bool permits(Attributes a, AccessKind kind, Privilege who) {
    const bool fetches_from_el0 =
        kind == AccessKind::execute && who == Privilege::supervisor && has(a.rights, Rights::user);
    return permits_by_user_right(a.rights, kind, who) && !fetches_from_el0;
  }

  // A valid page can be read; there is no encoding without that right.
  static constexpr bool expressible(Rights r) { return has(r, Rights::read); }
  static constexpr bool expressible(Attributes a) {
    return expressible(a.rights) && has_memory_type(a.memory_type) && a.key == 0 && SOFTWARE.fits(a.software);
  }

 protected:
  // Rights, but for write, which has its state in Aarch64Leaf.
  static constexpr Raw rights_mask = AP1.mask() | PXN.mask() | UXN.mask();
  static constexpr Raw rights_bits(Rights r) {
    const bool execute = has(r, Rights::execute), user = has(r, Rights::user);
    return AP1.of(user) | PXN.of(!execute || user) | UXN.of(!execute || !user);
  }
  static constexpr Raw attribute_bits(Attributes a) {
    return memory_type_bits(a.memory_type) | NG.of(!a.global) | SOFTWARE.of(a.software);
  }

 private:
  // AttrIndx, and SH above it.
  static constexpr std::uint8_t memory_type(Raw w) {
    return static_cast<std::uint8_t>(ATTR_INDX.get(w) | (Ds ? 0 : SH.get(w) << ATTR_INDX.width));
  }
  static constexpr Raw memory_type_bits(std::uint8_t type) {
    return ATTR_INDX.of(type) | (Ds ? 0 : SH.of(type >> ATTR_INDX.width));
  }
  static constexpr bool has_memory_type(std::uint8_t type) {
    return Ds ? ATTR_INDX.fits(type) : type >> ATTR_INDX.width != 1 && type < 32;
  }
};

} // namespace pagetwin
