// Any bytes as AArch64 tables (s2_64k), walked by both sides.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/aarch64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<Aarch64S2_64k, reference::aarch64_s2_64k>("descriptor_aarch64_s2_64k");
}
