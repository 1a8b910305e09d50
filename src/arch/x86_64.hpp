// x86-64 paging structures with 4 and 5 levels: Intel 64 and IA-32 Architectures SDM, Volume 3A, chapter 4
// ("Paging"), tables 4-14 to 4-20 for 4-level paging; section 4.5.1 and CR4.LA57 for 5 levels.
// CR4.SMEP, SMAP, PKE and PKS are 0, so that a supervisor may use a user's page, and keys restrict nobody.
// MAXPHYADDR is 52, IA32_EFER.NXE is 1 and 1-GByte pages are supported, so that no bit of an address is
// reserved, and neither are XD and PS of a PDPTE.
// Knows words, not tables: which slot is loaded, and when, is src/table's business.
#pragma once

#include "src/arch/format.hpp"

namespace pagetwin {

// Levels: 0 PTE (4 KiB), 1 PDE (2 MiB leaf), 2 PDPTE (1 GiB leaf), 3 PML4E, 4 PML5E.
template <unsigned Levels>
struct X86_64 {
  static_assert(Levels == 4 || Levels == 5);
  using Raw = std::uint64_t;

  static constexpr std::string_view name = Levels == 4 ? "x86_64_4" : "x86_64_5";
  static constexpr unsigned levels = Levels, page_shift = 12, va_bits = 12 + 9 * Levels, pa_bits = 52,
                            marker_bits = 32;
  static constexpr bool sign_extended = true;
  static constexpr std::array sizes{PageSize{0, 0, 12}, PageSize{1, 0, 21}, PageSize{2, 0, 30}};
  static constexpr unsigned index_bits(unsigned) { return 9; }

  static constexpr Field<Raw> P{0};          // present
  static constexpr Field<Raw> RW{1};         // writes allowed
  static constexpr Field<Raw> US{2};         // user accesses allowed
  static constexpr Field<Raw> PWT{3};        // memory type, bit 0 of the PAT index
  static constexpr Field<Raw> PCD{4};        // memory type, bit 1
  static constexpr Field<Raw> A{5};          // accessed
  static constexpr Field<Raw> D{6};          // dirty (leaves)
  static constexpr Field<Raw> PS{7};         // a leaf, above level 0
  static constexpr Field<Raw> PAT_PAGE{7};   // memory type, bit 2, at level 0
  static constexpr Field<Raw> G{8};          // global (leaves)
  static constexpr Field<Raw> AVL_LOW{9, 3}; // ignored by hardware
  static constexpr Field<Raw> PAT_LARGE{12}; // memory type, bit 2, above level 0
  static constexpr Field<Raw> ADDRESS{12, 40};
  static constexpr Field<Raw> AVL_HIGH{52, 7};
  static constexpr Field<Raw> PKEY{59, 4}; // protection key (leaves)
  static constexpr Field<Raw> XD{63};      // execution disabled
  static constexpr Field<Raw> MARKER{32, 32};

  // PS is reserved in a PML4E and a PML5E; our tables never set it there.
  static constexpr Kind kind(Raw w, unsigned level) {
    if (!P.test(w))
      return Kind::hole;
    return level == 0 || (level <= 2 && PS.test(w)) ? Kind::leaf : Kind::table;
  }
  static constexpr PhysAddr table(Raw w, unsigned) { return PhysAddr{w & ADDRESS.mask()}; }
  static constexpr unsigned log2_copies(Raw, unsigned) { return 0; }
  static constexpr PhysAddr frame(Raw w, unsigned level) {
    return PhysAddr{w & ADDRESS.mask() & ~low_mask(page_shift + 9 * level)};
  }
  static constexpr Attributes attributes(Raw w, unsigned level) { return effective(open_path(), w, level); }
  static constexpr Flags flags(Raw w, unsigned) { return {A.test(w), D.test(w)}; }
  static constexpr std::uint32_t marker(Raw w, unsigned) { return static_cast<std::uint32_t>(MARKER.get(w)); }

  // R/W and U/S combine by AND, XD by OR: with XD inverted all three combine by AND (section 4.6).
  static constexpr Raw open_path() { return RW.mask() | US.mask() | XD.mask(); }
  static constexpr Raw through(Raw path, Raw table, unsigned) { return path & (table ^ XD.mask()); }
  static constexpr Attributes effective(Raw path, Raw w, unsigned level) {
    const Raw allowed = path & (w ^ XD.mask());
    return {.rights = Rights::read | when(RW.test(allowed), Rights::write)
                      | when(US.test(allowed), Rights::user) | when(XD.test(allowed), Rights::execute),
            .memory_type = memory_type(w, level),
            .key = static_cast<std::uint8_t>(PKEY.get(w)),
            .global = G.test(w),
            .software = static_cast<std::uint16_t>(AVL_LOW.get(w) | AVL_HIGH.get(w) << AVL_LOW.width)};
  }
  // Section 4.6.1, "Determination of Access Rights", with CR0.WP = 1 and CR4.SMEP = CR4.SMAP = 0.
  static constexpr bool permits(Attributes a, AccessKind kind, Privilege who) {
    return permits_by_user_right(a.rights, kind, who);
  }

  // "Reserved (must be 0)" in tables 4-14 to 4-20: PS of a PML4E and a PML5E, and what lies between PAT and
  // the address of a superpage.
  static constexpr bool reserved(Raw w, unsigned level, unsigned) {
    if (level > 2)
      return PS.test(w);
    const Raw below_address = ADDRESS.mask() & low_mask(page_shift + 9 * level) & ~PAT_LARGE.mask();
    return kind(w, level) == Kind::leaf && (w & below_address) != 0;
  }
  // Section 4.8: "Whenever the processor uses a paging-structure entry as part of linear-address translation,
  // it sets the accessed flag in that entry".
  static constexpr Raw walked(Raw w, unsigned) { return w | A.mask(); }

  // A present page can be read; there is no encoding without that right.
  static constexpr bool expressible(Rights r) { return has(r, Rights::read); }
  static constexpr bool expressible(Attributes a) {
    return expressible(a.rights) && a.memory_type < 8 && PKEY.fits(a.key) && a.software < 1U << 10;
  }
  // Tables allow everything, so that a leaf's rights are the effective ones.
  static constexpr Raw to_table(PhysAddr node, unsigned) { return raw(node) | P.of(1) | RW.of(1) | US.of(1); }
  static constexpr Raw leaf_bits(Attributes a, Flags f, PageSize size) {
    const auto pat = size.level == 0 ? PAT_PAGE : PAT_LARGE;
    return P.of(1) | rights_bits(a.rights) | PWT.of(a.memory_type) | PCD.of(a.memory_type >> 1U)
           | (size.level == 0 ? 0 : PS.of(1)) | pat.of(a.memory_type >> 2U) | A.of(f.accessed) | D.of(f.dirty)
           | G.of(a.global) | AVL_LOW.of(a.software) | AVL_HIGH.of(a.software >> AVL_LOW.width)
           | PKEY.of(a.key);
  }
  static constexpr Raw leaf(Raw bits, PhysAddr frame, PageSize, unsigned) { return bits | raw(frame); }
  static constexpr Raw with_rights(Raw w, Rights r, unsigned) {
    return (w & ~(RW.mask() | US.mask() | XD.mask())) | rights_bits(r);
  }
  static constexpr Raw with_flags(Raw w, Flags f, unsigned) {
    return (w & ~(A.mask() | D.mask())) | A.of(f.accessed) | D.of(f.dirty);
  }
  static constexpr Raw to_marker(std::uint32_t word, unsigned) { return MARKER.of(word); }
  // Section 4.10.4: an invalidation after the store is enough.
  static constexpr bool needs_break(Raw, Raw, unsigned) { return false; }

 private:
  static constexpr Raw rights_bits(Rights r) {
    return RW.of(has(r, Rights::write)) | US.of(has(r, Rights::user)) | XD.of(!has(r, Rights::execute));
  }
  static constexpr std::uint8_t memory_type(Raw w, unsigned level) {
    const auto pat = level == 0 ? PAT_PAGE : PAT_LARGE;
    return static_cast<std::uint8_t>(PWT.get(w) | PCD.get(w) << 1 | pat.get(w) << 2);
  }
};

using X86_64_4 = X86_64<4>;
using X86_64_5 = X86_64<5>;
static_assert(Format<X86_64_4> && Format<X86_64_5>);

} // namespace pagetwin
