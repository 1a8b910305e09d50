// Stage 1 of the AArch64 EL1&0 regime, through TTBR0_EL1, in Non-secure state. Rule: Arm Architecture
// Reference Manual (DDI 0487), D8.3 (table D8-52, attributes), D8.4 (access control: data, instructions,
// hierarchical permissions), D8.5 (hardware updates of AF and of the dirty state).
// It models SCTLR_EL1.WXN, PSTATE.PAN, and HPD0, TBI0 and E0PD0 of TCR_EL1 as 0, and HA and HD as Mode::adue.
// It refuses to know MAIR_EL1, the upper range of TTBR1_EL1, guarded pages and what is not Non-secure.
#pragma once

#include "reference/mmu/aarch64.hpp"

#include <cstdint>

namespace reference {

// APTable, UXNTable and PXNTable limit all that is below. Which of the last two counts is only known at the
// leaf: there may be no EL0 left to execute for.
struct HierarchicalPath : Path {
  std::uint64_t limits = 0; // every bit that some table on the path has

  void pass(std::uint64_t table, const Rights& let_through, bool makes_global) {
    Path::pass(table, let_through, makes_global);
    limits |= table;
  }
  [[nodiscard]] Attributes effective(std::uint64_t leaf, const Attributes& own) const;
};

class Aarch64Stage1 final : public Aarch64<Aarch64Stage1> {
 public:
  using Path = HierarchicalPath;

  Aarch64Stage1(const Vmsa& vmsa, const char* name);

  // What aarch64.hpp and walker.hpp ask of a stage.
  [[nodiscard]] static Rights let_through(std::uint64_t table);
  [[nodiscard]] static Decoded with_attributes(Decoded leaf, std::uint64_t raw, bool ds);
  [[nodiscard]] static std::uint64_t flags_set(unsigned level, bool is_leaf, bool is_write);
  [[nodiscard]] static std::uint64_t flags_cleared(unsigned level, bool is_leaf, bool is_write);
};

} // namespace reference
