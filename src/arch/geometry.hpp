// What follows from a format's shape: spans, indices, sizes, canonical form. Computed once for all formats.
// Knows no bit of a descriptor.
#pragma once

#include "src/arch/format.hpp"

#include <algorithm>
#include <bit>
#include <optional>

namespace pagetwin {

template <Format F>
struct Geometry {
  using Raw = typename F::Raw;
  static constexpr unsigned root_level = F::levels - 1;
  static constexpr unsigned size_count = static_cast<unsigned>(F::sizes.size());
  // Does hardware record writes?
  static constexpr bool keeps_dirty = [] {
    if constexpr (requires { F::keeps_dirty; })
      return F::keeps_dirty;
    else
      return true;
  }();
  static constexpr unsigned word_shift = std::countr_zero(sizeof(Raw));
  // Nodes of a PageTable lie below this power of two. A format may name less than its pa_bits, so that
  // own_table, of a descriptor that such a table wrote, is quicker than table.
  static constexpr unsigned table_pa_bits = [] {
    if constexpr (requires { F::table_pa_bits; })
      return F::table_pa_bits;
    else
      return F::pa_bits;
  }();
  [[nodiscard]] static constexpr PhysAddr own_table(Raw w, unsigned level) {
    if constexpr (requires { F::own_table(w, level); })
      return node_at(F::own_table(w, level));
    else
      return F::table(w, level);
  }
  // Does the descriptor lead to a table, as kind says? What is left of one that does by own_table's
  // subtraction has no bit of the tag. level: not 0.
  [[nodiscard]] static constexpr bool is_table(Raw w, unsigned level) {
    if constexpr (requires { F::own_table_tag; })
      return ((w - F::to_table(PhysAddr{0}, level)) & F::own_table_tag) == 0;
    else
      return F::kind(w, level) == Kind::table;
  }

  // log2 of the bytes that one slot of a level covers.
  [[nodiscard]] static constexpr unsigned span_shift(unsigned level) { return span_shifts[level]; }
  [[nodiscard]] static constexpr std::uint64_t span(unsigned level) { return bytes_of(span_shift(level)); }
  [[nodiscard]] static constexpr unsigned entries(unsigned level) { return 1U << F::index_bits(level); }
  [[nodiscard]] static constexpr unsigned index(std::uint64_t va, unsigned level) {
    return static_cast<unsigned>(va >> span_shift(level)) & (entries(level) - 1);
  }
  // log2 of the bytes of one node. All below the root are of one size, and no root is smaller.
  [[nodiscard]] static constexpr unsigned node_shift(unsigned level) {
    return word_shift + std::max(F::index_bits(0), F::index_bits(level));
  }
  [[nodiscard]] static constexpr PhysAddr slot(PhysAddr node, unsigned index) {
    return node + index * sizeof(Raw);
  }

  // Of what is known to be one: it lies at a multiple of its size, which a compiler need not know.
  [[nodiscard]] static constexpr PhysAddr node_at(PhysAddr node) {
    if (!is_aligned(raw(node), node_shift(0)))
      __builtin_unreachable();
    return node;
  }

  [[nodiscard]] static constexpr bool is_canonical(std::uint64_t va) { return canonical(va) == va; }
  // The address with the bits above the input width as the format wants them.
  [[nodiscard]] static constexpr std::uint64_t canonical(std::uint64_t va) {
    constexpr unsigned above = 64 - F::va_bits;
    if constexpr (F::sign_extended)
      return static_cast<std::uint64_t>(static_cast<std::int64_t>(va << above) >> above);
    else
      return va & low_mask(F::va_bits);
  }
  // Is [first, last] legal input: canonical at both ends and not across the hole between the halves?
  [[nodiscard]] static constexpr bool is_input(std::uint64_t first, std::uint64_t last) {
    const bool same_half = !F::sign_extended || (first >> 63) == (last >> 63);
    return first <= last && is_canonical(first) && is_canonical(last) && same_half;
  }
  [[nodiscard]] static constexpr bool is_output(std::uint64_t pa, std::uint64_t bytes) {
    return bytes - 1 <= low_mask(F::pa_bits) && pa <= low_mask(F::pa_bits) - (bytes - 1);
  }

  // Is va the address of a page: aligned and canonical? Rotated to the right, what must be 0 is at the top.
  [[nodiscard]] static constexpr bool is_page(std::uint64_t va) {
    constexpr std::uint64_t half = F::sign_extended ? std::uint64_t{1} << (F::va_bits - 1) : 0;
    return std::rotr(va + half, F::page_shift) >> (F::va_bits - F::page_shift) == 0;
  }
  // The bits that the frame takes in the word of a leaf with one copy. They say nothing else, so that two
  // such leaves that differ in no other bit differ in nothing but their frames. Of levels that have leaves.
  [[nodiscard]] static constexpr Raw frame_bits(unsigned level) { return frame_masks[first_size[level]]; }

  [[nodiscard]] static constexpr std::optional<unsigned> size_index(std::uint64_t bytes) {
    for (unsigned i = 0; i < size_count; ++i)
      if (F::sizes[i].bytes() == bytes)
        return i;
    return std::nullopt;
  }
  // Which size a leaf has: the one of its level with its number of copies.
  [[nodiscard]] static constexpr unsigned size_of(Raw leaf, unsigned level) {
    const unsigned copies = F::log2_copies(leaf, level);
    unsigned i = first_size[level];
    while (F::sizes[i].log2_copies != copies && i + 1 < size_count)
      ++i;
    return i;
  }

 private:
  static constexpr bool equal_below_the_root = [] {
    bool equal = true;
    for (unsigned level = 0; level < root_level; ++level)
      equal = equal && F::index_bits(level) == F::index_bits(0);
    return equal;
  }();
  static_assert(equal_below_the_root, "only the root's node may differ from the others in size");
  static_assert(F::index_bits(root_level) < 16, "NodeRecord counts the slots of a node in 16 bits");

  static constexpr auto span_shifts = [] {
    std::array<unsigned, F::levels> shifts{};
    unsigned shift = F::page_shift;
    for (unsigned level = 0; level < F::levels; ++level) {
      shifts[level] = shift;
      shift += F::index_bits(level);
    }
    return shifts;
  }();
  static constexpr bool sizes_follow_from_levels = std::ranges::all_of(
      F::sizes, [](const PageSize& s) { return s.log2_bytes == span_shifts[s.level] + s.log2_copies; });
  static_assert(F::va_bits == span_shifts[root_level] + F::index_bits(root_level),
                "the root covers all input");
  static_assert(sizes_follow_from_levels, "a size is a slot of its level, so many copies of it");
  static constexpr auto frame_masks = [] {
    std::array<Raw, size_count> masks{};
    for (unsigned i = 0; i < size_count; ++i) {
      const PhysAddr last{align_down(low_mask(F::pa_bits), F::sizes[i].log2_bytes)};
      masks[i] = F::leaf(Raw{0}, last, F::sizes[i], 0);
    }
    return masks;
  }();
  static constexpr auto first_size = [] {
    std::array<unsigned, F::levels> first{};
    for (unsigned i = size_count; i-- > 0;)
      first[F::sizes[i].level] = i;
    return first;
  }();
};

} // namespace pagetwin
