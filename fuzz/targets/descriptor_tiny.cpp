// The tiny format (docs/tiny.md): any bytes as tables.
#include "fuzz/machines/descriptors/machine.hpp"
#include "fuzz/oracles/tiny_format.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<Tiny, reference::tiny>("descriptor_tiny");
}
