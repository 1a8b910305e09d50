// The foreign MMUs that this build may have, each with its known deviations, or the reason why it is not
// there. CMake chooses the sources, so that there is no #ifdef. It refuses to know formats.
#pragma once

#include "fuzz/emulators/deviation.hpp"
#include "fuzz/emulators/word_deviation.hpp"

#include <memory>
#include <variant>
#include <vector>

namespace pagetwin::emulators {

struct Oracle {
  std::unique_ptr<Emulator> emulator;
  std::span<const Deviation> deviations;
  std::span<const WordDeviation> word_deviations; // of one that writes back
};

using Opened = std::variant<Oracle, Absent>;

// unicorn.cpp, or unicorn_absent.cpp where libunicorn is missing.
[[nodiscard]] Opened open_unicorn();

// qemu_<architecture>.cpp. What they need is looked for each time: QEMU in PATH, and guests that were built.
[[nodiscard]] Opened open_qemu_riscv();
[[nodiscard]] Opened open_qemu_riscv_g();
[[nodiscard]] Opened open_qemu_x86();
[[nodiscard]] Opened open_qemu_aarch64();
[[nodiscard]] Opened open_qemu_armv7();

// kvm.cpp, or kvm_absent.cpp where its header is missing: 4 levels, and 5 where the processor takes them.
[[nodiscard]] Opened open_kvm(const std::string& device = "/dev/kvm");
[[nodiscard]] Opened open_kvm_la57(const std::string& device = "/dev/kvm");

// All of them, in a fixed order.
[[nodiscard]] std::vector<Opened> open_all();

} // namespace pagetwin::emulators
