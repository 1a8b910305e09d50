// The RISC-V MMU with Sv39, Sv48 or Sv57. Rule: The RISC-V Instruction Set Manual, volume II (privileged
// architecture), chapter "Supervisor-Level ISA": "Virtual Address Translation Process" (of Sv32, which the
// others refer to), Sv39, Sv48 and Sv57; the chapters Svnapot, Svpbmt and Svadu, all three present. It
// refuses to know Sv32, the G-stage of the hypervisor extension (riscv_g.hpp), physical memory protection and
// attributes, shadow stacks (Zicfiss: a page with W and without R) and pointer masking.
#pragma once

#include "reference/mmu/nine_bits.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace reference {

// Page table entries, which are the same in both stages, and what step 7 says of their flags.
namespace riscv {
[[nodiscard]] Decoded decode(std::uint64_t raw, unsigned level, std::uint64_t span);
[[nodiscard]] Series series(std::uint64_t leaf, std::uint64_t span);
[[nodiscard]] std::optional<Below> below(std::uint64_t raw, unsigned level);
[[nodiscard]] std::uint64_t flags_set(bool is_leaf, bool is_write);
// Do the flags let the access pass, be it that hardware sets them?
[[nodiscard]] bool flags_let(const Flags& flags, const Access& access, const Mode& mode);
// R, W or X, as the access has it; where MXR makes executable pages readable, either of two for a load.
[[nodiscard]] bool has_right(const Attributes& attributes, const Access& access, const Mode& mode);

// R=W=X=0 is a table, and W without R is reserved.
[[nodiscard]] bool expressible_rights(const Rights& rights);
// The rest: three memory types, no keys, two bits for software.
[[nodiscard]] bool expressible_rest(const Attributes& attributes);
// The 64 KiB between pages and leaves of level 1, and a leaf of each level.
[[nodiscard]] std::span<const std::uint64_t> page_sizes(unsigned levels);
} // namespace riscv

class Riscv final : public NineBits<Riscv> {
 public:
  explicit Riscv(unsigned levels);

  [[nodiscard]] Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                               const Mode& mode) const override;
  [[nodiscard]] Series series(std::uint64_t leaf, unsigned level, const Mode& mode) const override;

  // What walker.hpp asks of an architecture.
  [[nodiscard]] std::optional<Below> below(std::uint64_t raw, unsigned level, const Mode& mode) const;
  [[nodiscard]] std::uint64_t root_node(std::uint64_t root) const;
  [[nodiscard]] Outcome judge(const Translation& to, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint32_t error_code(const Walk& walk, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint64_t flags_set(unsigned level, bool is_leaf, bool is_write) const;
};

} // namespace reference
