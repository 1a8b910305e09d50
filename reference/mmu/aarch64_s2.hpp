// Stage 2 of the AArch64 EL1&0 regime, from intermediate physical addresses, through VTTBR_EL2. Rule: Arm
// Architecture Reference Manual (DDI 0487), D8.2 (concatenated tables of the initial lookup), D8.3 (table
// D8-53, attributes), D8.4 (stage 2 access control), D8.5 (hardware updates), D8.6 (memory types without
// FWB).
// It models FEAT_XNX, and HA and HD of VTCR_EL2 as Mode::adue. It refuses to know stage 1: each access comes
// with its intermediate physical address.
#pragma once

#include "reference/mmu/aarch64.hpp"

#include <cstdint>

namespace reference {

class Aarch64Stage2 final : public Aarch64<Aarch64Stage2> {
 public:
  Aarch64Stage2(const Vmsa& vmsa, const char* name);

  // What aarch64.hpp and walker.hpp ask of a stage.
  [[nodiscard]] static Rights let_through(std::uint64_t table);
  [[nodiscard]] static Decoded with_attributes(Decoded leaf, std::uint64_t raw, bool ds);
  [[nodiscard]] static std::uint64_t flags_set(unsigned level, bool is_leaf, bool is_write);
};

} // namespace reference
