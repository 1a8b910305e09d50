// AArch64 stage 1, 4 KiB, every intermediate state judged.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/aarch64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return transitions_target<pagetwin::Aarch64S1_4k, reference::aarch64_s1_4k, aarch64_break_rules>(
      "transitions_aarch64_s1_4k");
}
