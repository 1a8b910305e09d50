// What the RISC-V manual, volume II, "Guest Physical Address Translation", changes about entries and rights.
#include "reference/mmu/riscv_g.hpp"

#include "reference/mmu/bits.hpp"
#include "reference/mmu/riscv.hpp"

namespace reference {

namespace {

// "All memory accesses are considered to be user-level accesses": nobody asks for the right `user`, and
// without U nobody may do anything.
bool expressible_rights(const Rights& rights) { return !rights.user && riscv::expressible_rights(rights); }

bool expressible(const Attributes& attributes, std::uint64_t) {
  return expressible_rights(rights_of(attributes)) && riscv::expressible_rest(attributes)
         && !attributes.global;
}

bool permits(const Attributes& effective, const Access& access) { return has_right(effective, access.kind); }

// "The G bit in all G-stage PTEs is currently not used": hardware ignores it, software clears it.
void clear_global(Decoded& slot) {
  if (slot.attributes.global && slot.kind == SlotKind::leaf)
    slot.violations |= violation::leaf_bits;
  slot.attributes.global = false;
}

// U lets everybody do what the other bits say.
void judge_as_users(Decoded& slot) {
  Rights rights = rights_of(slot.attributes);
  if (!rights.user) {
    rights = {};
    slot.violations |= violation::no_rights;
  }
  rights.user = false;
  slot.attributes = with_rights(slot.attributes, rights);
}

// Guest physical addresses are not sign-extended.
Profile profile_of(unsigned levels) {
  return {levels == 3 ? "riscv_sv39x4" : (levels == 4 ? "riscv_sv48x4" : "riscv_sv57x4"),
          riscv::page_sizes(levels),
          12 + 9 * levels + RiscvG::more_root_bits,
          false,
          56,
          32,
          expressible,
          expressible_rights,
          permits};
}

} // namespace

RiscvG::RiscvG(unsigned levels) : NineBits(levels, profile_of(levels)) {}

// The address that the PPN of hgatp names: its two lowest bits read as zero, because a root is 16 KiB.
std::uint64_t RiscvG::root_node(std::uint64_t root) const { return root & ~bits(13, 0); }

Decoded RiscvG::decode(std::uint64_t raw, unsigned level, unsigned, const Mode&) const {
  Decoded slot = riscv::decode(raw, level, span(level));
  clear_global(slot);
  if (slot.kind == SlotKind::leaf)
    judge_as_users(slot);
  return slot;
}

Series RiscvG::series(std::uint64_t leaf, unsigned level, const Mode&) const {
  return riscv::series(leaf, span(level));
}

std::optional<Below> RiscvG::below(std::uint64_t raw, unsigned level, const Mode&) const {
  auto below = riscv::below(raw, level);
  if (below)
    below->global = false;
  return below;
}

// "When checking the U bit, the current privilege mode is always taken to be U-mode." MXR is that of sstatus,
// which both stages obey; SUM says nothing about a user.
Outcome RiscvG::judge(const Translation& to, const Access& access, const Mode& mode) const {
  const bool right = riscv::has_right(to.attributes, access, mode);
  return right && riscv::flags_let(to.flags, access, mode) ? Outcome::ok : Outcome::protection;
}

std::uint32_t RiscvG::error_code(const Walk&, const Access&, const Mode&) const { return 0; }

std::uint64_t RiscvG::flags_set(unsigned, bool is_leaf, bool is_write) const {
  return riscv::flags_set(is_leaf, is_write);
}

const Mmu& riscv_sv39x4() {
  static const RiscvG mmu(3);
  return mmu;
}

const Mmu& riscv_sv48x4() {
  static const RiscvG mmu(4);
  return mmu;
}

const Mmu& riscv_sv57x4() {
  static const RiscvG mmu(5);
  return mmu;
}

} // namespace reference
