// x86-64 with four levels, every intermediate state judged.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/x86_64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return transitions_target<pagetwin::X86_64_4, reference::x86_64_4, intel_break_rules>(
      "transitions_x86_64_4");
}
