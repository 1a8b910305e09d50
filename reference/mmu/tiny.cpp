// Descriptors and rights of the tiny format as docs/tiny.md words them. Bit numbers are those before
// rotation.
#include "reference/mmu/tiny.hpp"

#include "reference/alignment.hpp"

#include <array>
#include <bit>

namespace reference {

namespace {

constexpr std::uint32_t V = 1U << 0;
constexpr std::uint32_t T = 1U << 1;
constexpr std::uint32_t R = 1U << 2;
constexpr std::uint32_t W = 1U << 3;
constexpr std::uint32_t X = 1U << 4;
constexpr std::uint32_t U = 1U << 5;
constexpr std::uint32_t C = 1U << 6;
constexpr std::uint32_t A = 1U << 7;
constexpr std::uint32_t D = 1U << 8;
constexpr std::uint32_t G = 1U << 12;
constexpr std::uint32_t reserved = 0xFFE00000U; // 21..31

int rotation(unsigned level) { return static_cast<int>(5 * level); }

std::uint32_t unrotated(std::uint64_t raw, unsigned level) {
  return std::rotr(static_cast<std::uint32_t>(raw), rotation(level));
}

bool expressible_rights(const Rights& rights) { return allow_something(rights); }

bool expressible(const Attributes& attributes, std::uint64_t) {
  return expressible_rights(rights_of(attributes)) && attributes.memory_type < 8 && attributes.key < 16
         && attributes.software < 16;
}

Attributes rights_bits(std::uint32_t low) {
  return with_rights({}, {(low & R) != 0, (low & W) != 0, (low & X) != 0, (low & U) != 0});
}

Attributes leaf_attributes(std::uint32_t low) {
  Attributes found = rights_bits(low);
  found.memory_type = static_cast<std::uint8_t>((low >> 9) & 7);
  found.global = (low & G) != 0;
  found.key = static_cast<std::uint8_t>((low >> 13) & 15);
  found.software = static_cast<std::uint16_t>((low >> 17) & 15);
  return found;
}

Decoded hole(std::uint32_t low, std::uint64_t high, std::uint64_t span) {
  Decoded slot;
  slot.bytes = span;
  if (low == 0)
    slot.marker = high;
  else
    slot.violations = violation::hole_pattern;
  return slot;
}

// Below level 0 there is nothing that a table could point to.
Decoded table(std::uint32_t low, std::uint64_t high, unsigned level, std::uint64_t span) {
  Decoded slot;
  slot.kind = SlotKind::table;
  slot.bytes = span;
  slot.address = high << 5;
  slot.attributes = rights_bits(low);
  if ((low & reserved) != 0)
    slot.violations |= violation::reserved_bit;
  if (level == 0)
    slot.violations |= violation::bad_level;
  if ((low & ~reserved) != (V | T | R | W | X | U))
    slot.violations |= violation::table_bits;
  return slot;
}

// The frame of the whole leaf, from the address in one copy. At level 0 each copy of a pair holds its own.
std::uint64_t first_frame(std::uint64_t held, unsigned level, unsigned index, bool is_pair) {
  return is_pair && level == 0 ? held - 4096 * std::uint64_t{index % 2} : held;
}

Decoded leaf(std::uint32_t low, std::uint64_t high, unsigned level, unsigned index, std::uint64_t span) {
  const bool is_pair = (low & C) != 0;
  Decoded slot;
  slot.kind = SlotKind::leaf;
  slot.copies = is_pair ? 2 : 1;
  slot.bytes = span * slot.copies;
  slot.address = first_frame((high & 0x0FFFFFFF) << 12, level, index, is_pair);
  slot.attributes = leaf_attributes(low);
  slot.flags = {(low & A) != 0, (low & D) != 0};
  if ((low & reserved) != 0)
    slot.violations |= violation::reserved_bit;
  if (level == 3)
    slot.violations |= violation::bad_level;
  if ((high >> 28) != 0)
    slot.violations |= violation::address_width;
  if (!divides(slot.bytes, slot.address))
    slot.violations |= violation::misaligned_frame;
  if (!allow_something(rights_of(slot.attributes)))
    slot.violations |= violation::no_rights;
  return slot;
}

const char* name_of(unsigned node_bits, unsigned root_bits) {
  return root_bits == node_bits ? "tiny" : root_bits > node_bits ? "tiny_wide" : "tiny_narrow";
}

} // namespace

Tiny::Tiny(unsigned node_bits, unsigned root_bits)
    : node_bits_(node_bits), root_bits_(root_bits),
      sizes_{span(0), 2 * span(0), span(1), 2 * span(1), span(2), 2 * span(2)},
      profile_{name_of(node_bits, root_bits),
               sizes_,
               12 + 3 * node_bits + root_bits,
               true,
               40,
               32,
               expressible,
               expressible_rights,
               permits_by_user_right} {}

std::uint64_t Tiny::root_node(std::uint64_t root) const { return root; }

Decoded Tiny::decode(std::uint64_t raw, unsigned level, unsigned index, const Mode&) const {
  const std::uint32_t low = unrotated(raw, level);
  const std::uint64_t high = raw >> 32;
  if ((low & V) == 0)
    return hole(low, high, span(level));
  return (low & T) != 0 ? table(low, high, level, span(level)) : leaf(low, high, level, index, span(level));
}

std::optional<Below> Tiny::below(std::uint64_t raw, unsigned level, const Mode& mode) const {
  const Decoded slot = decode(raw, level, 0, mode);
  if (slot.kind != SlotKind::table || walker::faults(slot))
    return std::nullopt;
  return Below{slot.address, rights_of(slot.attributes)};
}

// No right implies another; a user needs U in addition.
Outcome Tiny::judge(const Translation& to, const Access& access, const Mode&) const {
  const Attributes& effective = to.attributes;
  const bool granted = access.kind == AccessKind::read    ? effective.read
                       : access.kind == AccessKind::write ? effective.write
                                                          : effective.execute;
  return granted && (effective.user || !access.user) ? Outcome::ok : Outcome::protection;
}

std::uint32_t Tiny::error_code(const Walk&, const Access&, const Mode&) const { return 0; }

// Tables have no flags; the leaf's are set in the copy that was walked through.
std::uint64_t Tiny::flags_set(unsigned level, bool is_leaf, bool is_write) const {
  const std::uint32_t flags = is_leaf ? (is_write ? A | D : A) : 0;
  return std::rotl(flags, rotation(level));
}

const Mmu& tiny() {
  static const Tiny mmu(2, 2);
  return mmu;
}

const Mmu& tiny_wide() {
  static const Tiny mmu(2, 4);
  return mmu;
}

const Mmu& tiny_narrow() {
  static const Tiny mmu(3, 2);
  return mmu;
}

} // namespace reference
