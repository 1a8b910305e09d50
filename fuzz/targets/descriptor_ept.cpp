// Intel EPT with four levels: any bytes as tables.
#include "fuzz/machines/descriptors/machine.hpp"
#include "src/arch/ept.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin;
  return fuzz::descriptor_target<Ept4, reference::ept_4>("descriptor_ept");
}
