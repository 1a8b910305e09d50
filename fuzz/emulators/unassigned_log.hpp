// Where loads and stores went that met no memory: QEMU's log (-d guest_errors) has a line for each of them,
// also of one whose translation was cached, while the guest learns only that there was nothing. So a stage
// that is the last one, with nothing of the harness behind it, may be seen through its TLB. It refuses to
// know who made the access. Rule: QEMU 7.2, softmmu/memory.c, memory_region_access_valid(), whose lines are
// such as
//   Invalid read at addr 0x1234567000, size 8, region '(null)', reason: rejected
#pragma once

#include "fuzz/emulators/emulator.hpp"

#include <vector>

namespace pagetwin::emulators {

class UnassignedLog {
 public:
  // Whether physical addresses of this page could meet RAM or a device.
  [[nodiscard]] static bool is_assigned(std::optional<std::uint64_t> frame);

  void restart(std::string_view text);
  // Of the next access that was made as `probe` says but at `aimed`, in the guest's order, and met nothing.
  // Not judged where the log speaks of another one.
  [[nodiscard]] Answer take(const Probe& probe, std::uint64_t aimed);
  // Of one that met something, which no expected frame is: an address that no table has.
  [[nodiscard]] static Answer met_something();

 private:
  struct Line {
    std::uint64_t address;
    bool write;
  };
  std::vector<Line> lines_;
  std::size_t next_ = 0;
};

} // namespace pagetwin::emulators
