// The x86-64 MMU with 4 or 5 levels. Rule: Intel SDM volume 3A, chapter 4 ("Paging"), sections 4.5 to 4.8.
// It refuses to know any other translation: no 32-bit or PAE paging, no HLAT, no EPT, no supervisor keys
// (PKRS), no shadow stacks, no linear-address masking.
#pragma once

#include "reference/mmu/nine_bits.hpp"

#include <cstdint>
#include <optional>

namespace reference {

class X86_64 final : public NineBits<X86_64> {
 public:
  explicit X86_64(unsigned levels);

  [[nodiscard]] Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                               const Mode& mode) const override;
  [[nodiscard]] Series series(std::uint64_t leaf, unsigned level, const Mode& mode) const override;

  // What walker.hpp asks of an architecture.
  [[nodiscard]] std::optional<Below> below(std::uint64_t raw, unsigned level, const Mode& mode) const;
  [[nodiscard]] std::uint64_t root_node(std::uint64_t cr3) const;
  [[nodiscard]] Outcome judge(const Translation& to, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint32_t error_code(const Walk& walk, const Access& access, const Mode& mode) const;
  [[nodiscard]] std::uint64_t flags_set(unsigned level, bool is_leaf, bool is_write) const;
};

} // namespace reference
