// How 16 bits choose an operand of the table machine: small pools of corner addresses, and back-references to
// what earlier operations used, because bugs need operations that meet. Compile-time over a format's shape
// (sizes and widths); it refuses to know any bit of a descriptor.
#pragma once

#include "fuzz/machines/table/attribute_operand.hpp"
#include "fuzz/machines/table/crowds.hpp"
#include "fuzz/machines/table/verbs.hpp"
#include "fuzz/oracles/arena.hpp"
#include "fuzz/twin/domains.hpp"
#include "src/arch/geometry.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

template <Format F>
class TableDomains {
  using G = Geometry<F>;
  using History = twin::History;
  static constexpr std::uint64_t page = bytes_of(F::page_shift);
  static constexpr unsigned sizes = G::size_count;

 public:
  // Most operations use space 0, so that they meet; one in eight is another.
  static std::uint64_t space(std::uint16_t s, const History& h) {
    const std::uint64_t count = spaces_with(h.header()).most + 1;
    return (s & 7U) < 5 ? 0 : (s >> 3U) % count;
  }

  static twin::Limits spaces_with(const twin::Values& header) {
    return {0, space_limits.nearest(header[header_spaces]) - 1};
  }

  static std::uint64_t va(std::uint16_t s, const History& h) {
    return Crowds<F>::spare_at(place(s, h), s, h);
  }

  // Congruent to va modulo a size, so that superpages are possible, above 4 GiB; or where an earlier
  // operation mapped to; or a frame of table memory.
  static std::uint64_t pa(std::uint16_t s, const History& h) {
    const std::uint64_t here = h.current().value[field_va];
    const unsigned mode = s >> 13U, rest = s & 0x1fffU;
    switch (mode) {
    case 0:
    case 1:
    case 2:
      return frame_base(rest >> 8U) + (here & low_mask(F::sizes[sizes - 1].log2_bytes));
    case 3: // congruent modulo a smaller size only
      return frame_base(rest >> 8U) + (here & low_mask(F::sizes[rest % sizes].log2_bytes));
    case 4: // what an earlier operation mapped, as if the ranges were one
      return before(h, rest).value[field_pa] + (here - before(h, rest).value[field_va]);
    case 5:
      return before(h, rest).value[field_pa] + (rest >> 4U & 3U) * page;
    case 6: // data frames and nodes
      return arena_base(sizeof(typename F::Raw), F::pa_bits)
             + (align_down(std::uint64_t{rest} * page, F::sizes[rest % sizes].log2_bytes)
                & low_mask(F::pa_bits - 1));
    default: // the last frames, one too far, and misaligned ones
      return (low_mask(F::pa_bits) + 1) - (rest & 3U) * F::sizes[(rest >> 2U) % sizes].bytes()
             + ((rest & 0x1f00U) == 0 ? 8 : 0);
    }
  }

  static std::uint64_t length(std::uint16_t s, const History& h) {
    return Crowds<F>::spare(bytes(s, h), s, h);
  }

  // The largest leaf of a range, or the size of a page. Long ranges of small pages cost as much as a hundred
  // other operations, so they are rare.
  static std::uint64_t size(std::uint16_t s, const History& h) {
    if (s >= 0xff00U)
      return (s & 0x30U) == 0 ? 0 : std::uint64_t{s & 0xffU} << (s & 15U); // rarely one that does not exist
    const std::uint64_t length = h.current().value[field_len];
    if (length > 64 * page && !Crowds<F>::may_be_small(length, s))
      return F::sizes[sizes - 1].bytes();
    return F::sizes[(s & 0xffU) % sizes].bytes();
  }

  static std::uint64_t attributes(std::uint16_t s, const History& h) {
    return (s >> 13U) >= 5 && !h.empty() ? before(h, s).value[field_attrs] : AttributeOperand<F>::drawn(s);
  }

  static std::uint64_t argument(std::uint16_t s, const History& h) {
    if (static_cast<TableVerb>(h.current().verb) != TableVerb::mark)
      return s & 0x3fU;
    return (s & 7U) == 0 ? std::uint64_t{s} << 24U : s & 3U; // rarely a word that is too wide
  }

  // Nodes of all spaces together: few, so that the pool runs dry, up to enough.
  static std::uint64_t nodes(std::uint16_t s, const History&) {
    static constexpr std::array<std::uint64_t, 8> counts{24, 32, 16, 40, 12, 20, 64, 10};
    return counts[s & 7U];
  }

 private:
  [[nodiscard]] static std::uint64_t place(std::uint16_t s, const History& h) {
    const unsigned mode = s >> 13U, rest = s & 0x1fffU;
    if (mode >= 3 && h.empty())
      return corner(rest, h);
    switch (mode) {
    case 0:
    case 1:
    case 2:
      return corner(rest, h);
    case 3:
    case 4: // where an earlier operation began
      return before(h, rest).value[field_va];
    case 5: // within or beside it, in pages or in the pages of its size
      return before(h, rest).value[field_va]
             + steps(rest >> 4U) * (rest & 0x200U ? page : stride(rest >> 10U));
    case 6: // where it ended, or one page to either side
      return before(h, rest).value[field_va] + extent(before(h, rest)) + (rest >> 4U & 3U) * page - page;
    default: // down to the boundary of a size; rarely one that is not legal at all
      return (rest & 0x1fU) == 0x1fU
                 ? illegal(rest >> 5U, h)
                 : align_down(before(h, rest).value[field_va], F::sizes[(rest >> 4U) % sizes].log2_bytes);
    }
  }

  [[nodiscard]] static std::uint64_t bytes(std::uint16_t s, const History& h) {
    const unsigned mode = s >> 13U, rest = s & 0x1fffU;
    switch (mode) {
    case 0:
    case 1: // a few pages
      return (1 + rest % 8) * page;
    case 2: // one page
      return page;
    case 3:
    case 4: // a size, a few of it
      return F::sizes[rest % sizes].bytes() * (1 + (rest >> 8U & 3U));
    case 5: // a page more or less than a few of a size
      return F::sizes[rest % sizes].bytes() * (1 + (rest >> 8U & 3U)) + (rest & 0x1000U ? page : 0 - page);
    case 6: // as long as an earlier operation
      return extent(before(h, rest));
    default: // empty, misaligned, to the end of the half, everything
      return odd_length(rest, h);
    }
  }

  [[nodiscard]] static const twin::Op& before(const History& h, unsigned rest) { return h.back(rest & 15U); }
  [[nodiscard]] static std::uint64_t steps(unsigned bits) { return (bits & 31U) < 28 ? bits & 7U : 0ULL - 1; }
  [[nodiscard]] static std::uint64_t stride(unsigned bits) { return F::sizes[bits % sizes].bytes(); }
  // Bytes that an operation was about.
  [[nodiscard]] static std::uint64_t extent(const twin::Op& op) {
    const std::uint64_t n = op.value[field_len] != 0 ? op.value[field_len] : op.value[field_size];
    return n != 0 ? n : page;
  }

  // Seven windows, each at a boundary of some level: the bottom, the last bytes of the lower half, the first
  // and the last of the upper one, and places in between. The eighth lies below the end of the space.
  static constexpr unsigned below_the_end = 7;
  [[nodiscard]] static std::uint64_t window(unsigned w) {
    constexpr std::uint64_t half = bytes_of(F::va_bits - 1), big = F::sizes[sizes - 1].bytes(),
                            upper = F::sign_extended ? 0 - half : half, end = upper + half;
    static constexpr std::array<std::uint64_t, 8> starts{0,     big,       half / 2,    half - big,
                                                         upper, end - big, upper + big, end};
    return starts[w];
  }
  // A corner of a window: some units up from its first byte, or down from the end of the space, or a few
  // pages from there. The header says which windows a run uses, so that operations meet.
  [[nodiscard]] static std::uint64_t corner(unsigned rest, const History& h) {
    const auto pool = static_cast<unsigned>(h.header(header_pool));
    const unsigned w = ((rest & 3U) != 0 ? pool : pool >> 3U) & 7U;
    const std::uint64_t unit = F::sizes[(rest >> 2U & 7U) % sizes].bytes();
    const std::uint64_t units = rest >> 5U & 3U, pages = rest >> 7U & 7U;
    const std::uint64_t near = (rest >> 10U & 3U) == 0 ? 0 : (rest & 0x1000U) ? 0 - pages : pages;
    return window(w) + (w == below_the_end ? 0 - (units + 1) * unit : units * unit) + near * page;
  }
  [[nodiscard]] static std::uint64_t illegal(unsigned rest, const History& h) {
    const std::uint64_t va = before(h, rest).value[field_va];
    switch (rest >> 5U & 3U) {
    case 0:
      return va ^ bytes_of(F::va_bits - 1);
    case 1:
      return va ^ bytes_of(63);
    case 2:
      return va + 8;
    default:
      return va ^ bytes_of(F::va_bits + 1);
    }
  }
  [[nodiscard]] static std::uint64_t frame_base(unsigned bits) {
    constexpr std::uint64_t largest = F::sizes[sizes - 1].bytes();
    constexpr std::uint64_t first = F::pa_bits > 34 ? std::max(bytes_of(33), largest) : 0;
    return first + (bits & 7U) * (2 * largest);
  }
  [[nodiscard]] static std::uint64_t odd_length(unsigned rest, const History& h) {
    const std::uint64_t here = h.current().value[field_va];
    switch (rest & 7U) {
    case 0:
      return 0;
    case 1:
      return page + 8;
    case 2: // to the end of its half
      return bytes_of(F::va_bits - 1) - (here & low_mask(F::va_bits - 1));
    case 3: // over the hole between the halves, or around the top
      return 0 - here + page;
    case 4:
      return bytes_of(F::va_bits - 1);
    case 5:
      return F::sizes[sizes - 1].bytes() + F::sizes[0].bytes() * (rest >> 3U & 7U);
    default:
      return page * (1 + (rest >> 3U & 0x3fU));
    }
  }
};

// Field names are what traces say. The header: nodes of the pool, spaces that exist, sets and ways of the
// TLB, the walk cache, windows of the address pool.
template <Format F>
inline constexpr twin::Schema table_schema{
    .machine = "table",
    .version = 1,
    .verbs = table_verbs,
    .fields = {twin::Domain{"s", TableDomains<F>::space, twin::print_number, twin::parse_number,
                            twin::expects_number, TableDomains<F>::spaces_with},
               twin::Domain{"va", TableDomains<F>::va, twin::print_hex, twin::parse_number,
                            "an address such as 0x200000, below 2^64"},
               twin::Domain{"pa", TableDomains<F>::pa, twin::print_hex, twin::parse_number,
                            "an address such as 0x200000, below 2^64"},
               twin::Domain{"len", TableDomains<F>::length, twin::print_size, twin::parse_size,
                            twin::expects_size},
               twin::Domain{"size", TableDomains<F>::size, twin::print_size, twin::parse_size,
                            twin::expects_size},
               twin::Domain{"attrs", TableDomains<F>::attributes, print_attributes, parse_attributes,
                            "rights and more such as rw-u or r-x-.t3.g.k2.s0x5"},
               twin::Domain{"arg", TableDomains<F>::argument, twin::print_number, twin::parse_number,
                            twin::expects_number}},
    .header = {twin::Domain{"nodes", TableDomains<F>::nodes, twin::print_number, twin::parse_number,
                            twin::expects_number, twin::between<node_limits.least, node_limits.most>},
               twin::Domain{"spaces", twin::decode_modulo<3, 2>, twin::print_number, twin::parse_number,
                            twin::expects_number, twin::between<space_limits.least, space_limits.most>},
               twin::number_domain<64>("tlb"),
               twin::number_domain<8>("walk"),
               twin::number_domain<64>("pool"),
               {},
               {}},
    .outcomes = table_outcomes,
};

} // namespace pagetwin::fuzz
