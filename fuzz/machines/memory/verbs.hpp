// The verbs of the memory machine and the fields that they use. Appending is safe for text; the order is what
// bytes mean.
#pragma once

#include "fuzz/machines/table/verbs.hpp"

namespace pagetwin::fuzz {

enum class MemoryVerb : std::uint8_t {
  map,
  unmap,
  protect,
  split,
  promote,
  query,
  harvest,
  read,
  write,
  execute,
  fill,
  evict,
  meanwhile,
  create,
  destroy,
  activate,
  idle,
  fail,
};

// Indices into Op::value.
enum MemoryField : std::uint8_t { os_space, os_va, os_pa, os_cpu, os_size, os_attrs, os_arg };
// Indices into Program::header.
enum MemoryHeader : std::uint8_t {
  header_os_nodes,
  header_os_spaces,
  header_cpus,
  header_tags,
  header_places
};

inline constexpr twin::Limits os_node_limits{2, 1U << 12U}, os_space_limits{1, 8}, cpu_limits{1, 8},
    tag_limits{1, 8};

inline constexpr std::array memory_verbs{
    twin::Verb{"map", twin::field_mask(0, 1, 2, 3, 4, 5), 10},
    twin::Verb{"unmap", twin::field_mask(0, 1, 3), 5},
    twin::Verb{"protect", twin::field_mask(0, 1, 3, 5), 5},
    twin::Verb{"split", twin::field_mask(0, 1, 3, 4), 3},
    twin::Verb{"promote", twin::field_mask(0, 1, 3, 4), 4},
    twin::Verb{"query", twin::field_mask(0, 1), 1},
    // arg: 1 clears the flags
    twin::Verb{"harvest", twin::field_mask(0, 1, 3, 6), 3},
    // arg: bit 0 by a user; bit 1 by the reference's CPU, through whatever that may still have cached
    twin::Verb{"read", twin::field_mask(1, 3, 6), 4},
    twin::Verb{"write", twin::field_mask(1, 3, 6), 5},
    twin::Verb{"execute", twin::field_mask(1, 3, 6), 2},
    // a walk that nobody asked for; arg: bit 0 from the lowest cached table
    twin::Verb{"fill", twin::field_mask(1, 3, 6), 3},
    // arg: which of the lines
    twin::Verb{"evict", twin::field_mask(3, 6), 1},
    // an access in the middle of the next edit, by another CPU than its own; arg: bits 0-1 as above, bits 2-3
    // read, write, execute, bits 4-8 after which event
    twin::Verb{"meanwhile", twin::field_mask(1, 3, 6), 5},
    twin::Verb{"create", twin::field_mask(0, 3), 2},
    twin::Verb{"destroy", twin::field_mask(0, 3), 2},
    twin::Verb{"activate", twin::field_mask(0, 3), 3},
    twin::Verb{"idle", twin::field_mask(3), 1},
    // arg: the arg-th allocation from now fails, 0 is the next
    twin::Verb{"fail", twin::field_mask(6), 2},
};

// What only the machine says, and the statuses that only who keeps several spaces has.
inline constexpr auto memory_remarks = std::to_array<std::string_view>(
    {"ok cached", "ok dirty", "fault", "none", "unknown_space", "space_in_use"});
inline constexpr auto memory_outcomes = joined(table_statuses, memory_remarks);

} // namespace pagetwin::fuzz
