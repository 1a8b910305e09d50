// How 16 bits choose an operand of the descriptor machine: few nodes, few slots, addresses that lead through
// them, and words that are legal, nearly legal or wild. Compile-time over a format's shape; it refuses to
// know any bit of a descriptor.
#pragma once

#include "fuzz/machines/descriptors/memory.hpp"
#include "fuzz/machines/descriptors/verbs.hpp"
#include "fuzz/machines/table/domains.hpp"

namespace pagetwin::fuzz {

template <Format F>
class DescriptorDomains {
  using G = Geometry<F>;
  using History = twin::History;
  static constexpr std::uint64_t page = bytes_of(F::page_shift);

 public:
  // Every node has room for the largest.
  static constexpr std::uint64_t node_bytes =
      bytes_of(std::max(G::node_shift(0), G::node_shift(G::root_level)));
  static constexpr std::uint64_t slots = node_bytes / sizeof(typename F::Raw);
  static constexpr twin::Limits memory_limits{1, 16}; // nodes
  static constexpr std::uint64_t base = arena_base(sizeof(typename F::Raw), F::pa_bits);

  // Level whose slots span as much: the largest that spans no more.
  [[nodiscard]] static constexpr unsigned level_of(std::uint64_t size) {
    unsigned level = G::root_level;
    while (level > 0 && G::span(level) > size)
      --level;
    return level;
  }

  static std::uint64_t nodes(std::uint16_t s, const History&) {
    static constexpr std::array<std::uint64_t, 8> counts{6, 5, 4, 3, 8, 2, 1, memory_limits.most};
    return counts[s & 7U];
  }
  static std::uint64_t root(std::uint16_t s, const History&) { return s < 0xf000U ? 0 : s & 0x1fU; }

  static twin::Limits nodes_with(const twin::Values& header) {
    return {0, memory_limits.nearest(header[header_arena]) - 1};
  }
  static std::uint64_t node(std::uint16_t s, const History& h) {
    return (s & 0xc000U) == 0xc000U ? before(h, s).value[at_node] : s % count(h);
  }
  // A few corners of the node, so that addresses meet what was written.
  static std::uint64_t slot(std::uint16_t s, const History& h) {
    const unsigned rest = s >> 3U;
    switch (s & 7U) {
    case 0:
    case 1:
    case 2:
      return corner(rest, slots);
    case 3:
      return (corner(rest, slots) + (rest >> 2U & 15U)) % slots; // beside it: copies of a group
    case 4:
    case 5: // on the way of an address
      return G::index(before(h, rest).value[at_va], level_of_node(h.current().value[at_node]));
    case 6:
      return before(h, rest).value[at_slot];
    default:
      return rest % slots;
    }
  }
  static std::uint64_t va(std::uint16_t s, const History& h) {
    const unsigned rest = s & 0x3fffU;
    switch (h.empty() ? 0 : s >> 14U) {
    case 0: {
      std::uint64_t address = rest >> 10U & 3U; // and not only first bytes
      for (unsigned level = 0; level < F::levels; ++level)
        address += corner(rest >> (2 * level), G::entries(level)) << G::span_shift(level);
      return rest >> 12U == 3 ? address ^ bytes_of(F::va_bits) : G::canonical(address);
    }
    case 1:
    case 2:
      return before(h, rest).value[at_va];
    default: // beside it: a page, the rest of a leaf, another slot of some level
      return before(h, rest).value[at_va]
             + ((rest & 0x10U) != 0 ? (rest >> 5U & 15U) * page
                                    : G::span(rest >> 5U & 7U & (F::levels - 1U)) - (rest >> 8U & 1U));
    }
  }

  // Of tables mostly the next node, sometimes the same, sometimes none. Of leaves any frame. Of runs the slot
  // after the last.
  static std::uint64_t to(std::uint16_t s, const History& h) {
    const unsigned rest = s >> 3U;
    switch (static_cast<DescriptorVerb>(h.current().verb)) {
    case DescriptorVerb::run:
    case DescriptorVerb::repeat:
      return (s & 7U) == 0 ? slots : h.current().value[at_slot] + 1 + rest % 32;
    case DescriptorVerb::leaf:
    case DescriptorVerb::path:
      return (s & 1U) != 0 ? rest % 64 : (s & 2U) != 0 ? outside(rest, h) : std::uint64_t{rest} << 9U;
    default:
      break;
    }
    if ((s & 7U) < 5)
      return (h.current().value[at_node] + 1) % count(h);
    return (s & 7U) == 5 ? h.current().value[at_node] : (s & 7U) == 6 ? rest % count(h) : outside(rest, h);
  }
  // What a slot of the node spans, for a table; a page size for leaves.
  static std::uint64_t size(std::uint16_t s, const History& h) {
    const auto verb = static_cast<DescriptorVerb>(h.current().verb);
    if (verb == DescriptorVerb::table && (s & 0x700U) != 0)
      return G::span(level_of_node(h.current().value[at_node]));
    if (verb == DescriptorVerb::table || verb == DescriptorVerb::flip)
      return G::span(s % F::levels);
    return F::sizes[s % G::size_count].bytes();
  }
  static std::uint64_t attributes(std::uint16_t s, const History& h) {
    if (static_cast<DescriptorVerb>(h.current().verb) != DescriptorVerb::access)
      return TableDomains<F>::attributes(s, h);
    return bytes_of(s % 3U) | ((s >> 8U & 3U) == 0 ? 8U : 0U);
  }
  static std::uint64_t bits(std::uint16_t s, const History& h) {
    const unsigned rest = s >> 3U;
    switch (static_cast<DescriptorVerb>(h.current().verb)) {
    case DescriptorVerb::store:
      return word(s & 7U, rest, h);
    case DescriptorVerb::table:
    case DescriptorVerb::leaf:
      if ((s & 7U) < 5)
        return 0;
      break;
    default:
      break;
    }
    const std::uint64_t one = bytes_of(rest & 63U);
    return (s & 7U) == 7 ? one | bytes_of(rest >> 6U & 63U) : one;
  }

 private:
  [[nodiscard]] static const twin::Op& before(const History& h, unsigned rest) { return h.back(rest & 15U); }
  [[nodiscard]] static std::uint64_t count(const History& h) { return nodes_with(h.header()).most + 1; }
  // As `path` uses the nodes: the root first.
  [[nodiscard]] static unsigned level_of_node(std::uint64_t node) {
    return G::root_level - static_cast<unsigned>(node % F::levels);
  }
  [[nodiscard]] static std::uint64_t corner(unsigned rest, std::uint64_t entries) {
    const std::array<std::uint64_t, 4> corners{0, 1, entries - 1, entries / 2};
    return corners[rest & 3U];
  }
  // Nodes just behind the memory and just before it; the last one that has an address; one far away.
  [[nodiscard]] static std::uint64_t outside(unsigned rest, const History& h) {
    const std::uint64_t room = (low_mask(F::pa_bits) - base) / node_bytes;
    const std::array<std::uint64_t, 4> numbers{count(h), 0ULL - 1, room, std::uint64_t{rest} << 12U};
    return numbers[rest & 3U] - (rest >> 2U & 1U);
  }
  [[nodiscard]] static std::uint64_t word(unsigned kind, unsigned rest, const History& h) {
    const std::uint64_t wild = (rest + 1) * 0x9e37'79b9'7f4a'7c15ULL;
    switch (kind) {
    case 0:
      return wild;
    case 1:
      return ~wild;
    case 2:
      return wild & wild << 7U; // few bits
    case 3:
      return base + (rest >> 10U) * node_bytes + (rest & 0x3ffU); // an address and low bits
    case 4:
      return rest;
    case 5:
      return before(h, rest).value[at_bits] ^ bytes_of(rest >> 4U & 63U);
    case 6:
      return bytes_of(rest & 63U) | bytes_of(rest >> 6U & 63U);
    default:
      return (rest & 1U) != 0 ? ~std::uint64_t{0} : 0;
    }
  }
};

// nodes of the memory, the node that is the root (it may lie outside), level of the pointers in the walk
// cache.
template <Format F>
inline constexpr twin::Schema descriptor_schema{
    .machine = "descriptors",
    .version = 1,
    .verbs = descriptor_verbs,
    .fields = {twin::Domain{"node", DescriptorDomains<F>::node, twin::print_number, twin::parse_number,
                            twin::expects_number, DescriptorDomains<F>::nodes_with},
               twin::Domain{"i", DescriptorDomains<F>::slot, twin::print_number, twin::parse_number,
                            twin::expects_number, twin::between<0, DescriptorDomains<F>::slots - 1>},
               twin::Domain{"va", DescriptorDomains<F>::va, twin::print_hex, twin::parse_number,
                            "an address such as 0x200000, below 2^64"},
               twin::Domain{"to", DescriptorDomains<F>::to, twin::print_number, twin::parse_number,
                            twin::expects_number},
               twin::Domain{"size", DescriptorDomains<F>::size, twin::print_size, twin::parse_size,
                            twin::expects_size},
               twin::Domain{"attrs", DescriptorDomains<F>::attributes, print_attributes, parse_attributes,
                            "rights and more such as rw-u or r-x-.t3.g.k2.s0x5"},
               twin::Domain{"bits", DescriptorDomains<F>::bits, twin::print_hex, twin::parse_number,
                            "a word such as 0x8000000000000001, below 2^64"}},
    .header = {twin::Domain{"nodes", DescriptorDomains<F>::nodes, twin::print_number, twin::parse_number,
                            twin::expects_number,
                            twin::between<DescriptorDomains<F>::memory_limits.least,
                                          DescriptorDomains<F>::memory_limits.most>},
               twin::Domain{"root", DescriptorDomains<F>::root, twin::print_number, twin::parse_number,
                            twin::expects_number},
               twin::number_domain<8>("walk"),
               {},
               {},
               {},
               {}},
    .outcomes = descriptor_outcomes,
};

} // namespace pagetwin::fuzz
