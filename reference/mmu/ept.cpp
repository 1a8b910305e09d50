// EPT paging-structure entries, misconfigurations and violations as the Intel SDM volume 3C, section 29.3,
// words them. Bits carry its names; those that it only describes are named here.
#include "reference/mmu/ept.hpp"

#include "reference/mmu/bits.hpp"

#include <array>

namespace reference {

namespace {

// Section 29.3.2: the tables of formats.
constexpr std::uint64_t R = bit(0);
constexpr std::uint64_t W = bit(1);
constexpr std::uint64_t X = bit(2);    // fetches from supervisor-mode linear addresses
constexpr std::uint64_t maps = bit(7); // of a PDE and a PDPTE
constexpr std::uint64_t A = bit(8);
constexpr std::uint64_t D = bit(9);
constexpr std::uint64_t XU = bit(10); // fetches from user-mode linear addresses
constexpr std::uint64_t address_bits = bits(51, 12);
constexpr unsigned highest_leaf_level = 2; // a PDPTE that maps 1 GiB

// 7:3 of a PML5E and a PML4E, 6:3 of other entries that reference a table, where bit 7 is 0.
constexpr std::uint64_t reserved_in_table = bits(7, 3);
// Verify guest paging, paging-write access, supervisor shadow stack, sub-page write permissions, suppress
// #VE, and what nothing uses: all ignored while their controls are 0.
constexpr std::uint64_t ignored_in_leaf = bits(63, 57);

constexpr std::array<std::uint64_t, 3> page_sizes{bit(12), bit(21), bit(30)};

// Section 29.3.7.2: UC, WC, WT, WP, WB.
bool is_memory_type(unsigned type) { return type == 0 || type == 1 || type == 4 || type == 5 || type == 6; }

// What hardware takes, less a user's fetch without a supervisor's: no table of ours has that.
bool expressible_rights(const Rights& rights) {
  const bool execute_only = rights.execute && !rights.write;
  return (rights.read || execute_only) && (rights.execute || !rights.user);
}

// The ignore-PAT flag is bit 3 of the memory type.
bool expressible(const Attributes& attributes, std::uint64_t) {
  return expressible_rights(rights_of(attributes)) && attributes.memory_type < 16
         && is_memory_type(attributes.memory_type & 7) && attributes.key == 0 && !attributes.global
         && attributes.software < 64;
}

bool is_present(std::uint64_t raw) { return (raw & (R | W | X | XU)) != 0; }

bool maps_page(std::uint64_t raw, unsigned level) {
  return level == 0 || (level <= highest_leaf_level && (raw & maps) != 0);
}

Rights rights_bits(std::uint64_t raw) {
  return {(raw & R) != 0, (raw & W) != 0, (raw & X) != 0, (raw & XU) != 0};
}

// Section 29.3.3.1, what makes any present entry a misconfiguration: writes without reads, and address bits
// beyond the physical width.
std::uint32_t common_violations(std::uint64_t raw, const Mode& mode) {
  std::uint32_t found = 0;
  if ((raw & (R | W)) == W)
    found |= violation::reserved_bit;
  if (((raw & address_bits) >> mode.pa_bits) != 0)
    found |= violation::address_width;
  return found;
}

std::uint32_t table_misconfiguration(std::uint64_t raw, const Mode& mode) {
  return common_violations(raw, mode) | ((raw & reserved_in_table) != 0 ? violation::reserved_bit : 0);
}

Decoded table(std::uint64_t raw, std::uint64_t span, const Mode& mode) {
  Decoded slot;
  slot.kind = SlotKind::table;
  slot.bytes = span;
  slot.address = raw & address_bits;
  slot.attributes = with_rights({}, rights_bits(raw));
  slot.flags.accessed = (raw & A) != 0;
  slot.violations = table_misconfiguration(raw, mode);
  if ((raw & ~(address_bits | A)) != (R | W | X | XU))
    slot.violations |= violation::table_bits;
  return slot;
}

Attributes leaf_attributes(std::uint64_t raw) {
  Attributes found = with_rights({}, rights_bits(raw));
  found.memory_type = static_cast<std::uint8_t>(field(raw, 6, 3));
  found.software = static_cast<std::uint16_t>(field(raw, 11, 11) | (field(raw, 56, 52) << 1));
  return found;
}

// Bits 20:12 (2 MiB) and 29:12 (1 GiB) are reserved: what is left of the address field must be a multiple of
// the page.
std::uint32_t leaf_misconfiguration(std::uint64_t raw, unsigned level, std::uint64_t span, const Mode& mode) {
  std::uint32_t found = common_violations(raw, mode);
  if (!is_memory_type(field(raw, 5, 3)))
    found |= violation::reserved_bit;
  if ((raw & address_bits & (span - 1)) != 0)
    found |= violation::misaligned_frame;
  if (level == 2 && !mode.pages_1g)
    found |= violation::bad_level;
  return found;
}

// Hardware takes such a leaf; our table writes none. Bit 7 of a PTE is ignored, and is not needed to map.
bool is_foreign_leaf(std::uint64_t raw, unsigned level) {
  return (raw & ignored_in_leaf) != 0 || (level == 0 && (raw & maps) != 0) || (raw & (X | XU)) == XU;
}

Decoded leaf(std::uint64_t raw, unsigned level, std::uint64_t span, const Mode& mode) {
  Decoded slot;
  slot.kind = SlotKind::leaf;
  slot.bytes = span;
  slot.address = raw & address_bits & ~(span - 1);
  slot.attributes = leaf_attributes(raw);
  slot.flags = {(raw & A) != 0, (raw & D) != 0};
  slot.violations = leaf_misconfiguration(raw, level, span, mode);
  if (is_foreign_leaf(raw, level))
    slot.violations |= violation::leaf_bits;
  return slot;
}

// Guest-physical addresses are not sign-extended: 48 or 57 bits, all below.
Profile profile_of(unsigned levels) {
  return {levels == 4 ? "ept" : "ept_5",
          page_sizes,
          12 + 9 * levels,
          false,
          52,
          32,
          expressible,
          expressible_rights,
          permits_by_fetch_rights}; // section 29.3.3.2: fetches have two bits, X and XU
}

} // namespace

Ept::Ept(unsigned levels) : NineBits(levels, profile_of(levels)) {}

// The EPT pointer holds memory type, walk length and the enable bit of the flags below the address.
std::uint64_t Ept::root_node(std::uint64_t eptp) const { return eptp & address_bits; }

Decoded Ept::decode(std::uint64_t raw, unsigned level, unsigned, const Mode& mode) const {
  if (!is_present(raw))
    return hole_with_marker(raw, span(level));
  if (maps_page(raw, level))
    return leaf(raw, level, span(level), mode);
  return table(raw, span(level), mode);
}

Series Ept::series(std::uint64_t, unsigned level, const Mode& mode) const {
  return next_pages(Series::Of::pages, 12 + 9 * level, mode.pa_bits);
}

std::optional<Below> Ept::below(std::uint64_t raw, unsigned level, const Mode& mode) const {
  if (!is_present(raw) || maps_page(raw, level) || table_misconfiguration(raw, mode) != 0)
    return std::nullopt;
  return Below{raw & address_bits, rights_bits(raw)};
}

Outcome Ept::judge(const Translation& to, const Access& access, const Mode&) const {
  return permits_by_fetch_rights(to.attributes, access) ? Outcome::ok : Outcome::protection;
}

// Section 29.3.5: A in every entry that was used, D in the one that maps the page.
std::uint64_t Ept::flags_set(unsigned, bool is_leaf, bool is_write) const {
  return is_leaf && is_write ? A | D : A;
}

const Mmu& ept_4() {
  static const Ept mmu(4);
  return mmu;
}

const Mmu& ept_5() {
  static const Ept mmu(5);
  return mmu;
}

} // namespace reference
