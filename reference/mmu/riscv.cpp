// Page table entries of both stages, and access rights of Sv39, Sv48 and Sv57, as the RISC-V manual, volume
// II, words them. Bits carry its names.
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

constexpr std::array<std::uint64_t, 6> all_page_sizes{bit(12), bit(16), bit(21), bit(30), bit(39), bit(48)};

unsigned field(std::uint64_t raw, std::uint64_t mask) {
  return static_cast<unsigned>((raw & mask) / (mask & (0 - mask)));
}

// The PPN stands two bits below the address that it names.
std::uint64_t frame_of(std::uint64_t raw) { return (raw & PPN) << 2; }

bool expressible(const Attributes& attributes, std::uint64_t) {
  return riscv::expressible_rights(rights_of(attributes)) && riscv::expressible_rest(attributes);
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

Profile profile_of(unsigned levels) {
  return {name_of(levels), riscv::page_sizes(levels), 12 + 9 * levels, true, 56, 32,
          expressible,     riscv::expressible_rights, permits};
}

} // namespace

namespace riscv {

bool expressible_rights(const Rights& rights) {
  return (rights.read || rights.execute) && (rights.read || !rights.write);
}

bool expressible_rest(const Attributes& attributes) {
  return attributes.memory_type < 3 && attributes.key == 0 && attributes.software < 4;
}

std::span<const std::uint64_t> page_sizes(unsigned levels) {
  return std::span(all_page_sizes).first(std::size_t{levels} + 1);
}

Decoded decode(std::uint64_t raw, unsigned level, std::uint64_t span) {
  if ((raw & V) == 0)
    return hole_with_marker(raw, span);
  return is_table(raw) ? table(raw, level, span) : leaf(raw, level, span);
}

// Only the PPN differs, and it is the next page's. The 16 entries of a NAPOT page are equal.
Series series(std::uint64_t leaf, std::uint64_t span) {
  return (leaf & N) == 0 ? Series{Series::Of::pages, span >> 2, PPN} : Series{Series::Of::copies, 0, 0};
}

std::optional<Below> below(std::uint64_t raw, unsigned level) {
  if ((raw & (V | R | W | X | reserved_in_table)) != V || level == 0)
    return std::nullopt;
  return Below{frame_of(raw), {true, true, true, true}, (raw & G) != 0};
}

// Step 7, as Svadu has it: in the leaf that was read, be it one of 16; tables have no flags.
std::uint64_t flags_set(bool is_leaf, bool is_write) { return is_leaf ? (is_write ? A | D : A) : 0; }

// Step 7, as Svade has it where menvcfg.ADUE is 0: it is for software to set A and D.
bool flags_let(const Flags& flags, const Access& access, const Mode& mode) {
  return mode.adue || (flags.accessed && (flags.dirty || access.kind != AccessKind::write));
}

// Step 5, less privileges: MXR lets loads use X.
bool has_right(const Attributes& effective, const Access& access, const Mode& mode) {
  const bool is_load = access.kind == AccessKind::read;
  return reference::has_right(effective, access.kind) || (is_load && mode.mxr && effective.execute);
}

} // namespace riscv

Riscv::Riscv(unsigned levels) : NineBits(levels, profile_of(levels)) {}

// Not satp itself, but the address that its PPN names: no root can be misaligned.
std::uint64_t Riscv::root_node(std::uint64_t root) const { return root; }

// Mode::pa_bits binds nothing: "The algorithm does not admit the possibility of ignoring high-order PPN bits
// for implementations with narrower physical addresses."
Decoded Riscv::decode(std::uint64_t raw, unsigned level, unsigned, const Mode&) const {
  return riscv::decode(raw, level, span(level));
}

Series Riscv::series(std::uint64_t leaf, unsigned level, const Mode&) const {
  return riscv::series(leaf, span(level));
}

std::optional<Below> Riscv::below(std::uint64_t raw, unsigned level, const Mode&) const {
  return riscv::below(raw, level);
}

// Step 5, with SUM of sstatus: the supervisor may load and store, never fetch, where U is set.
Outcome Riscv::judge(const Translation& to, const Access& access, const Mode& mode) const {
  const bool is_fetch = access.kind == AccessKind::execute, user_page = to.attributes.user;
  const bool reached = access.user ? user_page : !user_page || (mode.sum && !is_fetch);
  const bool let = riscv::has_right(to.attributes, access, mode) && riscv::flags_let(to.flags, access, mode);
  return let && reached ? Outcome::ok : Outcome::protection;
}

std::uint32_t Riscv::error_code(const Walk&, const Access&, const Mode&) const { return 0; }

std::uint64_t Riscv::flags_set(unsigned, bool is_leaf, bool is_write) const {
  return riscv::flags_set(is_leaf, is_write);
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
