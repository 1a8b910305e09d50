// How 16 bits choose an operand of the machine "spaces": few pages in few places, and above all what an
// earlier operation mapped, so that derivations become deep. Compile-time over a format's shape; it refuses
// to know any bit of a descriptor.
#pragma once

#include "fuzz/machines/spaces/rights_operand.hpp"
#include "fuzz/machines/spaces/verbs.hpp"
#include "fuzz/twin/domains.hpp"
#include "src/arch/geometry.hpp"

namespace pagetwin::fuzz {

// One page in each operation, or flexpages of up to 64 pages and superpages.
enum class Flexpages : bool { no, yes };

template <Format F, Flexpages Flex>
class SpacesDomains {
  using G = Geometry<F>;
  using History = twin::History;
  static constexpr std::uint64_t page = bytes_of(F::page_shift);
  static constexpr unsigned sizes = G::size_count;
  // The largest of a superpage that programs use: what has more parts costs more than a program.
  static constexpr unsigned superpage = [] {
    unsigned size = 0;
    while (size + 1 < sizes && F::sizes[size + 1].log2_bytes <= F::page_shift + 9)
      ++size;
    return size;
  }();

 public:
  // sigma0 maps it at equal addresses, in the lower half; what has more units costs more than a program.
  static constexpr std::uint64_t memory_limit =
      std::min(bytes_of(std::min(F::va_bits, F::pa_bits) - 1),
               Flex == Flexpages::yes ? F::sizes[superpage].bytes() * 8 : page * 64);

  static std::uint64_t space(std::uint16_t s, const History& h) {
    const std::uint64_t count = spaces_of(h);
    const unsigned mode = s & 15U;
    if (mode == 15)
      return s >> 8U & 15U; // one that there is not, perhaps
    if (mode < 7 || h.empty())
      return mode < 3 ? 0 : (s >> 4U) % count;
    const twin::Op& before = h.back(s >> 4U & 7U);
    return before.value[mode < 12 ? l4_to : l4_space] % 16;
  }
  static std::uint64_t to(std::uint16_t s, const History& h) {
    const std::uint64_t count = spaces_of(h);
    if (static_cast<SpacesVerb>(h.current().verb) == SpacesVerb::fail)
      return s & 7U;
    return (s & 31U) == 31 ? s >> 8U & 15U : (s >> 5U) % count;
  }
  static twin::Limits numbers(const twin::Values& /*unused*/) { return {0, 15}; }

  // In the space, preferably where an operation put something.
  static std::uint64_t va(std::uint16_t s, const History& h) {
    return s >= 0xff00U ? illegal(s, h)
                        : align_down(place(s, h, h.current().value[l4_space]), shift_of(s, h));
  }
  static std::uint64_t window(std::uint16_t s, const History& h) {
    if (static_cast<SpacesVerb>(h.current().verb) == SpacesVerb::place) // the kernel's, or one of sigma0's
      return ((s & 0x10U) != 0 ? 0 : bytes_of(F::pa_bits - 2))
             + std::uint64_t{s & 15U} * h.current().value[l4_size];
    const std::uint64_t at = place(s, h, h.current().value[l4_to]), size = h.current().value[l4_size];
    return s >= 0xff00U ? illegal(s, h) : std::has_single_bit(size) ? at & ~(size - 1) : at;
  }
  static std::uint64_t size(std::uint16_t s, const History& h) { return any_size(s, h); }
  // Mostly that of the flexpage that is sent.
  static std::uint64_t window_size(std::uint16_t s, const History& h) {
    const std::uint64_t sent = h.current().value[l4_size];
    if (Flex == Flexpages::no || (s & 7U) < 5)
      return (s & 0xffU) == 0xff ? s : sent;
    const std::uint64_t larger = sent << (s >> 3U & 3U);
    return (s & 7U) == 5 ? std::max(sent >> (s >> 3U & 3U), page) : larger;
  }
  static std::uint64_t rights(std::uint16_t s, const History& h) {
    static constexpr std::array<std::uint64_t, 8> masks{7, 7, 7, 3, 1, 5, 2, 6};
    const auto verb = static_cast<SpacesVerb>(h.current().verb);
    if (verb == SpacesVerb::access)
      return std::uint64_t{1} << (s % 3U);
    const std::uint64_t mask = (s & 0x78U) == 0x78U ? s & 7U : masks[s & 7U];
    const bool transfers = verb == SpacesVerb::map || verb == SpacesVerb::grant;
    return transfers && (s >> 13U) >= 6 ? mask | std::uint64_t{s >> 7U & 63U} * page : mask;
  }
  // Where there are no superpages, sigma0 has one mapping for each page.
  static std::uint64_t memory(std::uint16_t s, const History& /*unused*/) {
    constexpr std::uint64_t big = Flex == Flexpages::yes ? F::sizes[superpage].bytes() : page * 4;
    static constexpr std::array<std::uint64_t, 8> amounts{page * 8, big * 2, big + page * 4, page * 3,
                                                          big * 4,  big * 2, page * 16,      page};
    return std::min(amounts[s & 7U], memory_limit);
  }
  // A superpage that is split takes a mapping node for each of its parts. Where those are hundreds, a program
  // that has them costs as much as twenty others, and three in four do not have them.
  static std::uint64_t mappings(std::uint16_t s, const History& /*unused*/) {
    static constexpr std::array<std::uint64_t, 8> amounts{64, 128, 32, 256, 2048, 16, 96, 640};
    constexpr bool has_hundreds = Flex == Flexpages::yes && F::sizes[superpage].bytes() / page > 64;
    const std::uint64_t amount = amounts[s & 7U];
    return has_hundreds && (s >> 3U & 3U) != 0 ? std::min(amount, amounts[3]) : amount;
  }
  static twin::Limits memories(const twin::Values& /*unused*/) { return {page, memory_limit}; }

 private:
  [[nodiscard]] static std::uint64_t spaces_of(const History& h) {
    return l4_space_limits.nearest(h.header(header_l4_spaces));
  }
  [[nodiscard]] static std::uint64_t any_size(std::uint16_t s, const History& h) {
    if (s >= 0xff00U)
      return std::uint64_t{s & 0x7fU} << (s & 15U);
    const auto verb = static_cast<SpacesVerb>(h.current().verb);
    if (verb == SpacesVerb::merge || (Flex == Flexpages::yes && (s & 3U) == 3))
      return F::sizes[(s >> 4U) % (superpage + 1)].bytes();
    if (verb == SpacesVerb::place || Flex == Flexpages::no || (s & 3U) == 0)
      return page;
    return page << (s >> 4U) % 7U;
  }
  // va is decoded before the size, so that it is aligned for some size that may follow.
  [[nodiscard]] static unsigned shift_of(std::uint16_t s, const History& h) {
    const auto verb = static_cast<SpacesVerb>(h.current().verb);
    const bool coarse = Flex == Flexpages::yes || verb == SpacesVerb::merge;
    return coarse && (s >> 12U & 3U) != 0 ? F::sizes[(s >> 9U) % (superpage + 1)].log2_bytes : F::page_shift;
  }
  // What earlier operations used in this space; or a corner of it.
  [[nodiscard]] static std::uint64_t place(std::uint16_t s, const History& h, std::uint64_t space) {
    const unsigned mode = s >> 14U & 3U, k = s & 7U;
    if (mode == 0 || h.empty())
      return corner(s, h, space);
    for (unsigned i = 0; i < 8; ++i) {
      const twin::Op& before = h.back(k + i);
      const std::uint64_t beside = mode == 3 ? std::uint64_t{s >> 3U & 7U} * page : 0;
      if (before.value[l4_to] == space && before.value[l4_window_size] != 0 && (s >> 3U & 1U) == 0)
        return before.value[l4_window] + beside;
      if (before.value[l4_space] == space)
        return before.value[l4_va] + beside;
    }
    return corner(s, h, space);
  }
  [[nodiscard]] static std::uint64_t corner(std::uint16_t s, const History& h, std::uint64_t space) {
    constexpr std::uint64_t big = F::sizes[superpage].bytes(), half = bytes_of(F::va_bits - 1);
    static constexpr std::array<std::uint64_t, 4> starts{0, big, half - big,
                                                         F::sign_extended ? 0 - half : half};
    // Of sigma0's only memory is of interest.
    const std::uint64_t place = space == 0 ? s >> 6U & 1U : h.header(header_l4_places) >> (s >> 6U & 1U);
    return starts[place & 3U] + std::uint64_t{s >> 8U & 7U} * page;
  }
  [[nodiscard]] static std::uint64_t illegal(std::uint16_t s, const History& h) {
    const std::uint64_t at = h.back(s & 7U).value[l4_va];
    return (s & 0x10U) != 0 ? at + 4 : at ^ bytes_of(F::va_bits);
  }
};

// Field names are what traces say. The header: nodes of all tables together, mapping nodes, arrays of
// superpages' parts, names of spaces, sigma0's memory in bytes, windows of the address pool.
template <Format F, Flexpages Flex>
inline constexpr twin::Schema spaces_schema{
    .machine = "spaces",
    .version = 1,
    .verbs = spaces_verbs,
    .fields = {twin::Domain{"s", SpacesDomains<F, Flex>::space, twin::print_number, twin::parse_number,
                            twin::expects_number, SpacesDomains<F, Flex>::numbers},
               twin::Domain{"va", SpacesDomains<F, Flex>::va, twin::print_hex, twin::parse_number,
                            "an address such as 0x200000, below 2^64"},
               twin::Domain{"size", SpacesDomains<F, Flex>::size, twin::print_size, twin::parse_size,
                            twin::expects_size},
               twin::Domain{"n", SpacesDomains<F, Flex>::to, twin::print_number, twin::parse_number,
                            twin::expects_number, SpacesDomains<F, Flex>::numbers},
               twin::Domain{"window", SpacesDomains<F, Flex>::window, twin::print_hex, twin::parse_number,
                            "an address such as 0x200000, below 2^64"},
               twin::Domain{"wsize", SpacesDomains<F, Flex>::window_size, twin::print_size, twin::parse_size,
                            twin::expects_size},
               twin::Domain{"rights", SpacesDomains<F, Flex>::rights, print_l4_rights, parse_l4_rights,
                            "rights such as rw-, or with a send base (a multiple of 8) r-x@0x3000"}},
    .header = {twin::Domain{"nodes", twin::decode_choice<48, 32, 64, 24, 96, 16, 40, 8>, twin::print_number,
                            twin::parse_number, twin::expects_number,
                            twin::between<l4_node_limits.least, l4_node_limits.most>},
               twin::Domain{"mappings", SpacesDomains<F, Flex>::mappings, twin::print_number,
                            twin::parse_number, twin::expects_number,
                            twin::between<mapping_limits.least, mapping_limits.most>},
               twin::Domain{"parts", twin::decode_choice<16, 8, 32, 4, 64, 1, 16, 0>, twin::print_number,
                            twin::parse_number, twin::expects_number,
                            twin::between<part_limits.least, part_limits.most>},
               twin::Domain{"spaces", twin::decode_choice<3, 2, 4, 3, 2, 6, 3, 8>, twin::print_number,
                            twin::parse_number, twin::expects_number,
                            twin::between<l4_space_limits.least, l4_space_limits.most>},
               twin::Domain{"memory", SpacesDomains<F, Flex>::memory, twin::print_size, twin::parse_size,
                            twin::expects_size, SpacesDomains<F, Flex>::memories},
               twin::number_domain<16>("places"),
               {}},
    .outcomes = spaces_outcomes,
};

} // namespace pagetwin::fuzz
