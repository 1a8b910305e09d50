// The translation cache and the walk cache against a list of what they may still hold.
#include "fuzz/machines/tlb/machine.hpp"
#include "src/arch/x86_64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  using Machine = fuzz::TlbMachine<X86_64_4>;
  return {.name = "tlb_x86_64",
          .schema = &fuzz::tlb_schema<X86_64_4>,
          .make = [](const MachineOptions& o) -> std::unique_ptr<twin::Machine> {
            return std::make_unique<Machine>(o);
          },
          .max_ops = 256};
}
