// Reading and writing the parts of one record in place (layout: codec.hpp), for those who make bytes rather
// than programs: swarm and mutator.
#pragma once

#include "fuzz/twin/codec.hpp"

namespace pagetwin::twin {

[[nodiscard]] inline std::uint16_t get_selector(const std::uint8_t* record, std::size_t field) {
  const std::uint8_t* at = record + 2 + 2 * field;
  return static_cast<std::uint16_t>(at[0] | (at[1] << 8U));
}

inline void set_selector(std::uint8_t* record, std::size_t field, std::uint16_t selector) {
  record[2 + 2 * field] = static_cast<std::uint8_t>(selector & 0xFFU);
  record[3 + 2 * field] = static_cast<std::uint8_t>(selector >> 8U);
}

} // namespace pagetwin::twin
