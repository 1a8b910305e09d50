// Intel EPT with four levels, every access observed.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/ept.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::Ept4, ObservedBacking, reference::ept_4>("page_table_ept");
}
