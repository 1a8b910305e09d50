// The tiny format in words of 32 bits, with a root of four nodes (docs/tiny.md), every access observed.
#include "fuzz/machines/table/make.hpp"
#include "fuzz/oracles/tiny_32_format.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return table_target<pagetwin::Tiny32, ObservedBacking, reference::tiny_32>("page_table_tiny_32");
}
