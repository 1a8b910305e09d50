// The concept Format: what a page-table format must answer so that src/table can work on it.
// A format answers questions about single words and never loops; the table loops and never tests a bit
// (design rule 1). ExampleFormat below is a complete, compilable format that exists to be read.
#pragma once

#include "src/base/access.hpp"
#include "src/base/address.hpp"
#include "src/base/attributes.hpp"
#include "src/base/bits.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <string_view>

namespace pagetwin {

// What a slot holds (design rule 2).
enum class Kind : std::uint8_t { hole, table, leaf };

// A page size of a format. A leaf of this size takes `copies()` descriptors side by side in one node of
// `level`. Level 0 is the page; levels count up to the root.
struct PageSize {
  std::uint8_t level;
  std::uint8_t log2_copies;
  std::uint8_t log2_bytes;

  [[nodiscard]] constexpr std::uint64_t bytes() const { return bytes_of(log2_bytes); }
  [[nodiscard]] constexpr unsigned copies() const { return 1U << log2_copies; }
  friend constexpr bool operator==(const PageSize&, const PageSize&) = default;
};

template <class F>
concept Format = requires(typename F::Raw word, PhysAddr pa, Attributes attributes, Flags flags,
                          unsigned level, unsigned index, PageSize size, unsigned copy, std::uint32_t marker,
                          Rights rights, AccessKind access, Privilege who) {
  // Shape. levels: number of levels; page_shift: log2 bytes of the smallest page; index_bits(level): log2
  // slots of a node. All nodes below the root have one size and only the root may differ: with more slots it
  // is a larger node, aligned to its size (concatenated tables are one root); with fewer it takes as much
  // memory as the others. va_bits / pa_bits: input and output width in bits; sign_extended: bits above
  // va_bits repeat bit va_bits - 1, else are 0. Where hardware does not record writes, `keeps_dirty` is there
  // and false, and dirty is nothing that a word can say. Where it is quicker to read the address of a node
  // that lies below 2^table_pa_bits, own_table(word, level) does, of what to_table made; where that is a
  // subtraction, own_table_tag names the bits that say of the rest whether the word leads to a table at all.
  { F::name } -> std::convertible_to<std::string_view>;
  { F::levels } -> std::convertible_to<unsigned>;
  { F::page_shift } -> std::convertible_to<unsigned>;
  { F::index_bits(level) } -> std::same_as<unsigned>;
  { F::va_bits } -> std::convertible_to<unsigned>;
  { F::pa_bits } -> std::convertible_to<unsigned>;
  { F::sign_extended } -> std::convertible_to<bool>;
  { F::marker_bits } -> std::convertible_to<unsigned>;
  // Ascending; the first is the page. A level that has leaves has a size with one copy.
  { F::sizes[0] } -> std::convertible_to<PageSize>;

  // Reading. `level` is where the slot is; a word means nothing without it.
  { F::kind(word, level) } -> std::same_as<Kind>;
  { F::table(word, level) } -> std::same_as<PhysAddr>;        // of a table: its node
  { F::log2_copies(word, level) } -> std::same_as<unsigned>;  // of a leaf: its duplicated descriptors
  { F::frame(word, level) } -> std::same_as<PhysAddr>;        // of a leaf: first frame of the *whole* leaf
  { F::attributes(word, level) } -> std::same_as<Attributes>; // of a leaf: as written there
  { F::flags(word, level) } -> std::same_as<Flags>;           // of a leaf: of this copy
  { F::marker(word, level) } -> std::same_as<std::uint32_t>;  // of a hole: its software word, 0 if none

  // Restrictions on the way: start with open_path(), fold in each table descriptor, apply to the leaf.
  { F::open_path() } -> std::same_as<typename F::Raw>;
  { F::through(word, word, level) } -> std::same_as<typename F::Raw>;
  { F::effective(word, word, level) } -> std::same_as<Attributes>;

  // May the access go through a leaf whose effective attributes are these? Flags are not asked about. Where
  // control registers have a say, the head of the format's file names the mode that is meant.
  { F::permits(attributes, access, who) } -> std::same_as<bool>;

  // What hardware makes of any word, for walks of bytes that no table of ours wrote (src/tlb/mmu.hpp). Of
  // what is no hole: does the processor refuse it, for a reserved bit, value or place, whoever asks? A
  // table's words are never refused. `index`: of the slot in its node.
  { F::reserved(word, level, index) } -> std::same_as<bool>;
  // Of a table: what an access that went through it leaves there, accessed if hardware sets that in tables.
  { F::walked(word, level) } -> std::same_as<typename F::Raw>;

  // Writing. leaf_bits is everything but the frame, so that a range computes it once. In the word of a
  // leaf with one copy the bits of the frame say nothing else (Geometry::frame_bits), so that leaves in a row
  // change alike.
  { F::expressible(attributes) } -> std::same_as<bool>;
  { F::expressible(rights) } -> std::same_as<bool>;
  { F::to_table(pa, level) } -> std::same_as<typename F::Raw>;
  { F::leaf_bits(attributes, flags, size) } -> std::same_as<typename F::Raw>;
  {
    F::leaf(word, pa, size, copy)
  } -> std::same_as<typename F::Raw>; // bits, first frame of the leaf, which copy
  {
    F::with_rights(word, rights, level)
  } -> std::same_as<typename F::Raw>; // a leaf with other rights; the same word if it has them
  { F::with_flags(word, flags, level) } -> std::same_as<typename F::Raw>; // replaces the flags
  { F::to_marker(marker, level) } -> std::same_as<typename F::Raw>;
  // Must a live `old` be made a hole, invalidated and synchronised before `word` may be stored?
  { F::needs_break(word, word, level) } -> std::same_as<bool>;
};

// A two-level format with 8-byte words, 4 KiB pages and 2 MiB superpages, invented for documentation:
//   63..32 marker | 51..12 address | 6 D | 5 A | 4 X | 3 U | 2 W | 1 leaf | 0 valid
struct ExampleFormat {
  using Raw = std::uint64_t;
  static constexpr std::string_view name = "example";
  static constexpr unsigned levels = 2, page_shift = 12, va_bits = 30, pa_bits = 52, marker_bits = 32;
  static constexpr bool sign_extended = false;
  static constexpr std::array sizes{PageSize{0, 0, 12}, PageSize{1, 0, 21}};
  static constexpr unsigned index_bits(unsigned) { return 9; }

  static constexpr Field<Raw> V{0}, L{1}, W{2}, U{3}, X{4}, A{5}, D{6}, PA{12, 40}, MARKER{32, 32};

  static constexpr Kind kind(Raw w, unsigned) {
    return !V.test(w) ? Kind::hole : L.test(w) ? Kind::leaf : Kind::table;
  }
  static constexpr PhysAddr table(Raw w, unsigned) { return PhysAddr{w & PA.mask()}; }
  static constexpr unsigned log2_copies(Raw, unsigned) { return 0; }
  static constexpr PhysAddr frame(Raw w, unsigned) { return PhysAddr{w & PA.mask()}; }
  static constexpr Attributes attributes(Raw w, unsigned) {
    return {.rights = Rights::read | when(W.test(w), Rights::write) | when(X.test(w), Rights::execute)
                      | when(U.test(w), Rights::user)};
  }
  static constexpr Flags flags(Raw w, unsigned) { return {A.test(w), D.test(w)}; }
  static constexpr std::uint32_t marker(Raw w, unsigned) { return static_cast<std::uint32_t>(MARKER.get(w)); }

  // Tables of this format restrict nothing, so the path is a word that nobody reads.
  static constexpr Raw open_path() { return 0; }
  static constexpr Raw through(Raw path, Raw, unsigned) { return path; }
  static constexpr Attributes effective(Raw, Raw w, unsigned level) { return attributes(w, level); }
  static constexpr bool permits(Attributes a, AccessKind kind, Privilege who) {
    return permits_by_user_right(a.rights, kind, who);
  }

  // A superpage is aligned to its size, and a slot of a page leads to no table. Tables have no flag.
  static constexpr bool reserved(Raw w, unsigned level, unsigned) {
    return L.test(w) ? !is_aligned(w & PA.mask(), page_shift + 9 * level) : level == 0;
  }
  static constexpr Raw walked(Raw w, unsigned) { return w; }

  static constexpr bool expressible(Rights r) { return has(r, Rights::read); }
  static constexpr bool expressible(Attributes a) {
    return expressible(a.rights) && a == Attributes{.rights = a.rights};
  }
  static constexpr Raw to_table(PhysAddr node, unsigned) { return raw(node) | V.of(1); }
  static constexpr Raw leaf_bits(Attributes a, Flags f, PageSize) {
    return V.of(1) | L.of(1) | W.of(has(a.rights, Rights::write)) | X.of(has(a.rights, Rights::execute))
           | U.of(has(a.rights, Rights::user)) | A.of(f.accessed) | D.of(f.dirty);
  }
  static constexpr Raw leaf(Raw bits, PhysAddr frame, PageSize, unsigned) { return bits | raw(frame); }
  static constexpr Raw with_rights(Raw w, Rights r, unsigned) {
    return (w & ~(W.mask() | X.mask() | U.mask())) | W.of(has(r, Rights::write))
           | X.of(has(r, Rights::execute)) | U.of(has(r, Rights::user));
  }
  static constexpr Raw with_flags(Raw w, Flags f, unsigned) {
    return (w & ~(A.mask() | D.mask())) | A.of(f.accessed) | D.of(f.dirty);
  }
  static constexpr Raw to_marker(std::uint32_t word, unsigned) { return MARKER.of(word); }
  static constexpr bool needs_break(Raw, Raw, unsigned) { return false; }
};
static_assert(Format<ExampleFormat>);

} // namespace pagetwin
