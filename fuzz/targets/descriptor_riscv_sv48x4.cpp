// RISC-V Sv48x4, the G-stage: any bytes as tables.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/riscv.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<RiscvSv48x4, reference::riscv_sv48x4>("descriptor_riscv_sv48x4");
}
