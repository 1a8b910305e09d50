// The verbs of the page-table ADT's machine, with the paper's names, and the fields that they use. Appending
// is safe for text; the order is what bytes mean.
#pragma once

#include "fuzz/machines/table/verbs.hpp"

namespace pagetwin::fuzz {

enum class AdtVerb : std::uint8_t {
  createspace,
  lookup,
  insert,
  get,
  setpaddr,
  setr,
  setw,
  setx,
  setcached,
  setlinknode,
  getmapnode,
  remove,
  split,
  fail,
  deletespace,
};

// Indices into Op::value.
enum AdtField : std::uint8_t { adt_space, adt_va, adt_size, adt_pa, adt_node, adt_vaddr, adt_arg };
// Indices into Program::header.
enum AdtHeader : std::uint8_t { header_adt_nodes, header_adt_spaces, header_adt_places };

inline constexpr twin::Limits adt_node_limits{1, 1U << 10U};
inline constexpr unsigned most_adt_spaces = 4;

// arg of all that takes a PTE: bits 1-3 are 0 for the one that is at va now, else which of those that
// insertions have answered, the last one first. Bit 0 is what is set.
inline constexpr std::array adt_verbs{
    twin::Verb{"createspace", twin::field_mask(0), 1},
    twin::Verb{"lookup", twin::field_mask(0, 1), 2},
    twin::Verb{"insert", twin::field_mask(0, 1, 2), 12},
    twin::Verb{"get", twin::field_mask(0, 1, 2, 6), 1},
    twin::Verb{"setpaddr", twin::field_mask(0, 1, 2, 3, 6), 5},
    twin::Verb{"setr", twin::field_mask(0, 1, 2, 6), 6},
    twin::Verb{"setw", twin::field_mask(0, 1, 2, 6), 4},
    twin::Verb{"setx", twin::field_mask(0, 1, 2, 6), 3},
    twin::Verb{"setcached", twin::field_mask(0, 1, 2, 6), 3},
    twin::Verb{"setlinknode", twin::field_mask(0, 1, 2, 4, 5, 6), 5},
    twin::Verb{"getmapnode", twin::field_mask(0, 1, 2, 5, 6), 3},
    twin::Verb{"remove", twin::field_mask(0, 1, 2), 5},
    twin::Verb{"split", twin::field_mask(0, 1, 2), 5},
    // arg: the arg-th allocation from now fails, 0 is the next
    twin::Verb{"fail", twin::field_mask(6), 2},
    twin::Verb{"deletespace", twin::field_mask(0), 1},
};

// What only the machine says: insert met a page that is large enough, or smaller ones; nothing is at va; the
// link node holds another address.
inline constexpr auto adt_remarks =
    std::to_array<std::string_view>({"exists", "none", "another_address", "unknown_space", "space_in_use"});
inline constexpr auto adt_outcomes = joined(table_statuses, adt_remarks);

} // namespace pagetwin::fuzz
