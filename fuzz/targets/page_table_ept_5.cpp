// Intel EPT with five levels, every access observed.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/ept.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::Ept5, ObservedBacking, reference::ept_5>("page_table_ept_5");
}
