// What QEMU's log of a RISC-V MMU (-d mmu) says of the second stage: each translation that was not cached, in
// their order, and whether physical memory protection lets the access through. It refuses to know why anybody
// asks. Rule: QEMU 7.2, target/riscv/cpu_helper.c, riscv_cpu_tlb_fill(), whose lines are such as
//   riscv_cpu_tlb_fill 2nd-stage address=1123 ret 0 physical 0000000000002123 prot 5
//   riscv_cpu_tlb_fill PMP address=0000000000002123 ret 2 prot 0 tlb_size 4096
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pagetwin::emulators {

class RiscvMmuLog {
 public:
  struct Translation {
    std::uint64_t from, to; // pages
    bool ended;             // in a leaf that allows the access
    bool left_memory;       // where protection lets the walk read
    bool denied;            // by protection, after it ended
  };

  void restart(std::string text);
  // Of a line that is cut off, nothing.
  [[nodiscard]] const std::optional<Translation>& next() const { return next_; }
  void advance();

 private:
  bool skip_past(std::string_view words);
  // The number after these words.
  [[nodiscard]] std::optional<std::uint64_t> after(std::string_view words, int base);

  std::string text_;
  std::string_view rest_;
  std::optional<Translation> next_;
};

} // namespace pagetwin::emulators
