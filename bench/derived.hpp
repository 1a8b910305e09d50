// L4 address spaces behind the few words that their benchmarks are written in, and the shapes that
// derivations take. Frames and addresses are mere numbers. Knows no clock.
#pragma once

#include "bench/arena.hpp"
#include "bench/streams.hpp"
#include "src/space/address_spaces.hpp"
#include "src/space/linked_memory.hpp"

#include <array>
#include <vector>

namespace pagetwin::bench {

// What is mapped, besides sigma0's memory.
struct SpacesSize {
  std::uint64_t mappings, spaces;
};

template <Format F>
class L4 {
 public:
  using Memory = LinkedMemory<PlainMemory<>>;
  using Spaces = AddressSpaces<F, Memory>;
  static constexpr std::uint64_t page = bytes_of(F::page_shift), va = Wide<F::page_shift>::va;

  // sigma0 has a frame for each mapping.
  explicit L4(const SpacesSize& size)
      : nodes_(size.mappings / 200 + size.spaces * F::levels + 64), arena_(nodes_, unit_shift),
        links_(nodes_, unit_shift), records_(nodes_),
        pool_(arena_.memory(), Arena::base, unit_shift, records_), memory_(links_.memory(), pool_),
        spaces_(size.spaces), mappings_(2 * size.mappings + 1024),
        parts_arena_(part_count(size), parts_shift), parts_records_(part_count(size)),
        parts_(parts_arena_.memory(), Arena::base, parts_shift, parts_records_),
        l4_(memory_, spaces_, mappings_, parts_) {
    ok(l4_.start(align_down(size.mappings * page + (page << 9) - 1, F::page_shift + 9)));
    for (unsigned s = 1; s < size.spaces; ++s)
      ok(l4_.create(s));
    here_ = l4_.table(1);
  }
  L4(const L4&) = delete;
  L4& operator=(const L4&) = delete;
  ~L4() = default;

  // One page. These return how many pages, or bits, so that nothing is optimised away.
  std::uint64_t map(unsigned from, std::uint64_t at, unsigned to, std::uint64_t window) {
    return l4_.map(transfer(from, at, to, window)).pages;
  }
  std::uint64_t grant(unsigned from, std::uint64_t at, unsigned to, std::uint64_t window) {
    return l4_.grant(transfer(from, at, to, window)).pages;
  }
  std::uint64_t unmap(unsigned space, std::uint64_t at) {
    return static_cast<std::uint64_t>(l4_.unmap(space, {VirtAddr{at}, page}, all_rights).usage);
  }
  std::uint64_t flush(unsigned space, std::uint64_t at) {
    return static_cast<std::uint64_t>(l4_.flush(space, {VirtAddr{at}, page}, all_rights).usage);
  }
  // As the space that the processor is in, and as one of many.
  [[nodiscard, gnu::always_inline]] std::uint64_t lookup_here(std::uint64_t at) const {
    return pa(here_->lookup(VirtAddr{at}));
  }
  [[nodiscard, gnu::always_inline]] std::uint64_t lookup(unsigned space, std::uint64_t at) const {
    return pa(l4_.lookup(space, VirtAddr{at}));
  }
  [[nodiscard]] std::uint64_t mapped() const { return l4_.units().db().nodes().used(); }
  // Of the tables with their link nodes, the mapping nodes and the arrays of parts.
  [[nodiscard]] std::uint64_t bytes() const {
    return 2 * pool_.used_bytes() + mapped() * sizeof(MappingNode) + parts_.used_bytes();
  }

 private:
  static constexpr unsigned unit_shift = Geometry<F>::node_shift(0), parts_shift = MappingDb<F>::parts_shift;

  // For every unit of sigma0's that can have smaller parts.
  [[nodiscard]] static std::uint64_t part_count(const SpacesSize& size) {
    std::uint64_t count = 0;
    for (unsigned i = 1; i < Geometry<F>::size_count; ++i)
      count += (8 + (size.mappings * page >> Sizes<F>::log2(i)))
               << (MappingDb<F>::array_shift(i) - parts_shift);
    return count;
  }
  [[nodiscard]] static TransferRequest transfer(unsigned from, std::uint64_t at, unsigned to,
                                                std::uint64_t window) {
    return {from, to, {VirtAddr{at}, page}, 0, {VirtAddr{window}, page}};
  }
  [[nodiscard]] static std::uint64_t pa(const std::optional<Translation<F>>& found) {
    return found ? raw(found->pa()) : ~std::uint64_t{0};
  }
  static void ok(Status status) {
    if (status != Status::ok)
      std::abort();
  }

  std::uint64_t nodes_;
  Arena arena_, links_;
  std::vector<NodeRecord> records_;
  NodePool pool_;
  Memory memory_;
  std::vector<typename Spaces::Space> spaces_;
  std::vector<MappingNode> mappings_;
  Arena parts_arena_;
  std::vector<NodeRecord> parts_records_;
  NodePool parts_;
  Spaces l4_;
  const PageTable<F, Memory>* here_ = nullptr;
};

// `count` mappings from va on in space 1: the first derived from page `source` of sigma0, and from that one
// all others directly, or each from the one before.
enum class Shape : std::uint8_t { wide, deep };
inline constexpr std::array shape_names{"wide", "deep"};

template <class Spaces>
std::uint64_t derive(Spaces& l4, Shape shape, std::uint64_t source, std::uint64_t va, std::uint64_t count) {
  std::uint64_t pages = l4.map(0, source, 1, va);
  for (std::uint64_t i = 1; i < count; ++i)
    pages += l4.map(1, shape == Shape::wide ? va : va + (i - 1) * Spaces::page, 1, va + i * Spaces::page);
  return pages;
}

// 16 mappings each of 512 pages in space 1, and other spaces that have as many of a page of their own.
template <Format F>
class Crowd {
 public:
  static constexpr std::uint64_t derived = 16, sources = 512;

  explicit Crowd(unsigned others) : l4_({(others + sources) * derived, others + 2}) {
    for (unsigned s = 2; s < others + 2; ++s)
      for (std::uint64_t i = 0; i < derived; ++i)
        l4_.map(0, (sources + s) * page, s, L4<F>::va + i * page);
  }
  std::uint64_t derive_all() {
    std::uint64_t pages = 0;
    for (std::uint64_t i = 0; i < sources; ++i)
      pages += derive(l4_, Shape::wide, i * page, L4<F>::va + i * derived * page, derived);
    return pages;
  }
  [[gnu::always_inline]] std::uint64_t remove_all() {
    std::uint64_t bits = 0;
    for (std::uint64_t i = 0; i < sources; ++i)
      bits += l4_.unmap(0, i * page);
    return bits;
  }
  [[nodiscard]] std::uint64_t mapped() const { return l4_.mapped(); }

 private:
  static constexpr std::uint64_t page = L4<F>::page;

  L4<F> l4_;
};

} // namespace pagetwin::bench
