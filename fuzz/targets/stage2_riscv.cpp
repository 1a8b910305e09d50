// SeKVM's memory operations over RISC-V's G-stage, Sv48x4.
#include "fuzz/machines/stage2/make.hpp"
#include "src/arch/riscv.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return stage2_target<pagetwin::RiscvSv48x4, reference::riscv_sv48x4>("stage2_riscv");
}
