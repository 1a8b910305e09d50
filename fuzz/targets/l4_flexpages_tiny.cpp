// L4 address spaces with flexpages and superpages, over the tiny format (docs/tiny.md).
#include "fuzz/machines/spaces/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return spaces_target<pagetwin::Tiny, reference::tiny, Flexpages::yes>("l4_flexpages_tiny");
}
