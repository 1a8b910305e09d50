// x86-64 with five levels, every access observed.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/x86_64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::X86_64_5, ObservedBacking, reference::x86_64_5>("page_table_x86_64_5");
}
