#include "fuzz/emulators/qemu_deviations.hpp"

namespace pagetwin::emulators {

std::span<const Deviation> qemu_riscv_deviations() { return {}; }
std::span<const WordDeviation> qemu_riscv_word_deviations() { return {}; }
std::span<const Deviation> qemu_x86_deviations() { return {}; }
std::span<const WordDeviation> qemu_x86_word_deviations() { return {}; }
std::span<const Deviation> qemu_aarch64_deviations() { return {}; }
std::span<const WordDeviation> qemu_aarch64_word_deviations() { return {}; }

} // namespace pagetwin::emulators
