// x86-64 with four levels, every access observed.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/x86_64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::X86_64_4, ObservedBacking, reference::x86_64_4>("page_table_x86_64_4");
}
