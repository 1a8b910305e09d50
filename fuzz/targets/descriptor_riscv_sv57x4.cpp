// RISC-V Sv57x4, the G-stage: any bytes as tables.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/riscv.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<RiscvSv57x4, reference::riscv_sv57x4>("descriptor_riscv_sv57x4");
}
