// Descriptors and rights of tiny_32 as docs/tiny.md words them. Bit numbers are those before rotation.
#include "reference/mmu/tiny_32.hpp"

#include "reference/alignment.hpp"
#include "reference/mmu/bits.hpp"

#include <array>

namespace reference {

namespace {

constexpr std::uint64_t kind_bits = bits(1, 0);
constexpr std::uint64_t kind_table = 1;
constexpr std::uint64_t kind_leaf_of_four = 3;
constexpr std::uint64_t R = bit(2);
constexpr std::uint64_t W = bit(3);
constexpr std::uint64_t X = bit(4);
constexpr std::uint64_t U = bit(5);
constexpr std::uint64_t A = bit(6);
constexpr std::uint64_t D = bit(7);
constexpr std::uint64_t G = bit(8);
constexpr std::uint64_t reserved_in_table = bit(31);

constexpr std::array<std::uint64_t, 5> page_sizes{0x1000, 0x4000, 0x8000, 0x40000, 0x100000};

// The low twelve bits, moved up by three for each level, come around at bit 12.
std::uint64_t rotated(std::uint64_t low, unsigned level) {
  const std::uint64_t moved = low << (3 * level);
  return (moved | moved >> 12) & 0xFFF;
}
std::uint64_t low_unrotated(std::uint64_t raw, unsigned level) {
  const std::uint64_t twice = (raw & 0xFFF) << 12 | (raw & 0xFFF);
  return twice >> (3 * level) & 0xFFF;
}

bool expressible_rights(const Rights& rights) { return allow_something(rights); }

bool expressible(const Attributes& attributes, std::uint64_t) {
  return expressible_rights(rights_of(attributes)) && attributes.memory_type < 8 && attributes.key < 16
         && attributes.software < 16;
}

Rights rights_bits(std::uint64_t low) {
  return {(low & R) != 0, (low & W) != 0, (low & X) != 0, (low & U) != 0};
}

Decoded hole(std::uint64_t raw, std::uint64_t low, std::uint64_t span) {
  Decoded slot;
  slot.bytes = span;
  if (low == 0)
    slot.marker = field(raw, 31, 12);
  else
    slot.violations = violation::hole_pattern;
  return slot;
}

Decoded table(std::uint64_t raw, std::uint64_t low, unsigned level, std::uint64_t span) {
  Decoded slot;
  slot.kind = SlotKind::table;
  slot.bytes = span;
  slot.address = std::uint64_t{field(raw, 30, 12)} << 5;
  slot.attributes = with_rights({}, rights_bits(low));
  if ((raw & reserved_in_table) != 0)
    slot.violations |= violation::reserved_bit;
  if (level == 0)
    slot.violations |= violation::bad_level;
  if (low != (kind_table | R | W | X | U))
    slot.violations |= violation::table_bits;
  return slot;
}

Attributes leaf_attributes(std::uint64_t raw, std::uint64_t low) {
  Attributes found = with_rights({}, rights_bits(low));
  found.memory_type = static_cast<std::uint8_t>(field(low, 11, 9));
  found.global = (low & G) != 0;
  found.key = static_cast<std::uint8_t>(field(raw, 15, 12));
  found.software = static_cast<std::uint16_t>(field(raw, 19, 16));
  return found;
}

Decoded leaf(std::uint64_t raw, std::uint64_t low, unsigned level, std::uint64_t span) {
  const bool is_group = (low & kind_bits) == kind_leaf_of_four;
  Decoded slot;
  slot.kind = SlotKind::leaf;
  slot.copies = is_group && level != 1 ? 4 : 1;
  slot.bytes = span * slot.copies;
  slot.address = std::uint64_t{field(raw, 31, 20)} << 12;
  slot.attributes = leaf_attributes(raw, low);
  slot.flags = {(low & A) != 0, (low & D) != 0};
  if (is_group && level == 1)
    slot.violations |= violation::bad_level;
  if (!divides(slot.bytes, slot.address))
    slot.violations |= violation::misaligned_frame;
  if (!allow_something(rights_of(slot.attributes)))
    slot.violations |= violation::no_rights;
  return slot;
}

constexpr Profile tiny_32_profile{"tiny_32",          page_sizes,           23, true, 24, 20, expressible,
                                  expressible_rights, permits_by_user_right};

} // namespace

const Profile& Tiny32::profile() const { return tiny_32_profile; }

Decoded Tiny32::decode(std::uint64_t raw, unsigned level, unsigned, const Mode&) const {
  const std::uint64_t low = low_unrotated(raw, level), kind = low & kind_bits;
  if (kind == 0)
    return hole(raw, low, span(level));
  return kind == kind_table ? table(raw, low, level, span(level)) : leaf(raw, low, level, span(level));
}

// The frame is the highest field, so that nothing else changes when it grows.
Series Tiny32::series(std::uint64_t leaf, unsigned level, const Mode&) const {
  const bool alone = (low_unrotated(leaf, level) & kind_bits) != kind_leaf_of_four;
  return alone ? Series{Series::Of::pages, span(level) << 8, bits(31, 20)} : Series{};
}

std::optional<Below> Tiny32::below(std::uint64_t raw, unsigned level, const Mode& mode) const {
  const Decoded slot = decode(raw, level, 0, mode);
  if (slot.kind != SlotKind::table || walker::faults(slot))
    return std::nullopt;
  return Below{slot.address, rights_of(slot.attributes)};
}

// No right implies another; a user needs U in addition.
Outcome Tiny32::judge(const Translation& to, const Access& access, const Mode&) const {
  return permits_by_user_right(to.attributes, access) ? Outcome::ok : Outcome::protection;
}

// Tables have no flags; the leaf's are set in the copy that was walked through.
std::uint64_t Tiny32::flags_set(unsigned level, bool is_leaf, bool is_write) const {
  return is_leaf ? rotated(is_write ? A | D : A, level) : 0;
}

const Mmu& tiny_32() {
  static const Tiny32 mmu;
  return mmu;
}

} // namespace reference
