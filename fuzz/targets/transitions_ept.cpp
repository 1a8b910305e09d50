// EPT with four levels, every intermediate state judged.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/ept.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return transitions_target<pagetwin::Ept4, reference::ept_4, intel_break_rules>("transitions_ept");
}
