// SeKVM's numbers, records and settings, in the specification's own names. It refuses to know what an
// operation does with them. Transcribed from the published Coq development (2021, where versions differ) and
// from docs/sekvm.md, "Switches".
#pragma once

#include <array>
#include <cstdint>

namespace reference::sekvm {

constexpr std::uint32_t HOSTVISOR = 0, COREVISOR = 16, INVALID = 0xFFFF'FFFF, MAX_SHARE_COUNT = 100;
constexpr std::uint64_t INVALID64 = ~std::uint64_t{0}, PAGE_SIZE = 4096, PTRS_PER_PMD = 512;
constexpr std::uint64_t PAGE_S2_KERNEL = 0xFFF, S2_RDWR = 0xC0, PAGE_S2_DEVICE = 0x40'0000'0000'0747;
constexpr std::uint64_t PAGE_GUEST = std::uint64_t{1} << 57; // a marker: an entry without a physical page
constexpr unsigned EL2_SMMU_CFG_SIZE = 16, principals = 17;

[[nodiscard]] constexpr std::uint64_t phys_page(std::uint64_t pte) {
  return pte & 0xFFFF'FFFF'FFFF & ~(PAGE_SIZE - 1);
}

enum class Result : std::uint8_t {
  ok,        // done, or there was nothing to do
  undefined, // a `rely` is false
  panic,     // the published model halts
  refused,   // the mended rules say no where the published ones go on, or the setting has no such thing
  fault,     // an access that the principal's table does not translate
};

[[nodiscard]] constexpr const char* to_text(Result result) {
  constexpr std::array<const char*, 5> names{"ok", "undefined", "panic", "refused", "fault"};
  return names[static_cast<std::size_t>(result)];
}

// A VM goes through these in order, but may power off as soon as it is MAPPED.
enum class VmState : std::uint8_t { UNUSED, MAPPED, READY, VERIFIED, POWEROFF };

// Whose a frame is, how often it is shared with the host, and where its owner has it.
struct S2Page {
  std::uint32_t owner = INVALID, count = INVALID;
  std::uint64_t gfn = INVALID64;

  // A count of INVALID is a page that only the SMMU maps: nobody shares it.
  [[nodiscard]] bool is_shared() const { return count != INVALID && count > 0; }
  bool operator==(const S2Page&) const = default;
};

// npt[vmid][gfn]. A block is one entry: its pages are (pfn + i, 2, pte) for the gfns + i, i < 512.
struct Entry {
  std::uint64_t gfn = 0, pte = 0;
  std::uint32_t pfn = 0;
  std::uint32_t level = 0; // 2: 2 MiB; 3: 4 KiB; 0: there is none

  [[nodiscard]] std::uint64_t pages() const { return level == 2 ? PTRS_PER_PMD : 1; }
  [[nodiscard]] bool covers(std::uint64_t at) const { return at - gfn < pages(); }
  // 0: the entry maps nothing there.
  [[nodiscard]] std::uint64_t pfn_at(std::uint64_t at) const { return pfn == 0 ? 0 : pfn + (at - gfn); }
  bool operator==(const Entry&) const = default;
};

// How many table pages there are below a root. Level 1 is the table of 4 KiB pages, levels count up.
struct Pools {
  static constexpr std::uint32_t no_bound = INVALID;
  std::array<std::uint32_t, 5> of_level{no_bound, no_bound, no_bound, no_bound, no_bound};
  std::uint32_t together = no_bound;

  [[nodiscard]] static constexpr Pools shared(std::uint32_t pages) {
    Pools pools;
    pools.together = pages;
    return pools;
  }
  // 32 MiB for each VM: its root, 256 PUD pages, 2048 PMD pages, and the rest PTE pages.
  [[nodiscard]] static constexpr Pools published() {
    Pools pools;
    pools.of_level = {no_bound, 8192 - 1 - 256 - 2048, 2048, 256, no_bound};
    return pools;
  }
};

// What some published version does and the mended rules do not. All false: the mended rules.
struct Variant {
  bool foreign_owner_returns = false; // assign_pfn_to_vm (C, 2023): the caller goes on and maps the page
  bool any_principal = false;         // VM 0 and 16 may map, assign, grant and be cleared
  bool unaligned_blocks = false;      // 2 MiB from any pfn
  bool block_replaces_table = false;  // map_s2pt (2021): the table page and its entries are lost
  bool invalid_is_a_count = false;    // INVALID > 0: the host may map, and revoke counts down from it
  bool clear_keeps_host = false;      // clear_vm_page (the layer below, C) leaves the host's entry
  bool clears_any_entry = false;      // clear_pfn_host asks whether the pte is 0, not the page
  bool keeps_invalid_count = false;   // assign_pfn_to_vm (2021, high) writes the old record back
  bool inactive_vms = false;          // VMs that are neither READY nor VERIFIED may do what the others may
  bool clears_running_vms = false;    // clear_vm_range asks for no POWEROFF
  bool powers_off_from_anything = false;
  bool frozen_when_verified = false;    // SMMU operations of a VERIFIED VM panic
  bool keeps_unshared_contents = false; // revoke: the page stays as it was while it was shared
  bool sticky_halt = false;             // after a panic every operation is the identity

  // The Coq development of 2021, and the C code that ran.
  [[nodiscard]] static constexpr Variant published_2021();
  [[nodiscard]] static constexpr Variant artifact();
};

constexpr Variant Variant::published_2021() {
  Variant rules;
  rules.any_principal = rules.unaligned_blocks = rules.block_replaces_table = true;
  rules.invalid_is_a_count = rules.clears_any_entry = rules.inactive_vms = true;
  rules.powers_off_from_anything = rules.frozen_when_verified = true;
  return rules;
}

constexpr Variant Variant::artifact() {
  Variant rules = published_2021();
  rules.foreign_owner_returns = rules.clear_keeps_host = true;
  rules.block_replaces_table = false;
  return rules;
}

// Frames of memory: HOSTVISOR's in the beginning.
struct Region {
  std::uint64_t first = 0, count = 0; // pfns
};

struct Config {
  Variant variant;
  std::array<Region, 4> regions{}; // disjoint
  unsigned vms = 15;               // 1 .. vms may be registered
  unsigned devices = EL2_SMMU_CFG_SIZE;
  unsigned levels = 3; // tables below the root on the way to a 4 KiB page: 1 to 4
  std::uint64_t guest_pages = std::uint64_t{1} << 36; // gfns that a table can hold
  Pools host, vm, device;
  std::uint64_t smmu_host_offset = 1'000'000'000; // SMMU_HOST_OFFSET
  // The log from which a principal's pages get their tokens when they become its own. 0: a log of zeros, so
  // that a page is handed over scrubbed.
  std::array<std::uint64_t, principals> secrets{};
  std::uint64_t (*initial)(std::uint64_t pfn) = nullptr; // contents in the beginning; else 0
};

} // namespace reference::sekvm
