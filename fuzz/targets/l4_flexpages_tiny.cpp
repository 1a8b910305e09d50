// L4 address spaces with flexpages and superpages, over the tiny format (docs/tiny.md).
#include "fuzz/machines/spaces/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"
#include "reference/l4_units.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return spaces_target<pagetwin::Tiny, reference::tiny, reference::L4Units, Flexpages::yes>(
      "l4_flexpages_tiny");
}
