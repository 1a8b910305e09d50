// Who owns each frame of memory, how often it is shared, and under which guest frame number it is known:
// s2page of SeKVM's specification, in eight bytes a frame. Memory is a few regions; what lies outside of them
// is nobody's and stays so. Refuses to know tables and operations.
#pragma once

#include "src/stage2/principals.hpp"

#include <algorithm>
#include <span>

namespace pagetwin {

// One frame's record. An owner, count or gfn that is INVALID in the specification is all ones in its field.
class PageRecord {
 public:
  static constexpr unsigned nobody = 0xff, not_counted = 0xff; // INVALID
  static constexpr std::uint64_t no_gfn = low_mask(48);        // INVALID64; no gfn is so wide

  constexpr PageRecord() = default;
  constexpr PageRecord(unsigned owner, unsigned count, std::uint64_t gfn)
      : word_(OWNER.of(owner) | COUNT.of(count) | GFN.of(gfn)) {}
  // {HOSTVISOR, 0, pfn + SMMU_HOST_OFFSET}
  [[nodiscard]] static constexpr PageRecord of_host(std::uint64_t pfn) {
    return {hostvisor, 0, pfn + smmu_host_offset};
  }

  [[nodiscard]] constexpr unsigned owner() const { return static_cast<unsigned>(OWNER.get(word_)); }
  [[nodiscard]] constexpr unsigned count() const { return static_cast<unsigned>(COUNT.get(word_)); }
  [[nodiscard]] constexpr std::uint64_t gfn() const { return GFN.get(word_); }
  // The host may have it too: INVALID is not a number of shares.
  [[nodiscard]] constexpr bool is_shared() const { return count() != 0 && count() != not_counted; }
  [[nodiscard]] constexpr PageRecord with_count(unsigned count) const { return {owner(), count, gfn()}; }

  friend constexpr bool operator==(const PageRecord&, const PageRecord&) = default;

 private:
  static constexpr Field<std::uint64_t> OWNER{0, 8}, COUNT{8, 8}, GFN{16, 48};
  std::uint64_t word_ = ~std::uint64_t{0};
};
static_assert(sizeof(PageRecord) == 8);

// Frames [first, first + count).
struct MemoryRegion {
  std::uint64_t first, count;
};

class Ownership {
 public:
  // regions: ascending and apart; records: one for each of their frames, in that order. Both are the
  // caller's and outlive this. Nobody owns anything before reset().
  Ownership(std::span<const MemoryRegion> regions, std::span<PageRecord> records)
      : regions_(regions), records_(records) {}

  // All memory is the host's, but frame 0, which is nobody's.
  void reset() {
    std::size_t at = 0;
    for (const MemoryRegion& region : regions_)
      for (std::uint64_t i = 0; i < region.count; ++i)
        records_[at++] = region.first + i == 0 ? PageRecord{} : PageRecord::of_host(region.first + i);
  }
  [[nodiscard]] PageRecord at(std::uint64_t pfn) const {
    const PageRecord* const record = find(pfn);
    return record != nullptr ? *record : PageRecord{};
  }
  // The frame is owned by somebody, so that it lies in a region.
  void set(std::uint64_t pfn, PageRecord record) { *find(pfn) = record; }

  // visit(first frame, records) for the parts of [pfn, pfn + count) that are memory, ascending.
  template <class Visit>
  void for_memory(std::uint64_t pfn, std::uint64_t count, Visit&& visit) {
    std::size_t at = 0;
    for (const MemoryRegion& region : regions_) {
      const std::uint64_t first = std::max(pfn, region.first);
      const std::uint64_t end = std::min(pfn + count, region.first + region.count);
      if (first < end)
        visit(first, records_.subspan(at + (first - region.first), end - first));
      at += region.count;
    }
  }

 private:
  [[nodiscard]] PageRecord* find(std::uint64_t pfn) const {
    std::size_t at = 0;
    for (const MemoryRegion& region : regions_) {
      if (pfn - region.first < region.count)
        return &records_[at + (pfn - region.first)];
      at += region.count;
    }
    return nullptr;
  }

  std::span<const MemoryRegion> regions_;
  std::span<PageRecord> records_;
};

} // namespace pagetwin
