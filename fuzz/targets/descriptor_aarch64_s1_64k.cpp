// Any bytes as AArch64 tables (s1_64k), walked by both sides.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/aarch64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<Aarch64S1_64k, reference::aarch64_s1_64k>("descriptor_aarch64_s1_64k");
}
