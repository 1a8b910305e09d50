// SeKVM's memory operations over Intel EPT with four levels.
#include "fuzz/machines/stage2/make.hpp"
#include "src/arch/ept.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using namespace pagetwin::fuzz;
  return stage2_target<pagetwin::Ept4, reference::ept_4>("stage2_ept");
}
