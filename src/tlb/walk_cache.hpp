// A cache of table pointers: where a walk may start instead of at the root. Direct-mapped, for the table
// descriptors of one level, tagged with the space (a table is never global). Knows no leaf and reads no
// memory. Rule: an edit of leaves leaves it alone; an edit that unlinked a table must drop it before the
// table is reused (Invalidation::Reach::walk). As the paging-structure caches of Intel SDM 3A,
// section 4.10.3.
#pragma once

#include "src/tlb/range.hpp"
#include "src/tlb/tag.hpp"

#include <bit>
#include <optional>
#include <span>

namespace pagetwin {

// Storage of one pointer. The tag is packed by Tag<F>.
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
      : level_(level), entries_(entries.first(std::bit_floor(entries.size()))) {
    for (WalkCacheEntry& entry : entries_)
      entry = {};
  }

  [[nodiscard]] unsigned level() const { return level_; }
  [[nodiscard]] const WalkCacheCounters& counters() const { return counters_; }

  // An address that is not canonical never hits.
  [[nodiscard]] std::optional<WalkStart<F>> lookup(SpaceId space, std::uint64_t va) {
    if (entries_.empty() || !Shape::is_canonical(va) || place_of(space, va).tag != tag_of(space, va)) {
      ++counters_.misses;
      return std::nullopt;
    }
    ++counters_.hits;
    const WalkCacheEntry& entry = place_of(space, va);
    return WalkStart<F>{entry.node, level_ - 1, static_cast<typename F::Raw>(entry.path)};
  }

  // A walk of va came here. Only starts just below the cache's level are kept.
  void fill(SpaceId space, std::uint64_t va, const WalkStart<F>& start) {
    if (entries_.empty() || start.level + 1 != level_ || !Shape::is_canonical(va))
      return;
    place_of(space, va) = {tag_of(space, va), start.node, std::uint64_t{start.path}};
    ++counters_.fills;
  }

  // Every pointer through which a walk of a byte in [first, last] of the space would go.
  void invalidate_range(SpaceId space, std::uint64_t first, std::uint64_t last) {
    const InclusiveRange range{first, last};
    const auto concerned = [this, space, range](const WalkCacheEntry& e) {
      const std::uint64_t base = Tag<F>::address(e.tag);
      return Tag<F>::space(e.tag) == space
             && range.overlaps({base, base | low_mask(Shape::span_shift(level_))});
    };
    if (sweep_is_cheaper(range.pages(Shape::span_shift(level_)), entries_.size()))
      return sweep(concerned);
    range.for_each_page(Shape::span_shift(level_),
                        [&](std::uint64_t va) { drop_if(place_of(space, va), concerned); });
  }
  void invalidate_space(SpaceId space) {
    sweep([space](const WalkCacheEntry& e) { return Tag<F>::space(e.tag) == space; });
  }
  void invalidate_all() {
    sweep([](const WalkCacheEntry&) { return true; });
  }

 private:
  [[nodiscard]] std::uint64_t tag_of(SpaceId space, std::uint64_t va) const {
    return Tag<F>::pack(space, align_down(va, Shape::span_shift(level_)));
  }
  // Spaces tend to use the same addresses, so the space takes part in the place.
  [[nodiscard]] WalkCacheEntry& place_of(SpaceId space, std::uint64_t va) const {
    return entries_[(va >> Shape::span_shift(level_) ^ raw(space)) & (entries_.size() - 1)];
  }
  template <class Predicate>
  void drop_if(WalkCacheEntry& entry, Predicate predicate) {
    if (entry.tag == Tag<F>::none || !predicate(entry))
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
  WalkCacheCounters counters_;
};

} // namespace pagetwin
