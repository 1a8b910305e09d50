// Any bytes as AArch64 tables (s2_4k), walked by both sides.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/aarch64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<Aarch64S2_4k, reference::aarch64_s2_4k>("descriptor_aarch64_s2_4k");
}
