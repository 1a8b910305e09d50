// Always fails, and proves the machinery by it: scripts/test expects the finding.
#include "fuzz/machines/canary.hpp"

#include "src/arch/x86_64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  static constexpr const Schema& schema = fuzz::table_schema<X86_64_4>;
  return {.name = "canary", .schema = &schema, .make = [](const MachineOptions&) -> std::unique_ptr<Machine> {
            return std::make_unique<fuzz::Canary>(schema);
          }};
}
