// ARMv7 short descriptors: any bytes as tables.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/armv7.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<Armv7, reference::armv7>("descriptor_armv7");
}
