// RISC-V Sv39, every intermediate state judged.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/riscv.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return transitions_target<pagetwin::RiscvSv39, reference::riscv_sv39, riscv_break_rules>(
      "transitions_riscv_sv39");
}
