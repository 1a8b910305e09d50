// SeKVM's memory operations over AArch64 stage 2 with 4 KiB granules.
#include "fuzz/machines/stage2/make.hpp"
#include "src/arch/aarch64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return stage2_target<pagetwin::Aarch64S2_4k, reference::aarch64_s2_4k>("stage2_aarch64");
}
