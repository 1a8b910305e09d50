// The verbs of the table machine and the fields that they use. Appending is safe for text; the order is what
// bytes mean.
#pragma once

#include "fuzz/machines/walk_ends.hpp"
#include "fuzz/twin/schema.hpp"

namespace pagetwin::fuzz {

enum class TableVerb : std::uint8_t {
  map,
  map_range,
  unmap,
  unmap_collect,
  protect,
  remap,
  promote,
  harvest,
  mark,
  marker,
  for_each,
  lookup,
  access,
  clear,
  create,
  destroy,
  fail,
  inject,
  split,
  set_attributes,
  add_flags,
};

// Indices into Op::value.
enum TableField : std::uint8_t {
  field_space,
  field_va,
  field_pa,
  field_len,
  field_size,
  field_attrs,
  field_arg
};
// Indices into Program::header.
enum TableHeader : std::uint8_t { header_nodes, header_spaces, header_tlb, header_walk, header_pool };

inline constexpr twin::Limits node_limits{2, 1U << 16U}, space_limits{1, 8};

inline constexpr std::array table_verbs{
    twin::Verb{"map", twin::field_mask(0, 1, 2, 4, 5), 8},
    twin::Verb{"map_range", twin::field_mask(0, 1, 2, 3, 4, 5), 10},
    twin::Verb{"unmap", twin::field_mask(0, 1, 3), 6},
    twin::Verb{"unmap_collect", twin::field_mask(0, 1, 3), 3},
    twin::Verb{"protect", twin::field_mask(0, 1, 3, 5), 6},
    twin::Verb{"remap", twin::field_mask(0, 1, 2), 3},
    twin::Verb{"promote", twin::field_mask(0, 1, 4), 5},
    // arg: 1 clears the flags of whole leaves
    twin::Verb{"harvest", twin::field_mask(0, 1, 3, 6), 4},
    // arg: the word
    twin::Verb{"mark", twin::field_mask(0, 1, 4, 6), 3},
    twin::Verb{"marker", twin::field_mask(0, 1, 4), 1},
    twin::Verb{"for_each", twin::field_mask(0, 1, 3), 1},
    twin::Verb{"lookup", twin::field_mask(0, 1), 1},
    // arg: bits 0-1 read, write, execute; bit 2 user; bit 3 through the cached translation if there is one
    twin::Verb{"access", twin::field_mask(0, 1, 6), 6},
    twin::Verb{"clear", twin::field_mask(0), 1},
    twin::Verb{"create", twin::field_mask(0), 2},
    twin::Verb{"destroy", twin::field_mask(0), 2},
    // arg: the arg-th allocation from now fails, 0 is the next
    twin::Verb{"fail", twin::field_mask(6), 3},
    // arg: in the next operation that exchanges live words, after arg / 8 of them hardware writes through the
    // slot whose turn it is; arg % 8 chooses the page
    twin::Verb{"inject", twin::field_mask(6), 2},
    twin::Verb{"split", twin::field_mask(0, 1, 4), 3},
    twin::Verb{"set_attributes", twin::field_mask(0, 1, 5), 3},
    // arg: bit 0 accessed, bit 1 dirty
    twin::Verb{"add_flags", twin::field_mask(0, 1, 6), 1},
};

// The statuses of src.
inline constexpr auto table_statuses = std::to_array<std::string_view>({
    "ok",
    "empty",
    "misaligned",
    "bad_size",
    "out_of_range",
    "bad_attributes",
    "overlap",
    "not_mapped",
    "not_uniform",
    "out_of_memory",
});
// What only the machine says.
inline constexpr auto table_remarks =
    std::to_array<std::string_view>({"ok cached", "none", "no_space", "exists"});
inline constexpr auto table_outcomes = joined(table_statuses, walk_failures, table_remarks);

} // namespace pagetwin::fuzz
