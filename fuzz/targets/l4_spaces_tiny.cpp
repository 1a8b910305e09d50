// L4 address spaces page by page, over the tiny format (docs/tiny.md), whose whole address space programs
// reach.
#include "fuzz/machines/spaces/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return spaces_target<pagetwin::Tiny, reference::tiny, Flexpages::no>("l4_spaces_tiny");
}
