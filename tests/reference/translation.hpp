// Parts of a translation that may be absent, so that one comparison covers both.
#pragma once

#include "reference/attributes.hpp"

#include <cstdint>
#include <optional>

namespace reference {

[[nodiscard]] inline std::optional<std::uint64_t> pa_of(const std::optional<Translation>& found) {
  return found ? std::optional(found->pa) : std::nullopt;
}

[[nodiscard]] inline std::optional<Attributes> attributes_of(const std::optional<Translation>& found) {
  return found ? std::optional(found->attributes) : std::nullopt;
}

} // namespace reference
