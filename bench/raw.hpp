// The probe raw_checked: the least that a correct table over x86-64 descriptors can do. A present and a leaf
// test per level, an overlap test where something is mapped, a zeroed node where one is missing; no counters,
// no reclaim, no split, no statuses, no policy. Same descriptors, same node size, same arena as the subject.
// A figure of ours is a ratio to this. Hand-inlined: every member is forced into the workload's loop. Its
// rule: anchors of the project's benchmarks; its format: Intel SDM volume 3A chapter 4.
#pragma once

#include "bench/arena.hpp"
#include "bench/ours.hpp"

namespace pagetwin::bench {

// Where is the place of the subject; levels, pages and slots of the root are as many and as large as its. A
// root of more than a page is pages side by side, as stage 2 concatenates them.
template <unsigned Levels, unsigned PageShift = 12, class Where = Wide<PageShift>,
          unsigned RootBits = PageShift - 3>
class Raw {
  static constexpr unsigned index_bits = PageShift - 3;
  static constexpr std::uint64_t page = std::uint64_t{1} << PageShift;
  static constexpr std::uint64_t slots(unsigned level) {
    return std::uint64_t{1} << (level == Levels - 1 ? RootBits : index_bits);
  }

 public:
  static constexpr unsigned levels = Levels, page_shift = PageShift, block_shift = PageShift + index_bits;
  using Place = Where;

  explicit Raw(std::uint64_t nodes)
      : arena_(std::max<std::uint64_t>(nodes << Arena::node_shift, 600 * page) / page, PageShift),
        bias_(reinterpret_cast<std::uintptr_t>(arena_.host()) - pagetwin::raw(Arena::base)) {
    clear();
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  ~Raw() = default;

  [[nodiscard]] static std::string name() { return "raw_checked"; }

  [[nodiscard]] PAGETWIN_INLINE std::uint64_t lookup(std::uint64_t va) const {
    return walk<Levels - 1>(root_, va);
  }
  // Four loads, no test: what the memory system allows.
  [[nodiscard]] PAGETWIN_INLINE std::uint64_t lookup_unchecked(std::uint64_t va) const {
    std::uint64_t node = root_;
    for (unsigned level = Levels - 1; level > 0; --level)
      node = *slot(node, va, level) & address;
    return (*slot(node, va, 0) & address) + (va & (page - 1));
  }
  PAGETWIN_INLINE std::uint64_t map(std::uint64_t va, std::uint64_t pa) {
    if (((va | pa) & (page - 1)) != 0)
      return 0;
    std::uint64_t* leaf = reach<0>(va);
    if (leaf == nullptr || (*leaf & P) != 0)
      return 0;
    *leaf = pa | leaf_bits;
    return page;
  }
  // One leaf of the level above pages.
  PAGETWIN_INLINE std::uint64_t map_block(std::uint64_t va, std::uint64_t pa) {
    std::uint64_t* leaf = reach<1>(va);
    if (leaf == nullptr || (*leaf & P) != 0)
      return 0;
    *leaf = pa | leaf_bits | PS;
    return page << index_bits;
  }
  // Every node that the range needs is missing or empty.
  PAGETWIN_INLINE std::uint64_t map_range(std::uint64_t va, std::uint64_t pa, std::uint64_t length,
                                          std::uint64_t largest) {
    if (largest == page)
      return lay<0>(va, pa, length, leaf_bits);
    return lay<1>(va, pa, length, leaf_bits | PS);
  }
  PAGETWIN_INLINE std::uint64_t unmap(std::uint64_t va) {
    std::uint64_t* leaf = find(va);
    if (leaf == nullptr || (*leaf & P) == 0)
      return 0;
    *leaf = 0;
    return page;
  }
  // Whole leaf tables of pages, all there; they stay linked and empty.
  PAGETWIN_INLINE std::uint64_t unmap_range(std::uint64_t va, std::uint64_t length) {
    for (std::uint64_t at = va; at != va + length; at += leaf_table_bytes)
      if (std::uint64_t* leaves = find(at); leaves != nullptr)
        std::memset(leaves, 0, page);
    return length;
  }
  PAGETWIN_INLINE std::uint64_t unmap_collect(std::uint64_t va, std::uint64_t length, std::uint64_t* frames) {
    std::uint64_t bytes = 0;
    for (std::uint64_t at = va; at != va + length; at += leaf_table_bytes)
      if (std::uint64_t* leaves = find(at); leaves != nullptr)
        bytes += collect_leaves(leaves, frames + (at - va) / page);
    return bytes;
  }
  PAGETWIN_INLINE std::uint64_t protect(std::uint64_t va, std::uint64_t length, bool write) {
    for (std::uint64_t at = va; at != va + length; at += leaf_table_bytes)
      if (std::uint64_t* leaves = find(at); leaves != nullptr)
        protect_leaves(leaves, write ? RW : 0);
    return length;
  }
  // One page, where one is.
  PAGETWIN_INLINE std::uint64_t protect_one(std::uint64_t va, bool write) {
    std::uint64_t* leaf = find(va);
    if (leaf == nullptr || (*leaf & P) == 0)
      return 0;
    *leaf = (*leaf & ~RW) | (write ? RW : 0);
    return page;
  }
  // Leaves of the level above pages, all there.
  PAGETWIN_INLINE std::uint64_t unmap_blocks(std::uint64_t va, std::uint64_t length) {
    return each_block(va, length, [](std::uint64_t) { return std::uint64_t{0}; });
  }
  PAGETWIN_INLINE std::uint64_t protect_blocks(std::uint64_t va, std::uint64_t length, bool write) {
    const std::uint64_t rights = write ? RW : 0;
    return each_block(va, length, [rights](std::uint64_t leaf) { return (leaf & ~RW) | rights; });
  }
  void clear() {
    used_ = root_nodes;
    std::memset(host(root_), 0, root_nodes << PageShift);
  }
  [[nodiscard]] std::uint64_t memory_bytes() const { return used_ << PageShift; }

 private:
  static constexpr std::uint64_t P = 1, RW = 2, US = 4, PS = 0x80, XD = std::uint64_t{1} << 63;
  static constexpr std::uint64_t D = 0x40, address = 0x000f'ffff'ffff'f000, leaf_bits = P | RW | XD;
  static constexpr std::uint64_t leaf_table_bytes = page << index_bits;
  static constexpr std::uint64_t root_nodes = ((slots(Levels - 1) - 1) >> index_bits) + 1;

  [[nodiscard]] PAGETWIN_INLINE std::uint64_t* host(std::uint64_t pa) const {
    const std::uintptr_t at = bias_ + pa;
    return reinterpret_cast<std::uint64_t*>(at); // NOLINT(performance-no-int-to-ptr): one add, as in src
  }
  [[nodiscard]] PAGETWIN_INLINE std::uint64_t* slot(std::uint64_t node, std::uint64_t va,
                                                    unsigned level) const {
    return host(node) + (va >> (PageShift + index_bits * level) & (slots(level) - 1));
  }
  template <unsigned Level>
  [[nodiscard]] PAGETWIN_INLINE std::uint64_t walk(std::uint64_t node, std::uint64_t va) const {
    const std::uint64_t word = *slot(node, va, Level), inside = (page << index_bits * Level) - 1;
    if ((word & P) == 0)
      return miss;
    if constexpr (Level == 0)
      return (word & address) | (va & inside);
    else
      return (word & PS) != 0 ? (word & address & ~inside) | (va & inside)
                              : walk<Level - 1>(word & address, va);
  }
  // The slot of va at level 0, or nothing when a table is missing on the way.
  [[nodiscard]] PAGETWIN_INLINE std::uint64_t* find(std::uint64_t va) const {
    std::uint64_t node = root_;
    for (unsigned level = Levels - 1; level > 0; --level) {
      const std::uint64_t word = *slot(node, va, level);
      if ((word & (P | PS)) != P)
        return nullptr;
      node = word & address;
    }
    return slot(node, va, 0);
  }
  // The same, making what is missing; nothing when a leaf is in the way.
  template <unsigned Level>
  [[nodiscard]] PAGETWIN_INLINE std::uint64_t* reach(std::uint64_t va) {
    std::uint64_t node = root_;
    for (unsigned level = Levels - 1; level > Level; --level) {
      std::uint64_t* at = slot(node, va, level);
      if ((*at & P) == 0)
        *at = make() | P | RW | US;
      else if ((*at & PS) != 0)
        return nullptr;
      node = *at & address;
    }
    return slot(node, va, Level);
  }
  [[nodiscard]] PAGETWIN_INLINE std::uint64_t make() {
    if (used_ == arena_.nodes())
      std::abort();
    const std::uint64_t node = root_ + (used_++ << PageShift);
    std::memset(host(node), 0, page);
    return node;
  }
  template <unsigned Level>
  PAGETWIN_INLINE std::uint64_t lay(std::uint64_t va, std::uint64_t pa, std::uint64_t length,
                                    std::uint64_t bits) {
    constexpr std::uint64_t span = page << index_bits * Level;
    for (std::uint64_t at = va; at != va + length; at += span * slots(Level)) {
      std::uint64_t* leaves = reach<Level>(at);
      if (leaves == nullptr)
        return 0;
      for (std::uint64_t i = 0; i < slots(Level); ++i) {
        if ((leaves[i] & P) != 0)
          return 0;
        leaves[i] = (pa + (at - va) + i * span) | bits;
      }
    }
    return length;
  }
  [[nodiscard]] PAGETWIN_INLINE static std::uint64_t collect_leaves(std::uint64_t* leaves,
                                                                    std::uint64_t* frames) {
    std::uint64_t bytes = 0;
    for (unsigned i = 0; i < slots(0); ++i) {
      if ((leaves[i] & P) == 0)
        continue;
      frames[i] = (leaves[i] & address) | ((leaves[i] & D) != 0 ? 1 : 0);
      leaves[i] = 0;
      bytes += page;
    }
    return bytes;
  }
  PAGETWIN_INLINE static void protect_leaves(std::uint64_t* leaves, std::uint64_t rights) {
    for (unsigned i = 0; i < slots(0); ++i)
      leaves[i] = (leaves[i] & P) != 0 ? (leaves[i] & ~RW) | rights : leaves[i];
  }

  template <class Change>
  PAGETWIN_INLINE std::uint64_t each_block(std::uint64_t va, std::uint64_t length, Change change) {
    constexpr std::uint64_t block = page << index_bits;
    std::uint64_t bytes = 0;
    for (std::uint64_t at = va; at != va + length; at += block * slots(1)) {
      std::uint64_t* leaves = reach<1>(at);
      for (std::uint64_t i = 0; leaves != nullptr && i < slots(1); ++i)
        if ((leaves[i] & P) != 0) {
          leaves[i] = change(leaves[i]);
          bytes += block;
        }
    }
    return bytes;
  }

  Arena arena_;
  std::uintptr_t bias_;
  std::uint64_t root_ = pagetwin::raw(Arena::base);
  std::uint64_t used_ = root_nodes;
};

// The probe that a format is held against.
template <Format F>
using RawFor = Raw<F::levels, F::page_shift, typename Ours<F>::Place,
                   F::va_bits - F::page_shift - (F::page_shift - 3) * (F::levels - 1)>;

} // namespace pagetwin::bench
