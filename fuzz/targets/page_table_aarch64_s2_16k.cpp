// AArch64 stage 2 with 16 KiB granules, 40 bits from sixteen concatenated tables; every access observed.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/aarch64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::Aarch64S2_16k, ObservedBacking, reference::aarch64_s2_16k>(
      "page_table_aarch64_s2_16k");
}
