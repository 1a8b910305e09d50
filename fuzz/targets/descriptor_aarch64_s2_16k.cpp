// Any bytes as AArch64 tables (s2_16k), walked by both sides.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/aarch64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<Aarch64S2_16k, reference::aarch64_s2_16k>("descriptor_aarch64_s2_16k");
}
