// RISC-V Sv48 with NAPOT pages: any bytes as tables.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/riscv.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<RiscvSv48, reference::riscv_sv48>("descriptor_riscv_sv48");
}
