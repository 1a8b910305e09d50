// Cycles where no counter of the processor's cycles can be asked, as in most virtual machines: those of the
// time stamp counter, which runs at one rate whatever the core's clock does (Intel SDM 3B, "Time-Stamp
// Counter").
#pragma once

namespace pagetwin::bench {

// 0 where there is none. Measured once, in a few milliseconds.
[[nodiscard]] double time_stamps_per_ns();

} // namespace pagetwin::bench
