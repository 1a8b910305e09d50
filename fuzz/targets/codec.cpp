// Bytes to programs to bytes, programs to text to programs, and text readers on whatever comes: no round trip
// loses anything.
#include "fuzz/machines/table/domains.hpp"
#include "fuzz/twin/round_trip.hpp"
#include "fuzz/twin/target.hpp"
#include "src/arch/x86_64.hpp"

pagetwin::twin::Target pagetwin::twin::target() {
  static constexpr const Schema& schema = fuzz::table_schema<X86_64_4>;
  return {
      .name = "codec",
      .schema = &schema,
      .make = [](const MachineOptions&) -> std::unique_ptr<Machine> {
        return std::make_unique<IdleMachine>(schema);
      },
      .check_bytes = [](std::span<const std::uint8_t> bytes) { return check_round_trips(bytes, schema); }};
}
