// Where QEMU 7.2 (TCG) is known to differ from the manuals, by the architecture that it runs as.
#pragma once

#include "fuzz/emulators/deviation.hpp"
#include "fuzz/emulators/word_deviation.hpp"

#include <span>

namespace pagetwin::emulators {

[[nodiscard]] std::span<const Deviation> qemu_riscv_deviations();
[[nodiscard]] std::span<const WordDeviation> qemu_riscv_word_deviations();
[[nodiscard]] std::span<const Deviation> qemu_x86_deviations();
[[nodiscard]] std::span<const WordDeviation> qemu_x86_word_deviations();
[[nodiscard]] std::span<const Deviation> qemu_aarch64_deviations();
[[nodiscard]] std::span<const WordDeviation> qemu_aarch64_word_deviations();
[[nodiscard]] std::span<const Deviation> qemu_armv7_deviations();

} // namespace pagetwin::emulators
