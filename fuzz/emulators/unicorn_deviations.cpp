// See unicorn_deviations.hpp. Each entry was met by scripts/oracles, and is as narrow as what was met.
#include "fuzz/emulators/unicorn_deviations.hpp"

#include "fuzz/emulators/lpae_deviations.hpp"

#include <array>

namespace pagetwin::emulators {

namespace {

constexpr std::array known{
    Deviation{"contiguous set out of order", "DDI 0487 D8.7.1, misprogramming of the Contiguous bit",
              lpae::is_set_out_of_order},
    Deviation{"RES0 address bits of a block", "DDI 0487 D8.3.1, table D8-52: RES0, so the reference is right",
              lpae::is_block_with_low_bits},
    Deviation{"block above the highest level of blocks",
              "DDI 0487 D8.3.1, table D8-52: a translation fault, so the reference is right",
              lpae::is_block_too_high},
};

} // namespace

std::span<const Deviation> unicorn_deviations() { return known; }

} // namespace pagetwin::emulators
