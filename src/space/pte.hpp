// The PTE of Tuch and Klein, "Verifying the L4 Virtual Memory Subsystem", figure 8, in the words of a real
// format. A PTE that hardware can be shown as it is is a leaf. One whose rights no descriptor of the format
// can say, and that of a new page has none, hides in a hole: its fields are the hole's marker (docs/l4.md,
// "Page tables"). Knows no bit of a descriptor, and no node.
#pragma once

#include "src/arch/geometry.hpp"

namespace pagetwin {

// rights: of read, write and execute. MapNode and Vaddr are in the link word.
struct PteFields {
  PhysAddr frame{0};
  Rights rights = Rights::none;
  bool cached = false;

  friend constexpr bool operator==(const PteFields&, const PteFields&) = default;
};

// A PTE is named by the address of its first descriptor. va: the first byte of its page; caches are told of
// changes by it. size: index into the format's sizes.
struct Pte {
  PhysAddr name{0};
  std::uint64_t va = 0;
  unsigned size = 0;

  friend constexpr bool operator==(const Pte&, const Pte&) = default;
};

// Which memory types of the format stand for Cached and for its contrary. Equal: the format has but one, and
// a software bit says which.
struct CacheTypes {
  std::uint8_t cached = 0, uncached = 0;
};

// The types that most formats can be told: index 0, and the largest up to 3. On x86-64 that is strong
// uncacheable by the power-on PAT.
template <Format F>
[[nodiscard]] constexpr CacheTypes usual_cache_types() {
  constexpr Rights all = Rights::read | Rights::write | Rights::execute | Rights::user;
  std::uint8_t uncached = 3;
  while (uncached != 0 && !F::expressible(Attributes{.rights = all, .memory_type = uncached}))
    --uncached;
  return {.uncached = uncached};
}

template <Format F, CacheTypes Types = usual_cache_types<F>()>
class PteWords {
  using Raw = typename F::Raw;

 public:
  // Bits of the word of a hole. SET: of those sizes of its level that take several slots. FRAME: in units of
  // the size.
  static constexpr Field<std::uint32_t> PTE{0}, SET{1}, R{2}, W{3}, X{4}, CACHED{5},
      FRAME{6, F::marker_bits - 6};

  // For users; on EPT a right of its own, which needs execute.
  [[nodiscard]] static constexpr Attributes attributes(const PteFields& f) {
    const Rights users = f.rights | Rights::user;
    return {.rights = F::expressible(users) ? users : f.rights,
            .memory_type = f.cached ? Types.cached : Types.uncached,
            .software = static_cast<std::uint16_t>(one_type && f.cached)};
  }
  // Can hardware be shown this PTE as it is?
  [[nodiscard]] static constexpr bool shows(const PteFields& f) {
    return grants_access(f.rights) && F::expressible(attributes(f));
  }
  // Can it be kept at all? A hole has room for frames below 2^FRAME.width of the size.
  [[nodiscard]] static constexpr bool keeps(const PteFields& f, PageSize size) {
    return shows(f) || raw(f.frame) >> size.log2_bytes >> FRAME.width == 0;
  }

  [[nodiscard]] static constexpr Raw hole(const PteFields& f, PageSize size) {
    const std::uint32_t word = PTE.of(1) | SET.of(size.log2_copies != 0) | R.of(has(f.rights, Rights::read))
                               | W.of(has(f.rights, Rights::write)) | X.of(has(f.rights, Rights::execute))
                               | CACHED.of(f.cached) | FRAME.of(raw(f.frame) >> size.log2_bytes);
    return F::to_marker(word, size.level);
  }
  // Which size hides in a hole whose marker is this.
  [[nodiscard]] static constexpr unsigned hidden_size(std::uint32_t marker, unsigned level) {
    unsigned i = 0;
    while (i + 1 < F::sizes.size()
           && (F::sizes[i].level != level || (F::sizes[i].log2_copies != 0) != SET.test(marker)))
      ++i;
    return i;
  }
  [[nodiscard]] static constexpr PteFields of_hole(std::uint32_t marker, PageSize size) {
    return {PhysAddr{FRAME.get(marker) << size.log2_bytes},
            when(R.test(marker), Rights::read) | when(W.test(marker), Rights::write)
                | when(X.test(marker), Rights::execute),
            CACHED.test(marker)};
  }
  [[nodiscard]] static constexpr PteFields of_leaf(Raw word, unsigned level) {
    const Attributes a = F::attributes(word, level);
    return {F::frame(word, level), a.rights & (Rights::read | Rights::write | Rights::execute),
            one_type ? a.software != 0 : a.memory_type == Types.cached};
  }

 private:
  static constexpr bool one_type = Types.cached == Types.uncached;
  static constexpr bool one_set_per_level = [] {
    bool one = true;
    for (unsigned i = 0; i + 1 < F::sizes.size(); ++i)
      one = one
            && (F::sizes[i].level != F::sizes[i + 1].level || F::sizes[i].log2_copies == 0
                || F::sizes[i + 1].log2_copies == 0);
    return one;
  }();
  static_assert(one_set_per_level, "SET tells a size of several descriptors from one of one");
};

} // namespace pagetwin
