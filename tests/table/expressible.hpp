// Attributes for tests that run over every format: values that the format has bits for, by the reference's
// profile, and values that it has none for. It refuses to know any format.
#pragma once

#include "fuzz/machines/convert.hpp"
#include "reference/profile.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <gtest/gtest.h>
#include <optional>
#include <vector>

namespace pagetwin::fuzz {

// One field of the attributes, as a number.
struct AttributeField {
  const char* name;
  unsigned last; // the largest value that anybody can ask for
  void (*set)(Attributes&, unsigned);
};

inline constexpr std::array attribute_fields{
    AttributeField{"memory type", 0xFF,
                   [](Attributes& a, unsigned v) { a.memory_type = static_cast<std::uint8_t>(v); }},
    AttributeField{"key", 0xFF, [](Attributes& a, unsigned v) { a.key = static_cast<std::uint8_t>(v); }},
    AttributeField{"global", 1, [](Attributes& a, unsigned v) { a.global = v != 0; }},
    AttributeField{"software", 0xFFFF,
                   [](Attributes& a, unsigned v) { a.software = static_cast<std::uint16_t>(v); }}};

[[nodiscard]] inline Attributes with(Attributes a, const AttributeField& field, unsigned value) {
  field.set(a, value);
  return a;
}
[[nodiscard]] inline Attributes with_rights(Attributes a, Rights rights) {
  a.rights = rights;
  return a;
}

// In a leaf of every size.
[[nodiscard]] inline bool is_expressible(const reference::Profile& profile, const Attributes& a) {
  return std::ranges::all_of(profile.sizes,
                             [&](std::uint64_t size) { return profile.expressible(to_reference(a), size); });
}

// The rights, without `user` where the format has no bit for it.
[[nodiscard]] inline Rights rights_in(const reference::Profile& profile, Rights rights) {
  const Attributes all{.rights = rights};
  return is_expressible(profile, all) ? rights : rights & (Rights::read | Rights::write | Rights::execute);
}

// The values of a field that are expressible beside these attributes, ascending.
[[nodiscard]] inline std::vector<unsigned>
values_of(const AttributeField& field, const reference::Profile& profile, const Attributes& beside) {
  std::vector<unsigned> values;
  for (unsigned v = 0; v <= field.last; ++v)
    if (is_expressible(profile, with(beside, field, v)))
      values.push_back(v);
  return values;
}

// Two attributes in which each field that has more than one value holds two: its last, and one in the middle.
[[nodiscard]] inline std::array<Attributes, 2> decorated(const reference::Profile& profile, Rights rights) {
  const Attributes plain{.rights = rights};
  std::array found{plain, plain};
  for (const AttributeField& field : attribute_fields) {
    const std::vector<unsigned> values = values_of(field, profile, plain);
    field.set(found[0], values.back());
    field.set(found[1], values[(values.size() - 1) / 2]);
  }
  EXPECT_TRUE(is_expressible(profile, found[0]) && is_expressible(profile, found[1]));
  EXPECT_NE(found[0], found[1]);
  return found;
}

// What differs from plain attributes in one field only, once for each bit of it.
[[nodiscard]] inline std::vector<Attributes> one_field_different(const reference::Profile& profile,
                                                                 const Attributes& plain) {
  std::vector<Attributes> found;
  for (const AttributeField& field : attribute_fields)
    for (const unsigned v : values_of(field, profile, plain))
      if (std::has_single_bit(v))
        found.push_back(with(plain, field, v));
  EXPECT_FALSE(found.empty());
  return found;
}

// For each field that has one, with its lowest value that the format has no bits for.
[[nodiscard]] inline std::vector<Attributes> inexpressible(const reference::Profile& profile,
                                                           const Attributes& plain) {
  std::vector<Attributes> found;
  for (const AttributeField& field : attribute_fields)
    for (unsigned v = 0; v <= field.last; ++v)
      if (const Attributes a = with(plain, field, v); !is_expressible(profile, a)) {
        found.push_back(a);
        break;
      }
  EXPECT_FALSE(found.empty());
  return found;
}

} // namespace pagetwin::fuzz
