// A set-associative translation cache. All sizes of a format live in one array; an entry is tagged with its
// space or is global. Knows no table, and no reason for an invalidation: what is not invalidated stays, stale
// or not, until a fill needs its place. Rule: docs/table.md, "Order, memory, invalidation"; the behaviour is
// that of Intel SDM 3A, section 4.10.2, except that no two entries ever match one address of one space.
#pragma once

#include "src/tlb/range.hpp"
#include "src/tlb/tag.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <span>

namespace pagetwin {

// What a cache remembers of a leaf, as seen from one address within it.
struct TlbTranslation {
  PhysAddr pa{};           // of that address
  unsigned size = 0;       // index into the format's sizes
  Attributes attributes{}; // effective: restrictions of the path are applied
  Flags flags{};           // as memory was known to hold them

  friend constexpr bool operator==(const TlbTranslation&, const TlbTranslation&) = default;
};

// One translation that is cached now, as reports and oracles want to see it.
struct TlbLine {
  SpaceId space{};         // of the fill; a global line matches every space
  std::uint64_t first = 0; // first address of the page
  TlbTranslation leaf{};   // of that address

  friend constexpr bool operator==(const TlbLine&, const TlbLine&) = default;
};

// fills == evictions + invalidations + lines that are there.
struct TlbCounters {
  std::uint64_t hits = 0, misses = 0;
  std::uint64_t fills = 0;
  std::uint64_t evictions = 0;     // lines that a fill removed: for their place or because they overlap it
  std::uint64_t invalidations = 0; // lines that an invalidation removed

  friend constexpr bool operator==(const TlbCounters&, const TlbCounters&) = default;
};

// Storage of one translation: half a cache line, so that a comparison touches one. The tag is packed by
// Tag<F>.
struct alignas(32) TlbEntry {
  std::uint64_t tag = 0;             // 0: nothing here
  std::uint64_t mask = low_mask(64); // bits of the tag that count: fewer for large pages and global ones
  std::uint64_t delta = 0;           // pa - va, the same for every byte of the page
  Attributes attributes;
  std::uint8_t size = 0;
  std::uint8_t flags = 0; // bit 0 accessed, bit 1 dirty
};
static_assert(sizeof(TlbEntry) == 32);

template <Format F>
class Tlb {
  using Shape = Geometry<F>;

 public:
  // The entries are the caller's; the largest power of two of sets is used. 1 <= ways <= entries.size().
  Tlb(std::span<TlbEntry> entries, unsigned ways)
      : sets_(std::bit_floor(entries.size() / ways)), ways_(ways), entries_(entries.first(sets_ * ways)),
        guess_mask_((sets_ - 1) << entry_shift) {
    for (TlbEntry& entry : entries_)
      entry = {};
  }

  [[nodiscard]] std::uint64_t sets() const { return sets_; }
  [[nodiscard]] unsigned ways() const { return ways_; }
  [[nodiscard]] const TlbCounters& counters() const { return counters_; }

  // An address that is not canonical never hits. The first guess is right for the line filled last in its
  // set, as long as there are no smaller pages; it is all that is inlined.
  [[nodiscard, gnu::always_inline]] inline std::optional<TlbTranslation> lookup(SpaceId space,
                                                                                std::uint64_t va) {
    if (!Shape::is_canonical(va)) [[unlikely]]
      return missed();
    const std::uint64_t wanted = Tag<F>::pack(space, va);
    const TlbEntry* entry = first_guess(va);
    if (!matches(*entry, wanted)) [[unlikely]] {
      entry = find_elsewhere(wanted, va);
      if (entry == nullptr)
        return missed();
    }
    ++counters_.hits;
    return seen_from(*entry, va);
  }

  // Remembers the leaf that va is in; lines that would match the same address go. An address that is not
  // canonical is ignored. Returns the line, or nullptr.
  const TlbEntry* fill(SpaceId space, std::uint64_t va, const TlbTranslation& leaf) {
    if (!Shape::is_canonical(va))
      return nullptr;
    const unsigned log2_bytes = F::sizes[leaf.size].log2_bytes;
    const std::uint64_t base = align_down(va, log2_bytes);
    const bool global = leaf.attributes.global;
    counters_.evictions += drop_range({base, base | low_mask(log2_bytes)}, of_spaces(space, global));
    TlbEntry& line = front_place(set_of(va, leaf.size));
    line = {.tag = Tag<F>::pack(space, va),
            .mask = Tag<F>::mask(log2_bytes) & (global ? ~Tag<F>::space_mask : ~std::uint64_t{0}),
            .delta = raw(leaf.pa) - va,
            .attributes = leaf.attributes,
            .size = static_cast<std::uint8_t>(leaf.size),
            .flags =
                static_cast<std::uint8_t>((leaf.flags.accessed ? 1U : 0U) | (leaf.flags.dirty ? 2U : 0U))};
    ++counters_.fills;
    count(leaf.size, 1);
    return &line;
  }

  // The line of any size that holds va in the space, and a global one.
  void invalidate_page(SpaceId space, std::uint64_t va) { invalidate_range(space, va, va); }
  // Every line that has a byte in [first, last], of the space and global.
  void invalidate_range(SpaceId space, std::uint64_t first, std::uint64_t last) {
    counters_.invalidations += drop_range({first, last}, of_spaces(space, false));
  }
  // Every line of the space; global ones stay.
  void invalidate_space(SpaceId space) {
    counters_.invalidations +=
        sweep([space](const TlbEntry& e) { return !is_global(e) && Tag<F>::space(e.tag) == space; });
  }
  void invalidate_all() {
    counters_.invalidations += sweep([](const TlbEntry&) { return true; });
  }

  // What a line says of an address that it covers.
  [[nodiscard]] static TlbTranslation seen_from(const TlbEntry& e, std::uint64_t va) {
    return {PhysAddr{va + e.delta}, e.size, e.attributes, {(e.flags & 1U) != 0, (e.flags & 2U) != 0}};
  }
  // Every line, in the order of the storage.
  template <class Sink>
  void for_each(Sink sink) const {
    for (const TlbEntry& entry : entries_)
      if (entry.tag != Tag<F>::none)
        sink(TlbLine{Tag<F>::space(entry.tag), first_of(entry), seen_from(entry, first_of(entry))});
  }

 private:
  // The bits in which a tag may differ from the space's and still be concerned.
  struct Spaces {
    std::uint64_t tag, mask;
  };
  [[nodiscard]] static Spaces of_spaces(SpaceId space, bool every) {
    return {Tag<F>::of_space(space), every ? 0 : Tag<F>::space_mask};
  }
  [[nodiscard]] static bool is_global(const TlbEntry& e) { return (e.mask & Tag<F>::space_mask) == 0; }
  [[nodiscard]] static std::uint64_t first_of(const TlbEntry& e) {
    return align_down(Tag<F>::address(e.tag), F::sizes[e.size].log2_bytes);
  }
  [[nodiscard]] static bool concerns(const TlbEntry& e, InclusiveRange range, Spaces spaces) {
    const std::uint64_t first = first_of(e);
    return ((e.tag ^ spaces.tag) & e.mask & spaces.mask) == 0
           && range.overlaps({first, first | low_mask(F::sizes[e.size].log2_bytes)});
  }

  // Way w of a set lies at w * sets + set, so that the first ways are an array that needs no multiplication.
  [[nodiscard]] std::uint64_t set_of(std::uint64_t va, unsigned size) const {
    return va >> F::sizes[size].log2_bytes & (sets_ - 1);
  }
  // The first way of va's set, were it a page of the smallest size that has lines. The bytes up to it come
  // from the address in two steps instead of three: a lookup waits for them.
  [[nodiscard, gnu::always_inline]] const TlbEntry* first_guess(std::uint64_t va) const {
    const auto* start = reinterpret_cast<const std::byte*>(entries_.data());
    return reinterpret_cast<const TlbEntry*>(start + (va >> guess_shift_ & guess_mask_));
  }
  static constexpr unsigned entry_shift = std::countr_zero(sizeof(TlbEntry));
  static_assert(F::page_shift > entry_shift);
  [[nodiscard]] TlbEntry& way(std::uint64_t set, unsigned way) const { return entries_[way * sets_ + set]; }
  [[nodiscard]] bool has_lines_of(unsigned size) const { return (present_ >> size & 1U) != 0; }

  [[nodiscard]] static bool matches(const TlbEntry& e, std::uint64_t wanted) {
    return ((e.tag ^ wanted) & e.mask) == 0;
  }
  std::nullopt_t missed() {
    ++counters_.misses;
    return std::nullopt;
  }
  // One probe of all ways for each size that is there; nullptr when none matches.
  [[nodiscard, gnu::noinline]] const TlbEntry* find_elsewhere(std::uint64_t wanted, std::uint64_t va) const {
    for (unsigned size = 0; size < Shape::size_count; ++size)
      for (unsigned w = 0; has_lines_of(size) && w < ways_; ++w)
        if (const TlbEntry& entry = way(set_of(va, size), w); matches(entry, wanted))
          return &entry;
    return nullptr;
  }

  // The first way of the set, after its line has moved to an empty way, or to the next in turn and that line
  // is gone.
  [[nodiscard]] TlbEntry& front_place(std::uint64_t set) {
    TlbEntry& front = way(set, 0);
    unsigned empty = 0;
    while (empty < ways_ && way(set, empty).tag != Tag<F>::none)
      ++empty;
    if (empty == ways_) {
      turn_ = turn_ + 1 < ways_ ? turn_ + 1 : std::min(1U, ways_ - 1);
      empty = turn_;
      counters_.evictions += drop(way(set, empty));
    }
    way(set, empty) = front;
    return front;
  }
  void count(unsigned size, int lines) {
    lines_[size] += static_cast<std::uint64_t>(lines);
    present_ = lines_[size] != 0 ? present_ | 1U << size : present_ & ~(1U << size);
    guess_shift_ = F::sizes[present_ == 0 ? 0 : static_cast<unsigned>(std::countr_zero(present_))].log2_bytes
                   - entry_shift;
  }
  // The number of lines removed: 0 or 1.
  std::uint64_t drop(TlbEntry& entry) {
    if (entry.tag == Tag<F>::none)
      return 0;
    count(entry.size, -1);
    entry = {};
    return 1;
  }
  template <class Predicate>
  std::uint64_t drop_if(TlbEntry& entry, Predicate predicate) {
    return entry.tag != Tag<F>::none && predicate(entry) ? drop(entry) : 0;
  }
  template <class Predicate>
  std::uint64_t sweep(Predicate predicate) {
    std::uint64_t dropped = 0;
    for (std::size_t i = 0; i < entries_.size() && present_ != 0; ++i)
      dropped += drop_if(entries_[i], predicate);
    return dropped;
  }
  std::uint64_t drop_range(InclusiveRange range, Spaces spaces) {
    const auto concerned = [range, spaces](const TlbEntry& e) { return concerns(e, range, spaces); };
    if (sweep_is_cheaper(probes(range), sets_))
      return sweep(concerned);
    std::uint64_t dropped = 0;
    for (unsigned size = 0; size < Shape::size_count; ++size)
      if (has_lines_of(size))
        range.for_each_page(F::sizes[size].log2_bytes, [&](std::uint64_t va) {
          for (unsigned w = 0; w < ways_; ++w)
            dropped += drop_if(way(set_of(va, size), w), concerned);
        });
    return dropped;
  }
  [[nodiscard]] std::uint64_t probes(InclusiveRange range) const {
    std::uint64_t count = 0;
    for (unsigned size = 0; size < Shape::size_count; ++size)
      count += has_lines_of(size) ? range.pages(F::sizes[size].log2_bytes) : 0;
    return count;
  }

  std::uint64_t sets_;
  unsigned ways_;
  unsigned present_ = 0; // bit of each size that has lines, so that absent sizes cost nothing
  std::span<TlbEntry> entries_;
  unsigned guess_shift_ = F::sizes[0].log2_bytes - entry_shift; // of the smallest size that has lines
  unsigned turn_ = 0;                                           // round robin over the ways, one for all sets
  std::uint64_t guess_mask_;
  std::array<std::uint64_t, Shape::size_count> lines_{};
  TlbCounters counters_;
};

} // namespace pagetwin
