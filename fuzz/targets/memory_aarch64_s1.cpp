// hvisor's machines over AArch64 stage 1 tables with 4 KiB granules, where a live entry is broken before it
// is made anew.
#include "fuzz/machines/memory/make.hpp"
#include "src/arch/aarch64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return memory_target<pagetwin::Aarch64S1_4k, reference::aarch64_s1_4k, aarch64_break_rules>(
      "memory_aarch64_s1");
}
