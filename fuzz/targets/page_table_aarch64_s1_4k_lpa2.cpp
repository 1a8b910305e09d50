// AArch64 stage 1 with 4 KiB granules and LPA2, 52 bits, five levels; every access observed.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/aarch64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::Aarch64S1_4kLpa2, ObservedBacking, reference::aarch64_s1_4k_lpa2>(
      "page_table_aarch64_s1_4k_lpa2");
}
