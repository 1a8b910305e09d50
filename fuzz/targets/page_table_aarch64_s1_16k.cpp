// AArch64 stage 1 with 16 KiB granules, 47 bits; every access observed.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/aarch64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::Aarch64S1_16k, ObservedBacking, reference::aarch64_s1_16k>(
      "page_table_aarch64_s1_16k");
}
