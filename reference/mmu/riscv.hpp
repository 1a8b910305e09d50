// The RISC-V MMU with Sv39, Sv48 or Sv57. Rule: The RISC-V Instruction Set Manual, volume II (privileged
// architecture), chapter "Supervisor-Level ISA": "Virtual Address Translation Process" (of Sv32, which the
// others refer to), Sv39, Sv48 and Sv57; the chapters Svnapot, Svpbmt and Svadu, all three present. It
// refuses to know Sv32, the two-stage translation of the hypervisor extension, physical memory protection and
// attributes, shadow stacks (Zicfiss: a page with W and without R) and pointer masking.
#pragma once

#include "reference/mmu/nine_bits.hpp"

#include <cstdint>
#include <optional>

namespace reference {

class Riscv final : public NineBits<Riscv> {
 public:
  explicit Riscv(unsigned levels);

  [[nodiscard]] Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                               const Mode& mode) const override;
  [[nodiscard]] bool continues(std::uint64_t before, std::uint64_t raw, unsigned level,
                               const Mode& mode) const override;

  // What walker.hpp asks of an architecture.
  [[nodiscard]] std::optional<Below> below(std::uint64_t raw, unsigned level, const Mode& mode) const;
  [[nodiscard]] std::uint64_t root_node(std::uint64_t root) const;
  [[nodiscard]] Outcome judge(const Translation& to, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint32_t error_code(const Walk& walk, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint64_t flags_set(unsigned level, bool is_leaf, bool is_write) const;
};

} // namespace reference
