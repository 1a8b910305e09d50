#include "fuzz/emulators/oracles.hpp"

namespace pagetwin::emulators {

std::vector<Opened> open_all() {
  std::vector<Opened> all;
  all.push_back(open_unicorn());
  all.push_back(open_qemu_aarch64());
  all.push_back(open_qemu_armv7());
  all.push_back(open_qemu_riscv());
  all.push_back(open_qemu_riscv_g());
  all.push_back(open_qemu_x86());
  all.push_back(open_kvm());
  all.push_back(open_kvm_la57());
  return all;
}

} // namespace pagetwin::emulators
