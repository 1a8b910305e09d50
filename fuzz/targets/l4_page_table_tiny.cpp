// The page-table ADT of L4 and the multi-level table, over the tiny format (docs/tiny.md): programs reach the
// whole address space.
#include "fuzz/machines/l4_page_table/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return adt_target<pagetwin::Tiny, reference::tiny, tiny_break_rules>("l4_page_table_tiny");
}
