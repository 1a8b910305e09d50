// Intel EPT with five levels: any bytes as tables.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/ept.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<Ept5, reference::ept_5>("descriptor_ept_5");
}
