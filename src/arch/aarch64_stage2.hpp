// Stage 2 of the EL1&0 translation regime, as its block and page descriptors say it: Arm Architecture
// Reference Manual for A-profile (DDI 0487), chapter D8, sections "Stage 2 permissions", "Stage 2 memory type
// and Cacheability attributes when FWB is disabled" (table "Stage 2 MemAttr[3:0] encoding") and "Stage 2
// Shareability attributes". FEAT_XNX is there; FEAT_S2FWB and FEAT_MTE_PERM are not. Refuses to know what
// stage 1 makes of the result.
#pragma once

#include "src/arch/aarch64_leaf.hpp"

namespace pagetwin {

struct Aarch64Stage2 : Aarch64Leaf<0> {
  static constexpr bool ds = false;
  static constexpr unsigned concatenated_bits = 4; // the root may be up to sixteen tables side by side

  static constexpr Field<Raw> MEM_ATTR{2, 4}; // memory type: outer cacheability and inner, or Device
  static constexpr Field<Raw> S2AP0{6};       // reads; S2AP[1], writes, is AP2 of Aarch64Leaf
  static constexpr Field<Raw> SH{8, 2};       // shareability: none, reserved, outer, inner
  static constexpr Field<Raw> XN{53, 2};      // executed at both of EL1 and EL0, at EL0, never, at EL1

  // Stage 2 has no table permissions: bits 63 to 59 of a table are ignored.
  static constexpr Raw open_path() { return 0; }
  static constexpr Raw through(Raw path, Raw, unsigned) { return path; }
  static constexpr Attributes effective(Raw, Raw w, unsigned) {
    return {.rights = when(S2AP0.test(w), Rights::read) | when(may_write(w), Rights::write)
                      | fetch_rights[XN.get(w)],
            .memory_type = static_cast<std::uint8_t>(MEM_ATTR.get(w) | SH.get(w) << MEM_ATTR.width),
            .software = static_cast<std::uint16_t>(SOFTWARE.get(w))};
  }

  // Who reads or writes, EL0 or EL1, is stage 1's business; fetches have a right for each: `user` is EL0's.
  static constexpr bool permits(Attributes a, AccessKind kind, Privilege who) {
    return permits_by_fetch_right(a.rights, kind, who);
  }

  // Read, write and execute are independent: write-only and execute-only exist. Code for EL0 alone has an
  // encoding, too, but as everywhere `user` only widens what EL1 may do.
  static constexpr bool expressible(Rights r) {
    return grants_access(r) && (has(r, Rights::execute) || !has(r, Rights::user));
  }
  static constexpr bool expressible(Attributes a) {
    return expressible(a.rights) && has_memory_type(a.memory_type) && a.key == 0 && !a.global
           && SOFTWARE.fits(a.software);
  }

 protected:
  // Rights, but for write, which has its state in Aarch64Leaf.
  static constexpr Raw rights_mask = S2AP0.mask() | XN.mask();
  static constexpr Raw rights_bits(Rights r) {
    const unsigned xn = !has(r, Rights::execute) ? execute_never
                        : has(r, Rights::user)   ? execute_at_both
                                                 : execute_at_el1;
    return S2AP0.of(has(r, Rights::read)) | XN.of(xn);
  }
  static constexpr Raw attribute_bits(Attributes a) {
    return MEM_ATTR.of(a.memory_type) | SH.of(a.memory_type >> MEM_ATTR.width) | SOFTWARE.of(a.software);
  }

 private:
  static constexpr unsigned execute_at_both = 0b00, execute_never = 0b10, execute_at_el1 = 0b11; // XN
  static constexpr std::array fetch_rights{Rights::execute | Rights::user, Rights::user, Rights::none,
                                           Rights::execute};

  // MemAttr, and SH above it. MemAttr[1:0] of Normal memory (MemAttr[3:2] not 0) is not 0.
  static constexpr bool has_memory_type(std::uint8_t type) {
    const unsigned outer = type >> 2 & 3U, inner = type & 3U, sh = type >> MEM_ATTR.width;
    return (outer == 0 || inner != 0) && sh < 4 && sh != 1;
  }
};

} // namespace pagetwin
