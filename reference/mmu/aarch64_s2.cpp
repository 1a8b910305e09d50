// Attributes and permissions of stage 2 as the Arm ARM words them: D8.3.1.2 (table D8-53), D8.4, D8.5, D8.6.
// Bits carry its names.
#include "reference/mmu/aarch64_s2.hpp"

#include "reference/mmu/bits.hpp"

namespace reference {

namespace {

constexpr std::uint64_t S2AP0 = bit(6);
constexpr std::uint64_t S2AP1 = bit(7);
constexpr std::uint64_t AF = bit(10);
constexpr std::uint64_t FnXS = bit(11); // RES0 without FEAT_XS
constexpr std::uint64_t DBM = bit(51);
constexpr std::uint64_t XN0 = bit(53);
constexpr std::uint64_t XN1 = bit(54);
constexpr std::uint64_t was_dirty = bit(55); // ignored: ours marks a page that lost its writes

// Table D8-96: MemAttr[3:2] of Normal memory says how it is cached outside, and [1:0] inside, where 00 is
// reserved; with MemAttr[3:2] = 00 it is one of four kinds of Device memory. Shareability 01 is reserved.
bool is_memory_type(unsigned memory_attributes, unsigned shareability) {
  const bool is_device = memory_attributes >> 2 == 0;
  return (is_device || (memory_attributes & 3) != 0) && shareability != 1;
}

// Any right without any other, less a fetch of EL0 without EL1's: no table of ours has that.
bool expressible_rights(const Rights& rights) {
  return allow_something(rights) && (rights.execute || !rights.user);
}

// The memory type is MemAttr, and SH above it.
bool expressible(const Attributes& attributes, std::uint64_t) {
  return expressible_rights(rights_of(attributes)) && attributes.memory_type < 64
         && is_memory_type(attributes.memory_type & 15, attributes.memory_type >> 4) && attributes.key == 0
         && !attributes.global && attributes.software < 8;
}

// With hardware management, DBM makes a page writable and S2AP[1] says that it is dirty.
bool is_writable(std::uint64_t leaf) { return (leaf & (DBM | S2AP1)) != 0; }

// D8.4, XN[1:0] with FEAT_XNX: 00 both may execute, 01 EL0 alone, 10 none, 11 EL1 alone. `execute` is EL1's
// right, `user` EL0's.
bool el1_may_execute(std::uint64_t leaf) {
  const std::uint64_t never = leaf & (XN1 | XN0);
  return never == 0 || never == (XN1 | XN0);
}
bool el0_may_execute(std::uint64_t leaf) { return (leaf & XN1) == 0; }

Attributes leaf_attributes(std::uint64_t raw) {
  return {.read = (raw & S2AP0) != 0,
          .write = is_writable(raw),
          .execute = el1_may_execute(raw),
          .user = el0_may_execute(raw),
          .memory_type = static_cast<std::uint8_t>(field(raw, 5, 2) | field(raw, 9, 8) << 4),
          .software = static_cast<std::uint16_t>(field(raw, 58, 56))};
}

Flags leaf_flags(std::uint64_t raw) {
  return {(raw & AF) != 0, (raw & (is_writable(raw) ? S2AP1 : was_dirty)) != 0};
}

// Hardware takes such a leaf; our table writes none: writable but not tracked, marked although it tracks
// itself, executable at EL0 alone, a reserved memory type.
bool is_foreign_leaf(std::uint64_t raw) {
  const bool odd_dirty_state = (raw & ((raw & DBM) != 0 ? was_dirty : S2AP1)) != 0;
  const bool only_el0_executes = (raw & (XN1 | XN0)) == XN0;
  return (raw & FnXS) != 0 || only_el0_executes || odd_dirty_state
         || !is_memory_type(field(raw, 5, 2), field(raw, 9, 8));
}

Profile stage2_profile(const Vmsa& vmsa, const char* name) {
  Profile profile = profile_of(vmsa, name);
  profile.expressible = expressible;
  profile.expressible_rights = expressible_rights;
  profile.permits = permits_by_fetch_rights;
  return profile;
}

} // namespace

Aarch64Stage2::Aarch64Stage2(const Vmsa& vmsa, const char* name)
    : Aarch64(vmsa, stage2_profile(vmsa, name)) {}

// Hierarchical permissions are of stage 1 only.
Rights Aarch64Stage2::let_through(std::uint64_t) { return {true, true, true, true}; }

Decoded Aarch64Stage2::with_attributes(Decoded leaf, std::uint64_t raw, bool) {
  leaf.attributes = leaf_attributes(raw);
  leaf.flags = leaf_flags(raw);
  if (is_foreign_leaf(raw))
    leaf.violations |= violation::leaf_bits;
  // At a second stage `user` alone is a right: to fetch at EL0.
  if (!allow_something(rights_of(leaf.attributes)) && !leaf.attributes.user)
    leaf.violations |= violation::no_rights;
  return leaf;
}

// In the descriptor that was read, be it one of a contiguous set; tables have no flags.
std::uint64_t Aarch64Stage2::flags_set(unsigned, bool is_leaf, bool is_write) {
  return is_leaf ? (is_write ? AF | S2AP1 : AF) : 0;
}

// IPAs of 40 bits: 2 and 16 concatenated tables of the first two granules, a part of one of the third.
const Mmu& aarch64_s2_4k() {
  static const Aarch64Stage2 mmu({12, 40, 3}, "aarch64_s2_4k");
  return mmu;
}

const Mmu& aarch64_s2_16k() {
  static const Aarch64Stage2 mmu({14, 40, 2}, "aarch64_s2_16k");
  return mmu;
}

const Mmu& aarch64_s2_64k() {
  static const Aarch64Stage2 mmu({16, 40, 2}, "aarch64_s2_64k");
  return mmu;
}

} // namespace reference
