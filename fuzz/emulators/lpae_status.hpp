// Fault status codes as PAR, PAR_EL1 and ESR_ELx have them in the long format. Rule: Arm ARM (DDI 0487),
// D24.2, PAR_EL1.FST; ARM ARM (DDI 0406C), B3.13.3. They refuse to know level -1 of LPA2.
#pragma once

#include "fuzz/emulators/emulator.hpp"

namespace pagetwin::emulators::lpae {

// `last`: the manual's level of pages, to which its levels count up. Nothing for other aborts, an external
// one where the walk leaves RAM, say.
[[nodiscard]] std::optional<Answer> read_status(unsigned status, unsigned last);

} // namespace pagetwin::emulators::lpae
