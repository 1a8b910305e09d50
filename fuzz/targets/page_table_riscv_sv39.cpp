// RISC-V Sv39 with NAPOT pages, every access observed.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/riscv.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::RiscvSv39, ObservedBacking, reference::riscv_sv39>("page_table_riscv_sv39");
}
