// What the tests of FlatMap share: an empty x86-64 map, and whole contents as vectors.
#pragma once

#include "reference/flat_map.hpp"
#include "reference/mmu/mmu.hpp"

#include <gtest/gtest.h>
#include <vector>

namespace reference {

inline constexpr std::uint64_t K4 = 4096;
inline constexpr std::uint64_t M2 = 0x200000;
inline constexpr std::uint64_t G1 = 0x40000000;
inline constexpr Attributes rw{.read = true, .write = true};
inline constexpr Attributes ro{.read = true};

[[nodiscard]] inline std::vector<LeafRun> regions(const FlatMap& map) {
  return {map.regions().begin(), map.regions().end()};
}
[[nodiscard]] inline std::vector<Marker> markers(const FlatMap& map) {
  return {map.markers().begin(), map.markers().end()};
}
[[nodiscard]] inline std::vector<LeafRun> copy(std::span<const LeafRun> runs) {
  return {runs.begin(), runs.end()};
}
[[nodiscard]] inline std::vector<Extent> copy(std::span<const Extent> extents) {
  return {extents.begin(), extents.end()};
}

using Regions = std::vector<LeafRun>;
using Markers = std::vector<Marker>;
using Extents = std::vector<Extent>;

struct FlatMapTest : ::testing::Test {
  FlatMap map{x86_64_4().profile()};
};

} // namespace reference
