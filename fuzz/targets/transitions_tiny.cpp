// The tiny format (docs/tiny.md), every intermediate state judged.
#include "fuzz/machines/table/make.hpp"
#include "fuzz/oracles/tiny_format.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return transitions_target<pagetwin::Tiny, reference::tiny, tiny_break_rules>("transitions_tiny");
}
