// What QEMU's walker of long descriptors (ptw_lpae) does otherwise than the Arm ARM says, in every version
// that was met: unicorn 2.0.1 has that of 5.0, and QEMU 7.2 its own. Each predicate states the very answer
// that the walker gives, and not that any other answer is fine. Rule: Arm Architecture Reference Manual (DDI
// 0487, issue L.b), D8.2.8 to D8.2.10 (which levels have blocks), D8.3.1.2 (fields of a block), D8.7.1.1.
#pragma once

#include "fuzz/emulators/deviation.hpp"

namespace pagetwin::emulators::lpae {

// The walker does not look at the Contiguous bit: where a set does not lie in order, it goes where the one
// descriptor says, and the reference where the set begins. Either may be (R_NGLXZ, R_JQQTC): of a set that is
// misprogrammed the address that any of its descriptors gives.
[[nodiscard]] bool is_set_out_of_order(std::string_view format, const Probe&, const Expected&, const Answer&);

// Bits of a block's address below its size are RES0 (R_JJNHR); the walker adds them to the offset.
[[nodiscard]] bool is_block_with_low_bits(std::string_view format, const Probe&, const Expected&,
                                          const Answer&);

// The walker takes a block at any level but the last, and judges it like any other; the manual ends it with a
// translation fault (AArch64.BlockDescSupported). That of 7.2 no longer adds low bits.
[[nodiscard]] bool is_block_too_high(std::string_view format, const Probe&, const Expected&, const Answer&);
[[nodiscard]] bool is_aligned_block_too_high(std::string_view format, const Probe&, const Expected&,
                                             const Answer&);

} // namespace pagetwin::emulators::lpae
