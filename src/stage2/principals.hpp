// Who there is, and the numbers of SeKVM's specification (constants of HypSec and SeKVM, 2021). Principals
// are the host, up to fifteen virtual machines, and the core, which owns nothing here. Refuses to know a
// format: its width may be narrower than these limits.
#pragma once

#include "src/base/bits.hpp"

#include <cstdint>

namespace pagetwin {

inline constexpr unsigned hostvisor = 0, corevisor = 16; // virtual machines are those between
inline constexpr unsigned max_smmu_devices = 16;         // EL2_SMMU_CFG_SIZE
inline constexpr unsigned max_share_count = 100;
// What the record of a host's frame says in place of a guest frame number, beside the frame's own number.
inline constexpr std::uint64_t smmu_host_offset = 1'000'000'000;
// The word that a hole of the host's table carries when a frame was taken from it (PAGE_GUEST).
inline constexpr std::uint32_t page_guest = 1;

inline constexpr unsigned s2_page_shift = 12;
inline constexpr std::uint64_t s2_page_bytes = bytes_of(s2_page_shift);
inline constexpr std::uint64_t block_pages = 512; // PTRS_PER_PMD

// Addresses, guest frames, frames and the host's physical addresses are below these.
inline constexpr std::uint64_t addr_end = bytes_of(48), gfn_end = bytes_of(36), pfn_end = bytes_of(28),
                               host_addr_end = bytes_of(40);

// The frame of an entry, whatever its attributes: phys_page of the specification, in pages.
[[nodiscard]] constexpr std::uint64_t pfn_of(std::uint64_t pte) {
  return (pte & low_mask(48)) >> s2_page_shift;
}

} // namespace pagetwin
