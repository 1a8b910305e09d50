// Attributes and permissions of stage 1 as the Arm ARM words them: D8.3.1.2 (table D8-52), D8.4, D8.5. Bits
// carry its names.
#include "reference/mmu/aarch64_s1.hpp"

#include "reference/mmu/bits.hpp"

namespace reference {

namespace {

constexpr std::uint64_t NS = bit(5); // RES0 in Non-secure state
constexpr std::uint64_t AP1 = bit(6);
constexpr std::uint64_t AP2 = bit(7);
constexpr std::uint64_t AF = bit(10);
constexpr std::uint64_t nG = bit(11);
constexpr std::uint64_t DBM = bit(51);
constexpr std::uint64_t PXN = bit(53);
constexpr std::uint64_t UXN = bit(54);
constexpr std::uint64_t was_dirty = bit(55); // reserved for software: ours marks a page that lost its writes

constexpr std::uint64_t PXNTable = bit(59);
constexpr std::uint64_t UXNTable = bit(60);
constexpr std::uint64_t APTable0 = bit(61); // nothing for EL0
constexpr std::uint64_t APTable1 = bit(62); // no writes

constexpr unsigned reserved_shareability = 1;

bool expressible_rights(const Rights& rights) { return rights.read; }

bool expressible_but_memory_type(const Attributes& attributes) {
  return expressible_rights(rights_of(attributes)) && attributes.key == 0 && attributes.software < 8;
}

// The memory type is AttrIndx, and SH above it.
bool expressible(const Attributes& attributes, std::uint64_t) {
  return expressible_but_memory_type(attributes) && attributes.memory_type < 32
         && attributes.memory_type >> 3 != reserved_shareability;
}

// With DS, TCR_EL1 says how all is shared.
bool expressible_ds(const Attributes& attributes, std::uint64_t) {
  return expressible_but_memory_type(attributes) && attributes.memory_type < 8;
}

// Without PAN, EL1 may read and write what EL0 may. It does not execute where EL0 may do anything: what EL0
// may write is never executable at EL1, and on the rest our tables set PXN.
bool permits(const Attributes& effective, const Access& access) {
  const bool fetches_from_user = !access.user && effective.user && access.kind == AccessKind::execute;
  return permits_by_user_right(effective, access) && !fetches_from_user;
}

// With hardware management, DBM makes a page writable and AP[2] says that it is clean.
bool is_writable(std::uint64_t leaf) { return (leaf & DBM) != 0 || (leaf & AP2) == 0; }

// One right stands for both: at EL0 where EL0 may do anything, else at EL1. EL0's right to execute what it
// may not read, which hardware knows, has no word here.
bool may_execute(std::uint64_t leaf, std::uint64_t limits, bool user) {
  return user ? (leaf & UXN) == 0 && (limits & UXNTable) == 0 : (leaf & PXN) == 0 && (limits & PXNTable) == 0;
}

Attributes leaf_attributes(std::uint64_t raw, bool ds) {
  const bool user = (raw & AP1) != 0;
  Attributes found{.read = true, .write = is_writable(raw), .user = user};
  found.execute = may_execute(raw, 0, user);
  found.memory_type = static_cast<std::uint8_t>(field(raw, 4, 2) | (ds ? 0 : field(raw, 9, 8) << 3));
  found.global = (raw & nG) == 0;
  found.software = static_cast<std::uint16_t>(field(raw, 58, 56));
  return found;
}

Flags leaf_flags(std::uint64_t raw) {
  return {(raw & AF) != 0, is_writable(raw) ? (raw & AP2) == 0 : (raw & was_dirty) != 0};
}

// Hardware takes such a leaf; our table writes none: writable but not tracked, marked although it tracks
// itself, executable where nobody asks, shared in the reserved way.
bool is_foreign_leaf(std::uint64_t raw, bool ds) {
  const bool tracked = (raw & DBM) != 0;
  const bool odd_dirty_state = tracked ? (raw & was_dirty) != 0 : (raw & AP2) == 0;
  const std::uint64_t never = (raw & AP1) != 0 ? PXN : UXN;
  return (raw & NS) != 0 || odd_dirty_state || (raw & never) == 0
         || (!ds && field(raw, 9, 8) == reserved_shareability);
}

Profile stage1_profile(const Vmsa& vmsa, const char* name) {
  Profile profile = profile_of(vmsa, name);
  profile.expressible = vmsa.ds ? expressible_ds : expressible;
  profile.expressible_rights = expressible_rights;
  profile.permits = permits;
  return profile;
}

} // namespace

Attributes HierarchicalPath::effective(std::uint64_t leaf, const Attributes& own) const {
  Attributes left = Path::effective(leaf, own);
  left.execute = may_execute(leaf, limits, left.user);
  return left;
}

Aarch64Stage1::Aarch64Stage1(const Vmsa& vmsa, const char* name)
    : Aarch64(vmsa, stage1_profile(vmsa, name)) {}

// Execute is what UXNTable and PXNTable leave to anybody; HierarchicalPath knows to whom.
Rights Aarch64Stage1::let_through(std::uint64_t table) {
  return {true, (table & APTable1) == 0, (table & (UXNTable | PXNTable)) != (UXNTable | PXNTable),
          (table & APTable0) == 0};
}

Decoded Aarch64Stage1::with_attributes(Decoded leaf, std::uint64_t raw, bool ds) {
  leaf.attributes = leaf_attributes(raw, ds);
  leaf.flags = leaf_flags(raw);
  if (is_foreign_leaf(raw, ds))
    leaf.violations |= violation::leaf_bits;
  return leaf;
}

// In the descriptor that was read, be it one of a contiguous set; tables have no flags.
std::uint64_t Aarch64Stage1::flags_set(unsigned, bool is_leaf, bool) { return is_leaf ? AF : 0; }

// What was written is no longer clean.
std::uint64_t Aarch64Stage1::flags_cleared(unsigned, bool is_leaf, bool is_write) {
  return is_leaf && is_write ? AP2 : 0;
}

const Mmu& aarch64_s1_4k() {
  static const Aarch64Stage1 mmu({12, 48, 4}, "aarch64_s1_4k");
  return mmu;
}

const Mmu& aarch64_s1_16k() {
  static const Aarch64Stage1 mmu({14, 47, 3}, "aarch64_s1_16k");
  return mmu;
}

const Mmu& aarch64_s1_64k() {
  static const Aarch64Stage1 mmu({16, 48, 3}, "aarch64_s1_64k");
  return mmu;
}

const Mmu& aarch64_s1_4k_lpa2() {
  static const Aarch64Stage1 mmu({12, 52, 5, true}, "aarch64_s1_4k_lpa2");
  return mmu;
}

const Mmu& aarch64_s1_16k_lpa2() {
  static const Aarch64Stage1 mmu({14, 52, 4, true}, "aarch64_s1_16k_lpa2");
  return mmu;
}

} // namespace reference
