// Nodes of table memory, by simulated physical address, out of one contiguous arena that the caller hands
// over. Keeps a record per node in a side array: live slots, markers and the free list, so that a node that
// emptied is still zero when it is handed out again. Knows no format and no descriptor.
#pragma once

#include "src/base/address.hpp"
#include "src/base/bits.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <tuple>

namespace pagetwin {

// What the pool and the table remember of a node, beside it and not in it.
struct NodeRecord {
  std::uint16_t live = 0;    // slots that are not plain holes, markers included
  std::uint16_t markers = 0; // holes with a software word
  std::uint32_t next = 0;    // free list or list of detached nodes: unit index + 1, 0 ends it
};

// Where simulated memory lies in host memory: one add is the point of the arena.
class HostBias {
 public:
  HostBias(const std::byte* host, PhysAddr base)
      : bias_(reinterpret_cast<std::uintptr_t>(host) - raw(base)) {}
  template <class Raw>
  [[nodiscard, gnu::always_inline]] Raw* at(PhysAddr pa) const {
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    return reinterpret_cast<Raw*>(bias_ + raw(pa));
  }

 private:
  std::uintptr_t bias_;
};

// Where nodes and their records lie in host memory. It never changes, so that who keeps a copy need not ask
// the pool.
class NodePlaces {
 public:
  NodePlaces(HostBias host, PhysAddr base, unsigned unit_shift, NodeRecord* records)
      : host_(host),
        records_(reinterpret_cast<std::uintptr_t>(records) - (raw(base) >> unit_shift) * sizeof(NodeRecord)) {
  }
  [[nodiscard]] HostBias host() const { return host_; }
  // unit_shift: that of the pool. Who knows it when compiled needs no register to shift by.
  [[nodiscard, gnu::always_inline]] NodeRecord& record(PhysAddr node, unsigned unit_shift) const {
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    return *reinterpret_cast<NodeRecord*>(records_ + (raw(node) >> unit_shift) * sizeof(NodeRecord));
  }

 private:
  HostBias host_;
  std::uintptr_t records_;
};

// Is a node that goes back to the pool known to be all zero?
enum class Contents : std::uint8_t { zero, stale };
// Does the table need zeroes, or will it write every slot before it links the node?
enum class Fill : std::uint8_t { zero, any };

// Unit: the smallest node, 2^unit_shift bytes. A node class is a power of two of units, aligned to its size;
// each class has its own free lists, and nodes of different classes are never merged. The record of a node is
// that of its first unit. records.size() units of the arena are used.
class NodePool {
 public:
  static constexpr unsigned smallest_shift = 5;
  static constexpr unsigned classes = 16; // 32 bytes to 1 MiB

  // Nodes of several classes that will be wanted together; most often none.
  class Demand {
   public:
    void add(unsigned shift, std::uint64_t count) {
      const unsigned i = shift - smallest_shift, bit = 1U << i;
      of_[i] = count + ((classes_ & bit) != 0 ? of_[i] : 0);
      classes_ |= bit;
      nodes_ += count;
    }
    [[nodiscard]] std::uint64_t nodes() const { return nodes_; }
    // visit(shift, count) for each class, ascending.
    template <class Visit>
    void for_classes(Visit&& visit) const {
      for (unsigned left = classes_; left != 0; left &= left - 1) {
        const auto i = static_cast<unsigned>(std::countr_zero(left));
        visit(smallest_shift + i, of_[i]);
      }
    }

   private:
    std::uint64_t nodes_ = 0;
    unsigned classes_ = 0;                  // a bit for each that was added
    std::array<std::uint64_t, classes> of_; // of those
  };

  // arena: at least records.size() << unit_shift bytes, aligned to the largest node (in host memory as in
  // simulated memory).
  NodePool(std::span<std::byte> arena, PhysAddr base, unsigned unit_shift, std::span<NodeRecord> records)
      : places_({arena.data(), base}, base, unit_shift, records.data()), base_(base), // NOLINT
        unit_shift_(unit_shift), records_(records) {}

  [[nodiscard]] PhysAddr base() const { return base_; }
  [[nodiscard]] unsigned unit_shift() const { return unit_shift_; }
  [[nodiscard]] std::uint64_t bytes() const { return std::uint64_t{records_.size()} << unit_shift_; }
  [[nodiscard]] bool contains(PhysAddr pa) const { return pa - base_ < bytes(); }
  // Nodes out of the pool now, of every class.
  [[nodiscard]] std::uint64_t used() const {
    std::uint64_t used = made_;
    for (unsigned left = made_classes_; left != 0; left &= left - 1)
      used -= free_[static_cast<unsigned>(std::countr_zero(left))].count();
    return used;
  }

  // And their bytes.
  [[nodiscard]] std::uint64_t used_bytes() const {
    std::uint64_t used = top_;
    for (unsigned i = 0; i < classes; ++i)
      used -= free_[i].count() << (smallest_shift + i);
    return used;
  }

  [[nodiscard]] NodeRecord& record(PhysAddr node) { return places_.record(node, unit_shift_); }
  [[nodiscard]] const NodeRecord& record(PhysAddr node) const { return places_.record(node, unit_shift_); }

  template <class Raw>
  [[nodiscard]] Raw* host(PhysAddr pa) const {
    return places_.host().template at<Raw>(pa);
  }
  [[nodiscard]] NodePlaces places() const { return places_; }

  // Are `count` nodes of 2^shift bytes there to be allocated?
  [[nodiscard]] bool available(unsigned shift, std::uint64_t count) const {
    const FreeLists& free = free_[shift - smallest_shift];
    if (count <= free.held) [[likely]]
      return true;
    return count <= free.count() || count - free.count() <= untouched(shift);
  }
  // And all of these? Where several classes have too few, each node that is missing counts as one of the
  // largest, so that the order in which they are taken does not matter.
  [[nodiscard]] bool available(const Demand& demand) const {
    std::uint64_t missing = 0;
    unsigned largest = smallest_shift;
    demand.for_classes([&](unsigned shift, std::uint64_t count) {
      const std::uint64_t there = free_[shift - smallest_shift].count();
      missing += count - std::min(count, there);
      largest = count > there ? shift : largest;
    });
    return missing == 0 || missing <= untouched(largest);
  }
  // The caller has made sure with available() that there is one.
  [[nodiscard]] PhysAddr allocate(unsigned shift, Fill fill) {
    FreeLists& free = free_[shift - smallest_shift];
    if (free.count() == 0)
      return fresh(shift, fill);
    // A node that will be overwritten need not be zero, so the zero ones are kept for those who need them.
    const bool take_zero = fill == Fill::zero ? free.zero_count() != 0 : free.stale.count == 0;
    const PhysAddr node = take_zero ? take_empty(free) : pop(free.stale);
    if (fill == Fill::zero && !take_zero)
      std::memset(host<std::byte>(node), 0, bytes_of(shift));
    return node;
  }
  // Several zero nodes in one go.
  template <unsigned Count>
  [[nodiscard, gnu::always_inline]] std::array<PhysAddr, Count> allocate_empty(unsigned shift) {
    FreeLists& free = free_[shift - smallest_shift];
    if (free.held < Count) [[unlikely]]
      return allocate_each<Count>(shift);
    free.held -= Count;
    std::array<PhysAddr, Count> nodes;
    for (unsigned i = 0; i < Count; ++i)
      nodes[i] = free.last[free.held + (Count - 1 - i)];
    return nodes;
  }
  void release(PhysAddr node, unsigned shift, Contents contents) {
    FreeLists& free = free_[shift - smallest_shift];
    if (contents == Contents::stale)
      return push(free.stale, node);
    record(node) = {};
    release_empty(std::array{node}, 1, shift);
  }
  // The first `count` of these nodes, zero and with records that are so, too.
  template <std::size_t Most>
  [[gnu::always_inline]] void release_empty(const std::array<PhysAddr, Most>& nodes, unsigned count,
                                            unsigned shift) {
    static_assert(Most <= most_held);
    FreeLists& free = free_[shift - smallest_shift];
    if (free.held > most_held - Most) [[unlikely]]
      return std::apply([&](auto... node) { make_room(shift, count, node...); }, nodes);
    // The others are stored without a question, and count for nothing.
    for (unsigned i = 0; i < Most; ++i)
      free.last[free.held + i] = nodes[i];
    free.held += count;
  }
  [[nodiscard]] PhysAddr at(std::uint32_t link) const {
    return base_ + ((std::uint64_t{link} - 1) << unit_shift_);
  }
  [[nodiscard]] std::uint32_t link(PhysAddr node) const { return static_cast<std::uint32_t>(unit(node) + 1); }

 private:
  struct List {
    std::uint32_t head = 0, count = 0; // head as NodeRecord::next
  };
  // The zero nodes that came back last are held by address, in front of their list: one is found without its
  // record, and several at once, where each of a chain waits for the one before.
  static constexpr unsigned most_held = 8;
  struct FreeLists {
    List zero, stale;
    std::uint32_t held = 0;
    std::array<PhysAddr, most_held> last{};
    [[nodiscard]] std::uint64_t zero_count() const { return std::uint64_t{zero.count} + held; }
    [[nodiscard]] std::uint64_t count() const { return zero_count() + stale.count; }
  };

  [[nodiscard]] std::size_t unit(PhysAddr node) const {
    return static_cast<std::size_t>((node - base_) >> unit_shift_);
  }
  // Start of the first never used place for a node of this class, in bytes from base.
  [[nodiscard]] std::uint64_t next_fresh(unsigned shift) const {
    return align_down(top_ + low_mask(shift), shift);
  }
  [[nodiscard]] std::uint64_t untouched(unsigned shift) const {
    const std::uint64_t start = next_fresh(shift);
    return start >= bytes() ? 0 : (bytes() - start) >> shift;
  }
  // The arena may be recycled memory, so a first use is zeroed too.
  [[nodiscard]] PhysAddr fresh(unsigned shift, Fill fill) {
    const std::uint64_t start = next_fresh(shift);
    if (start != top_) [[unlikely]]
      skip_to(start);
    const PhysAddr node = base_ + start;
    top_ = start + bytes_of(shift);
    record(node) = {};
    count_made(shift);
    if (fill == Fill::zero)
      std::memset(host<std::byte>(node), 0, bytes_of(shift));
    return node;
  }
  // What lies before an aligned larger node is not lost: it becomes nodes of one unit.
  [[gnu::noinline]] void skip_to(std::uint64_t start) {
    FreeLists& free = free_[unit_shift_ - smallest_shift];
    for (; top_ < start; top_ += bytes_of(unit_shift_)) {
      count_made(unit_shift_);
      push(free.stale, base_ + top_);
    }
  }
  void count_made(unsigned shift) {
    ++made_;
    made_classes_ |= 1U << (shift - smallest_shift);
  }
  template <unsigned Count>
  [[nodiscard, gnu::noinline]] std::array<PhysAddr, Count> allocate_each(unsigned shift) {
    std::array<PhysAddr, Count> nodes;
    for (PhysAddr& node : nodes)
      node = allocate(shift, Fill::zero);
    return nodes;
  }
  [[nodiscard]] PhysAddr take_empty(FreeLists& free) {
    return free.held != 0 ? free.last[--free.held] : pop(free.zero);
  }
  // Those that are held go to the list. Nodes one by one, since an array that is handed on has to be in
  // memory also where it is not.
  template <class... Nodes>
  [[gnu::noinline]] void make_room(unsigned shift, unsigned count, Nodes... nodes) {
    FreeLists& free = free_[shift - smallest_shift];
    for (std::uint32_t i = 0; i < free.held; ++i)
      push(free.zero, free.last[i]);
    free.held = 0;
    release_empty(std::array{nodes...}, count, shift);
  }
  void push(List& list, PhysAddr node) {
    record(node) = {.next = list.head};
    list.head = link(node);
    ++list.count;
  }
  [[nodiscard]] PhysAddr pop(List& list) {
    --list.count;
    NodeRecord& r = records_[list.head - 1];
    const PhysAddr node = at(list.head);
    list.head = r.next;
    r = {};
    return node;
  }

  NodePlaces places_;
  PhysAddr base_;
  unsigned unit_shift_;
  std::span<NodeRecord> records_;
  std::uint64_t top_ = 0;     // bytes of the arena that were ever handed out
  std::uint64_t made_ = 0;    // nodes that this made, in use or free: nothing that is counted each time
  unsigned made_classes_ = 0; // a bit for each class that has one
  std::array<FreeLists, classes> free_{};
};

} // namespace pagetwin
