// Addresses as types of their own, so that a virtual address never lands where a physical one is meant.
// Knows no format: width and canonical form belong to the geometry of a table (src/arch/geometry.hpp).
#pragma once

#include <cstdint>

namespace pagetwin {

// An address that a program uses: the input of stage 1.
enum class VirtAddr : std::uint64_t {};
// An intermediate physical address: the output of stage 1 and the input of stage 2.
enum class IpaAddr : std::uint64_t {};
// An address on the memory bus. Table memory is named by simulated physical addresses (design rule 4).
enum class PhysAddr : std::uint64_t {};

// The address space that a translation belongs to: ASID, PCID or VMID, unshifted.
enum class SpaceId : std::uint16_t {};

[[nodiscard]] constexpr std::uint64_t raw(VirtAddr a) { return static_cast<std::uint64_t>(a); }
[[nodiscard]] constexpr std::uint64_t raw(IpaAddr a) { return static_cast<std::uint64_t>(a); }
[[nodiscard]] constexpr std::uint64_t raw(PhysAddr a) { return static_cast<std::uint64_t>(a); }
[[nodiscard]] constexpr std::uint16_t raw(SpaceId s) { return static_cast<std::uint16_t>(s); }

[[nodiscard]] constexpr PhysAddr operator+(PhysAddr a, std::uint64_t bytes) {
  return PhysAddr{raw(a) + bytes};
}
[[nodiscard]] constexpr VirtAddr operator+(VirtAddr a, std::uint64_t bytes) {
  return VirtAddr{raw(a) + bytes};
}
[[nodiscard]] constexpr std::uint64_t operator-(PhysAddr a, PhysAddr b) { return raw(a) - raw(b); }

} // namespace pagetwin
