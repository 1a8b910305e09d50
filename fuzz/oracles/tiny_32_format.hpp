// The tiny format in words of 32 bits, for src/table: docs/tiny.md, "tiny_32", is its manual. What it has and
// tiny has not: narrow words, a root of four nodes that holds leaves, groups of four equal descriptors,
// little physical memory. The walker in reference/mmu/tiny_32 was written from the same page and shares
// nothing with this.
#pragma once

#include "src/arch/format.hpp"

namespace pagetwin {

struct Tiny32 {
  using Raw = std::uint32_t;
  static constexpr std::string_view name = "tiny_32";
  static constexpr unsigned levels = 3, page_shift = 12, va_bits = 23, pa_bits = 24, marker_bits = 20;
  static constexpr bool sign_extended = true;
  static constexpr std::array sizes{PageSize{0, 0, 12}, PageSize{0, 2, 14}, PageSize{1, 0, 15},
                                    PageSize{2, 0, 18}, PageSize{2, 2, 20}};
  static constexpr unsigned index_bits(unsigned level) { return level == levels - 1 ? 5 : 3; }

  // Positions before the rotation of the low twelve bits.
  static constexpr Field<Raw> KIND{0, 2}, R{2}, W{3}, X{4}, U{5}, A{6}, D{7}, G{8}, TYPE{9, 3};
  static constexpr Field<Raw> KEY{12, 4}, SOFTWARE{16, 4}, FRAME{20, 12}, NODE{12, 19}, MARKER{12, 20},
      RESERVED_IN_TABLE{31};

  static constexpr Kind kind(Raw w, unsigned level) {
    constexpr std::array kinds{Kind::hole, Kind::table, Kind::leaf, Kind::leaf};
    return kinds[KIND.get(upright(w, level))];
  }
  static constexpr PhysAddr table(Raw w, unsigned) { return PhysAddr{NODE.get(w) << 5}; }
  static constexpr unsigned log2_copies(Raw w, unsigned level) {
    return KIND.get(upright(w, level)) == one_of_four ? 2 : 0;
  }
  static constexpr PhysAddr frame(Raw w, unsigned level) {
    return PhysAddr{align_down(FRAME.get(w) << page_shift, page_shift + 3 * level + log2_copies(w, level))};
  }
  static constexpr Attributes attributes(Raw w, unsigned level) { return effective(open_path(), w, level); }
  static constexpr Flags flags(Raw w, unsigned level) {
    return {A.test(upright(w, level)), D.test(upright(w, level))};
  }
  static constexpr std::uint32_t marker(Raw w, unsigned) { return static_cast<std::uint32_t>(MARKER.get(w)); }

  // "A walk faults with reserved": bit 31 of a table, a table at level 0, one of four at level 1, a
  // misaligned frame.
  static constexpr bool reserved(Raw w, unsigned level, unsigned) {
    if (kind(w, level) == Kind::table)
      return level == 0 || RESERVED_IN_TABLE.test(w);
    return (level == 1 && log2_copies(w, level) != 0) || FRAME.get(w) << page_shift != raw(frame(w, level));
  }
  static constexpr Raw walked(Raw w, unsigned) { return w; } // tables have no flags

  // The path is kept upright, because every level rotates by its own amount.
  static constexpr Raw open_path() { return rights_mask; }
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

  static constexpr bool expressible(Rights r) { return grants_access(r); }
  static constexpr bool expressible(Attributes a) {
    return expressible(a.rights) && TYPE.fits(a.memory_type) && KEY.fits(a.key) && SOFTWARE.fits(a.software);
  }
  static constexpr Raw to_table(PhysAddr node, unsigned level) {
    return rotated(KIND.of(points_to_table) | rights_mask, level) | NODE.of(raw(node) >> 5);
  }
  static constexpr Raw leaf_bits(Attributes a, Flags f, PageSize size) {
    return rotated(KIND.of(size.log2_copies != 0 ? one_of_four : alone) | rights_bits(a.rights)
                       | A.of(f.accessed) | D.of(f.dirty) | G.of(a.global) | TYPE.of(a.memory_type)
                       | KEY.of(a.key) | SOFTWARE.of(a.software),
                   size.level);
  }
  // All copies are equal.
  static constexpr Raw leaf(Raw bits, PhysAddr frame, PageSize, unsigned) {
    return bits | FRAME.of(raw(frame) >> page_shift);
  }
  static constexpr Raw with_rights(Raw w, Rights r, unsigned level) {
    return (w & ~rotated(rights_mask, level)) | rotated(rights_bits(r), level);
  }
  static constexpr Raw with_flags(Raw w, Flags f, unsigned level) {
    return (w & ~rotated(A.mask() | D.mask(), level)) | rotated(A.of(f.accessed) | D.of(f.dirty), level);
  }
  static constexpr Raw to_marker(std::uint32_t word, unsigned) { return MARKER.of(word); }
  // Everything but rights, A, D and software bits.
  static constexpr bool needs_break(Raw old, Raw next, unsigned level) {
    const Raw harmless = rotated(rights_mask | A.mask() | D.mask() | SOFTWARE.mask(), level);
    return ((old ^ next) & ~harmless) != 0;
  }

 private:
  static constexpr Raw points_to_table = 1, alone = 2, one_of_four = 3; // KIND
  static constexpr Raw rights_mask = R.mask() | W.mask() | X.mask() | U.mask();
  static constexpr unsigned turning = 12; // bits that rotate, by three for each level

  static constexpr Raw rights_bits(Rights r) {
    return R.of(has(r, Rights::read)) | W.of(has(r, Rights::write)) | X.of(has(r, Rights::execute))
           | U.of(has(r, Rights::user));
  }
  static constexpr Raw turned(Raw w, unsigned left) {
    constexpr Raw all = (Raw{1} << turning) - 1;
    const Raw low = w & all;
    return (w & ~all) | ((low << left | low >> (turning - left)) & all);
  }
  static constexpr Raw rotated(Raw w, unsigned level) { return turned(w, 3 * level); }
  static constexpr Raw upright(Raw w, unsigned level) { return turned(w, turning - 3 * level); }
};
static_assert(Format<Tiny32>);

} // namespace pagetwin
