// The tiny format (docs/tiny.md): pairs as sizes and break-before-make, every access observed.
#include "fuzz/machines/table/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::Tiny, ObservedBacking, reference::tiny>("page_table_tiny");
}
