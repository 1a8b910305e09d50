// A cache of table pointers: where a walk may start instead of at the root. Direct-mapped, for the table
// descriptors of one level, tagged with the space (a table is never global). Knows no leaf and reads no
// memory. Rule: an edit of leaves leaves it alone; an edit that unlinked a table must drop it before the
// table is reused (Invalidation::Reach::walk). As the paging-structure caches of Intel SDM 3A,
// section 4.10.3.
#pragma once

#include "src/arch/geometry.hpp"
#include "src/tlb/range.hpp"

#include <bit>
#include <optional>
#include <span>

namespace pagetwin {

// Storage of one pointer. The tag holds, from bit 0: level, space, and the address without the bytes covered.
struct WalkCacheEntry {
  std::uint64_t tag = 0; // 0: nothing here
  PhysAddr node{};
  std::uint64_t path = 0; // the format's restriction word
};

// Where a walk goes on: in a slot of this node, which has this level, under the restrictions of the path so
// far.
template <Format F>
struct WalkStart {
  PhysAddr node;
  unsigned level;
  typename F::Raw path;

  friend constexpr bool operator==(const WalkStart&, const WalkStart&) = default;
};

struct WalkCacheCounters {
  std::uint64_t hits = 0, misses = 0, fills = 0, invalidations = 0;

  friend constexpr bool operator==(const WalkCacheCounters&, const WalkCacheCounters&) = default;
};

template <Format F>
class WalkCache {
  using Shape = Geometry<F>;
  static_assert(sizeof(typename F::Raw) <= sizeof(WalkCacheEntry::path));

 public:
  // The entries are the caller's; the largest power of two of them is used, and none is a cache that never
  // hits. level: of the slots whose descriptors are kept, 1 to the root's. At 1 the pointers lead to nodes of
  // pages.
  WalkCache(std::span<WalkCacheEntry> entries, unsigned level)
      : level_(level), entries_(entries.first(std::bit_floor(entries.size()))), last_(entries_.size() - 1) {
    for (WalkCacheEntry& entry : entries_)
      entry = {};
  }

  [[nodiscard]] unsigned level() const { return level_; }
  [[nodiscard]] std::uint64_t entries() const { return entries_.size(); }
  [[nodiscard]] const WalkCacheCounters& counters() const { return counters_; }

  // An address that is not canonical never hits.
  [[nodiscard]] std::optional<WalkStart<F>> lookup(SpaceId space, std::uint64_t va) {
    const auto hit = entries_.empty() || !Shape::is_canonical(va) ? std::nullopt : find(space, va, level_);
    counters_.misses += hit ? 0 : 1;
    return hit;
  }
  // The same for a caller who knows which level to expect, and then asks lookup: nothing if it is another.
  // The cache must have entries.
  template <unsigned Level>
  [[nodiscard, gnu::always_inline]] inline std::optional<WalkStart<F>> lookup_at(SpaceId space,
                                                                                 std::uint64_t va) {
    if constexpr (!holds_all_bits)
      if (!Shape::is_canonical(va))
        return std::nullopt;
    return find(space, va, Level);
  }

  // A walk of va came here. Only starts just below the cache's level are kept.
  void fill(SpaceId space, std::uint64_t va, const WalkStart<F>& start) {
    if (entries_.empty() || start.level + 1 != level_ || !Shape::is_canonical(va))
      return;
    place_of(space, va, level_) = {tag_of(space, va, level_), start.node, std::uint64_t{start.path}};
    ++counters_.fills;
  }

  // Every pointer through which a walk of a byte in [first, last] of the space would go.
  void invalidate_range(SpaceId space, std::uint64_t first, std::uint64_t last) {
    const InclusiveRange range{first, last};
    const auto concerned = [this, space, range](const WalkCacheEntry& e) {
      const std::uint64_t base = address_of(e.tag);
      return space_of(e.tag) == space && range.overlaps({base, base | low_mask(Shape::span_shift(level_))});
    };
    if (sweep_is_cheaper(range.pages(Shape::span_shift(level_)), entries_.size()))
      return sweep(concerned);
    range.for_each_page(Shape::span_shift(level_),
                        [&](std::uint64_t va) { drop_if(place_of(space, va, level_), concerned); });
  }
  void invalidate_space(SpaceId space) {
    sweep([space](const WalkCacheEntry& e) { return space_of(e.tag) == space; });
  }
  void invalidate_all() {
    sweep([](const WalkCacheEntry&) { return true; });
  }

 private:
  static constexpr unsigned level_bits = 3, address_bit = level_bits + 16;
  static_assert(F::levels <= 1U << level_bits);
  // Does the tag hold every bit of an address above what the pointer covers? Else only those of a canonical
  // one.
  static constexpr bool holds_all_bits = Shape::span_shift(1) >= address_bit;
  static_assert(F::va_bits + address_bit <= 64 + Shape::span_shift(1));

  [[nodiscard, gnu::always_inline]] static std::uint64_t tag_of(SpaceId space, std::uint64_t va,
                                                                unsigned level) {
    return va >> Shape::span_shift(level) << address_bit | std::uint64_t{raw(space)} << level_bits | level;
  }
  [[nodiscard]] static SpaceId space_of(std::uint64_t tag) {
    return static_cast<SpaceId>(tag >> level_bits & low_mask(16));
  }
  [[nodiscard]] std::uint64_t address_of(std::uint64_t tag) const {
    return Shape::canonical(tag >> address_bit << Shape::span_shift(level_));
  }
  // Spaces tend to use the same addresses, so the space takes part in the place.
  [[nodiscard, gnu::always_inline]] WalkCacheEntry& place_of(SpaceId space, std::uint64_t va,
                                                             unsigned level) const {
    return entries_[(va >> Shape::span_shift(level) ^ raw(space)) & last_];
  }
  [[nodiscard, gnu::always_inline]] std::optional<WalkStart<F>> find(SpaceId space, std::uint64_t va,
                                                                     unsigned level) {
    const WalkCacheEntry& entry = place_of(space, va, level);
    if (entry.tag != tag_of(space, va, level))
      return std::nullopt;
    ++counters_.hits;
    return WalkStart<F>{entry.node, level - 1, static_cast<typename F::Raw>(entry.path)};
  }
  template <class Predicate>
  void drop_if(WalkCacheEntry& entry, Predicate predicate) {
    if (entry.tag == 0 || !predicate(entry))
      return;
    entry = {};
    ++counters_.invalidations;
  }
  template <class Predicate>
  void sweep(Predicate predicate) {
    for (WalkCacheEntry& entry : entries_)
      drop_if(entry, predicate);
  }

  unsigned level_;
  std::span<WalkCacheEntry> entries_;
  std::uint64_t last_; // index
  WalkCacheCounters counters_;
};

} // namespace pagetwin
