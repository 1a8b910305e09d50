// The verbs of the machine "stage2" and the fields that they use. Appending is safe for text; the order is
// what bytes mean.
#pragma once

#include "fuzz/twin/schema.hpp"

#include <array>

namespace pagetwin::fuzz {

enum class Stage2Verb : std::uint8_t {
  registers,
  boot,
  verify,
  power_off,
  host,
  map,
  io,
  grant,
  revoke,
  clear,
  bind,
  release,
  assign,
  smmu_map,
  smmu_unmap,
  read,
  write,
  fail,
};

// Indices into Op::value. addr: a guest's address, an iova, or the host's. count: of clear and fail, and how
// often grant and revoke are repeated.
enum Stage2Field : std::uint8_t { s2_vm, s2_addr, s2_pa, s2_size, s2_level, s2_device, s2_count };
// Indices into Program::header.
enum Stage2Header : std::uint8_t {
  header_s2_memory,
  header_s2_vms,
  header_s2_ready,
  header_s2_pages,
  header_s2_devices,
  header_s2_secret
};

inline constexpr twin::Limits s2_vm_limits{1, 15}, s2_device_limits{0, 16}, s2_page_limits{0, 64},
    s2_repeat_limits{1, 128};

inline constexpr std::array stage2_verbs{
    twin::Verb{"register_vm", twin::field_mask(0), 1},
    twin::Verb{"boot_vm", twin::field_mask(0), 1},
    twin::Verb{"verify_vm", twin::field_mask(0), 1},
    twin::Verb{"power_off", twin::field_mask(0), 1},
    twin::Verb{"map_page_host", twin::field_mask(1), 6},
    twin::Verb{"prot_and_map", twin::field_mask(0, 1, 2, 4), 10},
    twin::Verb{"map_io", twin::field_mask(0, 1, 2), 2},
    // count: how many times, 1 to 128
    twin::Verb{"grant", twin::field_mask(0, 1, 3, 6), 5},
    twin::Verb{"revoke", twin::field_mask(0, 1, 3, 6), 5},
    // pa: of the first page; count: pages
    twin::Verb{"clear_vm_range", twin::field_mask(0, 2, 6), 3},
    twin::Verb{"alloc_smmu", twin::field_mask(0, 5), 1},
    twin::Verb{"free_smmu", twin::field_mask(5), 1},
    twin::Verb{"assign_smmu", twin::field_mask(0, 1, 2), 3},
    twin::Verb{"update_smmu", twin::field_mask(0, 1, 2, 5), 3},
    twin::Verb{"unmap_smmu", twin::field_mask(1, 5), 2},
    // by vm, 0 is the host
    twin::Verb{"read", twin::field_mask(0, 1), 4},
    twin::Verb{"write", twin::field_mask(0, 1), 4},
    // count: the count-th allocation from now fails, 0 is the next
    twin::Verb{"fail", twin::field_mask(6), 2},
};

inline constexpr auto stage2_outcomes = std::to_array<std::string_view>({
    "ok",
    "unknown_vm",
    "unknown_device",
    "out_of_range",
    "misaligned",
    "bad_state",
    "foreign_owner",
    "shared",
    "other_gfn",
    "overlap",
    "out_of_memory",
    "fault",
});

} // namespace pagetwin::fuzz
