// hvisor's machines over x86-64 tables of four levels: CPUs with TLBs, shootdowns, every intermediate state.
#include "fuzz/machines/memory/make.hpp"
#include "src/arch/x86_64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return memory_target<pagetwin::X86_64_4, reference::x86_64_4, intel_break_rules>("memory_x86_64");
}
