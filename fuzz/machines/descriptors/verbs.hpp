// The verbs of the descriptor machine and the fields that they use. Appending is safe for text; the order is
// what bytes mean.
#pragma once

#include "fuzz/machines/walk_ends.hpp"
#include "fuzz/twin/schema.hpp"

namespace pagetwin::fuzz {

enum class DescriptorVerb : std::uint8_t {
  store,
  table,
  leaf,
  path,
  flip,
  run,
  repeat,
  copy,
  clone,
  access,
  lookup
};

// Indices into Op::value.
enum DescriptorField : std::uint8_t { at_node, at_slot, at_va, at_to, at_size, at_attrs, at_bits };
// Indices into Program::header.
enum DescriptorHeader : std::uint8_t { header_arena, header_root, header_cached };

inline constexpr std::array descriptor_verbs{
    // bits: the word, any
    twin::Verb{"store", twin::field_mask(0, 1, 6), 4},
    // a word that leads to the node `to`, at the level where a slot spans `size`; `bits` are flipped
    twin::Verb{"table", twin::field_mask(0, 1, 3, 4, 6), 6},
    // a leaf whose frame is the node `to`, or begins with it; `bits` are flipped
    twin::Verb{"leaf", twin::field_mask(0, 1, 3, 4, 5, 6), 6},
    // tables in nodes 0, 1, ... and at their end a leaf with all of its copies
    twin::Verb{"path", twin::field_mask(2, 3, 4, 5), 6},
    // of the word that `path` wrote for va where a slot spans `size`
    twin::Verb{"flip", twin::field_mask(2, 4, 6), 10},
    // slots up to `to` go on with the word, a frame of `size` further each
    twin::Verb{"run", twin::field_mask(0, 1, 3, 4), 2},
    // slots up to `to` hold the same word
    twin::Verb{"repeat", twin::field_mask(0, 1, 3), 2},
    // to the same slot of the node `to`
    twin::Verb{"copy", twin::field_mask(0, 1, 3), 2},
    // all of a node
    twin::Verb{"clone", twin::field_mask(0, 3), 2},
    // attrs: one of r, w, x, and u for a user's
    twin::Verb{"access", twin::field_mask(2, 5), 14},
    twin::Verb{"lookup", twin::field_mask(2), 4},
};

inline constexpr auto descriptor_outcomes = joined(std::to_array<std::string_view>({"ok"}), walk_failures);

} // namespace pagetwin::fuzz
