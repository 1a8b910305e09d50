// Extended page tables with 4 and 5 levels: Intel 64 and IA-32 Architectures SDM, Volume 3C, chapter "VMX
// Support for Address Translation" (28, 29 or 31, by edition), section "The Extended Page-Table Mechanism
// (EPT)", tables "Format of an EPT ... Entry". The VMCS that this is for has mode-based execute control on
// and accessed and dirty flags for EPT enabled (EPTP bit 6); the processor supports execute-only
// translations. Refuses to know what other controls give a meaning to: #VE, sub-page write permissions,
// guest-paging verification, paging-write control and supervisor shadow stacks are off, and their bits 57 to
// 63 stay 0 in whatever is present.
#pragma once

#include "src/arch/format.hpp"

namespace pagetwin {

// Levels: 0 PTE (4 KiB), 1 PDE (2 MiB leaf), 2 PDPTE (1 GiB leaf), 3 PML4E, 4 PML5E.
template <unsigned Levels>
struct Ept {
  static_assert(Levels == 4 || Levels == 5);
  using Raw = std::uint64_t;

  static constexpr std::string_view name = Levels == 4 ? "ept" : "ept_5";
  // Guest-physical addresses come in; they have no sign.
  static constexpr unsigned levels = Levels, page_shift = 12, va_bits = 12 + 9 * Levels, pa_bits = 52,
                            marker_bits = 32;
  static constexpr bool sign_extended = false;
  static constexpr std::array sizes{PageSize{0, 0, 12}, PageSize{1, 0, 21}, PageSize{2, 0, 30}};
  static constexpr unsigned index_bits(unsigned) { return 9; }

  static constexpr Field<Raw> R{0};                    // read access
  static constexpr Field<Raw> W{1};                    // write access
  static constexpr Field<Raw> X{2};                    // execute access for supervisor-mode linear addresses
  static constexpr Field<Raw> EPT_MT{3, 3};            // EPT memory type (leaves)
  static constexpr Field<Raw> IPAT{6};                 // ignore PAT memory type (leaves)
  static constexpr Field<Raw> MAPS_PAGE{7};            // a leaf, above level 0; ignored in a PTE
  static constexpr Field<Raw> A{8};                    // accessed
  static constexpr Field<Raw> D{9};                    // dirty (leaves)
  static constexpr Field<Raw> XU{10};                  // execute access for user-mode linear addresses
  static constexpr Field<Raw> IGNORED_LOW{11};         // ignored by hardware
  static constexpr Field<Raw> ADDRESS{12, 40};         // below the page size reserved
  static constexpr Field<Raw> IGNORED_HIGH{52, 5};     // ignored by hardware, whatever the controls
  static constexpr Field<Raw> RESERVED_IN_TABLE{3, 5}; // with bit 7, which is 0 in a PDE or PDPTE that is one
  static constexpr Field<Raw> MARKER{32, 32};

  // "Not present" takes bit 10 in, because mode-based execute control is on. Bit 7 is reserved in a PML4E and
  // a PML5E; our tables never set it there.
  static constexpr Kind kind(Raw w, unsigned level) {
    if ((w & privileges) == 0)
      return Kind::hole;
    return level == 0 || (level <= 2 && MAPS_PAGE.test(w)) ? Kind::leaf : Kind::table;
  }
  static constexpr PhysAddr table(Raw w, unsigned) { return PhysAddr{w & ADDRESS.mask()}; }
  static constexpr unsigned log2_copies(Raw, unsigned) { return 0; }
  static constexpr PhysAddr frame(Raw w, unsigned level) {
    return PhysAddr{w & ADDRESS.mask() & ~low_mask(page_shift + 9 * level)};
  }
  static constexpr Attributes attributes(Raw w, unsigned level) { return effective(open_path(), w, level); }
  static constexpr Flags flags(Raw w, unsigned) { return {A.test(w), D.test(w)}; }
  static constexpr std::uint32_t marker(Raw w, unsigned) { return static_cast<std::uint32_t>(MARKER.get(w)); }

  // Every privilege must be there in each entry used (section "EPT Violations"): all four combine by AND.
  static constexpr Raw open_path() { return privileges; }
  static constexpr Raw through(Raw path, Raw table, unsigned) { return path & table; }
  static constexpr Attributes effective(Raw path, Raw w, unsigned) {
    return {.rights = rights(path & w),
            .memory_type = static_cast<std::uint8_t>(EPT_MT.get(w) | IPAT.get(w) << EPT_MT.width),
            .software =
                static_cast<std::uint16_t>(IGNORED_LOW.get(w) | IGNORED_HIGH.get(w) << IGNORED_LOW.width)};
  }

  // Section "EPT Violations": data accesses do not ask for the mode; fetches have a right for each.
  static constexpr bool permits(Attributes a, AccessKind kind, Privilege who) {
    return permits_by_fetch_right(a.rights, kind, who);
  }

  // Section "EPT Misconfigurations": writes without reads, a bit that the tables of formats call reserved,
  // and in what maps a page a memory type that is none. Execute-only translations are supported, 1-GByte
  // pages too, and the physical-address width is 52.
  static constexpr bool reserved(Raw w, unsigned level, unsigned) {
    if (W.test(w) && !R.test(w))
      return true;
    if (kind(w, level) == Kind::table)
      return RESERVED_IN_TABLE.test(w);
    const auto type = static_cast<std::uint8_t>(EPT_MT.get(w));
    return !has_memory_type(type) || (w & ADDRESS.mask() & low_mask(page_shift + 9 * level)) != 0;
  }
  // Section "Accessed and Dirty Flags for EPT": in each entry that was used.
  static constexpr Raw walked(Raw w, unsigned) { return w | A.mask(); }

  // Write without read is a misconfiguration. `user` widens fetches only: without execute it has no bit and
  // would be lost on the way back.
  static constexpr bool expressible(Rights r) {
    const bool execute = has(r, Rights::execute);
    const bool readable = has(r, Rights::read) || (execute && !has(r, Rights::write));
    return readable && (execute || !has(r, Rights::user));
  }
  static constexpr bool expressible(Attributes a) {
    return expressible(a.rights) && has_memory_type(a.memory_type) && a.key == 0 && !a.global
           && a.software < 1U << (IGNORED_LOW.width + IGNORED_HIGH.width);
  }
  // Tables allow everything, so that a leaf's rights are the effective ones.
  static constexpr Raw to_table(PhysAddr node, unsigned) { return raw(node) | privileges; }
  static constexpr Raw leaf_bits(Attributes a, Flags f, PageSize size) {
    return rights_bits(a.rights) | EPT_MT.of(a.memory_type) | IPAT.of(a.memory_type >> EPT_MT.width)
           | MAPS_PAGE.of(size.level != 0) | A.of(f.accessed) | D.of(f.dirty) | IGNORED_LOW.of(a.software)
           | IGNORED_HIGH.of(a.software >> IGNORED_LOW.width);
  }
  static constexpr Raw leaf(Raw bits, PhysAddr frame, PageSize, unsigned) { return bits | raw(frame); }
  static constexpr Raw with_rights(Raw w, Rights r, unsigned) { return (w & ~privileges) | rights_bits(r); }
  static constexpr Raw with_flags(Raw w, Flags f, unsigned) {
    return (w & ~(A.mask() | D.mask())) | A.of(f.accessed) | D.of(f.dirty);
  }
  static constexpr Raw to_marker(std::uint32_t word, unsigned) { return MARKER.of(word); }
  // "Guidelines for Use of the INVEPT Instruction" (section 28.3.3.4, 29.4.3.4 or 31.4.3.4): an INVEPT after
  // the change is enough, of bit 7, the address and the memory type, too.
  static constexpr bool needs_break(Raw, Raw, unsigned) { return false; }

 private:
  // The bits that make an entry present, each a right of its own.
  static constexpr Raw privileges = R.mask() | W.mask() | X.mask() | XU.mask();

  static constexpr Raw rights_bits(Rights r) {
    return R.of(has(r, Rights::read)) | W.of(has(r, Rights::write)) | X.of(has(r, Rights::execute))
           | XU.of(has(r, Rights::execute | Rights::user));
  }
  static constexpr Rights rights(Raw allowed) {
    return when(R.test(allowed), Rights::read) | when(W.test(allowed), Rights::write)
           | when(X.test(allowed), Rights::execute) | when(XU.test(allowed), Rights::user);
  }
  // The EPT memory type, and IPAT above it. UC 0, WC 1, WT 4, WP 5, WB 6; the others are reserved.
  static constexpr bool has_memory_type(std::uint8_t type) {
    const auto ept = EPT_MT.get(EPT_MT.of(type));
    return type < 16 && ept != 2 && ept != 3 && ept != 7;
  }
};

using Ept4 = Ept<4>;
using Ept5 = Ept<5>;
static_assert(Format<Ept4> && Format<Ept5>);

} // namespace pagetwin
