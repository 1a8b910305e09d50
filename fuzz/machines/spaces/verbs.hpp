// The verbs of the machine "spaces" and the fields that they use. Appending is safe for text; the order is
// what bytes mean.
#pragma once

#include "fuzz/machines/table/verbs.hpp"

namespace pagetwin::fuzz {

enum class SpacesVerb : std::uint8_t {
  map,
  grant,
  unmap,
  flush,
  create,
  destroy,
  place,
  merge,
  access,
  lookup,
  fail,
};

// Indices into Op::value. window: where a transfer goes to; of place, the frame. rights: bits 0-2, and above
// them the send base.
enum SpacesField : std::uint8_t { l4_space, l4_va, l4_size, l4_to, l4_window, l4_window_size, l4_rights };
// Indices into Program::header.
enum SpacesHeader : std::uint8_t {
  header_l4_nodes,
  header_mappings,
  header_parts,
  header_l4_spaces,
  header_memory,
  header_l4_places
};

inline constexpr twin::Limits l4_node_limits{2, 1U << 12U}, mapping_limits{1, 1U << 14U},
    part_limits{0, 1U << 10U}, l4_space_limits{1, 8};

inline constexpr std::array spaces_verbs{
    twin::Verb{"map", twin::field_mask(0, 1, 2, 3, 4, 5, 6), 14},
    twin::Verb{"grant", twin::field_mask(0, 1, 2, 3, 4, 5, 6), 6},
    // rights: those to revoke
    twin::Verb{"unmap", twin::field_mask(0, 1, 2, 6), 4},
    twin::Verb{"flush", twin::field_mask(0, 1, 2, 6), 4},
    twin::Verb{"create", twin::field_mask(0), 3},
    twin::Verb{"delete", twin::field_mask(0), 1},
    // window: the frame
    twin::Verb{"place", twin::field_mask(0, 1, 2, 4, 6), 2},
    twin::Verb{"merge", twin::field_mask(0, 1, 2), 2},
    // rights: the first of them is what the access wants
    twin::Verb{"access", twin::field_mask(0, 1, 6), 5},
    twin::Verb{"lookup", twin::field_mask(0, 1), 1},
    // n: the n-th allocation from now fails, 0 is the next
    twin::Verb{"fail", twin::field_mask(3), 2},
};

// What only the machine says, and the statuses that only who keeps several spaces has.
inline constexpr auto spaces_remarks =
    std::to_array<std::string_view>({"unknown_space", "space_in_use", "ok cached", "fault", "none"});
inline constexpr auto spaces_outcomes = joined(table_statuses, spaces_remarks);

} // namespace pagetwin::fuzz
