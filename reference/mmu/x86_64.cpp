// Descriptors and access rights of x86-64 as the Intel SDM volume 3A, chapter 4, words them. Bits carry its
// names.
#include "reference/mmu/x86_64.hpp"

#include "reference/mmu/bits.hpp"

#include <array>

namespace reference {

namespace {

// Tables 4-14 to 4-20: formats of the paging-structure entries.
constexpr std::uint64_t P = bit(0);
constexpr std::uint64_t RW = bit(1);
constexpr std::uint64_t US = bit(2);
constexpr std::uint64_t PWT = bit(3);
constexpr std::uint64_t PCD = bit(4);
constexpr std::uint64_t A = bit(5);
constexpr std::uint64_t D = bit(6);
constexpr std::uint64_t PS = bit(7);
constexpr std::uint64_t PAT_4K = bit(7);
constexpr std::uint64_t G = bit(8);
constexpr std::uint64_t PAT_large = bit(12);
constexpr std::uint64_t XD = bit(63);
constexpr std::uint64_t address_bits = bits(51, 12);
constexpr unsigned highest_leaf_level = 2; // a PDPTE that maps 1 GiB

// Section 4.7: the error code of a page fault.
constexpr std::uint32_t error_P = 1U << 0;
constexpr std::uint32_t error_WR = 1U << 1;
constexpr std::uint32_t error_US = 1U << 2;
constexpr std::uint32_t error_RSVD = 1U << 3;
constexpr std::uint32_t error_ID = 1U << 4;
constexpr std::uint32_t error_PK = 1U << 5;

constexpr std::array<std::uint64_t, 3> page_sizes{bit(12), bit(21), bit(30)};

bool expressible_rights(const Rights& rights) { return rights.read; }

bool expressible(const Attributes& attributes, std::uint64_t) {
  return expressible_rights(rights_of(attributes)) && attributes.memory_type < 8 && attributes.key < 16
         && attributes.software < 1024;
}

// Bits 51:MAXPHYADDR are reserved in every present entry, and so is XD unless IA32_EFER.NXE is set.
std::uint32_t common_violations(std::uint64_t raw, const Mode& mode) {
  std::uint32_t found = 0;
  if (((raw & address_bits) >> mode.pa_bits) != 0)
    found |= violation::address_width;
  if ((raw & XD) != 0 && !mode.nxe)
    found |= violation::no_execute_bit;
  return found;
}

Rights rights_bits(std::uint64_t raw) { return {true, (raw & RW) != 0, (raw & XD) == 0, (raw & US) != 0}; }

bool maps_page(std::uint64_t raw, unsigned level) { return level == 0 || (raw & PS) != 0; }

Decoded table(std::uint64_t raw, std::uint64_t span, const Mode& mode) {
  Decoded slot;
  slot.kind = SlotKind::table;
  slot.bytes = span;
  slot.address = raw & address_bits;
  slot.attributes = with_rights({}, rights_bits(raw));
  slot.flags.accessed = (raw & A) != 0;
  slot.violations = common_violations(raw, mode);
  if ((raw & ~(address_bits | A)) != (P | RW | US))
    slot.violations |= violation::table_bits;
  return slot;
}

Attributes leaf_attributes(std::uint64_t raw, std::uint64_t PAT) {
  Attributes found = with_rights({}, rights_bits(raw));
  found.memory_type = static_cast<std::uint8_t>(((raw & PWT) != 0 ? 1 : 0) | ((raw & PCD) != 0 ? 2 : 0)
                                                | ((raw & PAT) != 0 ? 4 : 0));
  found.global = (raw & G) != 0;
  found.key = static_cast<std::uint8_t>(field(raw, 62, 59));
  found.software = static_cast<std::uint16_t>(field(raw, 11, 9) | (field(raw, 58, 52) << 3));
  return found;
}

// Bits 20:13 (2 MiB) and 29:13 (1 GiB) are reserved: what is left of the address field must be a multiple of
// the page.
Decoded leaf(std::uint64_t raw, unsigned level, std::uint64_t span, const Mode& mode) {
  const std::uint64_t PAT = level == 0 ? PAT_4K : PAT_large;
  Decoded slot;
  slot.kind = SlotKind::leaf;
  slot.bytes = span;
  slot.address = raw & address_bits & ~(span - 1);
  slot.attributes = leaf_attributes(raw, PAT);
  slot.flags = {(raw & A) != 0, (raw & D) != 0};
  slot.violations = common_violations(raw, mode);
  if ((raw & address_bits & (span - 1) & ~PAT) != 0)
    slot.violations |= violation::misaligned_frame;
  if (level > highest_leaf_level || (level == 2 && !mode.pages_1g))
    slot.violations |= violation::bad_level;
  return slot;
}

// Section 4.6.1: access rights. `effective` is over all levels; a page is a user-mode address when U/S is set
// in all.
bool rights_allow(const Attributes& effective, const Access& access, const Mode& mode) {
  if (access.user && !effective.user)
    return false;
  if (access.kind == AccessKind::execute)
    return effective.execute && (access.user || !effective.user || !mode.smep);
  if (!access.user && effective.user && mode.smap && !mode.ac)
    return false;
  const bool write_protected = access.user || mode.wp;
  return access.kind == AccessKind::read || effective.write || !write_protected;
}

// Section 4.6.2: protection keys bind data accesses to user-mode addresses, whoever makes them.
bool key_denies(const Attributes& effective, const Access& access, const Mode& mode) {
  if (!mode.pke || !effective.user || access.kind == AccessKind::execute)
    return false;
  const bool access_disable = ((mode.pkru >> (2 * effective.key)) & 1) != 0;
  const bool write_disable = ((mode.pkru >> (2 * effective.key + 1)) & 1) != 0;
  const bool is_bound_write = access.kind == AccessKind::write && (access.user || mode.wp);
  return access_disable || (write_disable && is_bound_write);
}

Profile profile_of(unsigned levels) {
  return {levels == 4 ? "x86_64_4" : "x86_64_5",
          page_sizes,
          12 + 9 * levels,
          true,
          52,
          32,
          expressible,
          expressible_rights,
          permits_by_user_right};
}

} // namespace

X86_64::X86_64(unsigned levels) : NineBits(levels, profile_of(levels)) {}

// Table 4-12: CR3 holds the address in bits 51:12; below it are PWT, PCD or the PCID.
std::uint64_t X86_64::root_node(std::uint64_t cr3) const { return cr3 & address_bits; }

Decoded X86_64::decode(std::uint64_t raw, unsigned level, unsigned, const Mode& mode) const {
  if ((raw & P) == 0)
    return hole_with_marker(raw, span(level));
  if (maps_page(raw, level))
    return leaf(raw, level, span(level), mode);
  return table(raw, span(level), mode);
}

Series X86_64::series(std::uint64_t, unsigned level, const Mode& mode) const {
  return next_pages(Series::Of::pages, 12 + 9 * level, mode.pa_bits);
}

std::optional<Below> X86_64::below(std::uint64_t raw, unsigned level, const Mode& mode) const {
  if ((raw & P) == 0 || maps_page(raw, level) || common_violations(raw, mode) != 0)
    return std::nullopt;
  return Below{raw & address_bits, rights_bits(raw)};
}

Outcome X86_64::judge(const Translation& to, const Access& access, const Mode& mode) const {
  if (!rights_allow(to.attributes, access, mode))
    return Outcome::protection;
  return key_denies(to.attributes, access, mode) ? Outcome::protection_key : Outcome::ok;
}

// I/D is reported only where fetches can be told apart: with SMEP or with NXE.
std::uint32_t X86_64::error_code(const Walk& walk, const Access& access, const Mode& mode) const {
  if (walk.outcome == Outcome::ok || walk.outcome == Outcome::outside_memory)
    return 0;
  std::uint32_t code = 0;
  if (walk.outcome != Outcome::not_present)
    code |= error_P;
  if (access.kind == AccessKind::write)
    code |= error_WR;
  if (access.user)
    code |= error_US;
  if (walk.outcome == Outcome::reserved)
    code |= error_RSVD;
  if (access.kind == AccessKind::execute && (mode.smep || mode.nxe))
    code |= error_ID;
  if (walk.leaf_address != 0 && key_denies(walk.translation.attributes, access, mode))
    code |= error_PK;
  return code;
}

// Section 4.8: A in every entry that was used, D in the one that maps the page.
std::uint64_t X86_64::flags_set(unsigned, bool is_leaf, bool is_write) const {
  return is_leaf && is_write ? A | D : A;
}

const Mmu& x86_64_4() {
  static const X86_64 mmu(4);
  return mmu;
}

const Mmu& x86_64_5() {
  static const X86_64 mmu(5);
  return mmu;
}

} // namespace reference
