// The second stage of a RISC-V MMU, from guest physical addresses, through hgatp, with Sv39x4, Sv48x4 or
// Sv57x4. Rule: The RISC-V Instruction Set Manual, volume II, chapter "H" extension for hypervisor support:
// "Two-Stage Address Translation", "Guest Physical Address Translation"; what it does not say is as in
// riscv.hpp. It refuses to know the first stage: each access comes with its guest physical address.
#pragma once

#include "reference/mmu/nine_bits.hpp"

#include <cstdint>
#include <optional>

namespace reference {

class RiscvG final : public NineBits<RiscvG> {
 public:
  explicit RiscvG(unsigned levels);

  [[nodiscard]] Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                               const Mode& mode) const override;
  [[nodiscard]] Series series(std::uint64_t leaf, unsigned level, const Mode& mode) const override;

  // What nine_bits.hpp asks: the root has four times the entries.
  static constexpr unsigned more_root_bits = 2;

  // What walker.hpp asks of an architecture.
  [[nodiscard]] std::optional<Below> below(std::uint64_t raw, unsigned level, const Mode& mode) const;
  [[nodiscard]] std::uint64_t root_node(std::uint64_t root) const;
  [[nodiscard]] Outcome judge(const Translation& to, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint32_t error_code(const Walk& walk, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint64_t flags_set(unsigned level, bool is_leaf, bool is_write) const;
};

} // namespace reference
