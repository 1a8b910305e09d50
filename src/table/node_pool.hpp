// Nodes of table memory, by simulated physical address, out of one contiguous arena that the caller hands
// over. Keeps a record per node in a side array: live slots, markers and the free list, so that a node that
// emptied is still zero when it is handed out again. Knows no format and no descriptor.
#pragma once

#include "src/base/address.hpp"
#include "src/base/bits.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

namespace pagetwin {

// What the pool and the table remember of a node, beside it and not in it.
struct NodeRecord {
  std::uint16_t live = 0;    // slots that are not plain holes, markers included
  std::uint16_t markers = 0; // holes with a software word
  std::uint32_t next = 0;    // free list or list of detached nodes: unit index + 1, 0 ends it
};

// Where simulated memory lies in host memory: one add is the point of the arena. It never changes, so that
// who keeps a copy need not ask the pool.
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

  // arena: at least records.size() << unit_shift bytes, aligned to the largest node (in host memory as in
  // simulated memory).
  NodePool(std::span<std::byte> arena, PhysAddr base, unsigned unit_shift, std::span<NodeRecord> records)
      : host_bias_(arena.data(), base), base_(base), unit_shift_(unit_shift), // NOLINT
        records_(records) {}

  [[nodiscard]] PhysAddr base() const { return base_; }
  [[nodiscard]] std::uint64_t bytes() const { return std::uint64_t{records_.size()} << unit_shift_; }
  [[nodiscard]] bool contains(PhysAddr pa) const { return pa - base_ < bytes(); }
  // Nodes out of the pool now, of every class.
  [[nodiscard]] std::uint64_t used() const { return used_; }

  [[nodiscard]] NodeRecord& record(PhysAddr node) { return records_[unit(node)]; }
  [[nodiscard]] const NodeRecord& record(PhysAddr node) const { return records_[unit(node)]; }

  template <class Raw>
  [[nodiscard]] Raw* host(PhysAddr pa) const {
    return host_bias_.template at<Raw>(pa);
  }
  [[nodiscard]] HostBias host_bias() const { return host_bias_; }

  // Are `count` nodes of 2^shift bytes there to be allocated?
  [[nodiscard]] bool available(unsigned shift, std::uint64_t count) const {
    const FreeLists& free = free_[shift - smallest_shift];
    return count <= free.count() || count - free.count() <= untouched(shift);
  }
  // The caller has made sure with available() that there is one.
  [[nodiscard]] PhysAddr allocate(unsigned shift, Fill fill) {
    ++used_;
    FreeLists& free = free_[shift - smallest_shift];
    if (free.count() == 0)
      return fresh(shift, fill);
    // A node that will be overwritten need not be zero, so the zero ones are kept for those who need them.
    const bool take_zero = fill == Fill::zero ? free.zero.count != 0 : free.stale.count == 0;
    const PhysAddr node = pop(take_zero ? free.zero : free.stale);
    if (fill == Fill::zero && !take_zero)
      std::memset(host<std::byte>(node), 0, bytes_of(shift));
    return node;
  }
  // Several zero nodes in one go.
  template <unsigned Count>
  [[nodiscard, gnu::always_inline]] std::array<PhysAddr, Count> allocate_empty(unsigned shift) {
    std::array<PhysAddr, Count> nodes;
    List& zero = free_[shift - smallest_shift].zero;
    if (zero.count < Count) [[unlikely]] {
      allocate_each(nodes, shift);
      return nodes;
    }
    std::uint32_t head = zero.head;
    for (PhysAddr& node : nodes)
      node = unchain(head);
    zero.head = head;
    zero.count -= Count;
    used_ += Count;
    return nodes;
  }
  void release(PhysAddr node, unsigned shift, Contents contents) {
    FreeLists& free = free_[shift - smallest_shift];
    push(contents == Contents::zero ? free.zero : free.stale, node);
    --used_;
  }
  [[nodiscard]] PhysAddr at(std::uint32_t link) const {
    return base_ + ((std::uint64_t{link} - 1) << unit_shift_);
  }
  [[nodiscard]] std::uint32_t link(PhysAddr node) const { return static_cast<std::uint32_t>(unit(node) + 1); }

 private:
  struct List {
    std::uint32_t head = 0, count = 0; // head as NodeRecord::next
  };
  struct FreeLists {
    List zero, stale;
    [[nodiscard]] std::uint64_t count() const { return std::uint64_t{zero.count} + stale.count; }
  };
  static constexpr unsigned classes = 16; // 32 bytes to 1 MiB

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
    if (fill == Fill::zero)
      std::memset(host<std::byte>(node), 0, bytes_of(shift));
    return node;
  }
  // What lies before an aligned larger node is not lost: it becomes nodes of one unit.
  [[gnu::noinline]] void skip_to(std::uint64_t start) {
    FreeLists& free = free_[unit_shift_ - smallest_shift];
    for (; top_ < start; top_ += bytes_of(unit_shift_))
      push(free.stale, base_ + top_);
  }
  [[gnu::noinline]] void allocate_each(std::span<PhysAddr> nodes, unsigned shift) {
    for (PhysAddr& node : nodes)
      node = allocate(shift, Fill::zero);
  }
  void push(List& list, PhysAddr node) {
    record(node) = {.next = list.head};
    list.head = link(node);
    ++list.count;
  }
  [[nodiscard]] PhysAddr pop(List& list) {
    --list.count;
    return unchain(list.head);
  }
  [[nodiscard]] PhysAddr unchain(std::uint32_t& head) {
    NodeRecord& r = records_[head - 1];
    const PhysAddr node = at(head);
    head = r.next;
    r = {};
    return node;
  }

  HostBias host_bias_;
  PhysAddr base_;
  unsigned unit_shift_;
  std::span<NodeRecord> records_;
  std::uint64_t top_ = 0; // bytes of the arena that were ever handed out
  std::uint64_t used_ = 0;
  std::array<FreeLists, classes> free_{};
};

} // namespace pagetwin
