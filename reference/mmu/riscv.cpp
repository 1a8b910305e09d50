// Page table entries and access rights of Sv39, Sv48 and Sv57 as the RISC-V manual, volume II, words them.
// Bits carry its names.
#include "reference/mmu/riscv.hpp"

#include "reference/mmu/bits.hpp"

#include <array>
#include <cstddef>

namespace reference {

namespace {

// "Sv39 page table entry"; Sv48 and Sv57 have the same.
constexpr std::uint64_t V = bit(0);
constexpr std::uint64_t R = bit(1);
constexpr std::uint64_t W = bit(2);
constexpr std::uint64_t X = bit(3);
constexpr std::uint64_t U = bit(4);
constexpr std::uint64_t G = bit(5);
constexpr std::uint64_t A = bit(6);
constexpr std::uint64_t D = bit(7);
constexpr std::uint64_t RSW = bits(9, 8);
constexpr std::uint64_t PPN = bits(53, 10);
constexpr std::uint64_t reserved = bits(60, 54);
constexpr std::uint64_t PBMT = bits(62, 61);
constexpr std::uint64_t N = bit(63);
constexpr std::uint64_t reserved_in_table = D | A | U | reserved | PBMT | N;

// "Page table entry encodings when pte.N=1": ppn[0] of a 64 KiB region ends in 1000, whichever of its 16
// pages.
constexpr unsigned napot_copies = 16;
constexpr std::uint64_t napot_field = bits(13, 10);
constexpr std::uint64_t napot_64K = bit(13);

constexpr std::array<std::uint64_t, 6> page_sizes{bit(12), bit(16), bit(21), bit(30), bit(39), bit(48)};

unsigned field(std::uint64_t raw, std::uint64_t mask) {
  return static_cast<unsigned>((raw & mask) / (mask & (0 - mask)));
}

// The PPN stands two bits below the address that it names.
std::uint64_t frame_of(std::uint64_t raw) { return (raw & PPN) << 2; }

// R=W=X=0 is a table, and W without R is reserved.
bool expressible_rights(const Rights& rights) {
  return (rights.read || rights.execute) && (rights.read || !rights.write);
}

bool expressible(const Attributes& attributes, std::uint64_t) {
  return expressible_rights(rights_of(attributes)) && attributes.memory_type < 3 && attributes.key == 0
         && attributes.software < 4;
}

// "Irrespective of SUM, the supervisor may not execute code on pages with U=1." Its data it may reach: SUM is
// set.
bool permits(const Attributes& attributes, const Access& access) {
  const bool fetches_from_user = !access.user && attributes.user && access.kind == AccessKind::execute;
  return permits_by_user_right(attributes, access) && !fetches_from_user;
}

// Step 4 tells a pointer by R and X; with W=1 it has been refused as reserved before (step 3).
bool is_table(std::uint64_t raw) { return (raw & (R | W | X)) == 0; }

// A table restricts nothing, but G in it makes everything below global.
Decoded table(std::uint64_t raw, unsigned level, std::uint64_t span) {
  Decoded slot;
  slot.kind = SlotKind::table;
  slot.bytes = span;
  slot.address = frame_of(raw);
  slot.attributes = {.read = true, .write = true, .execute = true, .user = true, .global = (raw & G) != 0};
  if ((raw & reserved_in_table) != 0)
    slot.violations |= violation::reserved_bit;
  if (level == 0)
    slot.violations |= violation::bad_level;
  if ((raw & (G | RSW)) != 0)
    slot.violations |= violation::table_bits;
  return slot;
}

Attributes leaf_attributes(std::uint64_t raw) {
  return {.read = (raw & R) != 0,
          .write = (raw & W) != 0,
          .execute = (raw & X) != 0,
          .user = (raw & U) != 0,
          .memory_type = static_cast<std::uint8_t>(field(raw, PBMT)),
          .global = (raw & G) != 0,
          .software = static_cast<std::uint16_t>(field(raw, RSW))};
}

bool is_napot_64K(std::uint64_t raw, unsigned level) {
  return level == 0 && (raw & N) != 0 && (raw & napot_field) == napot_64K;
}

// Encodings of a leaf that are reserved for future standard use.
bool is_reserved_leaf(std::uint64_t raw, unsigned level) {
  return (raw & reserved) != 0 || (raw & (R | W)) == W || (raw & PBMT) == PBMT
         || ((raw & N) != 0 && !is_napot_64K(raw, level));
}

// Step 7, as Svade has it where menvcfg.ADUE is 0: it is for software to set A and D.
bool flags_let(const Flags& flags, const Access& access) {
  return flags.accessed && (flags.dirty || access.kind != AccessKind::write);
}

Decoded leaf(std::uint64_t raw, unsigned level, std::uint64_t span) {
  Decoded slot;
  slot.kind = SlotKind::leaf;
  slot.copies = is_napot_64K(raw, level) ? napot_copies : 1;
  slot.bytes = span * slot.copies;
  slot.address = frame_of(raw) & ~(slot.bytes - 1);
  slot.attributes = leaf_attributes(raw);
  slot.flags = {(raw & A) != 0, (raw & D) != 0};
  if (is_reserved_leaf(raw, level))
    slot.violations |= violation::reserved_bit;
  if ((frame_of(raw) & (span - 1)) != 0) // step 6: a misaligned superpage
    slot.violations |= violation::misaligned_frame;
  return slot;
}

const char* name_of(unsigned levels) {
  return levels == 3 ? "riscv_sv39" : levels == 4 ? "riscv_sv48" : "riscv_sv57";
}

// A leaf of each level, and the 64 KiB between the lowest two.
Profile profile_of(unsigned levels) {
  return {name_of(levels),
          std::span(page_sizes).first(std::size_t{levels} + 1),
          12 + 9 * levels,
          true,
          56,
          32,
          expressible,
          expressible_rights,
          permits};
}

} // namespace

Riscv::Riscv(unsigned levels) : NineBits(levels, profile_of(levels)) {}

// Not satp itself, but the address that its PPN names: no root can be misaligned.
std::uint64_t Riscv::root_node(std::uint64_t root) const { return root; }

// Mode::pa_bits binds nothing: "The algorithm does not admit the possibility of ignoring high-order PPN bits
// for implementations with narrower physical addresses."
Decoded Riscv::decode(std::uint64_t raw, unsigned level, unsigned, const Mode&) const {
  if ((raw & V) == 0)
    return hole_with_marker(raw, span(level));
  return is_table(raw) ? table(raw, level, span(level)) : leaf(raw, level, span(level));
}

// Only the PPN differs, and it is the next page's. The 16 entries of a NAPOT page are equal.
bool Riscv::continues(std::uint64_t before, std::uint64_t raw, unsigned level, const Mode&) const {
  return (before & N) == 0 && raw - before == span(level) >> 2 && ((raw ^ before) & ~PPN) == 0;
}

std::optional<Below> Riscv::below(std::uint64_t raw, unsigned level, const Mode&) const {
  if ((raw & (V | R | W | X | reserved_in_table)) != V || level == 0)
    return std::nullopt;
  return Below{frame_of(raw), {true, true, true, true}, (raw & G) != 0};
}

// Step 5, with the two bits of sstatus: MXR lets loads use X; SUM lets the supervisor load and store, never
// fetch, where U is set.
Outcome Riscv::judge(const Translation& to, const Access& access, const Mode& mode) const {
  const Attributes& effective = to.attributes;
  const bool is_fetch = access.kind == AccessKind::execute, is_load = access.kind == AccessKind::read;
  const bool right = has_right(effective, access.kind) || (is_load && mode.mxr && effective.execute);
  const bool reached = access.user ? effective.user : !effective.user || (mode.sum && !is_fetch);
  return right && reached && (mode.adue || flags_let(to.flags, access)) ? Outcome::ok : Outcome::protection;
}

std::uint32_t Riscv::error_code(const Walk&, const Access&, const Mode&) const { return 0; }

// Step 7, as Svadu has it: in the leaf that was read, be it one of 16; tables have no flags.
std::uint64_t Riscv::flags_set(unsigned, bool is_leaf, bool is_write) const {
  return is_leaf ? (is_write ? A | D : A) : 0;
}

const Mmu& riscv_sv39() {
  static const Riscv mmu(3);
  return mmu;
}

const Mmu& riscv_sv48() {
  static const Riscv mmu(4);
  return mmu;
}

const Mmu& riscv_sv57() {
  static const Riscv mmu(5);
  return mmu;
}

} // namespace reference
