// Where libunicorn 2.0.1, whose walker is QEMU 5.0's, is known to differ from the Arm ARM (DDI 0487).
#pragma once

#include "fuzz/emulators/deviation.hpp"

namespace pagetwin::emulators {

[[nodiscard]] std::span<const Deviation> unicorn_deviations();

} // namespace pagetwin::emulators
