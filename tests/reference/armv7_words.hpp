// Short descriptors as ARM DDI 0406C draws them, for tests that assemble words by hand: figure B3-4 (first
// level) and figure B3-5 (second level).
#pragma once

#include <cstdint>

namespace reference::armv7_words {

inline constexpr std::uint64_t K4 = 0x1000;
inline constexpr std::uint64_t K64 = 0x10000;
inline constexpr std::uint64_t M1 = 0x100000;
inline constexpr std::uint64_t M16 = 0x1000000;

// Bits [1:0]; the others come on top.
inline constexpr std::uint64_t table = 0x1;
inline constexpr std::uint64_t section = 0x2;
inline constexpr std::uint64_t supersection = 0x40002;
inline constexpr std::uint64_t large = 0x1;
inline constexpr std::uint64_t small = 0x2;

inline constexpr std::uint64_t B = 0x4;
inline constexpr std::uint64_t C = 0x8;

// Of a section and a supersection.
namespace first {
inline constexpr std::uint64_t XN = 0x10;
inline constexpr std::uint64_t AP0 = 0x400;
inline constexpr std::uint64_t AP1 = 0x800;
inline constexpr std::uint64_t TEX0 = 0x1000;
inline constexpr std::uint64_t AP2 = 0x8000;
inline constexpr std::uint64_t S = 0x10000;
inline constexpr std::uint64_t nG = 0x20000;
inline constexpr std::uint64_t NS = 0x80000;
} // namespace first

// Of a small and a large page.
namespace second {
inline constexpr std::uint64_t AP0 = 0x10;
inline constexpr std::uint64_t AP1 = 0x20;
inline constexpr std::uint64_t AP2 = 0x200;
inline constexpr std::uint64_t S = 0x400;
inline constexpr std::uint64_t nG = 0x800;
} // namespace second
inline constexpr std::uint64_t XN_small = 0x1;
inline constexpr std::uint64_t TEX0_small = 0x40;
inline constexpr std::uint64_t XN_large = 0x8000;
inline constexpr std::uint64_t TEX0_large = 0x1000;

constexpr std::uint64_t bit(unsigned position) { return 1ULL << position; }
// The domain field of a section or a page table.
constexpr std::uint64_t domain(std::uint64_t number) { return number << 5; }

} // namespace reference::armv7_words
