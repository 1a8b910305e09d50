// The tiny format (docs/tiny.md) over SharedMemory, with readers that stay inside while the table is edited.
#include "fuzz/machines/table/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::Tiny, SharedBacking, reference::tiny>("page_table_shared");
}
