// x86-64 with four levels: any bytes as tables.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/x86_64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<X86_64_4, reference::x86_64_4>("descriptor_x86_64_4");
}
