// hvisor's machines over the tiny format (docs/tiny.md): nodes of four slots, so that programs reach every
// level, and break-before-make.
#include "fuzz/machines/memory/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return memory_target<pagetwin::Tiny, reference::tiny, tiny_break_rules>("memory_tiny");
}
