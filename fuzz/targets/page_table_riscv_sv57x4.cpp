// RISC-V Sv57x4, the G-stage of the hypervisor extension: a root of four nodes, every access observed.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/riscv.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::RiscvSv57x4, ObservedBacking, reference::riscv_sv57x4>(
      "page_table_riscv_sv57x4");
}
