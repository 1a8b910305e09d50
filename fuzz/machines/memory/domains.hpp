// How 16 bits choose an operand of the memory machine: few pages in few places, so that CPUs meet, and
// back-references to what earlier operations used. Compile-time over a format's shape; it refuses to know any
// bit of a descriptor.
#pragma once

#include "fuzz/machines/memory/verbs.hpp"
#include "fuzz/machines/table/attribute_operand.hpp"
#include "fuzz/twin/domains.hpp"
#include "src/arch/geometry.hpp"

namespace pagetwin::fuzz {

template <Format F>
class MemoryDomains {
  using G = Geometry<F>;
  using History = twin::History;
  static constexpr std::uint64_t page = bytes_of(F::page_shift);
  static constexpr unsigned sizes = G::size_count;

 public:
  // Frames for programs lie below the tables, from 0.
  static constexpr std::uint64_t memory_bytes = std::min(bytes_of(32), bytes_of(F::pa_bits - 1));

  static std::uint64_t space(std::uint16_t s, const History& h) {
    const std::uint64_t count = os_space_limits.nearest(h.header(header_os_spaces));
    const bool any = (s & 7U) >= (is_about_spaces(h) ? 2 : 5);
    return any ? (s >> 3U) % count : std::min<std::uint64_t>(1, count - 1);
  }
  static twin::Limits spaces(const twin::Values& header) {
    return {0, os_space_limits.nearest(header[header_os_spaces]) - 1};
  }
  static std::uint64_t cpu(std::uint16_t s, const History& h) {
    return (s >> 4U) % cpu_limits.nearest(h.header(header_cpus));
  }
  static twin::Limits cpus(const twin::Values& header) {
    return {0, cpu_limits.nearest(header[header_cpus]) - 1};
  }

  static std::uint64_t va(std::uint16_t s, const History& h) {
    const std::uint64_t at = place(s, h);
    return is_access(h) ? at + std::uint64_t{s >> 2U & 3U} * 8 : at;
  }
  // Congruent to va, or what an earlier operation mapped, as if both were one range.
  static std::uint64_t pa(std::uint16_t s, const History& h) {
    const std::uint64_t here = h.current().value[os_va];
    const twin::Op& before = h.back(s & 7U);
    switch (s >> 13U) {
    case 0:
    case 1:
      return before.value[os_pa] + (here - before.value[os_va]);
    case 2: // another frame of the same page, for what is shared
      return before.value[os_pa];
    case 3: // rarely beyond memory, and misaligned
      return (s & 7U) == 0 ? memory_bytes - page * (s >> 3U & 1U) : align_down(here, 12) + (s & 0x700U);
    default:
      return frame((s >> 3U & 3U), here);
    }
  }
  static std::uint64_t size(std::uint16_t s, const History& h) {
    if (s >= 0xff80U)
      return std::uint64_t{s & 0x7fU} << (s & 15U);
    if ((s & 0x4000U) != 0 && !h.empty() && h.back(s & 7U).value[os_size] != 0)
      return h.back(s & 7U).value[os_size];
    return F::sizes[small(s)].bytes();
  }
  static std::uint64_t attributes(std::uint16_t s, const History& h) {
    return (s >> 13U) >= 5 && !h.empty() ? h.back(s & 7U).value[os_attrs] : AttributeOperand<F>::drawn(s);
  }
  static std::uint64_t argument(std::uint16_t s, const History& h) {
    const auto verb = static_cast<MemoryVerb>(h.current().verb);
    return verb == MemoryVerb::meanwhile ? (s & 0xfU) | (s >> 4U & 31U) % 20 << 4U : s & 0x1fU;
  }
  static std::uint64_t nodes(std::uint16_t s, const History&) {
    static constexpr std::array<std::uint64_t, 8> counts{32, 48, 24, 64, 20, 40, 96, 14};
    return counts[s & 7U];
  }

 private:
  [[nodiscard]] static bool is_access(const History& h) {
    const auto verb = static_cast<MemoryVerb>(h.current().verb);
    return verb == MemoryVerb::read || verb == MemoryVerb::write || verb == MemoryVerb::execute
           || verb == MemoryVerb::meanwhile;
  }
  // Operations on spaces make and use up identifiers; the others meet each other in one space.
  [[nodiscard]] static bool is_about_spaces(const History& h) {
    const auto verb = static_cast<MemoryVerb>(h.current().verb);
    return verb == MemoryVerb::create || verb == MemoryVerb::destroy || verb == MemoryVerb::activate;
  }
  // Sizes whose parts are hundreds, and each of them hundreds, are rare: they cost as much as ten programs.
  [[nodiscard]] static unsigned small(std::uint16_t s) {
    const unsigned all = (s & 0x3eU) == 0x3eU ? sizes : std::min(sizes, 3U);
    return (s >> 8U) % all;
  }
  // A window of the lower half, or the kernel's.
  [[nodiscard]] static std::uint64_t window(unsigned w) {
    constexpr std::uint64_t big = F::sizes[sizes - 1].bytes(), half = bytes_of(F::va_bits - 1);
    constexpr std::uint64_t kernel = F::sign_extended ? 0 - half : half;
    constexpr std::array<std::uint64_t, 4> starts{0, big, kernel, half - big};
    return starts[w & 3U];
  }
  [[nodiscard]] static std::uint64_t corner(unsigned s, const History& h) {
    const auto places = static_cast<unsigned>(h.header(header_places));
    const std::uint64_t unit = F::sizes[std::min(sizes - 1, s >> 2U & 1U ? 1U : 2U)].bytes();
    return window((s & 3U) != 0 ? places : places >> 2U) + (s >> 3U & 1U) * unit + (s >> 4U & 3U) * page;
  }
  [[nodiscard]] static std::uint64_t place(std::uint16_t s, const History& h) {
    const unsigned mode = s >> 13U, rest = s & 0x1fffU;
    if (h.empty() || mode < 2)
      return corner(rest >> 4U, h);
    const twin::Op& before = h.back(rest & 7U);
    const std::uint64_t at = before.value[os_va] & ~std::uint64_t{7};
    switch (mode) {
    case 2:
    case 3:
    case 4:
      return align_down(at, F::page_shift);
    case 5: // beside it
      return align_down(at, F::page_shift) + (rest >> 4U & 7U) * page;
    case 6: // down to the boundary of a size
      return align_down(at, F::sizes[(rest >> 4U) % sizes].log2_bytes);
    default:
      return (rest & 0x1f0U) == 0x1f0U ? illegal(rest, at) : align_down(at, F::page_shift);
    }
  }
  [[nodiscard]] static std::uint64_t illegal(unsigned rest, std::uint64_t at) {
    return (rest & 8U) != 0 ? at + 4 : at ^ bytes_of(F::va_bits);
  }
  [[nodiscard]] static std::uint64_t frame(unsigned k, std::uint64_t va) {
    constexpr std::uint64_t big = F::sizes[sizes - 1].bytes(),
                            count = std::max<std::uint64_t>(memory_bytes / big, 1);
    return (k % count) * big + align_down(va & (big - 1), F::page_shift);
  }
};

// Field names are what traces say. The header: nodes of all tables together, spaces and CPUs that exist,
// identifiers beyond one for each CPU, windows of the address pool.
template <Format F>
inline constexpr twin::Schema memory_schema{
    .machine = "memory",
    .version = 1,
    .verbs = memory_verbs,
    .fields = {twin::Domain{"s", MemoryDomains<F>::space, twin::print_number, twin::parse_number,
                            twin::expects_number, MemoryDomains<F>::spaces},
               twin::Domain{"va", MemoryDomains<F>::va, twin::print_hex, twin::parse_number,
                            "an address such as 0x200000, below 2^64"},
               twin::Domain{"pa", MemoryDomains<F>::pa, twin::print_hex, twin::parse_number,
                            "an address such as 0x200000, below 2^64"},
               twin::Domain{"cpu", MemoryDomains<F>::cpu, twin::print_number, twin::parse_number,
                            twin::expects_number, MemoryDomains<F>::cpus},
               twin::Domain{"size", MemoryDomains<F>::size, twin::print_size, twin::parse_size,
                            twin::expects_size},
               twin::Domain{"attrs", MemoryDomains<F>::attributes, print_attributes, parse_attributes,
                            "rights and more such as rw-u or r-x-.t3.k2.s0x5"},
               twin::Domain{"arg", MemoryDomains<F>::argument, twin::print_number, twin::parse_number,
                            twin::expects_number}},
    .header = {twin::Domain{"nodes", MemoryDomains<F>::nodes, twin::print_number, twin::parse_number,
                            twin::expects_number, twin::between<os_node_limits.least, os_node_limits.most>},
               twin::Domain{"spaces", twin::decode_choice<2, 2, 3, 4, 1, 2, 6>, twin::print_number,
                            twin::parse_number, twin::expects_number,
                            twin::between<os_space_limits.least, os_space_limits.most>},
               twin::Domain{"cpus", twin::decode_choice<2, 2, 2, 3, 1, 4, 2, 8>, twin::print_number,
                            twin::parse_number, twin::expects_number,
                            twin::between<cpu_limits.least, cpu_limits.most>},
               twin::Domain{"tags", twin::decode_choice<1, 2, 4>, twin::print_number, twin::parse_number,
                            twin::expects_number, twin::between<tag_limits.least, tag_limits.most>},
               twin::number_domain<16>("places"),
               {},
               {}},
    .outcomes = memory_outcomes,
};

} // namespace pagetwin::fuzz
