// The tiny format for src/table, and its two relatives whose root is no node like the others: docs/tiny.md is
// their manual. Four slots per node, four levels, pairs as sizes, bits that rotate with the level. It exists
// to be explored; the walker in reference/mmu/tiny was written from the same page and shares nothing with
// this.
#pragma once

#include "src/arch/format.hpp"

#include <bit>

namespace pagetwin {

// NodeBits, RootBits: log2 slots of a node below the root, and of the root.
template <unsigned NodeBits, unsigned RootBits>
struct TinyShape {
  using Raw = std::uint64_t;
  static constexpr std::string_view name = RootBits == NodeBits  ? "tiny"
                                           : RootBits > NodeBits ? "tiny_wide"
                                                                 : "tiny_narrow";
  static constexpr unsigned levels = 4, page_shift = 12, va_bits = 12 + 3 * NodeBits + RootBits, pa_bits = 40,
                            marker_bits = 32;
  static constexpr bool sign_extended = true;
  static constexpr auto sizes = [] {
    std::array<PageSize, 6> all{};
    for (unsigned i = 0; i < all.size(); ++i)
      all[i] = {static_cast<std::uint8_t>(i / 2), static_cast<std::uint8_t>(i % 2),
                static_cast<std::uint8_t>(page_shift + i / 2 * NodeBits + i % 2)};
    return all;
  }();
  static constexpr unsigned index_bits(unsigned level) { return level == levels - 1 ? RootBits : NodeBits; }

  // Positions before the rotation.
  static constexpr Field<Raw> V{0}, T{1}, R{2}, W{3}, X{4}, U{5}, C{6}, A{7}, D{8};
  static constexpr Field<Raw> TYPE{9, 3}, G{12}, KEY{13, 4}, SOFTWARE{17, 4}, RESERVED{21, 11};
  static constexpr Field<Raw> FRAME{32, 28}, RESERVED_HIGH{60, 4}, NODE{32, 32}, MARKER{32, 32};

  static constexpr Kind kind(Raw w, unsigned level) {
    const Raw u = upright(w, level);
    return !V.test(u) ? Kind::hole : T.test(u) ? Kind::table : Kind::leaf;
  }
  static constexpr PhysAddr table(Raw w, unsigned) { return PhysAddr{NODE.get(w) << 5}; }
  static constexpr unsigned log2_copies(Raw w, unsigned level) { return C.test(upright(w, level)); }
  // Copies of a pair at level 0 hold their own addresses, so the base is found by alignment.
  static constexpr PhysAddr frame(Raw w, unsigned level) {
    return PhysAddr{
        align_down(FRAME.get(w) << page_shift, page_shift + NodeBits * level + log2_copies(w, level))};
  }
  static constexpr Attributes attributes(Raw w, unsigned level) { return effective(open_path(), w, level); }
  static constexpr Flags flags(Raw w, unsigned level) {
    const Raw u = upright(w, level);
    return {A.test(u), D.test(u)};
  }
  static constexpr std::uint32_t marker(Raw w, unsigned) { return static_cast<std::uint32_t>(MARKER.get(w)); }

  // The path is kept upright, because every level rotates by its own amount.
  static constexpr Raw open_path() { return rights_mask(); }
  static constexpr Raw through(Raw path, Raw w, unsigned level) { return path & upright(w, level); }
  static constexpr Attributes effective(Raw path, Raw w, unsigned level) {
    const Raw u = upright(w, level);
    const Raw allowed = path & u;
    return {.rights = when(R.test(allowed), Rights::read) | when(W.test(allowed), Rights::write)
                      | when(X.test(allowed), Rights::execute) | when(U.test(allowed), Rights::user),
            .memory_type = static_cast<std::uint8_t>(TYPE.get(u)),
            .key = static_cast<std::uint8_t>(KEY.get(u)),
            .global = G.test(u),
            .software = static_cast<std::uint16_t>(SOFTWARE.get(u))};
  }
  static constexpr bool permits(Attributes a, AccessKind kind, Privilege who) {
    return permits_by_user_right(a.rights, kind, who);
  }

  // "A walk faults with reserved": a reserved bit, a table at level 0, a leaf at level 3, a misaligned frame.
  // At level 0 each copy of a pair holds its own address.
  static constexpr bool reserved(Raw w, unsigned level, unsigned index) {
    const Raw u = upright(w, level);
    if (RESERVED.test(u) || T.test(u))
      return RESERVED.test(u) || level == 0;
    const std::uint64_t own = level == 0 && C.test(u) ? std::uint64_t{index % 2} << page_shift : 0;
    return level == levels - 1 || RESERVED_HIGH.test(w)
           || FRAME.get(w) << page_shift != raw(frame(w, level)) + own;
  }
  static constexpr Raw walked(Raw w, unsigned) { return w; } // tables have no flags

  static constexpr bool expressible(Rights r) { return grants_access(r); }
  static constexpr bool expressible(Attributes a) {
    return expressible(a.rights) && TYPE.fits(a.memory_type) && KEY.fits(a.key) && SOFTWARE.fits(a.software);
  }
  static constexpr Raw to_table(PhysAddr node, unsigned level) {
    return rotated(V.of(1) | T.of(1) | rights_mask(), level) | NODE.of(raw(node) >> 5);
  }
  static constexpr Raw leaf_bits(Attributes a, Flags f, PageSize size) {
    return rotated(V.of(1) | rights_bits(a.rights) | C.of(size.log2_copies) | A.of(f.accessed) | D.of(f.dirty)
                       | TYPE.of(a.memory_type) | G.of(a.global) | KEY.of(a.key) | SOFTWARE.of(a.software),
                   size.level);
  }
  static constexpr Raw leaf(Raw bits, PhysAddr frame, PageSize size, unsigned copy) {
    const std::uint64_t own = size.level == 0 ? std::uint64_t{copy} << page_shift : 0;
    return bits | FRAME.of((raw(frame) + own) >> page_shift);
  }
  static constexpr Raw with_rights(Raw w, Rights r, unsigned level) {
    return (w & ~rotated(rights_mask(), level)) | rotated(rights_bits(r), level);
  }
  static constexpr Raw with_flags(Raw w, Flags f, unsigned level) {
    const Raw both = rotated(A.mask() | D.mask(), level);
    return (w & ~both) | rotated(A.of(f.accessed) | D.of(f.dirty), level);
  }
  static constexpr Raw to_marker(std::uint32_t word, unsigned) { return MARKER.of(word); }
  // Everything but rights, A, D and software bits.
  static constexpr bool needs_break(Raw old, Raw next, unsigned level) {
    const Raw harmless = rotated(rights_mask() | A.mask() | D.mask() | SOFTWARE.mask(), level);
    return ((old ^ next) & ~harmless) != 0;
  }

 private:
  static constexpr Raw rights_mask() { return R.mask() | W.mask() | X.mask() | U.mask(); }
  static constexpr Raw rights_bits(Rights r) {
    return R.of(has(r, Rights::read)) | W.of(has(r, Rights::write)) | X.of(has(r, Rights::execute))
           | U.of(has(r, Rights::user));
  }
  static constexpr Raw low(Raw w, std::uint32_t turned) { return (w & ~low_mask(32)) | turned; }
  static constexpr Raw upright(Raw w, unsigned level) {
    return low(w, std::rotr(static_cast<std::uint32_t>(w), static_cast<int>(5 * level)));
  }
  static constexpr Raw rotated(Raw w, unsigned level) {
    return low(w, std::rotl(static_cast<std::uint32_t>(w), static_cast<int>(5 * level)));
  }
};

using Tiny = TinyShape<2, 2>;
using TinyWide = TinyShape<2, 4>;   // a root of four nodes
using TinyNarrow = TinyShape<3, 2>; // a root that fills half of its node
static_assert(Format<Tiny> && Format<TinyWide> && Format<TinyNarrow>);

} // namespace pagetwin
