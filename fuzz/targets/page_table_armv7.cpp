// ARMv7 with Short descriptors, whose large pages and supersections are sixteen words each; every access
// observed.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/armv7.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::Armv7, ObservedBacking, reference::armv7>("page_table_armv7");
}
