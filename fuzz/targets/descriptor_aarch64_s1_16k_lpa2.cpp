// Any bytes as AArch64 tables (s1_16k_lpa2), walked by both sides.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/aarch64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<Aarch64S1_16kLpa2, reference::aarch64_s1_16k_lpa2>(
      "descriptor_aarch64_s1_16k_lpa2");
}
