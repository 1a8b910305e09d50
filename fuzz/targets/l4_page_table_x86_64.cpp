// The page-table ADT of L4 and the multi-level table, over x86-64 with four levels.
#include "fuzz/machines/l4_page_table/make.hpp"
#include "src/arch/x86_64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return adt_target<pagetwin::X86_64_4, reference::x86_64_4, intel_break_rules>("l4_page_table_x86_64");
}
