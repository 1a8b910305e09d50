// The formats that ship, as one list: tests and tools run over it.
#pragma once

#include "src/arch/aarch64.hpp"
#include "src/arch/armv7.hpp"
#include "src/arch/ept.hpp"
#include "src/arch/riscv.hpp"
#include "src/arch/x86_64.hpp"

#include <tuple>

namespace pagetwin {

using AllFormats = std::tuple<X86_64_4, X86_64_5, Ept4, Ept5, Aarch64S1_4k, Aarch64S1_16k, Aarch64S1_64k,
                              Aarch64S1_4kLpa2, Aarch64S1_16kLpa2, Aarch64S2_4k, Aarch64S2_16k, Aarch64S2_64k,
                              RiscvSv39, RiscvSv48, RiscvSv57, RiscvSv39x4, RiscvSv48x4, RiscvSv57x4, Armv7>;

} // namespace pagetwin
