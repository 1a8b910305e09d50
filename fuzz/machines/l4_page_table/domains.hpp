// How 16 bits choose an operand of the page-table ADT's machine: few places, so that pages meet, and the
// sizes that were inserted there, so that most pairs of name and size are in the table. Compile-time over a
// format's shape; it refuses to know any bit of a descriptor.
#pragma once

#include "fuzz/machines/l4_page_table/verbs.hpp"
#include "fuzz/twin/domains.hpp"
#include "src/arch/geometry.hpp"

namespace pagetwin::fuzz {

template <Format F>
class AdtDomains {
  using G = Geometry<F>;
  using History = twin::History;
  static constexpr std::uint64_t page = bytes_of(F::page_shift);
  static constexpr unsigned sizes = G::size_count;
  // Is the whole address space so small that any page will do?
  static constexpr bool reaches_all = F::va_bits <= 20;

 public:
  static std::uint64_t space(std::uint16_t s, const History& h) {
    const std::uint64_t count = h.header(header_adt_spaces);
    if ((s & 15U) == 15 || count == 0)
      return (s >> 4U) % most_adt_spaces;
    return (s & 7U) < 5 ? 0 : (s >> 4U) % count;
  }
  static std::uint64_t va(std::uint16_t s, const History& h) {
    const unsigned mode = s >> 13U, rest = s & 0x1fffU;
    if (h.empty() || mode == 0)
      return anywhere(rest, h);
    const std::uint64_t at = earlier(rest & 7U, h);
    switch (mode) {
    case 1: // beside it
      return at + (rest >> 3U & 7U) * page;
    case 2: // down to the boundary of a size
      return align_down(at, F::sizes[(rest >> 3U) % sizes].log2_bytes);
    case 3: // the next page of a size
      return at + F::sizes[(rest >> 3U) % std::min(sizes, 4U)].bytes();
    case 4: // a byte of it, or rarely no address at all
      return (rest >> 3U & 63U) == 0 ? at ^ bytes_of(F::va_bits) : at + (rest >> 3U & 7U);
    default:
      return at;
    }
  }
  // Of what was last inserted or split at this address, mostly.
  static std::uint64_t size(std::uint16_t s, const History& h) {
    if (s >= 0xff00U)
      return std::uint64_t{s & 0x7fU} << (s & 15U);
    const bool inserts = static_cast<AdtVerb>(h.current().verb) == AdtVerb::insert;
    if (!inserts && (s & 7U) != 0)
      if (const std::uint64_t there = size_at(h.current().value[adt_va], h); there != 0)
        return there;
    return F::sizes[small(s)].bytes();
  }
  static std::uint64_t pa(std::uint16_t s, const History& h) {
    const std::uint64_t size = std::max<std::uint64_t>(h.current().value[adt_size], 1);
    constexpr std::uint64_t all = bytes_of(F::pa_bits);
    switch (s >> 13U) {
    case 0: // the last that hide, the first that do not, and what is beyond all
      return (s & 1U) != 0 ? all - size * (s >> 1U & 1U) : size << (F::marker_bits - 6U);
    case 1:
      return size * (s & 7U) + (s >> 3U & 1U) * page;
    case 2:
      return (size << (F::marker_bits - 6U)) - size;
    default:
      return size * (s & 7U);
    }
  }
  static std::uint64_t node(std::uint16_t s, const History&) { return s & 0xffU; }
  // The address that the node was stored with, mostly.
  static std::uint64_t vaddr(std::uint16_t s, const History& h) {
    const std::uint64_t at = h.current().value[adt_va];
    if (static_cast<AdtVerb>(h.current().verb) == AdtVerb::getmapnode && (s & 7U) != 0)
      for (std::size_t k = 0; k < std::min<std::size_t>(h.size(), 8); ++k)
        if (static_cast<AdtVerb>(h.back(k).verb) == AdtVerb::setlinknode)
          return h.back(k).value[adt_vaddr];
    return (s >> 13U) == 0 ? at + (s & 3U) * page : at;
  }
  static std::uint64_t argument(std::uint16_t s, const History& h) {
    if (static_cast<AdtVerb>(h.current().verb) == AdtVerb::fail)
      return s & 3U;
    const unsigned which = (s & 0xf00U) == 0 ? s >> 12U & 7U : 0;
    return which << 1U | ((s & 7U) < 6);
  }

 private:
  // Only few ever ask for sizes whose parts are hundreds.
  [[nodiscard]] static unsigned small(std::uint16_t s) {
    if constexpr (reaches_all)
      return (s >> 8U) % sizes;
    return (s & 0x38U) == 0 ? (s >> 8U) % sizes : 0;
  }
  [[nodiscard]] static std::uint64_t anywhere(unsigned s, const History& h) {
    if constexpr (reaches_all)
      return G::canonical((s & low_mask(F::va_bits - F::page_shift)) << F::page_shift);
    constexpr std::uint64_t half = bytes_of(F::va_bits - 1), upper = F::sign_extended ? 0 - half : half;
    const auto places = static_cast<unsigned>(h.header(header_adt_places));
    const std::array<std::uint64_t, 4> windows{0, upper, half - F::sizes[sizes - 1].bytes(),
                                               F::sizes[sizes - 1].bytes()};
    return windows[(s & 1U) != 0 ? places & 3U : places >> 2U & 3U]
           + (s >> 1U & 3U) * F::sizes[std::min(sizes, 2U) - 1].bytes() + (s >> 3U & 7U) * page;
  }
  // Where an earlier operation was in this space; insertions rather than others.
  [[nodiscard]] static std::uint64_t earlier(unsigned k, const History& h) {
    unsigned left = k >> 1U;
    const bool inserts = static_cast<AdtVerb>(h.current().verb) == AdtVerb::insert;
    const bool any = inserts ? (k & 1U) == 0 : k == 0;
    for (std::size_t i = 0; !any && i < std::min<std::size_t>(h.size(), 16); ++i) {
      const twin::Op& op = h.back(i);
      if (static_cast<AdtVerb>(op.verb) == AdtVerb::insert
          && op.value[adt_space] == h.current().value[adt_space] && left-- == 0)
        return op.value[adt_va];
    }
    return h.back(k >> 1U).value[adt_va];
  }
  [[nodiscard]] static std::uint64_t size_at(std::uint64_t va, const History& h) {
    for (std::size_t k = 0; k < std::min<std::size_t>(h.size(), 12); ++k) {
      const twin::Op& op = h.back(k);
      const auto index = G::size_index(op.value[adt_size]);
      if (!index || align_down(va ^ op.value[adt_va], F::sizes[*index].log2_bytes) != 0)
        continue;
      if (static_cast<AdtVerb>(op.verb) == AdtVerb::insert)
        return op.value[adt_size];
      if (static_cast<AdtVerb>(op.verb) == AdtVerb::split && *index > 0)
        return F::sizes[*index - 1].bytes();
    }
    return 0;
  }
};

// Field names are what traces say. The header: nodes of all tables together, spaces that are created at the
// beginning, windows of the address pool.
template <Format F>
inline constexpr twin::Schema adt_schema{
    .machine = "l4_page_table",
    .version = 1,
    .verbs = adt_verbs,
    .fields = {twin::Domain{"s", AdtDomains<F>::space, twin::print_number, twin::parse_number,
                            twin::expects_number, twin::between<0, most_adt_spaces - 1>},
               twin::Domain{"va", AdtDomains<F>::va, twin::print_hex, twin::parse_number,
                            "an address such as 0x200000, below 2^64"},
               twin::Domain{"size", AdtDomains<F>::size, twin::print_size, twin::parse_size,
                            twin::expects_size},
               twin::Domain{"pa", AdtDomains<F>::pa, twin::print_hex, twin::parse_number,
                            "an address such as 0x200000, below 2^64"},
               twin::Domain{"node", AdtDomains<F>::node, twin::print_hex, twin::parse_number,
                            twin::expects_number},
               twin::Domain{"vaddr", AdtDomains<F>::vaddr, twin::print_hex, twin::parse_number,
                            "an address such as 0x200000, below 2^64"},
               twin::Domain{"arg", AdtDomains<F>::argument, twin::print_number, twin::parse_number,
                            twin::expects_number}},
    .header = {twin::Domain{"nodes", twin::decode_choice<16, 24, 12, 32, 8, 48, 5, 20>, twin::print_number,
                            twin::parse_number, twin::expects_number,
                            twin::between<adt_node_limits.least, adt_node_limits.most>},
               twin::Domain{"spaces", twin::decode_choice<1, 2, 1, 2, 3, 0, 1, 2>, twin::print_number,
                            twin::parse_number, twin::expects_number, twin::between<0, most_adt_spaces>},
               twin::number_domain<16>("places"),
               {},
               {},
               {},
               {}},
    .outcomes = adt_outcomes,
};

} // namespace pagetwin::fuzz
