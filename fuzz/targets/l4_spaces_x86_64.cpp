// L4 address spaces page by page, over x86-64 with four levels.
#include "fuzz/machines/spaces/make.hpp"
#include "src/arch/x86_64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return spaces_target<pagetwin::X86_64_4, reference::x86_64_4, Flexpages::no>("l4_spaces_x86_64");
}
