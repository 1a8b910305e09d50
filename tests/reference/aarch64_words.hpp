// Bits of VMSAv8-64 descriptors by the names of the Arm ARM (tables D8-50, D8-52), and sizes, for the tests
// that assemble words by hand. Written a second time: reference/ keeps its own to itself.
#pragma once

#include <cstdint>

namespace reference::aarch64_words {

constexpr std::uint64_t K4 = 0x1000;
constexpr std::uint64_t K16 = 0x4000;
constexpr std::uint64_t K64 = 0x10000;
constexpr std::uint64_t M2 = 0x200000;
constexpr std::uint64_t M32 = 0x2000000;
constexpr std::uint64_t M512 = 0x20000000;
constexpr std::uint64_t G1 = 0x40000000;
constexpr std::uint64_t G16 = 16 * G1;
constexpr std::uint64_t G64 = 64 * G1;
constexpr std::uint64_t G512 = 512 * G1;

constexpr std::uint64_t block_type = 0x1;
constexpr std::uint64_t table_type = 0x3;
constexpr std::uint64_t page_type = 0x3;
constexpr std::uint64_t AP1 = 0x40;
constexpr std::uint64_t AP2 = 0x80;
constexpr std::uint64_t AF = 0x400;
constexpr std::uint64_t nG = 0x800;
constexpr std::uint64_t DBM = 0x0008000000000000;
constexpr std::uint64_t Contiguous = 0x0010000000000000;
constexpr std::uint64_t PXN = 0x0020000000000000;
constexpr std::uint64_t UXN = 0x0040000000000000;
constexpr std::uint64_t was_dirty = 0x0080000000000000; // for software: ours
constexpr std::uint64_t PXNTable = 0x0800000000000000;
constexpr std::uint64_t UXNTable = 0x1000000000000000;
constexpr std::uint64_t APTable0 = 0x2000000000000000;
constexpr std::uint64_t APTable1 = 0x4000000000000000;

constexpr std::uint64_t bit(std::uint64_t position) { return 1ULL << position; }

} // namespace reference::aarch64_words
