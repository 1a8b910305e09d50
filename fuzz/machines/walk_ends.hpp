// What machines that compare walks may answer: the ends of a reference's walk, to which each adds its own.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace pagetwin::fuzz {

// All but ok.
inline constexpr auto walk_failures = std::to_array<std::string_view>({
    "not_present",
    "protection",
    "reserved",
    "access_flag",
    "non_canonical",
    "protection_key",
    "outside_memory",
});

// Lists of outcomes, one behind the other.
template <std::size_t... Counts>
[[nodiscard]] constexpr auto joined(const std::array<std::string_view, Counts>&... lists) {
  std::array<std::string_view, (Counts + ...)> all{};
  auto end = all.begin();
  ((end = std::ranges::copy(lists, end).out), ...);
  return all;
}

} // namespace pagetwin::fuzz
