// RISC-V page tables Sv39, Sv48 and Sv57 with 64 KiB NAPOT pages and page-based memory types: The RISC-V
// Instruction Set Manual, Volume II (privileged), chapter "Supervisor-Level ISA", sections Sv32 (what the low
// bits mean), Sv39, Sv48, Sv57, and the chapters "Svnapot" and "Svpbmt"; A and D are set by hardware, as
// "Svadu" has it; sstatus.SUM is 1 and sstatus.MXR 0. Below them the G-stage formats Sv39x4, Sv48x4 and
// Sv57x4, which translate the addresses of a guest: the same manual, chapter on the hypervisor extension,
// section "Guest Physical Address Translation". Refuses to know Sv32, the software bits 60-59 of Svrsw60t59b,
// and which fence carries out an invalidation. Knows words, not tables: when a slot is loaded is src/table's
// business.
#pragma once

#include "src/arch/format.hpp"

#include <type_traits>

namespace pagetwin {

// Levels are the manual's i: 0 is the 4 KiB page, 1 the megapage, 2 the gigapage, 3 the terapage, 4 the
// petapage. A leaf may be at any of them, the root included.
template <unsigned Levels>
struct Riscv {
  static_assert(Levels >= 3 && Levels <= 5);
  using Raw = std::uint64_t;

  static constexpr std::string_view name =
      Levels == 3 ? "riscv_sv39" : (Levels == 4 ? "riscv_sv48" : "riscv_sv57");
  static constexpr unsigned levels = Levels, page_shift = 12, va_bits = 12 + 9 * Levels, pa_bits = 56,
                            marker_bits = 32;
  static constexpr bool sign_extended = true;
  static constexpr unsigned index_bits(unsigned) { return 9; }
  static constexpr auto sizes = [] {
    std::array<PageSize, Levels + 1> all{PageSize{0, 0, 12}, PageSize{0, 4, 16}};
    for (unsigned level = 1; level < Levels; ++level)
      all[level + 1] = {static_cast<std::uint8_t>(level), 0, static_cast<std::uint8_t>(12 + 9 * level)};
    return all;
  }();

  static constexpr Field<Raw> V{0};        // valid
  static constexpr Field<Raw> R{1};        // readable
  static constexpr Field<Raw> W{2};        // writable; without R reserved
  static constexpr Field<Raw> X{3};        // executable
  static constexpr Field<Raw> U{4};        // accessible to user mode (leaves)
  static constexpr Field<Raw> G{5};        // global: this mapping, or all below this table
  static constexpr Field<Raw> A{6};        // accessed (leaves)
  static constexpr Field<Raw> D{7};        // dirty (leaves)
  static constexpr Field<Raw> RSW{8, 2};   // reserved for supervisor software
  static constexpr Field<Raw> PPN{10, 44}; // physical page number
  static constexpr Field<Raw> RESERVED{54, 7};
  static constexpr Field<Raw> PBMT{61, 2}; // memory type (leaves): 0 PMA, 1 NC, 2 IO, 3 reserved
  static constexpr Field<Raw> N{63};       // part of a NAPOT range (leaves of level 0)
  static constexpr Field<Raw> MARKER{32, 32};

  // R = W = X = 0 is a pointer to the next table. Below level 0 there is none: hardware faults on such a
  // word, our tables never hold it, and calling it a leaf ends every descent.
  static constexpr Kind kind(Raw w, unsigned level) {
    if (!V.test(w))
      return Kind::hole;
    return level == 0 || (w & (R.mask() | W.mask() | X.mask())) != 0 ? Kind::leaf : Kind::table;
  }
  static constexpr PhysAddr table(Raw w, unsigned) { return PhysAddr{address(w)}; }
  // In what a table of ours wrote there is nothing besides, so that type and address are found by one
  // subtraction.
  static constexpr Raw own_table_tag = V.mask() | R.mask() | W.mask() | X.mask();
  static constexpr PhysAddr own_table(Raw w, unsigned level) {
    return PhysAddr{(w - to_table(PhysAddr{0}, level)) << 2U};
  }
  // N is reserved above level 0, and 64 KiB is the only range that is defined.
  static constexpr unsigned log2_copies(Raw w, unsigned level) {
    return level == 0 && N.test(w) ? napot_bits : 0;
  }
  // The low bits of a NAPOT page's number encode its size; hardware puts those of the address in their place.
  static constexpr PhysAddr frame(Raw w, unsigned level) {
    const unsigned shift = page_shift + 9 * level + log2_copies(w, level);
    return PhysAddr{scaled(w & align_down(PPN.mask(), shift - 2))};
  }
  static constexpr Attributes attributes(Raw w, unsigned level) { return effective(open_path(), w, level); }
  static constexpr Flags flags(Raw w, unsigned) { return {A.test(w), D.test(w)}; }
  static constexpr std::uint32_t marker(Raw w, unsigned) { return static_cast<std::uint32_t>(MARKER.get(w)); }

  // Tables restrict nothing; G of any of them makes everything below global.
  static constexpr Raw open_path() { return 0; }
  static constexpr Raw through(Raw path, Raw table, unsigned) { return path | (table & G.mask()); }
  static constexpr Attributes effective(Raw path, Raw w, unsigned) {
    return {.rights = when(R.test(w), Rights::read) | when(W.test(w), Rights::write)
                      | when(X.test(w), Rights::execute) | when(U.test(w), Rights::user),
            .memory_type = static_cast<std::uint8_t>(PBMT.get(w)),
            .global = G.test(path | w),
            .software = static_cast<std::uint16_t>(RSW.get(w))};
  }
  // Step 5 of "Virtual Address Translation Process", and "Irrespective of SUM, the supervisor may not execute
  // code on pages with U=1".
  static constexpr bool permits(Attributes a, AccessKind kind, Privilege who) {
    const bool fetches_from_user =
        kind == AccessKind::execute && who == Privilege::supervisor && has(a.rights, Rights::user);
    return permits_by_user_right(a.rights, kind, who) && !fetches_from_user;
  }

  // What "Virtual Address Translation Process" stops at, but for V and rights: any bit or encoding that is
  // reserved for future standard use (step 3; of tables D, A, U, PBMT and N, of leaves PBMT = 3 and every N
  // but that of a 64 KiB page), a table below which there is no level (step 4), a misaligned superpage (step
  // 6). The rights come before the last of these in the manual; the exception is the same.
  static constexpr bool reserved(Raw w, unsigned level, unsigned) {
    if (RESERVED.test(w) || (W.test(w) && !R.test(w)))
      return true;
    if ((w & (R.mask() | W.mask() | X.mask())) == 0)
      return level == 0 || (w & (D.mask() | A.mask() | U.mask() | PBMT.mask() | N.mask())) != 0;
    const bool bad_range = N.test(w) && (level != 0 || (w & napot_range) != napot_64k);
    return PBMT.get(w) == pbmt_reserved || bad_range || !is_aligned(address(w), page_shift + 9 * level);
  }
  static constexpr Raw walked(Raw w, unsigned) { return w; } // tables have no flags

  // Without R, W and X there is no leaf, and W without R is reserved; execute-only is not.
  static constexpr bool expressible(Rights r) {
    return grants_access(r) && (has(r, Rights::read) || !has(r, Rights::write));
  }
  static constexpr bool expressible(Attributes a) {
    return expressible(a.rights) && a.memory_type < pbmt_reserved && a.key == 0 && RSW.fits(a.software);
  }
  // D, A, U, PBMT and N of a table must be 0. G stays 0, so that a leaf's own G is the effective one.
  static constexpr Raw to_table(PhysAddr node, unsigned) { return V.of(1) | page_number(node); }
  static constexpr Raw leaf_bits(Attributes a, Flags f, PageSize size) {
    return V.of(1) | rights_bits(a.rights) | G.of(a.global) | A.of(f.accessed) | D.of(f.dirty)
           | RSW.of(a.software) | PBMT.of(a.memory_type) | (size.log2_copies != 0 ? napot_64k : 0);
  }
  // All sixteen descriptors of a NAPOT page are equal.
  static constexpr Raw leaf(Raw bits, PhysAddr frame, PageSize, unsigned) {
    return bits | page_number(frame);
  }
  static constexpr Raw with_rights(Raw w, Rights r, unsigned) {
    return (w & ~(R.mask() | W.mask() | X.mask() | U.mask())) | rights_bits(r);
  }
  static constexpr Raw with_flags(Raw w, Flags f, unsigned) {
    return (w & ~(A.mask() | D.mask())) | A.of(f.accessed) | D.of(f.dirty);
  }
  static constexpr Raw to_marker(std::uint32_t word, unsigned) { return MARKER.of(word); }

  // Between valid words a fence after the store is enough, even from table to leaf: which of the two
  // translates until then is unpredictable, "but the behavior is otherwise well defined" (SFENCE.VMA).
  // Svnapot is different. A NAPOT descriptor may fill the translation cache for all sixteen pages, whatever
  // their own descriptors say, so that they have to agree at any time. An update should mark all of them
  // invalid first, fence the whole range, and then write them, "unless any inconsistencies are known to be
  // benign". Benign are A and D, which may differ by design, and RSW, which hardware ignores.
  static constexpr bool needs_break(Raw old, Raw next, unsigned) {
    const Raw benign = A.mask() | D.mask() | RSW.mask();
    return N.test(old | next) && ((old ^ next) & ~benign) != 0;
  }

 private:
  static constexpr unsigned napot_bits = 4;
  static constexpr Raw napot_range = N.mask() | PPN.of(0b1111);
  static constexpr Raw napot_64k = N.mask() | PPN.of(0b1000);
  static constexpr std::uint8_t pbmt_reserved = 3;

  // The number stands two bits below the address. Whoever loads from the address, or adds to it, does so in
  // one instruction that scales by four, if the compiler leaves the shift where it is: it would make one of
  // its own, and a copy of the word, at each level of a walk.
  static constexpr std::uint64_t scaled(Raw number) {
    if (!std::is_constant_evaluated())
      asm("" : "+r"(number)); // NOLINT(hicpp-no-assembler): an empty barrier
    return number << 2;
  }
  static constexpr std::uint64_t address(Raw w) { return scaled(w & PPN.mask()); }
  // Of a page's address that fits, so that nothing has to be masked out.
  static constexpr Raw page_number(PhysAddr a) { return raw(a) >> 2; }
  static constexpr Raw rights_bits(Rights r) {
    return R.of(has(r, Rights::read)) | W.of(has(r, Rights::write)) | X.of(has(r, Rights::execute))
           | U.of(has(r, Rights::user));
  }
};

using RiscvSv39 = Riscv<3>;
using RiscvSv48 = Riscv<4>;
using RiscvSv57 = Riscv<5>;
static_assert(Format<RiscvSv39> && Format<RiscvSv48> && Format<RiscvSv57>);

// The words are those above. The root has four times the slots, so that guest-physical addresses have two
// bits more; they have no sign.
template <unsigned Levels>
struct RiscvGStage : Riscv<Levels> {
  using Base = Riscv<Levels>;
  using typename Base::Raw;

  static constexpr std::string_view name =
      Levels == 3 ? "riscv_sv39x4" : (Levels == 4 ? "riscv_sv48x4" : "riscv_sv57x4");
  static constexpr unsigned va_bits = Base::va_bits + 2;
  static constexpr bool sign_extended = false;
  static constexpr unsigned index_bits(unsigned level) { return level == Levels - 1 ? 11 : 9; }

  // "All memory accesses ... are considered to be user-level accesses": U is set in every leaf, and one
  // without it lets nothing pass. G "must be ignored by hardware", in tables as in leaves, and be clear.
  static constexpr Attributes attributes(Raw w, unsigned level) {
    return effective(Base::open_path(), w, level);
  }
  static constexpr Raw through(Raw path, Raw, unsigned) { return path; }
  static constexpr Attributes effective(Raw, Raw w, unsigned level) {
    Attributes a = Base::attributes(w, level);
    a.rights = Base::U.test(w) ? without(a.rights, Rights::user) : Rights::none;
    a.global = false;
    return a;
  }
  // So nobody asks for the mode: `user` has no bit of its own and would be lost on the way back.
  static constexpr bool permits(Attributes a, AccessKind kind, Privilege) {
    return permits_by_user_right(a.rights, kind, Privilege::supervisor);
  }
  static constexpr bool expressible(Rights r) { return !has(r, Rights::user) && Base::expressible(r); }
  static constexpr bool expressible(Attributes a) {
    return expressible(a.rights) && !a.global && Base::expressible(a);
  }
  static constexpr Raw leaf_bits(Attributes a, Flags f, PageSize size) {
    return Base::leaf_bits(a, f, size) | Base::U.mask();
  }
  static constexpr Raw with_rights(Raw w, Rights r, unsigned level) {
    return Base::with_rights(w, r, level) | Base::U.mask();
  }
};

using RiscvSv39x4 = RiscvGStage<3>;
using RiscvSv48x4 = RiscvGStage<4>;
using RiscvSv57x4 = RiscvGStage<5>;
static_assert(Format<RiscvSv39x4> && Format<RiscvSv48x4> && Format<RiscvSv57x4>);

} // namespace pagetwin
