// Rights of an operation on L4 spaces, and the send base of a transfer beside them, as one number and as
// people write them: rw-, r--@0x3000.
#pragma once

#include "src/base/attributes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pagetwin::fuzz {

inline constexpr std::uint64_t l4_rights_mask = 7;

[[nodiscard]] constexpr Rights rights_of_operand(std::uint64_t value) {
  return static_cast<Rights>(value & l4_rights_mask);
}
[[nodiscard]] constexpr std::uint64_t send_base_of_operand(std::uint64_t value) {
  return value & ~l4_rights_mask;
}
// Lossless: every number is one or the other.
void print_l4_rights(std::string& to, std::uint64_t value);
[[nodiscard]] std::optional<std::uint64_t> parse_l4_rights(std::string_view text);

} // namespace pagetwin::fuzz
