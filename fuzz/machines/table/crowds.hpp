// Operations that would fill or cut whole nodes, where that is dear: one over 8192 slots costs as much as a
// dozen programs, and sets of blocks are cut twice. The same code does it to the 512 slots of other formats,
// so most such operations become one that takes whole blocks or few pages; as much is left of them as a node
// is cheaper. It refuses to know any bit of a descriptor; formats whose nodes are small, and whose blocks
// stand alone, keep every operand.
#pragma once

#include "fuzz/machines/table/verbs.hpp"
#include "src/table/walk.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

template <Format F>
class Crowds {
  using G = Geometry<F>;
  using History = twin::History;
  static constexpr std::uint64_t few = 256, many = 2 * G::entries(0); // slots
  static constexpr std::uint64_t page = bytes_of(F::page_shift), block = G::span(1);
  // Sets of blocks have to be cut, too.
  static constexpr unsigned weight = G::entries(0) * (detail::has_groups_at<F>(1) ? 2 : 1);
  static constexpr bool costly = weight > 512;

 public:
  // An address at which the operation cuts no block, unless the selector is one of those that may.
  [[nodiscard]] static std::uint64_t spare_at(std::uint64_t va, std::uint16_t selector, const History& h) {
    const bool spares = costly && va % block != 0 && !is_wanted(selector) && is_cut(va, h);
    return spares ? align_down(va, G::span_shift(1)) : va;
  }
  // A length over which it neither fills nor cuts one.
  [[nodiscard]] static std::uint64_t spare(std::uint64_t length, std::uint16_t selector, const History& h) {
    const std::uint64_t va = h.current().value[field_va], end = va + length;
    if (!costly)
      return length;
    if (static_cast<TableVerb>(h.current().verb) == TableVerb::map_range)
      return spare_map(va, h.current().value[field_pa], length, is_wanted(selector) ? many : few);
    const bool spares = end % block != 0 && !is_wanted(selector) && is_cut(end, h);
    return spares ? length + (block - end % block) : length;
  }
  // May a long range be laid in leaves that are smaller than they have to be? Without any, no node is ever
  // promoted whole.
  [[nodiscard]] static constexpr bool may_be_small(std::uint64_t length, std::uint16_t selector) {
    if (!costly)
      return (selector >> 8U & 7U) == 0;
    return length <= many * page && is_one_of_so_many(selector, std::max(weight / few, std::uint64_t{8}));
  }

 private:
  [[nodiscard]] static constexpr bool is_wanted(std::uint16_t selector) {
    return is_one_of_so_many(selector, std::max(weight / few, std::uint64_t{1}));
  }
  [[nodiscard]] static constexpr bool is_one_of_so_many(std::uint16_t selector,
                                                        std::uint64_t many_selectors) {
    return (selector * 0x9E3779B1U >> 16U) % many_selectors == 0;
  }
  // Whole blocks, if it begins with one, or some pages, where it would take more than `most` slots.
  [[nodiscard]] static std::uint64_t spare_map(std::uint64_t va, std::uint64_t pa, std::uint64_t length,
                                               std::uint64_t most) {
    if (slots(va, pa, length) <= most)
      return length;
    if ((va | pa) % block == 0 && length >= block)
      return std::min(align_down(length, G::span_shift(1)), few * block);
    return (1 + length / page % most) * page;
  }
  // How many the largest leaves of a range take.
  [[nodiscard]] static std::uint64_t slots(std::uint64_t va, std::uint64_t pa, std::uint64_t length) {
    if ((va - pa) % block != 0)
      return length / page;
    const std::uint64_t head = std::min(length, (0 - va) % block), rest = length - head;
    return (head + rest % block) / page + rest / block;
  }
  // Lies the address in a block that one of the last operations mapped or marked, and that the current one
  // has to split there? What maps or marks splits only markers.
  [[nodiscard]] static bool is_cut(std::uint64_t va, const History& h) {
    if (!splits(h.current()))
      return false;
    const bool lays = is_one_of(h.current(), {TableVerb::map, TableVerb::map_range, TableVerb::mark});
    for (std::size_t k = 0; k < std::min<std::size_t>(h.size(), 32); ++k) {
      const twin::Op& op = h.back(k);
      const bool holds = lays ? is_one_of(op, {TableVerb::mark})
                              : is_one_of(op, {TableVerb::map, TableVerb::map_range, TableVerb::mark});
      if (holds && has_block_at(va, op))
        return true;
    }
    return false;
  }
  // The size of a range is that of its largest leaf: what is shorter has none, and neither have its ends.
  [[nodiscard]] static bool has_block_at(std::uint64_t va, const twin::Op& op) {
    const bool range = is_one_of(op, {TableVerb::map_range});
    const std::uint64_t extent = op.value[range ? field_len : field_size];
    return extent >= block && align_down(va, G::span_shift(1)) - op.value[field_va] <= extent - block;
  }
  [[nodiscard]] static bool splits(const twin::Op& op) {
    return is_one_of(op, {TableVerb::map, TableVerb::map_range, TableVerb::mark, TableVerb::unmap,
                          TableVerb::unmap_collect, TableVerb::protect});
  }
  [[nodiscard]] static bool is_one_of(const twin::Op& op, std::initializer_list<TableVerb> verbs) {
    return std::ranges::find(verbs, static_cast<TableVerb>(op.verb)) != verbs.end();
  }
};

} // namespace pagetwin::fuzz
