// ARMv7 short descriptors, every intermediate state judged.
#include "fuzz/machines/table/make.hpp"
#include "src/arch/armv7.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return transitions_target<pagetwin::Armv7, reference::armv7, armv7_break_rules>("transitions_armv7");
}
