// Any bytes as tables of the 32-bit tiny format, walked by both sides.
#include "fuzz/machines/descriptors/machine.hpp"
#include "fuzz/oracles/tiny_32_format.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<Tiny32, reference::tiny_32>("descriptor_tiny_32");
}
