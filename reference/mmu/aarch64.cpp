// Types and addresses of VMSAv8-64 descriptors as the Arm ARM words them: D8.3.1, tables D8-50 to D8-53, and
// D8.7.1, the Contiguous bit (table D8-104). Bits carry its names.
#include "reference/mmu/aarch64.hpp"

#include "reference/mmu/bits.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace reference {

namespace {

constexpr std::uint64_t valid = bit(0);
constexpr std::uint64_t table_or_page = bit(1);
constexpr std::uint64_t GP = bit(50);
constexpr std::uint64_t Contiguous = bit(52);
constexpr std::uint64_t ignored_in_leaf = bits(63, 59); // PBHA among them
constexpr std::uint64_t all_addresses = bits(49, 12);

// With DS, bits 9:8 are 51:50 of an address, and no shareability.
constexpr std::uint64_t high_address = bits(9, 8);
constexpr unsigned high_address_shift = 42;

// Pages, blocks and contiguous sets of them; the last size only with DS, and of none of the 64 KiB granule.
constexpr std::array<std::uint64_t, 7> sizes_4K{bit(12), bit(16), bit(21), bit(25),
                                                bit(30), bit(34), bit(39)};
constexpr std::array<std::uint64_t, 5> sizes_16K{bit(14), bit(21), bit(25), bit(30), bit(36)};
constexpr std::array<std::uint64_t, 4> sizes_64K{bit(16), bit(21), bit(29), bit(34)};

std::span<const std::uint64_t> sizes_of(const Vmsa& vmsa) {
  if (vmsa.granule_shift == 12)
    return std::span(sizes_4K).first(vmsa.ds ? 7 : 6);
  if (vmsa.granule_shift == 14)
    return std::span(sizes_16K).first(vmsa.ds ? 5 : 4);
  return sizes_64K;
}

} // namespace

// Table D8-52: blocks of 1 GiB, 32 MiB and 512 MiB at most, and with DS those a level above.
unsigned Vmsa::highest_leaf_level() const { return (granule_shift == 12 ? 2U : 1U) + (ds ? 1U : 0U); }

// "10" is as invalid as "00"; "01" is a block, and reserved, which is invalid, where there are none.
Vmsa::Type Vmsa::type(std::uint64_t raw, unsigned level) const {
  if ((raw & valid) == 0)
    return Type::invalid;
  if (level == 0)
    return (raw & table_or_page) != 0 ? Type::leaf : Type::invalid;
  if ((raw & table_or_page) != 0)
    return Type::table;
  return level <= highest_leaf_level() ? Type::leaf : Type::invalid;
}

// The part of the field from 49 or 47 down that does not lie below `shift`.
std::uint64_t Vmsa::address_field(unsigned shift) const { return bits(ds ? 49 : 47, shift); }

std::uint64_t Vmsa::address(std::uint64_t raw) const {
  return (raw & address_field(granule_shift)) | (ds ? (raw & high_address) << high_address_shift : 0);
}

// 128 pages or 32 blocks of the 16 KiB granule, 32 of either of the 64 KiB granule, else 16.
unsigned Vmsa::copies(unsigned level) const {
  if (granule_shift == 12)
    return 16;
  return granule_shift == 14 && level == 0 ? 128 : 32;
}

// The blocks that only DS gives have none: the bit is RES0 there.
bool Vmsa::is_contiguous(std::uint64_t raw, unsigned level) const {
  return (raw & Contiguous) != 0 && !(ds && level == highest_leaf_level());
}

// Bits 49:48 without DS are RES0 and no part of an address, so that none can be wider than 48 bits there.
std::uint32_t Vmsa::width_violation(std::uint64_t address, const Mode& mode) const {
  return mode.pa_bits < output_bits() && (address >> mode.pa_bits) != 0 ? violation::address_width : 0;
}

std::optional<std::uint64_t> Vmsa::next_table(std::uint64_t raw, unsigned level, const Mode& mode) const {
  const std::uint64_t node = address(raw);
  if (type(raw, level) != Type::table || width_violation(node, mode) != 0)
    return std::nullopt;
  return node;
}

Decoded Vmsa::hole(std::uint64_t raw, unsigned level) const {
  return hole_with_marker(raw, bit(shift(level)));
}

Decoded Vmsa::table(std::uint64_t raw, unsigned level, const Mode& mode) const {
  Decoded slot;
  slot.kind = SlotKind::table;
  slot.bytes = bit(shift(level));
  slot.address = address(raw);
  slot.violations = width_violation(slot.address, mode);
  const std::uint64_t used = address_field(granule_shift) | (ds ? high_address : 0) | table_or_page | valid;
  if ((raw & ~used) != 0)
    slot.violations |= violation::table_bits;
  return slot;
}

// RES0 or ignored, and hardware need not look: address bits that are none of this leaf's, nT among them; and
// in a contiguous set, those that do not name this copy's place.
bool Vmsa::is_foreign_leaf(std::uint64_t raw, unsigned level, unsigned index) const {
  const std::uint64_t res0 = GP | (all_addresses & ~address_field(shift(level)));
  if ((raw & (ignored_in_leaf | res0)) != 0)
    return true;
  if (!is_contiguous(raw, level))
    return (raw & Contiguous) != 0;
  return ((address(raw) >> shift(level)) ^ index) % copies(level) != 0;
}

// The copy's own address must not be too wide, though that of its set may fit (D8.7.1.2).
Decoded Vmsa::leaf(std::uint64_t raw, unsigned level, unsigned index, const Mode& mode) const {
  const std::uint64_t own = address(raw) & ~(bit(shift(level)) - 1);
  Decoded slot;
  slot.kind = SlotKind::leaf;
  slot.copies = is_contiguous(raw, level) ? copies(level) : 1;
  slot.bytes = bit(shift(level)) * slot.copies;
  slot.address = own & ~(slot.bytes - 1);
  slot.violations = width_violation(own, mode);
  if (is_foreign_leaf(raw, level, index))
    slot.violations |= violation::leaf_bits;
  return slot;
}

// Each copy holds its own address. Bits 51:50 of an address with DS are out of order: a run ends before they
// change.
Series Vmsa::series(std::uint64_t leaf, unsigned level, const Mode& mode) const {
  const unsigned bits_in_order = std::min(ds ? 50U : 48U, mode.pa_bits);
  if (is_contiguous(leaf, level))
    return next_pages(Series::Of::copies, shift(level), bits_in_order);
  return (leaf & Contiguous) == 0 ? next_pages(Series::Of::pages, shift(level), bits_in_order) : Series{};
}

// First the Access flag, then permissions. Without management DBM means nothing: what is clean is read-only.
Outcome judge_flags(const Translation& to, const Access& access, const Mode& mode) {
  if (mode.adue)
    return Outcome::ok;
  if (!to.flags.accessed)
    return Outcome::access_flag;
  return access.kind == AccessKind::write && !to.flags.dirty ? Outcome::protection : Outcome::ok;
}

Profile profile_of(const Vmsa& vmsa, const char* name) {
  Profile profile{};
  profile.name = name;
  profile.sizes = sizes_of(vmsa);
  profile.va_bits = vmsa.input_bits;
  profile.pa_bits = vmsa.output_bits();
  profile.marker_bits = 32;
  return profile;
}

} // namespace reference
