// What the tests of QEMU's RISC-V share.
#pragma once

#include "tests/emulators/qemu_fixture.hpp"

namespace pagetwin::emulators {

inline constexpr std::uint64_t V = bit(0), R = bit(1), W = bit(2), X = bit(3), U = bit(4), A = bit(6),
                               D = bit(7), N = bit(63);
inline std::uint64_t pte(std::uint64_t address, std::uint64_t bits) { return address >> 2U | bits | V; }
inline std::uint64_t riscv_link(std::uint64_t node) { return pte(node, 0); }
class QemuRiscvTest : public QemuTest {
 protected:
  void SetUp() override { open(open_qemu_riscv()); }
  static Tables tables(unsigned levels) { return {levels, 4096, 4096, riscv_link}; }
};
struct Sv {
  const char* format;
  unsigned levels;
};
inline constexpr std::array svs{Sv{"riscv_sv39", 3}, Sv{"riscv_sv48", 4}, Sv{"riscv_sv57", 5}};

} // namespace pagetwin::emulators
