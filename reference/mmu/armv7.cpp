// Short descriptors, domains and permissions as the ARM ARM (DDI 0406C) words them: figures B3-4 and B3-5,
// B3.7, table B3-10. Bits carry its names.
#include "reference/mmu/armv7.hpp"

#include "reference/mmu/bits.hpp"

#include <array>

namespace reference {

namespace {

// Bits [1:0] of a first-level word, and of a second-level one, where bit 0 of a small page is its XN.
constexpr unsigned invalid = 0;
constexpr unsigned page_table = 1;
constexpr unsigned section_or_supersection = 2;
constexpr std::uint64_t small_page_bit = bit(1);
constexpr std::uint64_t supersection_bit = bit(18);

// Of a first-level word that is a page table: its base, and what our tables leave 0: PXN, NS, bit 4, the
// domain and the IMPLEMENTATION DEFINED bit 9.
constexpr std::uint64_t table_base = bits(31, 10);
constexpr std::uint64_t foreign_in_table = bits(9, 2);

// PA[39:36] and PA[35:32] of a supersection.
constexpr unsigned extended_high = 5;
constexpr unsigned extended_low = 20;

// Where a type of leaf keeps its fields: positions of their lowest bits. C and B have the same in all.
struct Layout {
  unsigned copies;
  unsigned base;
  unsigned AP0;
  unsigned AP2;
  unsigned TEX;
  unsigned S;
  unsigned nG;
  unsigned XN;
  std::uint64_t foreign; // bits that hardware ignores or that should be zero
};
constexpr unsigned C = 3;
constexpr unsigned B = 2;
constexpr std::uint64_t NS = bit(19);
constexpr std::uint64_t implementation_defined = bit(9);
constexpr Layout small_page{1, 12, 4, 9, 6, 10, 11, 0, 0};
constexpr Layout large_page{16, 16, 4, 9, 12, 10, 11, 15, bits(8, 6)};
constexpr Layout section{1, 20, 10, 15, 12, 16, 17, 4, NS | implementation_defined};
constexpr Layout supersection{16, 24, 10, 15, 12, 16, 17, 4, NS | implementation_defined};

constexpr std::array<std::uint64_t, 4> page_sizes{bit(12), bit(16), bit(20), bit(24)};

unsigned one_bit(std::uint64_t raw, unsigned position) { return field(raw, position, position); }
unsigned domain_of(std::uint64_t first_level) { return field(first_level, 8, 5); }

// Table B3-10, without the encodings that it reserves: TEX, C, B, and S above them.
bool is_memory_type(unsigned type) {
  const unsigned tex = type >> 2 & 7, cb = type & 3;
  return tex == 0 || (tex == 1 && cb != 1) || (tex == 2 && cb == 0) || tex >= 4;
}

// "Access permissions" with AFE = 1: nothing that is mapped is unreadable.
bool expressible_rights(const Rights& rights) { return rights.read; }

bool expressible(const Attributes& attributes, std::uint64_t) {
  return expressible_rights(rights_of(attributes)) && attributes.memory_type < 64
         && is_memory_type(attributes.memory_type) && attributes.key == 0 && attributes.software == 0;
}

constexpr Profile armv7_profile{
    "armv7", page_sizes, 32, false, 32, 30, expressible, expressible_rights, permits_by_user_right, false};

Decoded hole(std::uint64_t raw, std::uint64_t span) {
  Decoded slot;
  slot.bytes = span;
  slot.marker = field(raw, 31, 2);
  return slot;
}

// "11" is reserved without PXN, and faults as an invalid word does; it is no marker.
Decoded reserved(std::uint64_t span) {
  Decoded slot;
  slot.bytes = span;
  slot.violations = violation::hole_pattern;
  return slot;
}

Decoded table(std::uint64_t raw, std::uint64_t span) {
  Decoded slot;
  slot.kind = SlotKind::table;
  slot.bytes = span;
  slot.address = raw & table_base;
  slot.attributes = with_rights({}, {true, true, true, true});
  if ((raw & foreign_in_table) != 0)
    slot.violations |= violation::table_bits;
  return slot;
}

Attributes leaf_attributes(std::uint64_t raw, const Layout& at) {
  const unsigned tex = field(raw, at.TEX + 2, at.TEX);
  const unsigned type = tex << 2 | one_bit(raw, C) << 1 | one_bit(raw, B) | one_bit(raw, at.S) << 5;
  return {.read = true,
          .write = one_bit(raw, at.AP2) == 0,
          .execute = one_bit(raw, at.XN) == 0,
          .user = one_bit(raw, at.AP0 + 1) != 0,
          .memory_type = static_cast<std::uint8_t>(type),
          .global = one_bit(raw, at.nG) == 0};
}

Decoded leaf(std::uint64_t raw, const Layout& at) {
  Decoded slot;
  slot.kind = SlotKind::leaf;
  slot.copies = at.copies;
  slot.bytes = bit(at.base);
  slot.address = raw & bits(31, at.base);
  slot.attributes = leaf_attributes(raw, at);
  slot.flags.accessed = one_bit(raw, at.AP0) != 0; // AFE = 1; nothing says dirty
  if ((raw & at.foreign) != 0 || !is_memory_type(slot.attributes.memory_type))
    slot.violations |= violation::leaf_bits;
  return slot;
}

Decoded leaf_section(std::uint64_t raw) {
  Decoded slot = leaf(raw, section);
  slot.attributes.key = static_cast<std::uint8_t>(domain_of(raw));
  if (slot.attributes.key != 0)
    slot.violations |= violation::leaf_bits;
  return slot;
}

// A supersection is in domain 0, and has address bits where a section has its domain.
Decoded leaf_supersection(std::uint64_t raw) {
  Decoded slot = leaf(raw, supersection);
  const std::uint64_t high = field(raw, extended_high + 3, extended_high);
  const std::uint64_t low = field(raw, extended_low + 3, extended_low);
  slot.address |= high << 36 | low << 32;
  if ((high | low) != 0)
    slot.violations |= violation::address_width;
  return slot;
}

Decoded first_level(std::uint64_t raw, std::uint64_t span) {
  switch (field(raw, 1, 0)) {
  case invalid:
    return hole(raw, span);
  case page_table:
    return table(raw, span);
  case section_or_supersection:
    return (raw & supersection_bit) != 0 ? leaf_supersection(raw) : leaf_section(raw);
  default:
    return reserved(span);
  }
}

Decoded second_level(std::uint64_t raw, std::uint64_t span) {
  if (field(raw, 1, 0) == invalid)
    return hole(raw, span);
  return leaf(raw, (raw & small_page_bit) != 0 ? small_page : large_page);
}

// Of a leaf: it is no large page and no supersection.
bool stands_alone(std::uint64_t leaf, unsigned level) {
  return level == 0 ? (leaf & small_page_bit) != 0 : (leaf & supersection_bit) == 0;
}

// "Domains": 00 and 10, which is reserved, let nobody in; a client is asked for its rights, a manager is not,
// and XN does not bind it either.
enum class Domain : std::uint8_t { no_access = 0, client = 1, reserved = 2, manager = 3 };
Domain domain_access(const Mode& mode, unsigned domain) {
  return static_cast<Domain>(mode.dacr >> (2 * domain) & 3);
}

} // namespace

void DomainPath::pass(std::uint64_t table, const Rights& let_through, bool makes_global) {
  reference::Path::pass(table, let_through, makes_global);
  domain = static_cast<std::uint8_t>(domain_of(table));
}

Attributes DomainPath::effective(std::uint64_t leaf, const Attributes& own) const {
  Attributes left = reference::Path::effective(leaf, own);
  left.key = domain.value_or(own.key);
  return left;
}

const Profile& Armv7::profile() const { return armv7_profile; }

// TTBR0 holds attributes of the walk below a base that is 16 KiB aligned.
std::uint64_t Armv7::root_node(std::uint64_t ttbr0) const { return ttbr0 & bits(31, 14); }

Decoded Armv7::decode(std::uint64_t raw, unsigned level, unsigned, const Mode&) const {
  return level == 0 ? second_level(raw, span(level)) : first_level(raw, span(level));
}

// Copies of a large page or a supersection are equal words.
Series Armv7::series(std::uint64_t leaf, unsigned level, const Mode&) const {
  return stands_alone(leaf, level) ? next_pages(Series::Of::pages, shift(level), 32)
                                   : Series{Series::Of::copies, 0, 0};
}

std::optional<Below> Armv7::below(std::uint64_t raw, unsigned level, const Mode&) const {
  if (level == 0 || field(raw, 1, 0) != page_table)
    return std::nullopt;
  return Below{raw & table_base, {true, true, true, true}};
}

// In this order after translation faults: Access flag, domain, permission. A domain is checked when the leaf
// has been read, though the word above may name it.
Outcome Armv7::judge(const Translation& to, const Access& access, const Mode& mode) const {
  if (!mode.adue && !to.flags.accessed)
    return Outcome::access_flag;
  const Domain domain = domain_access(mode, to.attributes.key);
  if (domain == Domain::manager)
    return Outcome::ok;
  if (domain != Domain::client)
    return Outcome::protection_key;
  return permits_by_user_right(to.attributes, access) ? Outcome::ok : Outcome::protection;
}

// A fault has a status code, which the outcome and the level say.
std::uint32_t Armv7::error_code(const Walk&, const Access&, const Mode&) const { return 0; }

// AP[0], in the word that was read, be it one of 16; tables have no flags, and nothing is marked dirty.
std::uint64_t Armv7::flags_set(unsigned level, bool is_leaf, bool) const {
  return is_leaf ? bit(level == 0 ? small_page.AP0 : section.AP0) : 0;
}

const Mmu& armv7() {
  static const Armv7 mmu;
  return mmu;
}

} // namespace reference
