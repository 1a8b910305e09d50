// AArch64 stage 2, 4 KiB, every intermediate state judged.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/aarch64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return transitions_target<pagetwin::Aarch64S2_4k, reference::aarch64_s2_4k, aarch64_break_rules>(
      "transitions_aarch64_s2_4k");
}
