// One stage-2 table as SeKVM knows it: guest frames to frames, in pages of 4 KiB and blocks of 2 MiB, normal
// or device, with a bound on its table pages, and with the marker that a taken frame leaves. Its pages are
// never given back before the table ends. Refuses to know owners: whoever maps has asked them.
#pragma once

#include "src/stage2/attributes.hpp"
#include "src/stage2/bounded_memory.hpp"
#include "src/stage2/principals.hpp"
#include "src/stage2/status.hpp"
#include "src/table/page_table.hpp"

namespace pagetwin {

// As the specification numbers them: what is no block is a page.
enum class S2Level : std::uint8_t { block = 2, page = 3 };

// What a guest frame number leads to. pfn is that of the frame itself, also within a block.
struct S2Entry {
  std::uint64_t pfn;
  S2Level level;
  bool device;

  friend constexpr bool operator==(const S2Entry&, const S2Entry&) = default;
};

template <Format F, class Base>
class S2Table {
  static_assert(F::page_shift == s2_page_shift && Geometry<F>::span_shift(1) == s2_page_shift + 9);
  using Memory = BoundedMemory<Base>;
  using Table = PageTable<F, Memory>;

 public:
  // As many guest frames as the format and the specification have.
  static constexpr std::uint64_t gfn_limit = std::min(gfn_end, bytes_of(F::va_bits - s2_page_shift));
  static_assert(gfn_limit >= pfn_end, "the host's table names every frame by its own number");

  // At most `table_pages` below the root. Is not moved: the table knows where its memory is.
  S2Table(Base& base, SpaceId space, std::uint64_t table_pages)
      : memory_(base, table_pages + 1), table_(Table::create(memory_, space)) {}
  S2Table(const S2Table&) = delete;
  S2Table& operator=(const S2Table&) = delete;
  ~S2Table() = default;
  // False when there was no memory for a root; then nothing else may be asked.
  [[nodiscard]] bool exists() const { return table_.has_value(); }
  void destroy() { table_->destroy(); }

  [[nodiscard]] PhysAddr root() const { return table_->root(); }
  [[nodiscard]] SpaceId space() const { return table_->space(); }
  [[nodiscard]] std::uint64_t used() const { return memory_.used() - 1; } // table pages below the root
  [[nodiscard]] const Table& table() const { return *table_; }

  [[nodiscard]] std::optional<S2Entry> lookup(std::uint64_t gfn) const {
    const auto t = table_->lookup(at(gfn));
    if (!t)
      return std::nullopt;
    return S2Entry{raw(t->pa()) >> s2_page_shift, t->level() == 0 ? S2Level::page : S2Level::block,
                   t->attributes().memory_type == S2Attributes<F>::device.memory_type};
  }
  // Did a frame that was here go to somebody else (PAGE_GUEST)?
  [[nodiscard]] bool is_taken(std::uint64_t gfn) const {
    const auto slot = table_->tree().descend(raw(at(gfn)), 0);
    return slot.kind() == Kind::hole && slot.marker() == page_guest;
  }

  // Can map() be done? Reserves the table pages for it. gfn of a block is a multiple of block_pages.
  [[nodiscard]] S2Status prepare(std::uint64_t gfn, S2Level to) {
    const unsigned level = to == S2Level::block ? 1 : 0;
    const auto slot = table_->tree().descend(raw(at(gfn)), level);
    if (slot.kind() == Kind::table || (slot.kind() == Kind::leaf && slot.level() != level))
      return S2Status::overlap;
    const unsigned pages = slot.kind() == Kind::hole ? slot.level() - level : 0;
    return pages == 0 || memory_.reserve(Geometry<F>::node_shift(0), pages) ? S2Status::ok
                                                                            : S2Status::out_of_memory;
  }
  // Replaces a mapping of the same level, through a hole that every cache knows. prepare() said ok.
  void map(std::uint64_t gfn, std::uint64_t pfn, S2Level level, const Attributes& attributes) {
    const PhysAddr pa{pfn << s2_page_shift};
    if (const auto old = table_->lookup(at(gfn))) {
      if (old->pa() == pa && old->attributes() == attributes)
        return;
      (void)table_->unmap(at(gfn), bytes(level));
    }
    (void)table_->map(at(gfn), pa, bytes(level), attributes);
  }
  // A page; a hole stays one.
  void unmap(std::uint64_t gfn) { (void)table_->unmap(at(gfn), s2_page_bytes); }
  // Those of `count` pages that are mapped become holes with PAGE_GUEST.
  void take(std::uint64_t gfn, std::uint64_t count) {
    (void)table_->unmap_marking(at(gfn), count << s2_page_shift, page_guest);
  }
  // visit(first frame, how many) for the frames that [gfn, gfn + count) leads to, where they are in a row.
  template <class Visit>
  void for_frames(std::uint64_t gfn, std::uint64_t count, Visit&& visit) const {
    if (count == 1) { // a lookup is a tenth of a loop over slots
      if (const auto t = table_->lookup(at(gfn)))
        visit(raw(t->pa()) >> s2_page_shift, 1);
      return;
    }
    (void)table_->for_each(at(gfn), count << s2_page_shift, [&](const Mapping& m) {
      visit(raw(m.pa) >> s2_page_shift, m.bytes >> s2_page_shift);
    });
  }
  // No cache may know anything of this table any more.
  void invalidate_all() {
    memory_.invalidate({space(), 0, low_mask(F::va_bits), Invalidation::Reach::walk});
    memory_.sync();
  }

 private:
  [[nodiscard]] static constexpr VirtAddr at(std::uint64_t gfn) { return VirtAddr{gfn << s2_page_shift}; }
  [[nodiscard]] static constexpr std::uint64_t bytes(S2Level level) {
    return level == S2Level::block ? block_pages * s2_page_bytes : s2_page_bytes;
  }

  Memory memory_;
  std::optional<Table> table_;
};

} // namespace pagetwin
