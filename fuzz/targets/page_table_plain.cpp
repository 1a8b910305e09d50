// The PlainMemory instance, which is what ships: nothing between the table and its memory.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/x86_64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::X86_64_4, PlainBacking, reference::x86_64_4>("page_table_plain");
}
