// The harness's second stage in Arm's long format with pages of 4 KiB, which is that of VMSAv8-64, too:
// Normal memory, inner shareable, AF, all may be executed. Rule: Arm ARM (DDI 0487), D8.3; ARM ARM (DDI
// 0406C), B3.6.
#pragma once

#include "fuzz/emulators/bits.hpp"
#include "fuzz/emulators/tag_pages.hpp"

namespace pagetwin::emulators::lpae {

inline constexpr std::uint64_t S2AP_read = bit(6), S2AP_write = bit(7);

constexpr StageShape second_stage(unsigned levels, std::size_t root_bytes) {
  return {levels, root_bytes, [](std::uint64_t physical) { return physical | 3; },
          [](std::uint64_t table) { return table & ~std::uint64_t{0xfff}; },
          [](std::uint64_t physical, unsigned level, bool writable) {
            constexpr std::uint64_t normal = 0xfU << 2U, shareable = 3U << 8U, AF = bit(10);
            return physical | normal | shareable | AF | S2AP_read | (writable ? S2AP_write : 0)
                   | (level == 0 ? 3U : 1U);
          }};
}

} // namespace pagetwin::emulators::lpae
