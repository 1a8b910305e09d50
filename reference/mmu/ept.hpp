// The second translation of Intel VMX, from guest-physical addresses, with 4 or 5 levels. Rule: Intel SDM
// volume 3C, "VMX support for address translation" (chapter 28, 29 or 31 by edition), its section on the
// extended page-table mechanism (29.3).
// It models a processor that has execute-only translations, with mode-based execute control and accessed and
// dirty flags on, and EPT-violation #VE, sub-page write permissions, supervisor shadow-stack control and
// paging-write control off. It refuses to know exit qualifications, and the guest's own paging: each access
// comes with its guest-physical address.
#pragma once

#include "reference/mmu/nine_bits.hpp"

#include <cstdint>
#include <optional>

namespace reference {

class Ept final : public NineBits<Ept> {
 public:
  explicit Ept(unsigned levels);

  [[nodiscard]] Decoded decode(std::uint64_t raw, unsigned level, unsigned index,
                               const Mode& mode) const override;
  [[nodiscard]] Series series(std::uint64_t leaf, unsigned level, const Mode& mode) const override;

  // What walker.hpp asks of an architecture.
  [[nodiscard]] std::optional<Below> below(std::uint64_t raw, unsigned level, const Mode& mode) const;
  [[nodiscard]] std::uint64_t root_node(std::uint64_t eptp) const;
  [[nodiscard]] Outcome judge(const Translation& to, const Access& access, const Mode& mode) const;
  // An EPT violation or misconfiguration is a VM exit, which has a qualification and no error code.
  [[nodiscard]] std::uint32_t error_code(const Walk&, const Access&, const Mode&) const { return 0; }
  [[nodiscard]] std::uint64_t flags_set(unsigned level, bool is_leaf, bool is_write) const;
};

} // namespace reference
