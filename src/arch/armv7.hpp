// ARMv7 page tables of the Short-descriptor format (VMSAv7), with large pages and supersections: ARM
// Architecture Reference Manual, ARMv7-A and ARMv7-R edition (DDI 0406C), sections B3.5.1 (descriptors,
// figures B3-4 and B3-5), B3.7 (access permissions, the Access flag, domains), B3.8.2 (memory attributes
// without TEX remap, table B3-10) and B3.10.1 (what has to be broken before it is made). The registers that
// this is for: TTBCR.N = 0 and EAE = 0; SCTLR.AFE = 1 and HA = 1, so that AP[0] is the Access flag and
// hardware sets it; SCTLR.TRE, WXN and UWXN are 0; DACR makes every domain a client; the processor is one
// without PXN, and the state is Non-secure (NS means nothing). Refuses to know physical addresses of more
// than 32 bits, and which copy of a large page or supersection is read.
#pragma once

#include "src/arch/format.hpp"

namespace pagetwin {

// Where one type of descriptor has what all leaves have. AP0 is the Access flag, AP1 gives user accesses what
// AP2 leaves.
struct Armv7Leaf {
  Field<std::uint32_t> XN, AP0, AP1, AP2, TEX, S, NG;
};

// Levels: 0 second-level table (small pages, large pages), 1 first-level table (sections, supersections).
struct Armv7 {
  using Raw = std::uint32_t;

  static constexpr std::string_view name = "armv7";
  static constexpr unsigned levels = 2, page_shift = 12, va_bits = 32, pa_bits = 32, marker_bits = 30;
  static constexpr bool sign_extended = false, keeps_dirty = false;
  static constexpr std::array sizes{PageSize{0, 0, 12}, PageSize{0, 4, 16}, PageSize{1, 0, 20},
                                    PageSize{1, 4, 24}};
  static constexpr unsigned index_bits(unsigned level) { return level == 0 ? 8 : 12; }

  static constexpr Field<Raw> TYPE{0, 2};
  static constexpr Field<Raw> CB{2, 2};         // memory type: C and B (leaves)
  static constexpr Field<Raw> DOMAIN{5, 4};     // of a section; of a table, for the pages below
  static constexpr Field<Raw> TABLE{10, 22};    // of a table: its node
  static constexpr Field<Raw> SUPERSECTION{18}; // one of sixteen equal words
  static constexpr Field<Raw> PA35_32{20, 4};   // of a supersection: its extended base address,
  static constexpr Field<Raw> PA39_36{5, 4};    // where a section has its domain
  static constexpr Field<Raw> MARKER{2, 30};
  static constexpr Armv7Leaf small_page{.XN{0}, .AP0{4}, .AP1{5}, .AP2{9}, .TEX{6, 3}, .S{10}, .NG{11}};
  static constexpr Armv7Leaf large_page{.XN{15}, .AP0{4}, .AP1{5}, .AP2{9}, .TEX{12, 3}, .S{10}, .NG{11}};
  // Of supersections, too.
  static constexpr Armv7Leaf section{.XN{4}, .AP0{10}, .AP1{11}, .AP2{15}, .TEX{12, 3}, .S{16}, .NG{17}};

  // Bit 0 of a small page is XN. In a first-level table 0b11 is reserved without PXN, and faults as 0b00.
  static constexpr Kind kind(Raw w, unsigned level) {
    constexpr std::array first_level{Kind::hole, Kind::table, Kind::leaf, Kind::hole};
    return level != 0 ? first_level[TYPE.get(w)] : TYPE.test(w) ? Kind::leaf : Kind::hole;
  }
  static constexpr PhysAddr table(Raw w, unsigned) { return PhysAddr{w & TABLE.mask()}; }
  static constexpr unsigned log2_copies(Raw w, unsigned level) { return is_large(w, level) ? 4 : 0; }
  static constexpr PhysAddr frame(Raw w, unsigned level) {
    return PhysAddr{align_down(w, page_shift + index_bits(0) * level + log2_copies(w, level))};
  }
  static constexpr Attributes attributes(Raw w, unsigned level) { return effective(open_path(), w, level); }
  // No flag says that a page was written.
  static constexpr Flags flags(Raw w, unsigned level) {
    return {.accessed = layout(w, level).AP0.test(w), .dirty = false};
  }
  static constexpr std::uint32_t marker(Raw w, unsigned) { return static_cast<std::uint32_t>(MARKER.get(w)); }

  // Tables restrict nothing, but say which domain their pages are in. A supersection is in domain 0.
  static constexpr Raw open_path() { return 0; }
  static constexpr Raw through(Raw, Raw table, unsigned) { return table & DOMAIN.mask(); }
  static constexpr Attributes effective(Raw path, Raw w, unsigned level) {
    const Armv7Leaf& at = layout(w, level);
    const Raw in_domain = level == 0 ? path : SUPERSECTION.test(w) ? 0 : w;
    return {.rights = Rights::read | when(!at.AP2.test(w), Rights::write)
                      | when(!at.XN.test(w), Rights::execute) | when(at.AP1.test(w), Rights::user),
            .memory_type = static_cast<std::uint8_t>(CB.get(w) | at.TEX.get(w) << 2 | at.S.get(w) << 5),
            .key = static_cast<std::uint8_t>(DOMAIN.get(in_domain)),
            .global = !at.NG.test(w)};
  }

  // "AP[2:1] access permissions model". A fetch needs the right to read, which is always there, and XN = 0;
  // PL1 may execute what PL0 may, because there is no PXN.
  static constexpr bool permits(Attributes a, AccessKind kind, Privilege who) {
    return permits_by_user_right(a.rights, kind, who);
  }

  // A supersection may have an output address that does not exist. Everything else that is no hole is read:
  // what should be zero or is reserved in it is UNPREDICTABLE, and no fault. Tables have no flag.
  static constexpr bool reserved(Raw w, unsigned level, unsigned) {
    const bool supersection = kind(w, level) == Kind::leaf && level == 1 && SUPERSECTION.test(w);
    return supersection && (PA35_32.test(w) || PA39_36.test(w));
  }
  static constexpr Raw walked(Raw w, unsigned) { return w; }

  // With the Access flag on no encoding is without the right to read.
  static constexpr bool expressible(Rights r) { return has(r, Rights::read); }
  static constexpr bool expressible(Attributes a) {
    return expressible(a.rights) && has_memory_type(a.memory_type) && a.key == 0 && a.software == 0;
  }
  // In domain 0, as all our leaves.
  static constexpr Raw to_table(PhysAddr node, unsigned) {
    return TYPE.of(page_table) | static_cast<Raw>(raw(node));
  }
  static constexpr Raw leaf_bits(Attributes a, Flags f, PageSize size) {
    const bool copies = size.log2_copies != 0;
    const Armv7Leaf& at = layout(size.level, copies);
    const Raw type = size.level == 0 ? TYPE.of(copies ? large : small)
                                     : TYPE.of(section_or_super) | SUPERSECTION.of(copies);
    return type | rights_bits(at, a.rights) | at.AP0.of(f.accessed) | CB.of(a.memory_type)
           | at.TEX.of(a.memory_type >> 2) | at.S.of(a.memory_type >> 5) | at.NG.of(!a.global);
  }
  // All copies are equal.
  static constexpr Raw leaf(Raw bits, PhysAddr frame, PageSize, unsigned) {
    return bits | static_cast<Raw>(raw(frame));
  }
  static constexpr Raw with_rights(Raw w, Rights r, unsigned level) {
    const Armv7Leaf& at = layout(w, level);
    return (w & ~rights_mask(at)) | rights_bits(at, r);
  }
  // Dirty is dropped: there is no place for it.
  static constexpr Raw with_flags(Raw w, Flags f, unsigned level) {
    const Armv7Leaf& at = layout(w, level);
    return (w & ~at.AP0.mask()) | at.AP0.of(f.accessed);
  }
  static constexpr Raw to_marker(std::uint32_t word, unsigned) { return MARKER.of(word); }

  // Between valid words rights and the Access flag may change, but not the address, the type, the memory
  // type, nG or the domain. Sixteen words cannot change in one store, and must not differ but for what
  // hardware itself sets. Another table is another domain, or other addresses.
  static constexpr bool needs_break(Raw old, Raw next, unsigned level) {
    if (kind(old, level) != Kind::leaf)
      return old != next;
    const Armv7Leaf& at = layout(old, level);
    const Raw rights = is_large(old, level) ? 0 : rights_mask(at);
    return ((old ^ next) & ~(at.AP0.mask() | rights)) != 0;
  }

 private:
  static constexpr Raw page_table = 0b01, section_or_super = 0b10; // TYPE at level 1
  static constexpr Raw large = 0b01, small = 0b10;                 // TYPE at level 0

  // A large page or a supersection?
  static constexpr bool is_large(Raw w, unsigned level) {
    return level == 0 ? TYPE.get(w) == large : SUPERSECTION.test(w);
  }
  static constexpr const Armv7Leaf& layout(unsigned level, bool copies) {
    return level != 0 ? section : copies ? large_page : small_page;
  }
  static constexpr const Armv7Leaf& layout(Raw w, unsigned level) {
    return layout(level, is_large(w, level));
  }
  static constexpr Raw rights_mask(const Armv7Leaf& at) {
    return at.XN.mask() | at.AP1.mask() | at.AP2.mask();
  }
  static constexpr Raw rights_bits(const Armv7Leaf& at, Rights r) {
    return at.XN.of(!has(r, Rights::execute)) | at.AP1.of(has(r, Rights::user))
           | at.AP2.of(!has(r, Rights::write));
  }
  // TEX, C and B, and S above them. Table B3-10: with TEX = 001, CB = 01 is reserved, with 010 all but 00,
  // and 011 is.
  static constexpr bool has_memory_type(std::uint8_t type) {
    const unsigned tex = type >> 2 & 7U, cb = type & 3U;
    const bool reserved = (tex == 1 && cb == 1) || (tex == 2 && cb != 0) || tex == 3;
    return type < 64 && !reserved;
  }
};
static_assert(Format<Armv7>);

} // namespace pagetwin
