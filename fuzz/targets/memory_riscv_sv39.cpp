// hvisor's machines over RISC-V Sv39 tables with NAPOT pages.
#include "fuzz/machines/memory/make.hpp"
#include "src/arch/riscv.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return memory_target<pagetwin::RiscvSv39, reference::riscv_sv39, riscv_break_rules>("memory_riscv_sv39");
}
