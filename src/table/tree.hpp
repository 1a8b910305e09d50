// The tree of nodes under one root: reading slots in order, writing leaves, counting live slots, linking,
// unlinking, and what each change owes the translation caches. Every edit of the table is written in these
// words. Knows no bit of a descriptor and no operation of the contract.
#pragma once

#include "src/arch/geometry.hpp"
#include "src/table/memory.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace pagetwin {

// Bytes first..last, both included, canonical and in one half of the space.
struct Range {
  std::uint64_t first, last;

  [[nodiscard]] constexpr bool covers(const Range& r) const { return first <= r.first && r.last <= last; }
  [[nodiscard]] constexpr Range clip(const Range& r) const {
    return {std::max(first, r.first), std::min(last, r.last)};
  }
};

template <Format F, class M>
  requires MemoryFor<M, typename F::Raw>
class Tree {
 public:
  using Raw = typename F::Raw;
  using G = Geometry<F>;
  static constexpr bool has_groups = [] {
    bool any = false;
    for (const PageSize& size : F::sizes)
      any = any || size.log2_copies != 0;
    return any;
  }();

  struct Node {
    PhysAddr at;
    unsigned level;
  };
  using SlotWindow = decltype(window_of<Raw>(std::declval<M&>(), PhysAddr{}));
  // A place at a level, with the word that was read there and the first byte that it covers.
  struct Slot {
    Node node;
    PhysAddr at;
    std::uint64_t va;
    Raw word;

    [[nodiscard]] unsigned level() const { return node.level; }
    [[nodiscard]] Kind kind() const { return F::kind(word, node.level); }
    [[nodiscard]] Node child() const { return {F::table(word, node.level), node.level - 1}; }
    [[nodiscard]] Range range() const { return {va, va + (G::span(node.level) - 1)}; }
    [[nodiscard]] std::uint32_t marker() const { return F::marker(word, node.level); }
    [[nodiscard]] bool is_free() const { return Tree::is_free(word, node.level); }
  };
  // A hole that nobody marked.
  [[nodiscard]] static bool is_free(Raw word, unsigned level) {
    return F::kind(word, level) == Kind::hole && F::marker(word, level) == 0;
  }
  // A whole leaf, with all its copies.
  struct Leaf {
    Node node;
    PhysAddr slot; // of the first copy
    std::uint64_t va;
    Raw word; // of the copy that was met
    unsigned size;

    [[nodiscard]] PageSize page() const { return F::sizes[size]; }
    [[nodiscard]] unsigned level() const { return node.level; }
    [[nodiscard]] unsigned copies() const { return has_groups ? page().copies() : 1; }
    [[nodiscard]] std::uint64_t bytes() const { return has_groups ? page().bytes() : G::span(node.level); }
    [[nodiscard]] Range range() const { return {va, va + (bytes() - 1)}; }
    [[nodiscard]] PhysAddr frame() const { return F::frame(word, node.level); }
    [[nodiscard]] Attributes attributes() const { return F::attributes(word, node.level); }
  };

  Tree(M& memory, PhysAddr root, SpaceId space)
      : memory_(&memory), root_{root, G::root_level}, space_(space),
        cursor_{{0, 0}, window(root), &memory.record(root, unit_shift)}, region_{{0, 0}, root, window(root)} {
  }

  [[nodiscard]] M& memory() const { return *memory_; }
  [[nodiscard]] Node root() const { return root_; }
  [[nodiscard]] SpaceId space() const { return space_; }
  [[nodiscard]] NodeRecord& record(Node node) const { return memory_->record(node.at, unit_shift); }

  [[nodiscard]] Raw load(PhysAddr slot) const { return memory_->template load<Raw>(slot); }
  void store(PhysAddr slot, Raw word) { memory_->template store<Raw>(slot, word); }
  [[nodiscard]] Raw exchange(PhysAddr slot, Raw word) { return memory_->template exchange<Raw>(slot, word); }

  // The slots from `at` on, for loops.
  [[nodiscard]] SlotWindow window(PhysAddr at) const { return window_of<Raw>(*memory_, at); }

  [[nodiscard]] Slot slot_of(Node node, std::uint64_t va) const {
    const PhysAddr at = G::slot(node.at, G::index(va, node.level));
    return {node, at, align_down(va, G::span_shift(node.level)), load(at)};
  }
  [[nodiscard]] Leaf leaf_of(const Slot& s) const {
    if constexpr (!has_groups)
      return {s.node, s.at, s.va, s.word, size_at(s.level())};
    const unsigned size = G::size_of(s.word, s.level());
    const std::uint64_t va = align_down(s.va, F::sizes[size].log2_bytes);
    return {s.node, G::slot(s.node.at, G::index(va, s.level())), va, s.word, size};
  }

  // Calls visit(slot) for the slots of a node that meet the range, which lies within the node, in ascending
  // order. visit returns how many slots it dealt with; 0 shows it the same slot again.
  template <class Visit>
  void for_slots(Node node, Range range, Visit&& visit) {
    const auto slots = window(node.at);
    for_slots_reading(node, range, [&slots](unsigned i) { return slots.load(i); }, visit);
  }
  // The same for a node that is not linked yet and whose slots all count as holes, whatever the memory holds.
  template <class Visit>
  void for_fresh_slots(Node node, Range range, Visit&& visit) {
    for_slots_reading(node, range, [](unsigned) { return Raw{0}; }, visit);
  }
  // The same without the plain holes, and only as far as something can still come: sparse nodes are not read
  // to their end. visit deals with at least one slot, or shows it again; who deals with as many as a node has
  // has seen enough.
  template <class Visit>
  void for_live_slots(Node node, Range range, Visit&& visit) const {
    const auto slots = window(node.at);
    const unsigned begin = G::index(range.first, node.level), end = G::index(range.last, node.level) + 1;
    const std::uint64_t va = align_down(range.first, G::span_shift(node.level));
    unsigned left = record(node).live;
    for (unsigned i = begin; left != 0 && i < end;) {
      const Raw word = slots.load(i);
      if (word == 0) {
        i = slots.next_live(i + 1, end);
        continue;
      }
      const std::uint64_t at = va + (std::uint64_t{i - begin} << G::span_shift(node.level));
      const unsigned done = visit(Slot{node, G::slot(node.at, i), at, word});
      i += done;
      left -= done;
    }
  }
  // Calls visit(leaf) for the leaves that meet the range, ascending; visit returns false to stop. Returns
  // false when stopped.
  template <class Visit>
  [[nodiscard]] bool for_leaves(Node node, Range range, Visit&& visit) const {
    const unsigned all = G::entries(node.level);
    bool going = true;
    for_live_slots(node, range, [&](const Slot& s) -> unsigned {
      if (s.kind() == Kind::hole)
        return 1;
      if (s.kind() == Kind::table) {
        going = for_leaves(s.child(), range.clip(s.range()), visit);
        return going ? 1 : all;
      }
      const Leaf leaf = leaf_of(s);
      going = visit(leaf);
      return going ? slots_left(leaf, s) : all;
    });
    return going;
  }
  // From a slot to the end of its leaf.
  [[nodiscard]] static unsigned slots_left(const Leaf& leaf, const Slot& s) {
    if constexpr (!has_groups)
      return 1;
    return leaf.copies() - static_cast<unsigned>((s.at - leaf.slot) / sizeof(Raw));
  }
  // How many slots of the node, from this one on, the range covers whole.
  [[nodiscard]] static unsigned whole_slots(const Slot& s, Range range) {
    const unsigned shift = G::span_shift(s.level());
    const std::uint64_t covered = ((range.last - s.va) >> shift) + is_aligned(range.last + 1, shift);
    return static_cast<unsigned>(
        std::min<std::uint64_t>(covered, G::entries(s.level()) - G::index(s.va, s.level())));
  }
  // Down towards `level`, as far as there are tables.
  [[nodiscard]] Slot descend(std::uint64_t va, unsigned level) const {
    Slot s = slot_of(root_, va);
    while (s.level() > level && s.kind() == Kind::table)
      s = slot_of(s.child(), va);
    return s;
  }

  // Loops over slots of a node of level 0, where nearly all are single pages: neither holes nor one of
  // several copies. edit(i, end) deals with some from i on, before end, and returns how many; 0 when i is
  // something else, which apart(slot) deals with and returns the same. Two loops, so that what a call could
  // change stays out of the tight one.
  template <class Edit, class Apart>
  [[gnu::always_inline]] void for_pages(Node node, Range range, Edit&& edit, Apart&& apart) const {
    const unsigned end = G::index(range.last, 0) + 1;
    for (unsigned i = G::index(range.first, 0); i < end;) {
      for (unsigned done = 1; i < end && done != 0; i += done)
        done = edit(i, end);
      if (i < end)
        i += apart(slot_of(node, first_page(range.first) + (std::uint64_t{i} << F::page_shift)));
    }
  }
  [[nodiscard, gnu::always_inline]] static bool is_page(Raw word) {
    return F::kind(word, 0) == Kind::leaf && F::log2_copies(word, 0) == 0;
  }
  // Where the node of level 0 begins that va is in.
  [[nodiscard]] static std::uint64_t first_page(std::uint64_t va) { return align_down(va, leaf_node_shift); }
  // Slots from i on, before end, that hold pages of one run: these bits, over `frame` and the frames after
  // it, which all exist. Where their words are no series, one page may pass for the run.
  template <class Slots>
  [[nodiscard]] static unsigned pages_in_row(const Slots& slots, unsigned i, unsigned end, Raw bits,
                                             PhysAddr frame, PageSize size) {
    if (i >= end)
      return 0;
    const Series words = series(bits, frame, end - i, size);
    const unsigned count = count_series(slots, i, end, words.first, words.step);
    return count == 0 || words.holds(bits, frame, count, size) ? count : 1;
  }
  // Slots from a hole on, to the next that is none, or to the range's end.
  [[nodiscard]] unsigned holes(const Slot& s, Range range) const {
    const unsigned index = G::index(s.va, s.level());
    return window(s.node.at).next_live(index + 1, G::index(range.last, s.level()) + 1) - index;
  }

  // Pages in a row, from a boundary on.
  struct Pages {
    std::uint64_t first; // the address of the first
    std::uint64_t count; // 0: they were not found yet, or their node went

    // The number of the page at va, or a larger one than there are: rotated to the right, an address that
    // lies elsewhere, is not aligned or not canonical has high bits, so that one comparison finds all of
    // them.
    [[nodiscard, gnu::always_inline]] std::uint64_t number(std::uint64_t va) const {
      return std::rotr(va - first, F::page_shift);
    }
    [[nodiscard, gnu::always_inline]] bool reaches(std::uint64_t va) const { return number(va) < count; }
  };
  // A node of level 0 with all that an edit of one of its pages needs. The tree keeps the one that was found
  // last: neighbouring pages are edited in runs, and a run descends once.
  struct Cursor : Pages {
    SlotWindow slots;
    NodeRecord* record;
  };
  // A node of level 1 below the root, the one that was passed last on the way to a page that was far. The
  // next that is far, but not that far, is found without the levels above it.
  struct Region : Pages {
    PhysAddr node;
    SlotWindow slots; // of it
  };
  [[nodiscard]] const Cursor& cursor() const { return cursor_; }
  // The page at va is in this node, which is of level 0.
  [[nodiscard, gnu::always_inline]] Cursor cursor_to(std::uint64_t va, PhysAddr node) const {
    return {
        {align_down(va, leaf_node_shift), G::entries(0)}, window(node), &memory_->record(node, unit_shift)};
  }
  void remember(const Cursor& cursor) { cursor_ = cursor; }
  [[nodiscard]] const Region& region() const { return region_; }
  void remember_region(std::uint64_t va, PhysAddr node) {
    constexpr unsigned shift = leaf_node_shift + F::index_bits(1);
    region_ = {{align_down(va, shift), bytes_of(shift - F::page_shift)}, node, window(node)};
  }

  // Writes `count` slots with leaves of one size over consecutive frames. Aligned to the size's copies.
  void fill(PhysAddr slot, unsigned count, PhysAddr frame, Raw bits, PageSize size) {
    const auto slots = window(slot);
    if (has_groups && size.log2_copies != 0)
      return fill_groups(slots, count, frame, bits, size);
    // One addition for each word, whatever the format makes of a frame.
    const Series words = series(bits, frame, count, size);
    if (words.holds(bits, frame, count, size)) [[likely]]
      return slots.fill(count, [next = words.first, step = words.step](unsigned) mutable {
        return std::exchange(next, static_cast<Raw>(next + step));
      });
    slots.fill(count, [&](unsigned i) { return F::leaf(bits, frame + i * size.bytes(), size, 0); });
  }
  void fill_markers(Node node, std::uint32_t word) {
    window(node.at).fill(G::entries(node.level), [&](unsigned) { return F::to_marker(word, node.level); });
    record(node).live = record(node).markers = static_cast<std::uint16_t>(G::entries(node.level));
  }

  // OR over the copies of a leaf.
  [[nodiscard]] Flags flags(const Leaf& leaf) const {
    Flags all{};
    for (unsigned i = 0; i < leaf.copies(); ++i)
      all = all | F::flags(load(leaf.slot + i * sizeof(Raw)), leaf.level());
    return all;
  }
  // Makes every copy a hole and returns the flags that they had. The counters stay: the caller writes again
  // or subtracts.
  [[nodiscard]] Flags take(const Leaf& leaf) {
    Flags all{};
    for (unsigned i = 0; i < leaf.copies(); ++i)
      all = all | F::flags(exchange(leaf.slot + i * sizeof(Raw), 0), leaf.level());
    return all;
  }
  // Replaces the live leaf `old` by `next`, which has at least the same flags. What hardware set since `old`
  // was read is set again.
  void replace(PhysAddr slot, Raw old, Raw next, unsigned level) {
    replace(window(slot), 0, old, next, level);
  }
  template <class Slots>
  static void replace(const Slots& slots, std::uint64_t i, Raw old, Raw next, unsigned level) {
    for (Raw was = slots.exchange(i, next); was != old; was = slots.exchange(i, next)) {
      old = next;
      next = F::with_flags(next, F::flags(was, level) | F::flags(next, level), level);
    }
  }
  // The same for `count` leaves of one copy in a row, which are `old` and `next` but for their frames.
  template <class Slots>
  static void replace_alike(const Slots& slots, unsigned i, unsigned count, Raw old, Raw next,
                            unsigned level) {
    if constexpr (requires { slots.flip(i, count, old); }) {
      slots.flip(i, count, old ^ next);
    } else {
      for (unsigned k = i; k < i + count; ++k) {
        const Raw frame = (slots.load(k) ^ old) & G::frame_bits(level);
        replace(slots, k, old ^ frame, next ^ frame, level);
      }
    }
  }

  // Nodes.
  [[nodiscard]] bool reserve(std::uint64_t count) {
    return count == 0 || memory_->reserve(G::node_shift(0), count);
  }
  [[nodiscard]] Node allocate(unsigned level, Fill fill) {
    return {memory_->allocate(G::node_shift(level), fill), level};
  }
  // Several of those below the root at once, zero; they were reserved.
  template <unsigned Count>
  [[nodiscard]] std::array<PhysAddr, Count> allocate_empty() {
    constexpr unsigned shift = G::node_shift(0);
    if constexpr (requires { memory_->template allocate_empty<Count>(shift); })
      return memory_->template allocate_empty<Count>(shift);
    std::array<PhysAddr, Count> nodes;
    for (PhysAddr& node : nodes)
      node = memory_->allocate(shift, Fill::zero);
    return nodes;
  }
  void retire(Node node, Contents contents) {
    if (node.level == 0)
      cursor_.count = 0;
    if (node.level == 1)
      region_.count = 0;
    memory_->retire(node.at, G::node_shift(node.level), contents);
  }
  // The first `count` of these, from level 0 up: unlinked, zero, and so are their records.
  template <std::size_t Most>
  void retire_empty(const std::array<PhysAddr, Most>& nodes, unsigned count) {
    constexpr unsigned shift = G::node_shift(0);
    cursor_.count = region_.count = 0;
    if constexpr (requires { memory_->retire_empty(nodes, count, shift); })
      return memory_->retire_empty(nodes, count, shift);
    for (unsigned level = 0; level < count; ++level)
      memory_->retire(nodes[level], shift, Contents::zero);
  }
  // The slot, whose node is empty or read no more, becomes a hole.
  void unlink(const Slot& s) {
    store(s.at, 0);
    --record(s.node).live;
    owe(s.range(), Invalidation::Reach::walk);
  }
  // Unlinks the slot's node if nothing lives in it.
  void reclaim(const Slot& s) {
    if (keeps_empty_nodes<M> || record(s.child()).live != 0)
      return;
    unlink(s);
    retire(s.child(), Contents::zero);
  }
  // A subtree that holds nothing but markers becomes a hole, for every cache, before something else takes its
  // place.
  void drop_markers(const Slot& s) {
    unlink(s);
    retire_all(s.child());
    pay();
  }
  // The end of the table: nothing lives in this half of the space any more, and its nodes go.
  void drop_nodes(Range half) {
    for_live_slots(root_, half, [&](const Slot& s) -> unsigned {
      store(s.at, 0);
      retire_all(s.child());
      return 1;
    });
    pay(half, Invalidation::Reach::walk);
  }
  // A hole becomes the way to a node. When it was a marker, the node's slots carry the marker now.
  void link(const Slot& s, Node node) {
    NodeRecord& r = record(s.node);
    if (s.marker() != 0)
      --r.markers;
    else
      ++r.live;
    store(s.at, F::to_table(node.at, s.level()));
  }

  // Invalidation: changes are gathered while an edit runs, and paid at its end or before a make that needs
  // the break.
  void owe(Range r, Invalidation::Reach reach) {
    owed_ = any_ ? Range{std::min(owed_.first, r.first), std::max(owed_.last, r.last)} : r;
    reach_ = any_ && reach_ == Invalidation::Reach::walk ? reach_ : reach;
    any_ = true;
  }
  void pay() {
    if (any_)
      pay(owed_, reach_);
    any_ = false;
  }
  void pay(Range r, Invalidation::Reach reach) {
    memory_->invalidate({space_, r.first, r.last, reach});
    memory_->sync();
  }
  // A break in the middle of an edit: the sync lets go of the nodes that were retired so far, so that what is
  // owed for them is paid before.
  void pay_between(Range r, Invalidation::Reach reach) {
    if (any_)
      memory_->invalidate({space_, owed_.first, owed_.last, reach_});
    any_ = false;
    pay(r, reach);
  }

 private:
  static constexpr unsigned unit_shift = G::node_shift(0);
  static constexpr unsigned leaf_node_shift = F::page_shift + F::index_bits(0);

  // The words of leaves of one copy, these bits over `frame` and the frames after it. They are a series as
  // long as the frame carries into no bits that lie apart from its others; where one carried, so has the
  // last.
  struct Series {
    Raw first, step;

    [[nodiscard]] bool holds(Raw bits, PhysAddr frame, unsigned count, PageSize size) const {
      const std::uint64_t more = count - 1;
      return F::leaf(bits, frame + more * size.bytes(), size, 0) == first + static_cast<Raw>(more) * step;
    }
  };
  [[nodiscard]] static Series series(Raw bits, PhysAddr frame, unsigned count, PageSize size) {
    const Raw first = F::leaf(bits, frame, size, 0);
    return {first, count > 1 ? F::leaf(bits, frame + size.bytes(), size, 0) - first : 0};
  }

  // A loop for each size, in which everything but the slot is a constant, as the compiler needs it to make
  // several leaves at once.
  template <unsigned Size = 0>
  static void fill_groups(const SlotWindow& slots, unsigned count, PhysAddr frame, Raw bits,
                          const PageSize& size) {
    constexpr PageSize page = F::sizes[Size];
    if (page.log2_copies != 0 && size.log2_bytes == page.log2_bytes)
      return slots.fill(count, [=](unsigned i) {
        const unsigned copy = i & (page.copies() - 1);
        return F::leaf(bits, frame + (i - copy) * G::span(page.level), page, copy);
      });
    if constexpr (Size + 1 < F::sizes.size())
      fill_groups<Size + 1>(slots, count, frame, bits, size);
  }

  template <class Read, class Visit>
  void for_slots_reading(Node node, Range range, Read read, Visit&& visit) {
    const unsigned last = G::index(range.last, node.level);
    std::uint64_t va = align_down(range.first, G::span_shift(node.level));
    for (unsigned i = G::index(range.first, node.level); i <= last;) {
      const unsigned done = visit(Slot{node, G::slot(node.at, i), va, read(i)});
      i += done;
      va += std::uint64_t{done} << G::span_shift(node.level);
    }
  }
  // Without groups each level has at most one size.
  [[nodiscard]] static constexpr unsigned size_at(unsigned level) {
    unsigned i = 0;
    while (i + 1 < G::size_count && F::sizes[i].level != level)
      ++i;
    return i;
  }

  void retire_all(Node node) {
    const auto slots = window(node.at);
    for (unsigned i = 0; node.level > 0 && i < G::entries(node.level); ++i) {
      const Raw word = slots.load(i);
      if (F::kind(word, node.level) == Kind::table)
        retire_all({F::table(word, node.level), node.level - 1});
    }
    retire(node, Contents::stale);
  }

  M* memory_;
  Node root_;
  SpaceId space_;
  Cursor cursor_;
  Region region_;
  Range owed_{};
  Invalidation::Reach reach_ = Invalidation::Reach::leaf;
  bool any_ = false;
};

} // namespace pagetwin
