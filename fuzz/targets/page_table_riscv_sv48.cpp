// RISC-V Sv48 with NAPOT pages, every access observed.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/riscv.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::RiscvSv48, ObservedBacking, reference::riscv_sv48>("page_table_riscv_sv48");
}
