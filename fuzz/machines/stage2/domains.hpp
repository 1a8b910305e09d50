// How 16 bits choose an operand of the machine "stage2": few frames and few guest addresses, block
// boundaries, and what earlier operations used. It refuses to know any bit of a descriptor, and formats but
// for how wide a guest's addresses are.
#pragma once

#include "fuzz/machines/stage2/verbs.hpp"
#include "fuzz/twin/domains.hpp"

namespace pagetwin::fuzz {

// The frames of memory, by number of the layout: [first, first + count) each.
struct Stage2Layout {
  struct Frames {
    std::uint64_t first, count;
  };
  std::array<Frames, 2> regions;
};
inline constexpr std::array stage2_layouts{
    Stage2Layout{{{{512, 1024}, {4096, 16}}}}, // two blocks, and a few frames elsewhere
    Stage2Layout{{{{0, 64}, {512, 512}}}},     // with frame 0, and one block
    Stage2Layout{{{{1, 40}, {64, 8}}}},        // pages only
    Stage2Layout{{{{256, 512}, {1024, 600}}}}, // half of a block, and one and some
};

class Stage2Domains {
  using History = twin::History;
  static constexpr std::uint64_t page = 4096, block = page * 512;
  // Of the address by which devices know a frame of the host (SMMU_HOST_OFFSET).
  static constexpr std::uint64_t host_offset = 1'000'000'000 * page;

 public:
  static std::uint64_t vm(std::uint16_t s, const History& h) {
    const std::uint64_t vms = s2_vm_limits.nearest(h.header(header_s2_vms));
    if ((s & 15U) == 15)
      return s >> 8U & 31U;
    if ((s & 15U) >= 9 && !h.empty())
      return h.back(s >> 4U & 7U).value[s2_vm];
    const auto verb = static_cast<Stage2Verb>(h.current().verb);
    const bool host_too = verb == Stage2Verb::read || verb == Stage2Verb::write
                          || verb == Stage2Verb::smmu_map || verb == Stage2Verb::bind;
    return host_too && (s & 3U) == 0 ? 0 : 1 + (s >> 4U) % vms;
  }
  // The host's is physical.
  static std::uint64_t addr(std::uint16_t s, const History& h) {
    const auto verb = static_cast<Stage2Verb>(h.current().verb);
    const bool of_host = h.current().value[s2_vm] == 0;
    if (of_host && verb == Stage2Verb::smmu_map)
      return frame(s, h) + host_offset;
    const bool physical =
        verb == Stage2Verb::host || (of_host && (verb == Stage2Verb::read || verb == Stage2Verb::write));
    return physical ? frame(s, h) : guest(s, h);
  }
  // Of the host's devices usually the frame that is known as addr, as every other is refused.
  static std::uint64_t pa(std::uint16_t s, const History& h) {
    const twin::Op& now = h.current();
    const bool of_host = static_cast<Stage2Verb>(now.verb) == Stage2Verb::smmu_map && now.value[s2_vm] == 0;
    return of_host && (s & 7U) != 0 ? now.value[s2_addr] - host_offset : frame(s, h);
  }
  static std::uint64_t size(std::uint16_t s, const History& /*unused*/) {
    static constexpr std::array<std::uint64_t, 8> sizes{page,  page,     2 * page, page * 3,
                                                        block, page + 1, 0,        1};
    return s >= 0xff00U ? std::uint64_t{s & 0xffU} << 40U : sizes[s & 7U];
  }
  static std::uint64_t level(std::uint16_t s, const History& /*unused*/) {
    return (s & 7U) < 5 ? 3 : (s & 7U) < 7 ? 2 : s >> 3U & 7U;
  }
  static std::uint64_t device(std::uint16_t s, const History& h) {
    const std::uint64_t devices = h.header(header_s2_devices);
    return (s & 15U) == 15 || devices == 0 ? s >> 8U & 31U : (s >> 4U) % devices;
  }
  static std::uint64_t count(std::uint16_t s, const History& h) {
    const auto verb = static_cast<Stage2Verb>(h.current().verb);
    if (verb == Stage2Verb::fail)
      return s & 7U;
    if (verb == Stage2Verb::clear)
      return (s & 7U) == 7 ? 512 : (s & 7U) == 6 ? s >> 3U : s & 7U;
    // Many shares in one operation are what a program costs.
    static constexpr std::array<std::uint64_t, 8> times{1, 2, 3, 98, 99, 100, 101, 102};
    return (s & 24U) == 24 ? times[s & 7U] : 1;
  }

 private:
  [[nodiscard]] static const Stage2Layout& layout(const History& h) {
    return stage2_layouts[h.header(header_s2_memory) % stage2_layouts.size()];
  }
  // Inside memory, at its ends, beside them, or what an earlier operation used.
  [[nodiscard]] static std::uint64_t frame(std::uint16_t s, const History& h) {
    const unsigned mode = s >> 13U;
    const auto& [first, count] = layout(h).regions[s & 1U];
    if (mode >= 5 && !h.empty()) {
      const twin::Op& before = h.back(s >> 1U & 7U);
      const std::uint64_t at = before.value[s2_pa] != 0 ? before.value[s2_pa] : before.value[s2_addr];
      return mode == 7 ? at + (s >> 4U & 3U) * page : at;
    }
    if (mode == 0 && s >= 0x1f00U)
      return std::uint64_t{1} << (s & 63U);
    if (mode == 1)
      return (first + count - 1 + (s >> 1U & 1U)) * page;
    if (mode == 2)
      return (first + (s >> 1U & 1U) * std::uint64_t{512}) / 512 * block;
    return (first + (s >> 1U & 7U) % count) * page + ((s & 0x700U) == 0x700U ? 8 : 0);
  }
  [[nodiscard]] static std::uint64_t guest(std::uint16_t s, const History& h) {
    const unsigned mode = s >> 13U;
    if (mode >= 3 && !h.empty()) {
      const std::uint64_t at = h.back(s & 7U).value[s2_addr];
      return mode == 7 ? at + (s >> 3U & 3U) * page : mode == 6 ? at / block * block : at;
    }
    if (mode == 0 && s >= 0x1f00U)
      return std::uint64_t{1} << (s & 63U);
    return (s >> 3U & 3U) * block + (s & 7U) * page + (mode == 1 && (s & 0x700U) == 0x700U ? 8 : 0);
  }
};

// Field names are what traces say. The header: the layout of memory, virtual machines, how many of them are
// ready from the start, table pages of each table below its root, devices, and the machine whose secrets
// another run has otherwise (0: there is one run).
inline constexpr twin::Schema stage2_schema{
    .machine = "stage2",
    .version = 1,
    .verbs = stage2_verbs,
    .fields = {twin::Domain{"vm", Stage2Domains::vm, twin::print_number, twin::parse_number,
                            twin::expects_number, twin::between<0, 31>},
               twin::Domain{"addr", Stage2Domains::addr, twin::print_hex, twin::parse_number,
                            "an address such as 0x200000, below 2^64"},
               twin::Domain{"pa", Stage2Domains::pa, twin::print_hex, twin::parse_number,
                            "an address such as 0x200000, below 2^64"},
               twin::Domain{"size", Stage2Domains::size, twin::print_size, twin::parse_size,
                            twin::expects_size},
               twin::Domain{"level", Stage2Domains::level, twin::print_number, twin::parse_number,
                            twin::expects_number, twin::between<0, 7>},
               twin::Domain{"dev", Stage2Domains::device, twin::print_number, twin::parse_number,
                            twin::expects_number, twin::between<0, 31>},
               twin::Domain{"count", Stage2Domains::count, twin::print_number, twin::parse_number,
                            twin::expects_number, twin::between<0, 1U << 16U>}},
    .header = {twin::number_domain<stage2_layouts.size()>("memory"),
               twin::Domain{"vms", twin::decode_choice<3, 2, 3, 1, 4, 3, 2, 15>, twin::print_number,
                            twin::parse_number, twin::expects_number,
                            twin::between<s2_vm_limits.least, s2_vm_limits.most>},
               twin::number_domain<4>("ready"),
               twin::Domain{"pages", twin::decode_choice<8, 12, 6, 4, 16, 3, 2, 24>, twin::print_number,
                            twin::parse_number, twin::expects_number,
                            twin::between<s2_page_limits.least, s2_page_limits.most>},
               twin::Domain{"devices", twin::decode_choice<2, 1, 2, 3, 0>, twin::print_number,
                            twin::parse_number, twin::expects_number,
                            twin::between<s2_device_limits.least, s2_device_limits.most>},
               twin::Domain{"secret", twin::decode_choice<0, 0, 0, 0, 0, 0, 1, 2>, twin::print_number,
                            twin::parse_number, twin::expects_number, twin::between<0, s2_vm_limits.most>},
               {}},
    .outcomes = stage2_outcomes,
};

} // namespace pagetwin::fuzz
