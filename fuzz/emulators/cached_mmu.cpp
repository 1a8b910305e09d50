#include "fuzz/emulators/cached_mmu.hpp"

#include "fuzz/emulators/each_once.hpp"

#include <algorithm>

namespace pagetwin::emulators {

namespace {

constexpr std::uint64_t page_bytes = 4096;

} // namespace

std::vector<std::uint64_t> frames_of(std::span<const Access> accesses) {
  std::vector<std::uint64_t> frames;
  for (const Access& access : accesses)
    for (const auto& frame : {access.before, access.after})
      if (frame)
        frames.push_back(*frame);
  keep_each_once(frames);
  return frames;
}

std::optional<std::vector<OwedPage>> pages_of(std::span<const Owed> owed, std::size_t most) {
  std::vector<OwedPage> pages;
  for (const Owed& each : owed) {
    const std::uint64_t first = each.first & ~(page_bytes - 1), count = (each.last - first) / page_bytes + 1;
    if (count > most - pages.size())
      return std::nullopt;
    for (std::uint64_t i = 0; i < count; ++i)
      pages.push_back({first + i * page_bytes, each.tables});
  }
  return pages;
}

} // namespace pagetwin::emulators
