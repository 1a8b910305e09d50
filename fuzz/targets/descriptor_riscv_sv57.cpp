// RISC-V Sv57 with NAPOT pages: any bytes as tables.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/riscv.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<RiscvSv57, reference::riscv_sv57>("descriptor_riscv_sv57");
}
