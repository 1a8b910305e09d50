// See unicorn_deviations.hpp. Each entry was met by scripts/oracles, and is as narrow as what was met.
// Manual: DDI 0487, issue L.b; elsewhere sections and tables may have other numbers, but rules (R_JQQTC) the
// same names.
#include "fuzz/emulators/unicorn_deviations.hpp"

#include "fuzz/emulators/lpae_deviations.hpp"

#include <array>

namespace pagetwin::emulators {

namespace {

constexpr std::array known{
    Deviation{"contiguous set out of order",
              "DDI 0487 D8.7.1.1, R_NGLXZ and R_JQQTC: misprogrammed, so both are right",
              lpae::is_set_out_of_order},
    Deviation{"RES0 address bits of a block",
              "DDI 0487 D8.3.1.2, R_JJNHR, table D8-52: RES0, so the reference is right",
              lpae::is_block_with_low_bits},
    Deviation{"block above the highest level of blocks",
              "DDI 0487 D8.2.8 to D8.2.10: no block there, a translation fault, so the reference is right",
              lpae::is_block_too_high},
};

} // namespace

std::span<const Deviation> unicorn_deviations() { return known; }

} // namespace pagetwin::emulators
